from pathlib import Path

import pytest

from gcrsync.archive.destination import FolderDestination
from gcrsync.errors import DigestMismatchError, NotFoundError, ProtocolError, RefusedError
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Repository, Tag
from tests.support.build import Built, image, index, schema_one
from tests.support.layouts import put

A, B = Repository("localhost", "a"), Repository("localhost", "b/c")


def blob(content: bytes) -> Descriptor:
    return Descriptor("", Digest.of(content), len(content))


def put_blobs(destination: FolderDestination, repository: Repository, built: Built) -> None:
    for content in built.blobs.values():
        destination.put_blob(repository, blob(content), [content])


def test_an_image_is_put_and_given_again(tmp_path: Path) -> None:
    destination, built = FolderDestination(tmp_path), image()
    assert destination.head_manifest(A, Tag("v1")) is None
    put_blobs(destination, A, built)
    destination.put_manifest(A, Tag("v1"), built.parsed, built.digest)
    assert destination.head_manifest(A, Tag("v1")) == destination.head_manifest(A, built.digest) == built.descriptor
    assert destination.get_manifest(A, Tag("v1")) == built.parsed
    for content in built.blobs.values():
        assert destination.has_blob(A, Digest.of(content))
        with destination.open_blob(A, blob(content)) as chunks:
            assert b"".join(chunks) == content


def test_a_blob_that_another_repository_has_is_linked_in(tmp_path: Path) -> None:
    content, later = b"before this process", b"by this process"
    FolderDestination(tmp_path).put_blob(A, blob(content), [content])
    destination = FolderDestination(tmp_path)
    assert not destination.has_blob(B, Digest.of(later))
    destination.put_blob(A, blob(later), [later])
    for each in (content, later):
        assert destination.has_blob(B, Digest.of(each))
        assert len({destination.folder.layout(path).blobs.file(Digest.of(each)).stat().st_ino for path in ("a", "b/c")}) == 1


def test_a_manifest_whose_parts_are_not_there_is_answered_as_by_a_registry(tmp_path: Path) -> None:
    destination, child = FolderDestination(tmp_path), image()
    for built in (child, index(child)):
        with pytest.raises(ProtocolError, match="which is not there") as caught:
            destination.put_manifest(A, Tag("v1"), built.parsed, built.digest)
        assert caught.value.codes == ("MANIFEST_BLOB_UNKNOWN",)
    assert destination.head_manifest(A, Tag("v1")) is None


def test_a_blob_cut_short_by_a_crash_is_sent_again(tmp_path: Path) -> None:
    built = put(tmp_path, "a", image(), "v1")
    damaged, content = next(iter(built.blobs.items()))
    (tmp_path / "a/blobs/sha256" / damaged.encoded).write_bytes(content[:3])
    destination = FolderDestination(tmp_path)
    assert all(destination.has_blob(B, digest) for digest in built.blobs)
    with pytest.raises(ProtocolError, match=str(damaged)):
        destination.put_manifest(B, Tag("v1"), built.parsed, built.digest)
    assert not destination.has_blob(B, damaged)
    put_blobs(destination, B, built)
    destination.put_manifest(B, Tag("v1"), built.parsed, built.digest)
    assert destination.head_manifest(B, Tag("v1")) == built.descriptor


def test_wrong_bytes_are_never_stored(tmp_path: Path) -> None:
    destination, built = FolderDestination(tmp_path), image()
    with pytest.raises(DigestMismatchError):
        destination.put_blob(A, blob(b"right"), [b"wrong"])
    put_blobs(destination, A, built)
    with pytest.raises(DigestMismatchError):
        destination.put_manifest(A, Tag("v1"), built.parsed, Digest.of(b"other"))
    assert destination.head_manifest(A, Tag("v1")) is None


def test_schema_one_is_refused(tmp_path: Path) -> None:
    old = schema_one()
    with pytest.raises(RefusedError, match="schema 1"):
        FolderDestination(tmp_path).put_manifest(A, Tag("v1"), old.parsed, old.digest)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_not_found_and_named(tmp_path: Path) -> None:
    destination = FolderDestination(tmp_path)
    with pytest.raises(NotFoundError, match=rf"reading {tmp_path}/b/c:v1: no such manifest"):
        destination.get_manifest(B, Tag("v1"))
    with pytest.raises(NotFoundError, match="no such blob"), destination.open_blob(A, blob(b"x")):
        pass
