import json
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from gcrsync.oci import media_types
from tests.support.build import SBOM, SIGNATURE, Built, image, index, referrer, referrer_index
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
    """Fill a folder: ``a/b`` has four tags of two manifests and one without a tag, ``a/b/c`` and ``d`` one tag each."""
    one = put(root, "a/b", index(image("x", shared="base"), image("y", shared="base")), "v10", "v9")
    put(root, "a/b", image("z"), "B", "latest")
    put(root, "a/b", image("untagged"))
    put(root, "a/b/c", image(), "v1")
    put(root, "d", image(), "v1")
    return one


def pages(client: Client, path: str) -> list[Any]:
    """Follow the links from a first page."""
    found, following = [], True
    while following:
        response = client.get(path)
        found.append(response.get_json())
        link = response.headers.get("Link", "")
        path, following = link.partition(">")[0].removeprefix("<"), link.endswith('>; rel="next"')
    return found


def test_a_repository_is_listed_as_google_lists_it(reader: Client, root: Path, built: Built) -> None:
    listed = reader.get("/v2/a/b/tags/list").get_json()
    sizes = sorted(each["imageSizeBytes"] for each in listed["manifest"].values())
    assert listed["name"] == "a/b"
    assert listed["tags"] == ["B", "latest", "v10", "v9"]
    assert listed["child"] == ["c"]
    assert sorted(each["tag"] for each in listed["manifest"].values()) == [[], ["B", "latest"], ["v10", "v9"]]
    assert sizes == ["0", *[str(sum(map(len, image(seed).blobs.values()))) for seed in ("z", "untagged")]]
    assert listed["manifest"][str(built.digest)] == {
        "imageSizeBytes": "0",
        "mediaType": built.media_type,
        "tag": ["v10", "v9"],
        "timeCreatedMs": "0",
        "timeUploadedMs": str(blob_file(root, "a/b", built).stat().st_mtime_ns // 1_000_000),
    }


@pytest.mark.parametrize(
    ("path", "children"), [("/v2/tags/list", ["a", "d"]), ("/v2/a/tags/list", ["b"]), ("/v2/a/b/c/tags/list", [])]
)
def test_the_names_one_level_below_are_children(reader: Client, path: str, children: list[str]) -> None:
    assert reader.get(path).get_json()["child"] == children


@pytest.mark.parametrize("path", ["a/x", "none", "a/b/c/d"])
def test_a_path_without_repositories_is_unknown(reader: Client, path: str) -> None:
    assert error_of(reader.get(f"/v2/{path}/tags/list")) == (404, "NAME_UNKNOWN")


def test_the_root_of_an_empty_registry_lists_nothing(tmp_path: Path) -> None:
    assert reader_of(tmp_path).get("/v2/tags/list").get_json() == {"child": [], "manifest": {}, "name": "", "tags": []}


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_pages_together_are_the_whole_list(reader: Client, built: Built, number: int) -> None:
    whole = reader.get("/v2/a/b/tags/list").get_json()
    parts = pages(reader, f"/v2/a/b/tags/list?n={number}")
    assert str(built.digest) in whole["manifest"]
    assert [len(part["tags"]) for part in parts[:-1]] == [number] * (len(parts) - 1)
    assert [tag for part in parts for tag in part["tags"]] == whole["tags"]
    assert [part["child"] for part in parts] == [["c"], *[[]] * (len(parts) - 1)]
    assert {digest: each for part in parts for digest, each in part["manifest"].items()} == whole["manifest"]
    for part in parts:
        named = [each["tag"] for each in part["manifest"].values()]
        assert {tag for tags in named for tag in tags} >= set(part["tags"])
        assert ([] in named) == (part is parts[-1])


def test_no_entries_are_asked_for_and_none_are_given(reader: Client) -> None:
    response = reader.get("/v2/a/b/tags/list?n=0")
    assert (response.get_json()["tags"], response.get_json()["manifest"], "Link" in response.headers) == ([], {}, False)


@pytest.mark.parametrize("number", ["-1", "x", "", "1.5", "²", "9999999999"])
@pytest.mark.parametrize("path", ["/v2/a/b/tags/list", "/v2/_catalog"])
def test_a_number_of_entries_that_is_none_is_refused(reader: Client, path: str, number: str) -> None:
    assert error_of(reader.get(path, query_string={"n": number})) == (400, "PAGINATION_NUMBER_INVALID")


def test_the_catalog_names_all_repositories_in_pages(reader: Client) -> None:
    assert pages(reader, "/v2/_catalog") == [{"repositories": ["a/b", "a/b/c", "d"]}]
    assert pages(reader, "/v2/_catalog?n=2") == [{"repositories": ["a/b", "a/b/c"]}, {"repositories": ["d"]}]
    assert pages(reader, "/v2/_catalog?last=a/b") == [{"repositories": ["a/b/c", "d"]}]


def test_a_tag_whose_manifest_is_gone_is_not_listed_and_one_that_is_damaged_has_no_size(tmp_path: Path) -> None:
    gone, damaged = put(tmp_path, "a", image("gone"), "v1"), put(tmp_path, "a", image("damaged"), "v2")
    blob_file(tmp_path, "a", gone).write_bytes(b"half")
    blob_file(tmp_path, "a", damaged).write_bytes(b" " * len(damaged.raw))
    listed = reader_of(tmp_path).get("/v2/a/tags/list").get_json()
    assert listed["tags"] == ["v2"]
    assert [each["imageSizeBytes"] for each in listed["manifest"].values()] == ["0"]


def test_referrers_are_listed_as_an_index_with_types_and_annotations(client: Client, tmp_path: Path) -> None:
    built = put(tmp_path, "a", image(), "v1")
    signature, bill = put(tmp_path, "a", referrer(built)), put(tmp_path, "a", referrer_index(built))

    response = client.get(f"/v2/a/referrers/{built.digest}")
    assert (response.status_code, response.content_type) == (200, media_types.OCI_INDEX)
    entries = {entry["digest"]: entry for entry in json.loads(response.data)["manifests"]}
    assert entries.keys() == {signature.digest, bill.digest}
    assert (entries[signature.digest]["artifactType"], entries[signature.digest]["annotations"]) == (
        SIGNATURE,
        {"seed": "signature"},
    )
    assert "OCI-Filters-Applied" not in response.headers

    filtered = client.get(f"/v2/a/referrers/{built.digest}", query_string={"artifactType": SBOM})
    assert [entry["digest"] for entry in json.loads(filtered.data)["manifests"]] == [bill.digest]
    assert filtered.headers["OCI-Filters-Applied"] == "artifactType"


def test_what_nothing_refers_to_has_an_empty_list(client: Client, tmp_path: Path) -> None:
    put(tmp_path, "a", image(), "v1")
    for path in ("a", "unknown"):
        response = client.get(f"/v2/{path}/referrers/{image().digest}")
        assert (response.status_code, json.loads(response.data)["manifests"]) == (200, [])
    assert error_of(client.get("/v2/a/referrers/sha256:x")) == (400, "DIGEST_INVALID")


def test_a_long_list_of_referrers_goes_on_with_a_link(client: Client, tmp_path: Path) -> None:
    built = put(tmp_path, "a", image(), "v1")
    signatures = {put(tmp_path, "a", referrer(built, f"{number}" * 400_000)).digest for number in range(4)}

    url, found, pages = f"/v2/a/referrers/{built.digest}", list[str](), 0
    while url:
        response = client.get(url)
        found += [entry["digest"] for entry in json.loads(response.data)["manifests"]]
        url, pages = response.headers.get("Link", "").partition(">")[0].removeprefix("<"), pages + 1
    assert (found, pages) == (sorted(signatures), 2)
