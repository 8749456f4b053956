"""Bytes that lie somewhere in a file, and are read without unpacking anything to a path."""

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from gcrsync.archive.disk import translated
from gcrsync.archive.invalid import InvalidArchiveError

_BUFFER = 128 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """Some bytes: ``open`` gives a file of their own to whoever reads them, in any thread; ``size`` is how many there are."""

    open: Callable[[], BinaryIO]
    size: int

    @classmethod
    def of(cls, data: bytes) -> "Stored":
        """Store bytes in memory."""
        return cls(lambda: io.BytesIO(data), len(data))

    def read(self, largest: int, what: str) -> bytes:
        """Give all of the bytes; InvalidArchiveError, which names ``what``, where they are more than ``largest``."""
        if self.size > largest:
            raise InvalidArchiveError(what, f"{self.size:,} bytes, and more than {largest:,} are not read")
        with self.open() as file:
            return file.read(self.size)  # and no more, where it has grown meanwhile


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that is open, by its descriptor; ``size`` is in bytes, and ``name`` is for errors."""

    number: int
    size: int
    name: str

    @property
    def whole(self) -> Stored:
        """All of its bytes."""
        return self.part(0, self.size)

    def part(self, start: int, size: int) -> Stored:
        """Give so many bytes of it from one on."""
        return Stored(lambda: io.BufferedReader(_Part(self, start, size), _BUFFER), size)

    def raw(self) -> io.RawIOBase:
        """Open it anew, without a buffer and with a position of its own."""
        return _Part(self, 0, self.size)


class _Part(io.RawIOBase):
    """A part of a file, with a position of its own; nothing else is read of the file."""

    def __init__(self, file: OpenFile, start: int, size: int) -> None:
        self._file, self._start, self._size = file, start, size
        self._at = 0

    def readable(self) -> bool:
        """Say so."""
        return True

    def seekable(self) -> bool:
        """Say so."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the part."""
        self._at = max(0, offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # the type of buffers is not to be named yet
        """Read on from there; 0 at the end."""
        most = max(0, min(len(buffer), self._size - self._at))
        with translated("reading", self._file.name):
            count = os.preadv(self._file.number, [memoryview(buffer)[:most]], self._start + self._at) if most else 0
        self._at += count
        return count
