from pathlib import Path

import pytest
from werkzeug.test import Client

from gcrsync.archive.folder import LayoutFolder
from gcrsync.serve.application import RegistryApplication
from tests.support.build import image
from tests.support.layouts import put
from tests.support.without_socket import DirectClient, error_of

DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize("path", ["/v2/", "/v2"])
def test_it_says_that_it_is_a_registry(reader: Client, path: str) -> None:
    response = reader.get(path)
    assert (response.status_code, response.get_json()) == (200, {})
    assert response.headers["Docker-Distribution-API-Version"] == "registry/2.0"


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../..",
        "a/../b",
        "%2e%2e",
        "a/%2e%2e/%2e%2e",
        "a%2f..%2fb",
        "Upper",
        "a//b",
        "a/",
        "-a",
        "a:b",
        "a b",
        ".uploads",
        "a" * 252,
    ],
)
@pytest.mark.parametrize("rest", ["manifests/v1", f"blobs/{DIGEST}", "tags/list"])
def test_a_name_that_is_none_is_refused_before_the_disk_is_looked_at(reader: Client, name: str, rest: str) -> None:
    assert error_of(reader.get(f"/v2/{name}/{rest}")) == (400, "NAME_INVALID")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", (404, "UNSUPPORTED")),
        ("GET", "/v3/a/manifests/v1", (404, "UNSUPPORTED")),
        ("GET", "/v2/../../etc/passwd", (404, "UNSUPPORTED")),
        ("GET", f"/v2/a/referrer/{DIGEST}", (404, "UNSUPPORTED")),
        ("POST", "/v2/a/tags/list", (405, "UNSUPPORTED")),
        ("DELETE", f"/v2/a/blobs/{DIGEST}", (405, "UNSUPPORTED")),
        ("GET", "/v2/a/manifests/sha256:short", (400, "DIGEST_INVALID")),
        ("GET", f"/v2/a/manifests/{'t' * 129}", (400, "MANIFEST_INVALID")),
        ("GET", "/v2/a/blobs/latest", (400, "DIGEST_INVALID")),
        ("GET", "/v2/none/manifests/v1", (404, "NAME_UNKNOWN")),
        ("GET", f"/v2/none/blobs/{DIGEST}", (404, "NAME_UNKNOWN")),
    ],
)
def test_every_error_is_an_envelope(client: Client, method: str, path: str, expected: tuple[int, str]) -> None:
    assert error_of(client.open(path, method=method)) == expected


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v2/a/manifests/v1"),
        ("DELETE", "/v2/a/manifests/v1"),
        ("POST", "/v2/a/blobs/uploads/"),
        ("POST", "/v2/a/blobs/uploads"),
        ("PATCH", "/v2/a/blobs/uploads/1"),
        ("PUT", "/v2/a/blobs/uploads/1"),
        ("GET", "/v2/a/blobs/uploads/1"),
        ("DELETE", "/v2/a/blobs/uploads/1"),
    ],
)
def test_a_registry_that_is_read_only_takes_nothing(reader: Client, tmp_path: Path, method: str, path: str) -> None:
    response = reader.open(path, method=method, data=b"x")
    assert error_of(response) == (405, "UNSUPPORTED")
    assert response.headers["Allow"] == "GET, HEAD"
    assert list(tmp_path.iterdir()) == []


def test_a_head_that_fails_has_no_body(reader: Client) -> None:
    response = reader.head("/v2/none/manifests/v1")
    assert (response.status_code, response.data) == (404, b"")


def test_a_broken_layout_is_a_failure_of_the_server_that_names_the_file(reader: Client, tmp_path: Path) -> None:
    put(tmp_path, "a", image(), "v1")
    (tmp_path / "a/index.json").write_bytes(b"{")
    response = reader.get("/v2/a/manifests/v1")
    assert error_of(response) == (500, "UNKNOWN")
    assert "a/index.json: not JSON" in response.get_json()["errors"][0]["message"]


class BrokenFolder(LayoutFolder):
    def __contains__(self, path: object) -> bool:
        raise RuntimeError("something internal")


def test_a_defect_is_logged_and_not_told(tmp_path: Path, log: list[str]) -> None:
    client = DirectClient(RegistryApplication(BrokenFolder(tmp_path), writable=False, log=log.append))
    response = client.get("/v2/a/manifests/v1")
    assert error_of(response) == (500, "UNKNOWN")
    assert "internal" not in response.text
    assert log == ["RuntimeError: something internal", "GET /v2/a/manifests/v1 500"]


def test_each_request_is_logged_in_one_printable_line(reader: Client, log: list[str]) -> None:
    reader.get("/v2/a%0a%1b[31m/tags/list?n=1%0d")
    assert log == ["GET /v2/a [31m/tags/list?n=1%0d 404"]
