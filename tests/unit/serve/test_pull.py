from pathlib import Path

import pytest
from werkzeug.test import Client

from gcrsync.oci import media_types
from tests.support.build import Built, image, index
from tests.support.layouts import blob_file, put
from tests.support.without_socket import error_of, reader_of


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("layouts")


@pytest.fixture(scope="module")
def reader(root: Path) -> Client:
    return reader_of(root)


@pytest.fixture(scope="module", autouse=True)
def built(root: Path) -> Built:
    return put(root, "a/b", index(image(), image("docker", docker=True)), "v1")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_manifest_is_given_by_tag_by_digest_and_as_a_child_with_its_very_bytes(reader: Client, built: Built, method: str) -> None:
    children = [(child, str(child.digest)) for child in built.children]
    for each, reference in ((built, "v1"), (built, str(built.digest)), *children):
        response = reader.open(f"/v2/a/b/manifests/{reference}", method=method)
        assert response.status_code == 200
        assert response.headers["Content-Type"] == each.media_type
        assert response.headers["Docker-Content-Digest"] == str(each.digest)
        assert response.headers["Content-Length"] == str(len(each.raw))
        assert response.data == (each.raw if method == "GET" else b"")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 200),
        ("*/*", 200),
        (media_types.ACCEPT, 200),
        (f"{media_types.DOCKER_LIST}, {media_types.OCI_INDEX};q=0.5", 200),
        ("text/html, */*;q=0.1", 200),
        (media_types.OCI_MANIFEST, 404),
        (f"{media_types.DOCKER_LIST}, {media_types.DOCKER_MANIFEST}", 404),
        ("text/html", 404),
        (f"{media_types.OCI_INDEX};q=0", 404),
    ],
)
def test_a_type_that_the_request_does_not_accept_counts_as_unknown(
    reader: Client, built: Built, accept: str | None, status: int
) -> None:
    response = reader.get(f"/v2/a/b/manifests/{built.digest}", headers={"Accept": accept} if accept else {})
    assert response.status_code == status
    if status == 404:
        assert error_of(response) == (404, "MANIFEST_UNKNOWN")


@pytest.mark.parametrize("reference", ["v2", f"sha256:{'0' * 64}"])
def test_a_manifest_that_is_not_there_is_unknown(reader: Client, reference: str) -> None:
    assert error_of(reader.get(f"/v2/a/b/manifests/{reference}")) == (404, "MANIFEST_UNKNOWN")


def test_a_damaged_manifest_is_not_given(tmp_path: Path) -> None:
    damaged = put(tmp_path, "a", image(), "v1")
    blob_file(tmp_path, "a", damaged).write_bytes(damaged.raw.replace(b"layers", b"lawyer"))
    assert error_of(reader_of(tmp_path).get("/v2/a/manifests/v1")) == (500, "UNKNOWN")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_blob_is_given_whole(reader: Client, built: Built, method: str) -> None:
    (child, _) = built.children
    for digest, content in child.blobs.items():
        response = reader.open(f"/v2/a/b/blobs/{digest}", method=method)
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert response.headers["Docker-Content-Digest"] == str(digest)
        assert response.headers["Content-Length"] == str(len(content))
        assert response.headers["Accept-Ranges"] == "bytes"
        assert "ETag" not in response.headers
        assert response.data == (content if method == "GET" else b"")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=990-", 990, 1000),
        ("bytes=-5", 995, 1000),
        ("bytes=990-5000", 990, 1000),
    ],
)
def test_a_blob_is_given_in_part(reader: Client, built: Built, asked: str, start: int, end: int) -> None:
    digest, content = list(built.children[0].blobs.items())[1]
    response = reader.get(f"/v2/a/b/blobs/{digest}", headers={"Range": asked})
    assert response.status_code == 206
    assert response.headers["Content-Range"] == f"bytes {start}-{end - 1}/1000"
    assert response.headers["Content-Length"] == str(end - start)
    assert response.data == content[start:end]


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=1000-1005", "bytes=0-1,5-6", "bytes=5-1", "bytes=x-"])
def test_a_part_that_a_blob_does_not_have_is_not_given(reader: Client, built: Built, asked: str) -> None:
    digest = list(built.children[0].blobs)[1]
    response = reader.get(f"/v2/a/b/blobs/{digest}", headers={"Range": asked})
    assert error_of(response) == (416, "RANGE_INVALID")
    assert response.headers["Content-Range"] == "bytes */1000"


def test_a_blob_that_is_not_there_is_unknown_whatever_another_repository_has(reader: Client, root: Path) -> None:
    other = put(root, "c", image("other"), "v1")
    for digest in other.blobs:
        assert reader.get(f"/v2/c/blobs/{digest}").status_code == 200
        assert error_of(reader.get(f"/v2/a/b/blobs/{digest}")) == (404, "BLOB_UNKNOWN")
