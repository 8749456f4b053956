import json
from collections.abc import Mapping

import pytest

from benchmarks.namespaces.answers import Answer, GoogleRegistry, Kind, PlainRegistry, Registry, Request
from benchmarks.namespaces.content import StoredBlob, StoredManifest, StoredNamespace, StoredRepository
from benchmarks.namespaces.generate import generate

BLOB = StoredBlob("seed", 10)
MANIFESTS = {
    "sha256:aa": StoredManifest(b"{}", "application/a", 7, 1_600_000_000_000, 0),
    "sha256:bb": StoredManifest(b"[]", "application/b"),
}
BOTH = StoredRepository("p/both", {"v1": "sha256:aa", "v2": "sha256:aa"}, MANIFESTS, {"sha256:cc": BLOB})
DEEP = StoredRepository("p/both/x/deep", {"v3": "sha256:aa"}, MANIFESTS, {})
NAMESPACE = StoredNamespace("p", (BOTH, DEEP))


def test_google_lists_tags_manifests_and_children_of_a_path_that_has_all() -> None:
    assert listed(GoogleRegistry(NAMESPACE), "/v2/p/both/tags/list") == {
        "child": ["x"],
        "manifest": {
            "sha256:aa": {
                "layerId": "",
                "mediaType": "application/a",
                "tag": ["v1", "v2"],
                "imageSizeBytes": "7",
                "timeCreatedMs": "0",
                "timeUploadedMs": "1600000000000",
            },
            "sha256:bb": {"layerId": "", "mediaType": "application/b", "tag": []},
        },
        "name": "p/both",
        "tags": ["v1", "v2"],
    }


@pytest.mark.parametrize(
    ("path", "child"),
    [
        ("/v2/tags/list", ["p"]),
        ("/v2/p/tags/list", ["both"]),
        ("/v2/p/both/x/tags/list", ["deep"]),
        ("/v2/p/both/x/deep/tags/list", []),
        ("/v2/unknown/tags/list", []),
    ],
)
def test_google_answers_every_path_with_the_names_below_it(path: str, child: list[str]) -> None:
    assert listed(GoogleRegistry(NAMESPACE), path)["child"] == child


def test_google_serves_several_namespaces() -> None:
    registry = GoogleRegistry(NAMESPACE, StoredNamespace("q", (StoredRepository("q/one"),)))
    assert listed(registry, "/v2/tags/list")["child"] == ["p", "q"]


def test_google_lists_what_a_generated_namespace_holds() -> None:
    namespace = generate(1)
    registry = GoogleRegistry(namespace)
    for repository in namespace.repositories:
        answer = listed(registry, f"/v2/{repository.path}/tags/list")
        manifests = answer["manifest"]
        assert isinstance(manifests, dict)
        assert {tag: digest for digest, entry in manifests.items() for tag in entry["tag"]} == repository.tags
        assert {digest: entry["mediaType"] for digest, entry in manifests.items()} == {
            digest: manifest.media_type for digest, manifest in repository.manifests.items()
        }


def test_a_plain_registry_names_its_repositories_in_the_catalog_and_not_in_lists() -> None:
    assert listed(PlainRegistry(NAMESPACE), "/v2/_catalog") == {"repositories": ["p/both", "p/both/x/deep"]}
    assert listed(PlainRegistry(NAMESPACE), "/v2/p/both/tags/list") == {"name": "p/both", "tags": ["v1", "v2"]}


@pytest.mark.parametrize("path", ["/v2/tags/list", "/v2/p/tags/list", "/v2/p/none/tags/list"])
def test_a_plain_registry_knows_no_path_without_tags(path: str) -> None:
    answer = get(PlainRegistry(NAMESPACE, StoredNamespace("p", (StoredRepository("p/none"),))), path)
    assert (answer.kind, answer.status) == (Kind.LIST, 404)


@pytest.mark.parametrize("path", ["/v2/_catalog", "/v2/p/both/tags/list"])
def test_a_plain_registry_lists_in_pages(path: str) -> None:
    registry = PlainRegistry(NAMESPACE)
    whole = named(get(registry, path))
    first = get(registry, path, {"n": "1"})
    (link,) = [value for name, value in first.headers if name == "Link"]
    assert link == f'<{path}?last={whole[0].replace("/", "%2F")}&n=1>; rel="next"'
    last = get(registry, path, {"n": "1", "last": whole[0]})
    assert named(first) + named(last) == whole
    assert last.headers == ()


