import gzip
import io
import lzma
import os

import pytest
import zstandard

from gcrsync.archive.compression import CHUNK, Compression, compression_of, unpacked
from gcrsync.archive.invalid import InvalidArchiveError
from tests.support.build import filler

CONTENT = filler("content", 300_000)
ZSTD = zstandard.ZstdCompressor(write_checksum=True)
PACKED = {
    Compression.NONE: CONTENT,
    Compression.GZIP: gzip.compress(CONTENT[:1000]) + gzip.compress(CONTENT[1000:]),
    Compression.XZ: lzma.compress(CONTENT[:1000]) + b"\0" * 8 + lzma.compress(CONTENT[1000:]),
    Compression.ZSTD: ZSTD.compress(CONTENT[:1000]) + ZSTD.compress(CONTENT[1000:]),
}


def unpack(data: bytes, kind: Compression) -> bytes:
    return b"".join(unpacked(io.BytesIO(data), kind, "it"))


@pytest.mark.parametrize("kind", Compression)
def test_what_is_packed_is_known_by_its_beginning_and_unpacked_whole_in_one_piece_or_several(kind: Compression) -> None:
    assert compression_of(PACKED[kind][:6]) is kind
    assert unpack(PACKED[kind], kind) == CONTENT


@pytest.mark.parametrize("kind", [Compression.GZIP, Compression.XZ, Compression.ZSTD])
@pytest.mark.parametrize("missing", [1, 4, 12])
def test_what_is_cut_is_told_to_be_so(kind: Compression, missing: int) -> None:
    with pytest.raises(InvalidArchiveError, match=r"it is cut|damaged"):
        unpack(PACKED[kind][:-missing], kind)


def test_zstd_data_are_known_to_be_cut_wherever_that_is() -> None:
    packed = zstandard.ZstdCompressor(write_content_size=False).compress(os.urandom(100) + bytes(1000))
    for size in range(1, len(packed)):
        with pytest.raises(InvalidArchiveError, match=r"it is cut|damaged"):
            unpack(packed[:size], Compression.ZSTD)


@pytest.mark.parametrize("kind", [Compression.GZIP, Compression.XZ, Compression.ZSTD])
def test_what_is_damaged_is_told_to_be_so(kind: Compression) -> None:
    data = PACKED[kind]
    middle = len(data) // 2
    with pytest.raises(InvalidArchiveError, match="damaged"):
        unpack(data[:middle] + bytes(200) + data[middle + 200 :], kind)


def test_something_small_that_unpacks_without_an_end_is_given_up_and_never_held_at_once() -> None:
    bomb, largest, taken = zstandard.compress(bytes(2**26)), 2**23, 0

    def take() -> None:
        nonlocal taken
        for chunk in unpacked(io.BytesIO(bomb), Compression.ZSTD, "it", largest):
            assert len(chunk) <= CHUNK
            taken += len(chunk)

    assert len(bomb) < 2**13
    with pytest.raises(InvalidArchiveError, match="unpacks to more than 1,100 times its size"):
        take()
    assert taken <= largest
