import hashlib

import pytest

from gcrsync.errors import InvalidNameError
from gcrsync.oci.digest import Digest

EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
HEX = "0123456789abcdef" * 4


def test_the_digest_of_bytes_is_their_hash() -> None:
    assert Digest.of(b"") == Digest(EMPTY)
    assert Digest.of(b"a", "sha512").text == f"sha512:{hashlib.sha512(b'a').hexdigest()}"


def test_a_digest_knows_its_own_bytes() -> None:
    for algorithm in ("sha256", "sha512"):
        digest = Digest.of(b"abc", algorithm)
        assert digest.matches(b"abc")
        assert not digest.matches(b"abd")
        hasher = digest.hasher()
        hasher.update(b"ab")
        hasher.update(b"c")
        assert hasher.hexdigest() == digest.encoded
        assert digest.algorithm == algorithm


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256",
        "sha256:",
        HEX,
        f"sha256:{HEX[1:]}",
        f"sha256:{HEX}0",
        f"sha256:{HEX}\n",
        f" sha256:{HEX}",
        f"sha256:{HEX.upper()}",
        f"SHA256:{HEX}",
        f"sha512:{HEX}",
        f"sha256:{HEX * 2}",
        f"sha384:{'0' * 96}",
        f"md5:{'0' * 32}",
        "sha256:" + "\u0660" * 64,
        f"sha256:../{HEX[3:]}",
        "sha256:" + "0" * 1_000_000,
    ],
)
def test_any_other_text_is_no_digest(text: str) -> None:
    with pytest.raises(InvalidNameError) as caught:
        Digest(text)
    assert caught.value.kind == "digest"
    assert len(str(caught.value)) < 300


def test_many_digests_are_read_at_once_in_their_order() -> None:
    texts = [EMPTY, f"sha512:{HEX * 2}", f"sha256:{HEX}", EMPTY]
    assert Digest.each(texts) == [Digest(text) for text in texts]
    assert {type(digest) for digest in Digest.each(texts)} == {Digest}
    assert Digest.each([]) == []


@pytest.mark.parametrize("wrong", ["", "sha256:abc", f"{EMPTY}\n", f"{EMPTY}\n{EMPTY}", EMPTY.upper()])
def test_the_first_text_of_many_that_is_no_digest_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidNameError) as caught:
        Digest.each([EMPTY, wrong, "later"])
    assert (caught.value.kind, caught.value.text) == ("digest", wrong)
