"""How bytes are packed, by how they begin, and the same bytes unpacked piece by piece."""

import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import BinaryIO

import zstandard

from gcrsync.archive.invalid import InvalidArchiveError

CHUNK = 1024 * 1024
"""How many bytes are held at a time."""

_PIECE = 64 * 1024
_MOST_MEMORY = 256 * 1024 * 1024
"""What unpacking may take, in bytes; ``xz -9`` wants a quarter of it."""

_HARMLESS = 4 * 1024**3
_STEEPEST = 1_100
"""How many times its size something may unpack to once that is more than is harmless: no gzip comes to more."""


_END = b"the end of it all"
"""What is put behind zstd data to see that they have an end."""


class Compression(StrEnum):
    """How bytes are packed."""

    NONE = "plain"
    GZIP = "gzip"
    ZSTD = "zstd"
    XZ = "xz"


_BEGINNINGS = (
    (b"\x1f\x8b", Compression.GZIP),
    (b"\x28\xb5\x2f\xfd", Compression.ZSTD),
    (b"\xfd7zXZ\0", Compression.XZ),
    *(
        (bytes([number]) + b"\x2a\x4d\x18", Compression.ZSTD) for number in range(0x50, 0x60)
    ),  # frames to be skipped (RFC 8878, 3.1.2)
)
LONGEST_BEGINNING = 6
"""How many bytes tell how the rest is packed."""


def compression_of(beginning: bytes) -> Compression:
    """Say how something is packed that begins with these bytes; what begins in no known way is not packed."""
    return next((packed for start, packed in _BEGINNINGS if beginning.startswith(start)), Compression.NONE)


def unpacked(file: BinaryIO, compression: Compression, what: str, harmless: int = _HARMLESS) -> Iterator[bytes]:
    """Give what a file unpacks to, in chunks.

    Raises InvalidArchiveError, which names ``what``, where it is damaged or cut, or unpacks to more than ``harmless`` bytes and so
    many times what it is that this can only be meant to do harm.
    """
    total = 0
    try:
        for chunk in _READERS[compression](file):
            total += len(chunk)
            if total > harmless and total > _STEEPEST * file.tell():
                raise InvalidArchiveError(what, f"it unpacks to more than {_STEEPEST:,} times its size")
            yield chunk
    except EOFError as error:
        raise InvalidArchiveError(what, f"it is cut: its {compression} data have no end", hint="make or fetch it again") from error
    except (gzip.BadGzipFile, zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
        raise InvalidArchiveError(what, f"its {compression} data are damaged ({error})", hint="make or fetch it again") from error


def _plain(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(CHUNK), b"")


def _gzip(file: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=file) as reader:
        while chunk := reader.read(CHUNK):
            yield chunk


class _Ended(io.RawIOBase):
    """A file with a frame of our own behind its last byte, which unpacks to ``_END``."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._last = file, zstandard.compress(_END)

    def readable(self) -> bool:
        """Say so."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # Python 3.11 has no type for all buffers
        """Read on; 0 at the end."""
        data = self._file.read(len(buffer))
        if not data:
            data, self._last = self._last[: len(buffer)], self._last[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def _zstd(file: BinaryIO) -> Iterator[bytes]:
    """Unpack frame after frame; a reader does not tell a cut one, but what is put behind that does not come out."""
    held, ended = b"", io.BufferedReader(_Ended(file), CHUNK)
    with zstandard.ZstdDecompressor().stream_reader(ended, read_across_frames=True) as reader:
        while chunk := reader.read(CHUNK):
            held += chunk
            yield held[: -len(_END)]
            held = held[-len(_END) :]
    if held != _END:
        raise EOFError


def _xz(file: BinaryIO) -> Iterator[bytes]:
    """Unpack stream after stream, as :mod:`lzma` does for files, but within a limit of memory."""
    rest = _past_padding(file, b"")
    while rest:
        stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY)
        while not stream.eof:
            yield stream.decompress(rest, CHUNK)
            rest = file.read(_PIECE) if stream.needs_input else b""
            if stream.needs_input and not rest:
                raise EOFError
        rest = _past_padding(file, stream.unused_data)


def _past_padding(file: BinaryIO, data: bytes) -> bytes:
    """Give what follows the zeros that may stand between streams, nothing at the end of the file."""
    while not (data := data.lstrip(b"\0")):
        data = file.read(_PIECE)
        if not data:
            break
    return data


_READERS: dict[Compression, Callable[[BinaryIO], Iterator[bytes]]] = {
    Compression.NONE: _plain,
    Compression.GZIP: _gzip,
    Compression.ZSTD: _zstd,
    Compression.XZ: _xz,
}
