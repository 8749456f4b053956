"""The embedded registry and a program that is not ours: skopeo pulls from it and pushes to it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gcrsync.archive.folder import LayoutFolder
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.registry.client import Client
from gcrsync.registry.listing import GoogleAnswer, ask
from gcrsync.serve.server import serving
from tests.support.build import Built, image, index, index_with_attestation
from tests.support.layouts import put
from tests.support.sessions import session_to
from tests.support.skopeo import skopeo

IMAGES = {
    "image": image(),
    "docker": image("docker", docker=True),
    "index": index(image("one", shared="base"), image("two", shared="base")),
    "list": index(image("three", docker=True), image("four", docker=True), docker=True),
    "attestation": index_with_attestation(),
}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """Serve ``tmp_path/registry``, and give its address."""
    with serving(tmp_path / "registry", writable=True) as address:
        yield address


@pytest.mark.parametrize("name", IMAGES)
def test_skopeo_pulls_every_byte(tmp_path: Path, registry: str, name: str) -> None:
    built = put(tmp_path / "registry", "a/b", IMAGES[name], "v1")
    source = f"docker://{registry}/a/b:v1"
    assert skopeo("inspect", "--raw", "--tls-verify=false", source, folder=tmp_path) == built.raw
    skopeo("copy", "--all", "--preserve-digests", "--src-tls-verify=false", source, f"dir:{tmp_path}/pulled", folder=tmp_path)
    for each in built.everything():
        for digest, content in each.blobs.items():
            assert (tmp_path / "pulled" / digest.encoded).read_bytes() == content
    assert (tmp_path / "pulled/manifest.json").read_bytes() == built.raw


@pytest.mark.parametrize("name", IMAGES)
def test_skopeo_pushes_every_byte(tmp_path: Path, registry: str, name: str) -> None:
    built = put(tmp_path / "registry", "a/b", IMAGES[name], "v1")
    source, target = f"docker://{registry}/a/b:v1", f"docker://{registry}/c:latest"
    options = ("--all", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false")
    skopeo("copy", *options, source, f"dir:{tmp_path}/pulled", folder=tmp_path)
    shutil.rmtree(tmp_path / "registry/a")
    skopeo("copy", *options, f"dir:{tmp_path}/pulled", target, folder=tmp_path)
    assert_whole(tmp_path / "registry", "c", "latest", built)


def test_a_layout_that_gcrsync_wrote_is_one_to_skopeo_and_the_other_way_round(tmp_path: Path, registry: str) -> None:
    built = put(tmp_path / "ours", "a", IMAGES["index"], "v1", "v2")
    options = ("--all", "--preserve-digests", "--dest-tls-verify=false")
    skopeo("copy", *options, f"oci:{tmp_path}/ours/a:v2", f"docker://{registry}/b:v2", folder=tmp_path)
    assert_whole(tmp_path / "registry", "b", "v2", built)
    (tmp_path / "theirs").mkdir()
    skopeo("copy", "--all", "--preserve-digests", f"oci:{tmp_path}/ours/a:v1", f"oci:{tmp_path}/theirs/b:v1", folder=tmp_path)
    other = put(tmp_path / "theirs", "b", image("other"), "v2")
    assert_whole(tmp_path / "theirs", "b", "v1", built)
    skopeo("copy", "--preserve-digests", f"oci:{tmp_path}/theirs/b:v2", f"dir:{tmp_path}/pulled", folder=tmp_path)
    assert (tmp_path / "pulled/manifest.json").read_bytes() == other.raw


def test_skopeo_lists_tags_and_deletes(tmp_path: Path, registry: str) -> None:
    put(tmp_path / "registry", "a", image(), "v1", "v2")
    listed = skopeo("list-tags", "--tls-verify=false", f"docker://{registry}/a", folder=tmp_path)
    assert b'"v1",\n        "v2"' in listed
    skopeo("delete", "--tls-verify=false", f"docker://{registry}/a:v1", folder=tmp_path)
    assert LayoutFolder(tmp_path / "registry").layout("a").tags() == {}


def test_what_skopeo_refuses_our_own_client_pushes_and_lists_as_googles(tmp_path: Path, registry: str) -> None:
    nested, other = index(index(image("one"), image("two")), image("three")), image("other")
    repository = Repository(registry, "a/nested")
    with session_to() as session:
        client = Client(session, "pull,push")
        for each in (*nested.everything(), other):
            for digest, content in each.blobs.items():
                client.put_blob(repository, Descriptor("", digest, len(content)), [content[:500], content[500:]])
            client.put_manifest(repository, each.digest, each.parsed, each.digest)
        client.put_manifest(repository, Tag("v1"), nested.parsed, nested.digest)
        found = ask(session, repository.namespace)
        above = ask(session, Namespace(registry))
    assert_whole(tmp_path / "registry", "a/nested", "v1", nested)
    assert isinstance(found, GoogleAnswer)
    assert isinstance(above, GoogleAnswer)
    assert above.listing.children == {"a"}
    assert found.listing.tags == {Tag("v1"): nested.digest}
    assert set(found.listing.manifests) == {nested.digest, other.digest}
    assert found.listing.manifests[other.digest].size == sum(map(len, other.blobs.values()))


def assert_whole(root: Path, path: str, tag: str, built: Built) -> None:
    """See that a layout has an image with all its bytes under a tag."""
    layout = LayoutFolder(root).layout(path)
    found = layout.find(Tag(tag))
    assert found is not None
    assert found.digest == built.digest
    for each in built.everything():
        assert b"".join(layout.blobs.read(each.digest)) == each.raw
        for digest in each.blobs:
            assert Digest.of(b"".join(layout.blobs.read(digest))) == digest
