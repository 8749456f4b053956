import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gcrsync.archive.blobs import Blobs
from gcrsync.archive.folder import LayoutFolder
from gcrsync.errors import DestinationError, DigestMismatchError, NotFoundError
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor

CONTENT = b"some bytes" * 1000
BLOB = Descriptor("application/octet-stream", Digest.of(CONTENT), len(CONTENT))


def blobs(root: Path, path: str = "a") -> Blobs:
    return LayoutFolder(root).layout(path).blobs


def files(root: Path) -> set[str]:
    return {path.name for path in root.rglob("*") if path.is_file()} - {"index.json", "oci-layout", ".lock"}


@contextmanager
def no_room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow larger than ``size`` bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("content", [b"", CONTENT])
def test_a_blob_is_stored_under_its_digest_and_read_again(tmp_path: Path, content: bytes, algorithm: str) -> None:
    blob = Descriptor("", Digest.of(content, algorithm), len(content))
    blobs(tmp_path).put(blob, [content[:5], content[5:]])
    assert (tmp_path / "a/blobs" / algorithm / blob.digest.encoded).read_bytes() == content
    assert b"".join(blobs(tmp_path).read(blob.digest)) == content
    assert list(blobs(tmp_path).digests()) == [blob.digest]


@pytest.mark.parametrize("chunks", [[], [CONTENT[:-1]], [CONTENT, b"x"], [CONTENT[:-1], b"x"]])
def test_bytes_that_are_not_the_blob_leave_nothing(tmp_path: Path, chunks: list[bytes]) -> None:
    with pytest.raises(DigestMismatchError):
        blobs(tmp_path).put(BLOB, chunks)
    assert files(tmp_path) == set()


def test_a_blob_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield CONTENT[:100]
        assert len(files(tmp_path)) == 1
        raise NotFoundError("reading", "there", "gone")

    with pytest.raises(NotFoundError):
        blobs(tmp_path).put(BLOB, broken())
    assert files(tmp_path) == set()


def test_a_blob_that_is_there_is_not_written_again_unless_its_size_is_wrong(tmp_path: Path) -> None:
    stored = blobs(tmp_path)
    stored.put(BLOB, [CONTENT])
    before = stored.file(BLOB.digest).stat().st_ino
    stored.put(BLOB, [b"not looked at"])
    assert stored.file(BLOB.digest).stat().st_ino == before
    stored.file(BLOB.digest).write_bytes(CONTENT[:7])
    assert stored.has(BLOB.digest)
    assert not stored.has(BLOB.digest, BLOB.size)
    stored.put(BLOB, [CONTENT])
    assert stored.has(BLOB.digest, BLOB.size)


def test_a_disk_without_room_is_told_in_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    stored = blobs(tmp_path)
    stored.put(Descriptor("", Digest.of(b""), 0), [b""])
    with no_room_for(4096), pytest.raises(DestinationError, match=r"^writing .*: File too large: see that"):
        stored.put(BLOB, [CONTENT])
    assert files(tmp_path) == {Digest.of(b"").encoded}


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DestinationError, match=r"file/\.uploads: Not a directory"):
        blobs(tmp_path / "file").put(BLOB, [CONTENT])


def test_a_blob_of_another_layout_is_shared_as_a_link(tmp_path: Path) -> None:
    folder = LayoutFolder(tmp_path)
    one, two = folder.layout("a").blobs, folder.layout("b/c").blobs
    assert not two.link(BLOB.digest, one)
    one.put(BLOB, [CONTENT])
    assert two.link(BLOB.digest, one)
    assert two.link(BLOB.digest, one)
    assert two.file(BLOB.digest).stat().st_ino == one.file(BLOB.digest).stat().st_ino
    assert "b/c" in folder


def test_a_blob_is_copied_where_it_cannot_be_linked(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    memory = Path("/dev/shm")  # noqa: S108 - the one other file system that Linux always has
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system")
    there = memory / tmp_path_factory.mktemp("blobs").name
    one, two = blobs(tmp_path), LayoutFolder(there).layout("a").blobs
    one.put(BLOB, [CONTENT])
    try:
        assert two.link(BLOB.digest, one)
        assert two.file(BLOB.digest).read_bytes() == CONTENT
    finally:
        for path in sorted(there.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        there.rmdir()


def test_a_damaged_blob_is_removed_and_a_good_one_is_not_whatever_a_manifest_says_of_it(tmp_path: Path) -> None:
    stored = blobs(tmp_path)
    stored.put(BLOB, [CONTENT])
    stored.drop_damaged(Descriptor("", BLOB.digest, 5))
    assert stored.has(BLOB.digest)
    stored.file(BLOB.digest).write_bytes(b"half")
    stored.drop_damaged(BLOB)
    assert not stored.has(BLOB.digest)
    stored.drop_damaged(BLOB)


def test_a_blob_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=BLOB.digest.encoded):
        blobs(tmp_path).open(BLOB.digest)