def test_a_catalog_page_has_a_hundred_repositories_unless_told_otherwise() -> None:
    many = PlainRegistry(StoredNamespace("", tuple(StoredRepository(f"r{number}") for number in range(101))))
    assert len(named(get(many, "/v2/_catalog"))) == 100
    assert len(named(get(many, "/v2/_catalog", {"n": "1000"}))) == 101


@pytest.mark.parametrize("registry", [GoogleRegistry(NAMESPACE), PlainRegistry(NAMESPACE)])
@pytest.mark.parametrize("reference", ["v2", "sha256:aa"])
def test_a_manifest_is_found_by_tag_and_by_digest(registry: Registry, reference: str) -> None:
    answer = get(registry, f"/v2/p/both/manifests/{reference}")
    assert (answer.kind, answer.status, answer.media_type, answer.body) == (Kind.MANIFEST, 200, "application/a", b"{}")
    assert ("Docker-Content-Digest", "sha256:aa") in answer.headers


@pytest.mark.parametrize(
    ("accept", "status"),
    [("application/b, application/a;q=0.5", 200), ("*/*", 200), ("application/b", 404), ("application/ab", 404)],
)
def test_a_manifest_is_given_only_to_those_that_accept_its_type(accept: str, status: int) -> None:
    assert get(GoogleRegistry(NAMESPACE), "/v2/p/both/manifests/v1", headers={"accept": accept}).status == status


@pytest.mark.parametrize(
    ("wanted", "status", "part", "told"),
    [
        ("", 200, slice(None), None),
        ("lines=1-2", 200, slice(None), None),
        ("bytes=3-", 206, slice(3, None), "bytes 3-9/10"),
        ("bytes=3-5", 206, slice(3, 6), "bytes 3-5/10"),
        ("bytes=3-99", 206, slice(3, None), "bytes 3-9/10"),
        ("bytes=-4", 206, slice(6, None), "bytes 6-9/10"),
        ("bytes=10-", 416, slice(0), "bytes */10"),
    ],
)
def test_a_blob_is_given_whole_or_in_part(wanted: str, status: int, part: slice, told: str | None) -> None:
    answer = get(GoogleRegistry(NAMESPACE), "/v2/p/both/blobs/sha256:cc", headers={"range": wanted})
    assert (answer.kind, answer.status, answer.body) == (Kind.BLOB, status, BLOB.content()[part])
    assert (answer.length, dict(answer.headers).get("Content-Range")) == (len(answer.body), told)


def test_a_head_of_a_blob_tells_its_size_without_computing_it() -> None:
    answer = GoogleRegistry(NAMESPACE).answer(Request("HEAD", "/v2/p/both/blobs/sha256:cc"))
    assert (answer.status, answer.length, answer.body) == (200, 10, b"")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/", 200),
        ("GET", "/v2/p/both/manifests/v9", 404),
        ("GET", "/v2/p/other/manifests/sha256:aa", 404),
        ("GET", "/v2/p/both/x/deep/blobs/sha256:cc", 404),
        ("GET", "/v2/p/both/referrers/sha256:aa", 404),
        ("GET", "/", 404),
        ("PUT", "/v2/p/both/manifests/v1", 405),
    ],
)
def test_other_requests_have_the_status_that_registries_give(method: str, path: str, status: int) -> None:
    assert GoogleRegistry(NAMESPACE).answer(Request(method, path)).status == status


def get(registry: Registry, path: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    return registry.answer(Request("GET", path, query or {}, headers or {}))


def listed(registry: Registry, path: str) -> Mapping[str, object]:
    answer = get(registry, path)
    assert (answer.kind, answer.status, answer.media_type) == (Kind.LIST, 200, "application/json")
    document = json.loads(answer.body)
    assert isinstance(document, dict)
    return document


def named(answer: Answer) -> list[str]:
    document = json.loads(answer.body)
    names = document.get("repositories", document.get("tags"))
    assert isinstance(names, list)
    return names
