import json
from collections import Counter
from collections.abc import Iterator

import pytest

from benchmarks.namespaces.builder import YEAR_ONE
from benchmarks.namespaces.content import StoredManifest, StoredNamespace, StoredRepository
from benchmarks.namespaces.generate import generate
from benchmarks.namespaces.schema1 import unsigned
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor, Index, Manifest, Platform, parse_manifest
from gcrsync.oci.name import Repository, Tag

ODD_CONFIGS = {"application/vnd.cncf.helm.config.v1+json", "application/vnd.wasm.config.v0+json", "application/vnd.example.thing"}
EVERY_TRAIT = {
    *(media_types.MANIFESTS - {media_types.DOCKER_SCHEMA1}),
    "image without a media type",
    "index without a media type",
    "entry without a platform",
    "nested index",
    "attestation",
    "layer of urls, application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    "layer of urls, application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "layer that is there twice",
    "config of no image",
    "untagged subject",
    "cosign tag",
}


@pytest.fixture(scope="module")
def large() -> StoredNamespace:
    return generate(1, "large", 50, 3000)


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert generate(5, "here", 4, 80) == generate(5, "here", 4, 80)


def test_another_seed_gives_other_bytes() -> None:
    assert not digests(generate(5, "here", 4, 80)) & digests(generate(6, "here", 4, 80))


@pytest.mark.parametrize(("seed", "repositories"), [(1, 1), (2, 3), (3, 24)])
def test_every_kind_of_image_is_in_a_small_namespace(seed: int, repositories: int) -> None:
    assert {trait for each in generate(seed, "small", repositories, 24).repositories for trait in traits(each)} == EVERY_TRAIT


def test_a_namespace_has_the_repositories_and_tags_that_it_is_asked_for(large: StoredNamespace) -> None:
    assert len({repository.path for repository in large.repositories}) == 50
    assert large.tags == pytest.approx(3000, abs=50)
    assert min(len(repository.tags) for repository in large.repositories) >= 1


def test_about_28_percent_of_the_tags_are_aliases(large: StoredNamespace) -> None:
    distinct = sum(len(set(repository.tags.values())) for repository in large.repositories)
    assert 1 - distinct / large.tags == pytest.approx(0.28, abs=0.03)


def test_repositories_are_nested_11_deep_and_below_repositories_with_tags(large: StoredNamespace) -> None:
    paths = [repository.path for repository in large.repositories]
    assert max(path.count("/") + 1 for path in paths) == 11
    assert any(path.rpartition("/")[0] in paths for path in paths)


def test_repositories_have_layers_in_common(large: StoredNamespace) -> None:
    holders = Counter(digest for repository in large.repositories for digest in repository.blobs)
    assert len([digest for digest, count in holders.items() if count > 10]) > 10


def test_upload_times_are_as_odd_as_those_of_google(large: StoredNamespace) -> None:
    times = Counter(manifest.uploaded for repository in large.repositories for manifest in repository.manifests.values())
    assert {0, YEAR_ONE, None} < set(times)
    assert len(times) > 1000


def test_every_name_is_valid(large: StoredNamespace) -> None:
    assert all(Repository("registry.example", repository.path) for repository in large.repositories)
    assert all(Tag(name) for repository in large.repositories for name in repository.tags)


def test_every_digest_is_of_the_bytes() -> None:
    for repository in generate(7).repositories:
        assert repository.manifests
        for digest, manifest in repository.manifests.items():
            signed = manifest.media_type in media_types.SCHEMA1
            assert Digest(digest).matches(unsigned(manifest.raw) if signed else manifest.raw)
        assert all(Digest(digest).matches(blob.content()) for digest, blob in repository.blobs.items())


def test_whatever_a_manifest_names_is_there_but_for_foreign_layers() -> None:
    for repository in generate(7).repositories:
        assert set(repository.tags.values()) <= set(repository.manifests)
        for manifest in repository.manifests.values():
            parsed = parse_manifest(manifest.raw, manifest.media_type, repository.path)
            if isinstance(parsed, Index):
                assert {each.digest.text for each in parsed.manifests} <= set(repository.manifests)
            elif isinstance(parsed, Manifest):
                for each in parsed.blobs:
                    assert (each.digest.text in repository.blobs) != media_types.is_foreign(each.media_type)


@pytest.mark.parametrize("path", ["", "one", "two/parts"])
def test_a_namespace_may_be_a_whole_registry_or_lie_at_any_path(path: str) -> None:
    below = f"{path}/" if path else ""
    assert all(repository.path.startswith(below) for repository in generate(3, path, 5, 20).repositories)


def digests(namespace: StoredNamespace) -> set[str]:
    return {digest for repository in namespace.repositories for digest in (*repository.manifests, *repository.blobs)}


def traits(repository: StoredRepository) -> Iterator[str]:
    """Name what is remarkable about the images of a repository."""
    tagged = set(repository.tags.values())
    for digest, manifest in repository.manifests.items():
        yield manifest.media_type
        yield from manifest_traits(manifest, repository)
        if '"subject"' in manifest.raw.decode() and digest not in tagged:
            yield "untagged subject"
    if any(name.startswith("sha256-") and name.endswith(".sig") for name in repository.tags):
        yield "cosign tag"


def manifest_traits(manifest: StoredManifest, repository: StoredRepository) -> Iterator[str]:
    document = json.loads(manifest.raw)
    kind = "index" if "manifests" in document else "image"
    if "mediaType" not in document and document["schemaVersion"] == 2:
        yield f"{kind} without a media type"
    parsed = parse_manifest(manifest.raw, manifest.media_type, repository.path)
    if isinstance(parsed, Index):
        yield from map(entry_trait, parsed.manifests)
        if b'"attestation-manifest"' in manifest.raw and Platform("unknown", "unknown") in [
            each.platform for each in parsed.manifests
        ]:
            yield "attestation"
    elif isinstance(parsed, Manifest):
        if len(parsed.blobs) > len({blob.digest for blob in parsed.blobs}):
            yield "layer that is there twice"
        if parsed.media_type == media_types.OCI_MANIFEST and parsed.blobs[0].media_type in ODD_CONFIGS:
            yield "config of no image"
        yield from (f"layer of urls, {layer['mediaType']}" for layer in document.get("layers", []) if "urls" in layer)


def entry_trait(entry: Descriptor) -> str:
    if entry.media_type in media_types.INDEXES:
        return "nested index"
    return entry.media_type if entry.platform else "entry without a platform"
