"""The blobs of an image in an archive, checked before anything is sent: against what names them, and against ``diff_ids``."""

import hashlib
import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from gcrsync.archive.compression import CHUNK, LONGEST_BEGINNING, Compression, compression_of, unpacked
from gcrsync.archive.invalid import InvalidArchiveError
from gcrsync.archive.spool import Spool
from gcrsync.archive.stored import Stored
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest, Hasher
from gcrsync.oci.manifest import Descriptor

_LEVEL = 6
"""How hard layers are packed: what gzip itself does, and about what the other tools do."""

_AS_IT_IS = {Compression.GZIP: media_types.OCI_LAYER_GZIP, Compression.ZSTD: media_types.OCI_LAYER_ZSTD}
"""What a manifest may name (image-spec, layer.md), and so is not packed again."""


@dataclass(frozen=True, slots=True)
class NamedBlob:
    """A blob that a manifest in the archive names; ``what`` names it in an error, and is the same for the same bytes.

    ``diff_id`` is the digest that a layer has to have once it is unpacked, None for what is no layer.
    """

    what: str
    stored: Stored
    descriptor: Descriptor
    diff_id: Digest | None


@dataclass(frozen=True, slots=True)
class UnnamedLayer:
    """A layer that a manifest is still to be made for; ``what`` and ``diff_id`` are as above."""

    what: str
    stored: Stored
    diff_id: Digest


Part = NamedBlob | UnnamedLayer


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob that has proved to be what its descriptor says."""

    descriptor: Descriptor
    stored: Stored


def examined(part: Part, spool: Spool) -> Blob:
    """Read a part of an image to its end, and give it as the blob that is to be sent.

    A layer that no manifest could name as it lies there is packed with gzip. Raises InvalidArchiveError where a part is not what it
    has to be.
    """
    if isinstance(part, NamedBlob):
        return _compared(part, spool.check)
    packed, hasher = _packed(part), hashlib.sha256()
    if packed in _AS_IT_IS:
        _read(part, part.diff_id, hasher, spool.check)
        stored, media_type = part.stored, _AS_IT_IS[packed]
    else:
        with part.stored.open() as file:
            plain = _checked(unpacked(file, packed, part.what), part.diff_id, part.what)
            stored, media_type = spool.keep(_hashed(_gzipped(plain), hasher)).whole, media_types.OCI_LAYER_GZIP
    return Blob(Descriptor(media_type, Digest(f"sha256:{hasher.hexdigest()}"), stored.size), stored)


def _compared(part: NamedBlob, check: Callable[[], None]) -> Blob:
    descriptor, hasher = part.descriptor, part.descriptor.digest.hasher()
    if part.stored.size != descriptor.size:
        raise InvalidArchiveError(part.what, f"it has {part.stored.size:,} bytes, and is said to have {descriptor.size:,}")
    _read(part, part.diff_id, hasher, check)
    actual = f"{descriptor.digest.algorithm}:{hasher.hexdigest()}"
    if actual != descriptor.digest:
        raise InvalidArchiveError(part.what, f"its bytes have the digest {actual}")
    return Blob(descriptor, part.stored)


def _packed(part: Part) -> Compression:
    with part.stored.open() as file:
        return compression_of(file.read(LONGEST_BEGINNING))


def _read(part: Part, diff_id: Digest | None, hasher: Hasher, check: Callable[[], None]) -> None:
    """Hash the bytes as they lie there and, of a layer, compare them as they are unpacked."""
    with part.stored.open() as file, io.BufferedReader(_Hashing(file, hasher, check), CHUNK) as hashing:
        if diff_id is not None:
            for _ in _checked(unpacked(hashing, _packed(part), part.what), diff_id, part.what):
                check()
        while hashing.read(CHUNK):
            pass


class _Hashing(io.RawIOBase):
    """Reads a file and hashes all that is read of it, from its beginning to its end."""

    def __init__(self, file: BinaryIO, hasher: Hasher, check: Callable[[], None]) -> None:
        self._file, self._hasher, self._check = file, hasher, check
        self._size = 0

    def readable(self) -> bool:
        """Say so."""
        return True

    def tell(self) -> int:
        """Give how many bytes have been read."""
        return self._size

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # Python 3.11 has no type for all buffers
        """Read on; 0 at the end."""
        self._check()
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._hasher.update(data)
        self._size += len(data)
        return len(data)


def _checked(chunks: Iterable[bytes], diff_id: Digest, what: str) -> Iterator[bytes]:
    """Pass the chunks of a layer on, and refuse it in the end where they are not what its image's configuration says."""
    hasher = diff_id.hasher()
    for chunk in chunks:
        hasher.update(chunk)
        yield chunk
    actual = f"{diff_id.algorithm}:{hasher.hexdigest()}"
    if actual != diff_id:
        raise InvalidArchiveError(what, f"unpacked it is {actual}, and the configuration says {diff_id}")


def _gzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pack chunks so that the same bytes give the same bytes: with no name and no time in it (RFC 1952, 2.3)."""
    packing = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    for chunk in chunks:
        if packed := packing.compress(chunk):
            yield packed
    yield packing.flush()


def _hashed(chunks: Iterable[bytes], hasher: Hasher) -> Iterator[bytes]:
    for chunk in chunks:
        hasher.update(chunk)
        yield chunk
