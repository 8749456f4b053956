"""The blobs of one image layout: files named by the digest of their bytes (image-spec, image-layout.md, "Blobs")."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from gcrsync.archive.disk import file_status, inside, make_folder, translated
from gcrsync.archive.staging import StagedFile, Staging, digest_of
from gcrsync.errors import InvalidNameError, NotFoundError
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.verified import verified

_ALGORITHMS = ("sha256", "sha512")
_CHUNK = 1024 * 1024
_LINKS_DO_NOT_WORK = frozenset({errno.EMLINK, errno.EPERM, errno.EXDEV, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})


class Blobs:
    """The blobs of one layout; ``prepare`` makes the layout before the first of them is stored."""

    def __init__(self, root: Path, path: str, staging: Staging, prepare: Callable[[], None]) -> None:
        """Name the folder of layouts, the layout's path in it and where unfinished files go."""
        self._root, self._path = root, path
        self._staging, self._prepare = staging, prepare

    def file(self, digest: Digest) -> Path:
        """Give the path of a blob, there or not; DestinationError where it would lead through a symbolic link."""
        return inside(self._root, f"{self._path}/blobs/{digest.algorithm}/{digest.encoded}")

    def status(self, digest: Digest) -> os.stat_result | None:
        """Give the status of a blob's file, None where there is none."""
        return file_status(self.file(digest))

    def has(self, digest: Digest, size: int | None = None) -> bool:
        """Say whether a blob is there, in its size (bytes) where that is known: a shorter file is what some crash has left."""
        status = self.status(digest)
        return status is not None and size in (None, status.st_size)

    def open(self, digest: Digest) -> BinaryIO:
        """Open a blob for reading; NotFoundError where there is none."""
        path = self.file(digest)
        if file_status(path) is None:
            raise NotFoundError("reading", str(path), "no such blob")
        with translated("reading", path):
            return path.open("rb")

    def read(self, digest: Digest) -> Iterator[bytes]:
        """Give the bytes of a blob, piece by piece."""
        with self.open(digest) as file:
            yield from pieces(file, self.file(digest))

    def digests(self) -> Iterator[Digest]:
        """Give the digests of all blobs that are there."""
        for algorithm in _ALGORITHMS:
            folder = inside(self._root, f"{self._path}/blobs/{algorithm}")
            with translated("listing", folder):
                names = os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208 - names are all that is wanted
            for name in names:
                with suppress(InvalidNameError):
                    yield Digest(f"{algorithm}:{name}")

    def put(self, descriptor: Descriptor, chunks: Iterable[bytes]) -> None:
        """Store a blob, unless it is there; DigestMismatchError, and nothing is stored, where the chunks are not the blob."""
        if self.has(descriptor.digest, descriptor.size):
            return
        with self._staging.file() as staged:
            for chunk in verified(chunks, descriptor, str(self.file(descriptor.digest))):
                staged.write(chunk)
            self._publish(staged, descriptor.digest)

    def take(self, digest: Digest, staged: StagedFile) -> None:
        """Store a finished file as a blob; DigestMismatchError, and nothing is stored, where its bytes have another digest."""
        staged.check(digest)
        self._publish(staged, digest)

    def link(self, digest: Digest, other: "Blobs") -> bool:
        """Share a blob of another layout, as a hard link or, where there are none, as a copy; False where it has none."""
        status = other.status(digest)
        if status is None:
            return False
        path = self._place(digest)
        try:
            os.link(other.file(digest), path, follow_symlinks=False)
        except FileExistsError:
            return True
        except OSError as error:
            if error.errno not in _LINKS_DO_NOT_WORK:
                with translated("linking", path):
                    raise
            self.put(Descriptor("", digest, status.st_size), other.read(digest))
        return True

    def drop_damaged(self, part: Descriptor) -> None:
        """Remove a blob whose file has neither the size nor the digest that it should have."""
        if self.has(part.digest, part.size) or not self.has(part.digest):
            return
        path = self.file(part.digest)
        if digest_of(path, part.digest.algorithm) != part.digest:
            self.remove(part.digest)

    def remove(self, digest: Digest) -> None:
        """Remove a blob, if it is there."""
        path = self.file(digest)
        with translated("removing", path):
            path.unlink(missing_ok=True)

    def _publish(self, staged: StagedFile, digest: Digest) -> None:
        staged.publish(self._place(digest))

    def _place(self, digest: Digest) -> Path:
        """Give the path of a blob in a folder that is there."""
        self._prepare()
        path = self.file(digest)
        make_folder(path.parent)
        return path


def pieces(file: BinaryIO, path: Path) -> Iterator[bytes]:
    """Give what is left of an open file, piece by piece; ``path`` names it in an error."""
    while True:
        with translated("reading", path):
            piece = file.read(_CHUNK)
        if not piece:
            return
        yield piece
