"""Files that are not finished: written aside in a hidden folder, and given their name when they are whole."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import BinaryIO
from uuid import uuid4

from gcrsync.archive.disk import inside, make_folder, translated
from gcrsync.errors import DigestMismatchError
from gcrsync.oci.digest import Digest

STAGING_NAME = ".uploads"


class StagedFile:
    """An unfinished file; it is locked for as long as it is open, which shows other processes that somebody writes it."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        """Take over a file that was just made."""
        self.path, self._file = path, file
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append some bytes."""
        with translated("writing", self.path):
            self._file.write(data)
        self.size += len(data)

    def truncate(self, size: int) -> None:
        """Forget what was written after the first ``size`` bytes."""
        with translated("writing", self.path):
            self._file.seek(size)
            self._file.truncate()
        self.size = size

    def check(self, digest: Digest) -> None:
        """Raise DigestMismatchError unless the bytes so far have this digest."""
        with translated("writing", self.path):
            self._file.flush()
        actual = digest_of(self.path, digest.algorithm)
        if actual != digest:
            raise DigestMismatchError("blob", digest.text, actual.text)

    def publish(self, final: Path) -> None:
        """Put the file, safe on the disk, where it belongs, in the place of what is there."""
        with translated("writing", final):
            self._file.flush()
            os.fsync(self._file.fileno())
            self.path.replace(final)
            self._file.close()

    def discard(self) -> None:
        """Remove the file, unless it was published."""
        if not self._file.closed:
            with suppress(OSError):
                self.path.unlink()
            with suppress(OSError):
                self._file.close()


class Staging:
    """The folder of unfinished files; what a killed process left in it is removed before the first new file."""

    def __init__(self, root: Path) -> None:
        """Name the folder that it is hidden in; both are made when they are needed."""
        self._root = root
        self._lock = Lock()
        self._swept = False

    @contextmanager
    def file(self) -> Iterator[StagedFile]:
        """Give a new file that is removed at the end, unless it was published."""
        staged = self.create()
        try:
            yield staged
        finally:
            staged.discard()

    def create(self) -> StagedFile:
        """Give a new file for somebody who will publish or discard it; its name is new and random."""
        folder = inside(self._root, STAGING_NAME)
        with self._lock:
            if not self._swept:
                make_folder(folder)
                _sweep(folder)
                self._swept = True
        path = folder / uuid4().hex
        while True:
            with translated("writing", path):
                file = path.open("xb")
                fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_nlink:
                return StagedFile(path, file)
            file.close()  # another process took it for a left-over before it was locked


def _sweep(folder: Path) -> None:
    """Remove the files that nobody has locked: their writers are dead."""
    with translated("reading", folder):
        names = os.listdir(folder)  # noqa: PTH208 - names are all that is wanted
    for name in names:
        with suppress(OSError), (folder / name).open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (folder / name).unlink()


def digest_of(path: Path, algorithm: str) -> Digest:
    """Compute the digest of a file."""
    with translated("reading", path), path.open("rb") as file:
        return Digest(f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}")
