import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gcrsync.archive.folder import LayoutFolder
from gcrsync.archive.layout import Layout
from gcrsync.errors import DestinationError, DigestMismatchError
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor, Index, Manifest
from gcrsync.oci.name import Tag
from tests.support.build import Built, image, image_with_foreign_layer, index, schema_one
from tests.support.layouts import blob_file, listed, put


def layout(root: Path, path: str = "a") -> Layout:
    return LayoutFolder(root).layout(path)


def manifest_of(built: Built) -> Manifest | Index:
    parsed = built.parsed
    assert isinstance(parsed, Manifest | Index)
    return parsed


def test_a_layout_is_what_the_specification_says(tmp_path: Path) -> None:
    one = put(tmp_path, "a/b", image(), "v1")
    assert json.loads((tmp_path / "a/b/oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    assert json.loads((tmp_path / "a/b/index.json").read_bytes())["manifests"] == [
        {
            "mediaType": one.media_type,
            "digest": str(one.digest),
            "size": len(one.raw),
            "annotations": {"org.opencontainers.image.ref.name": "v1"},
        }
    ]
    assert blob_file(tmp_path, "a/b", one).read_bytes() == one.raw
    assert {path.name for path in (tmp_path / "a/b/blobs/sha256").iterdir()} == {each.encoded for each in (one.digest, *one.blobs)}


def test_a_layout_that_is_not_there_is_empty(tmp_path: Path) -> None:
    empty = layout(tmp_path)
    assert (empty.tags(), empty.find(Tag("v1")), empty.find(Digest.of(b""))) == ({}, None, None)
    assert not empty.delete_tag(Tag("v1"))
    assert not empty.delete_manifest(Digest.of(b""))
    assert list(tmp_path.iterdir()) == []


def test_manifests_are_found_by_tag_by_digest_and_as_children(tmp_path: Path) -> None:
    child, other = image("child"), image("other", docker=True)
    parent = put(tmp_path, "a", index(child, other), "v1")
    found = layout(tmp_path)
    assert found.find(Tag("v1")) == found.find(parent.digest) == parent.descriptor
    assert [found.find(each.digest) for each in (child, other)] == [child.descriptor, other.descriptor]
    assert found.read_manifest(other.descriptor).raw == other.raw
    assert listed(tmp_path, "a") == [("v1", str(parent.digest))]


def test_a_blob_that_is_no_manifest_is_found_by_no_digest(tmp_path: Path) -> None:
    one = put(tmp_path, "a", image(size=5 * 1024 * 1024), "v1")
    found = layout(tmp_path)
    assert all(found.blobs.has(digest) for digest in one.blobs)
    assert [found.find(digest) for digest in one.blobs] == [None] * len(one.blobs)


def test_a_manifest_file_of_another_size_is_not_there(tmp_path: Path) -> None:
    one = put(tmp_path, "a", image(), "v1")
    blob_file(tmp_path, "a", one).write_bytes(one.raw[:-1])
    found = layout(tmp_path)
    assert (found.find(Tag("v1")), found.find(one.digest)) == (None, None)


def test_a_manifest_file_with_other_bytes_is_not_given(tmp_path: Path) -> None:
    one, child = image(), image("child")
    put(tmp_path, "a", one, "v1")
    put(tmp_path, "a", index(child), "v2")
    for each in (one, child):
        blob_file(tmp_path, "a", each).write_bytes(each.raw[:-1] + b" ")
    found = layout(tmp_path)
    with pytest.raises(DigestMismatchError, match=one.digest.encoded):
        found.read_manifest(one.descriptor)
    assert found.find(child.digest) is None


def test_a_tag_moves_and_its_old_manifest_stays_by_digest(tmp_path: Path) -> None:
    old, new = put(tmp_path, "a", image("old"), "v1"), put(tmp_path, "a", image("new"), "v1")
    found = layout(tmp_path)
    assert found.find(Tag("v1")) == new.descriptor
    assert found.find(old.digest) == old.descriptor
    assert listed(tmp_path, "a") == [("v1", str(new.digest))]


def test_nothing_is_written_where_nothing_changes(tmp_path: Path) -> None:
    one = put(tmp_path, "a", index(image()), "v1", "v2")
    path = tmp_path / "a/index.json"
    path.write_bytes(json.dumps(json.loads(path.read_bytes()), indent=4).encode())
    before = path.stat()
    layout(tmp_path).put_manifest(Tag("v1"), manifest_of(one), one.digest)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    layout(tmp_path).put_manifest(Tag("v3"), manifest_of(one), one.digest)
    assert path.stat().st_ino != before.st_ino


def test_what_another_program_writes_in_place_is_seen(tmp_path: Path) -> None:
    one = put(tmp_path, "a", image(), "v1")
    shared = layout(tmp_path)
    assert set(shared.tags()) == {Tag("v1")}
    path = tmp_path / "a/index.json"
    path.write_bytes(path.read_bytes().replace(b'"v1"', b'"v22"'))
    assert set(shared.tags()) == {Tag("v22")}
    shared.put_manifest(Tag("v3"), manifest_of(one), one.digest)
    assert set(shared.tags()) == {Tag("v3"), Tag("v22")}


def test_deleting_a_tag_leaves_the_manifest_and_deleting_the_manifest_takes_all_tags(tmp_path: Path) -> None:
    one = put(tmp_path, "a", image(), "v1", "v2", "v3")
    found = layout(tmp_path)
    assert found.delete_tag(Tag("v1"))
    assert set(found.tags()) == {Tag("v2"), Tag("v3")}
    assert found.delete_manifest(one.digest)
    assert (found.tags(), found.find(one.digest)) == ({}, None)
    assert all(found.blobs.has(digest) for digest in one.blobs)


def test_what_a_manifest_lacks_is_told_but_for_foreign_layers(tmp_path: Path) -> None:
    one = put(tmp_path, "a", image_with_foreign_layer(), "v1")
    found = layout(tmp_path)
    assert found.missing(manifest_of(one)) == ()
    gone, _ = one.blobs
    found.blobs.remove(gone)
    assert [part.digest for part in found.missing(manifest_of(one))] == [gone]


def test_sixteen_threads_put_tags_into_one_layout(tmp_path: Path) -> None:
    folder = LayoutFolder(tmp_path)
    images = [image(f"{number}", size=10) for number in range(16)]

    def work(number: int) -> None:
        built = images[number]
        target = folder.layout("a")
        for digest, content in built.blobs.items():
            target.blobs.put(Descriptor("", digest, len(content)), [content])
        for tag in range(4):
            target.put_manifest(Tag(f"v{number}.{tag}"), manifest_of(built), built.digest)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
    tags = layout(tmp_path).tags()
    assert {str(tag): found.digest for tag, found in tags.items()} == {
        f"v{number}.{tag}": images[number].digest for number in range(16) for tag in range(4)
    }


ANOTHER_PROCESS = """
import sys
from pathlib import Path
from gcrsync.archive.folder import LayoutFolder
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import parse_manifest
from gcrsync.oci.name import Tag

layout = LayoutFolder(Path(sys.argv[1])).layout("a")
manifest = parse_manifest(b'{"schemaVersion":2,"manifests":[]}', "application/vnd.oci.image.index.v1+json", "empty")
for number in range(20):
    layout.put_manifest(Tag(f"{sys.argv[2]}{number}"), manifest, Digest.of(manifest.raw))
"""


def test_four_processes_put_tags_into_one_layout(tmp_path: Path) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", ANOTHER_PROCESS, str(tmp_path), letter]) for letter in "abcd"]
    assert [process.wait() for process in processes] == [0] * 4
    assert {str(tag) for tag in layout(tmp_path).tags()} == {f"{letter}{number}" for letter in "abcd" for number in range(20)}


@pytest.mark.parametrize("mark", [b"", b"[]", b"{", b'{"imageLayoutVersion": "2.0.0"}', b"[" * 4000])
def test_a_layout_of_another_version_is_left_alone(tmp_path: Path, mark: bytes) -> None:
    one = put(tmp_path, "a", image(), "v1")
    (tmp_path / "a/oci-layout").write_bytes(mark)
    with pytest.raises(DestinationError, match="oci-layout: not an image layout of version"):
        layout(tmp_path).put_manifest(Tag("v2"), manifest_of(one), one.digest)
    assert listed(tmp_path, "a") == [("v1", str(one.digest))]


def test_a_file_much_larger_than_it_can_be_is_not_read(tmp_path: Path) -> None:
    put(tmp_path, "a", image(), "v1")
    os.truncate(tmp_path / "a/oci-layout", 10**12)
    with pytest.raises(DestinationError, match="oci-layout: more than 4096 bytes"):
        layout(tmp_path).tags()


def test_a_broken_index_is_named_and_not_replaced(tmp_path: Path) -> None:
    one = put(tmp_path, "a", image(), "v1")
    (tmp_path / "a/index.json").write_bytes(b"{")
    broken = layout(tmp_path)
    with pytest.raises(DestinationError, match=r"a/index\.json: not JSON"):
        broken.tags()
    with pytest.raises(DestinationError, match=r"a/index\.json: not JSON"):
        broken.put_manifest(Tag("v2"), manifest_of(one), one.digest)
    assert (tmp_path / "a/index.json").read_bytes() == b"{"


@pytest.mark.parametrize("link", ["a", "a/b", "a/b/index.json", "a/b/oci-layout", "a/b/blobs", "a/b/blobs/sha256"])
def test_a_symbolic_link_is_never_followed(tmp_path: Path, link: str) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    one = put(root, "a/b", image(), "v1")
    elsewhere.parent.mkdir(exist_ok=True)
    (root / link).rename(elsewhere)
    (root / link).symlink_to(elsewhere)
    linked = layout(root, "a/b")

    def use() -> None:
        linked.find(Tag("v1"))
        linked.put_manifest(Tag("v2"), manifest_of(one), one.digest)

    with pytest.raises(DestinationError, match=f"{link} is a symbolic link"):
        use()
    assert not list(tmp_path.glob("elsewhere/**/.lock")) or link in {"a", "a/b"}


def test_a_blob_that_is_a_link_to_a_secret_is_not_read(tmp_path: Path) -> None:
    one = put(tmp_path, "a", image(), "v1")
    secret = tmp_path / "secret"
    secret.write_bytes(one.raw)
    path = blob_file(tmp_path, "a", one)
    path.unlink()
    path.symlink_to(secret)
    with pytest.raises(DestinationError, match="symbolic link"):
        layout(tmp_path).find(one.digest)


def test_a_pipe_in_the_place_of_a_file_does_not_hang(tmp_path: Path) -> None:
    put(tmp_path, "a", image(), "v1")
    (tmp_path / "a/index.json").unlink()
    os.mkfifo(tmp_path / "a/index.json")
    with pytest.raises(DestinationError, match=r"index\.json is not a regular file"):
        layout(tmp_path).tags()


@pytest.mark.parametrize(("first", "second"), [("a", "a/blobs"), ("a", "a/index.json/b"), ("a/blobs", "a")])
def test_a_layout_is_not_made_inside_another_or_around_one(tmp_path: Path, first: str, second: str) -> None:
    put(tmp_path, first, image(), "v1")
    with pytest.raises(DestinationError, match="making the image layout"):
        put(tmp_path, second, image(), "v1")
    assert LayoutFolder(tmp_path).repositories() == (first,)


def test_a_schema_one_manifest_lies_in_no_layout(tmp_path: Path) -> None:
    old = schema_one()
    target = layout(tmp_path)
    target.blobs.put(old.descriptor, [old.raw])
    found = target.find(old.digest)
    assert found is not None
    assert found.media_type == old.media_type
