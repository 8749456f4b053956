from collections.abc import Sequence
from itertools import count

import pytest

from gcrsync.errors import DigestMismatchError
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.verified import verified

DATA = b"some bytes of a blob"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def _descriptor(data: bytes = DATA, size: int | None = None, algorithm: str = "sha256") -> Descriptor:
    return Descriptor(LAYER, Digest.of(data, algorithm), len(data) if size is None else size)


@pytest.mark.parametrize(
    "chunks", [[DATA], [DATA[:5], DATA[5:]], [bytes([byte]) for byte in DATA], [b"", DATA[:5], b"", DATA[5:], b""]]
)
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_the_bytes_of_the_blob_pass(chunks: Sequence[bytes], algorithm: str) -> None:
    assert b"".join(verified(chunks, _descriptor(algorithm=algorithm), "blob")) == DATA


@pytest.mark.parametrize("chunks", [[], [b""]])
def test_an_empty_blob_passes(chunks: Sequence[bytes]) -> None:
    assert list(verified(chunks, _descriptor(b""), "blob")) == []


@pytest.mark.parametrize(
    "chunks",
    [
        [],
        [DATA[:-1]],
        [DATA[:5], DATA[5:-1]],
        [DATA, b"!"],
        [DATA.upper()],
        [DATA[:5], DATA[5:].upper()],
        [DATA.upper(), b""],
        [DATA[:5].upper(), DATA[5:], b"", b""],
    ],
)
def test_other_bytes_never_pass_as_a_whole(chunks: Sequence[bytes]) -> None:
    received: list[bytes] = []
    with pytest.raises(DigestMismatchError, match="blob x"):
        received.extend(verified(chunks, _descriptor(), "blob x"))
    assert len(b"".join(received)) < len(DATA)


def test_a_body_without_end_is_left_where_it_grows_too_long() -> None:
    endless = count()
    body = (b"0123456789" for _ in endless)
    with pytest.raises(DigestMismatchError, match="30 or more"):
        list(verified(body, _descriptor(), "blob"))
    assert next(endless) == 3


def test_a_wrong_size_is_told_before_a_wrong_digest() -> None:
    with pytest.raises(DigestMismatchError, match="expected 21 bytes, got 20"):
        list(verified([DATA], _descriptor(size=21), "blob"))


def test_other_bytes_say_what_comes_next_and_where_to_look() -> None:
    with pytest.raises(DigestMismatchError, match="blob x: expected sha256:") as caught:
        list(verified([DATA.upper()], _descriptor(), "blob x"))
    assert caught.value.hint.startswith("nothing of it was published; the next run tries again: ")
    assert "the host or what is between gives other bytes" in caught.value.hint
