"""Digests (image-spec, descriptor.md, "Digests")."""

import hashlib
import re
from collections.abc import Collection
from itertools import repeat
from typing import Protocol, Self

from gcrsync.errors import InvalidNameError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_SHA256, _DIGITS = "sha256:", 64


class Hasher(Protocol):
    """A running hash, as :mod:`hashlib` makes them."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""

    def hexdigest(self) -> str:
        """Give the hash of all bytes so far, in lower-case hexadecimal."""


class Digest(str):
    """The digest of some bytes: ``sha256:`` and 64, or ``sha512:`` and 128, lower-case hexadecimal digits.

    It is its text, checked: a namespace has a hundred thousand of them, each a key in several mappings.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Refuse any other text with InvalidNameError."""
        if not _DIGEST.fullmatch(text):
            raise InvalidNameError("digest", text, "expected sha256: and 64, or sha512: and 128, hexadecimal digits")
        return super().__new__(cls, text)

    @property
    def text(self) -> str:
        """The text."""
        return self

    @property
    def algorithm(self) -> str:
        """The name of the hash algorithm."""
        return self.partition(":")[0]

    @property
    def encoded(self) -> str:
        """The hexadecimal digits."""
        return self.partition(":")[2]

    def hasher(self) -> Hasher:
        """Give a fresh hash of this digest's algorithm."""
        return hashlib.new(self.algorithm)

    def matches(self, data: bytes) -> bool:
        """Say whether this is the digest of these bytes."""
        return self == Digest.of(data, self.algorithm)

    @classmethod
    def each(cls, texts: Collection[str]) -> list[Self]:
        """Give the digest of each text: they are checked all at once, which takes a fraction of the time.

        Raises InvalidNameError for the first that is none.
        """
        if texts and {len(_SHA256) + _DIGITS}.issuperset(map(len, texts)) and _have_digits(texts):
            return cls.checked(texts)
        return [cls(text) for text in texts]

    @classmethod
    def checked(cls, texts: Collection[str]) -> list[Self]:
        """Give the digest of each text, where somebody has seen already that it is one."""
        return list(map(str.__new__, repeat(cls), texts))

    @classmethod
    def of(cls, data: bytes, algorithm: str = "sha256") -> "Digest":
        """Compute the digest of these bytes."""
        return cls(f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}")


def _have_digits(texts: Collection[str]) -> bool:
    """Say whether texts of one length begin with ``sha256:``, and lower-case hexadecimal digits are all that follows."""
    if not (min(texts).startswith(_SHA256) and max(texts).startswith(_SHA256)):  # then all between them do too
        return False
    digits = "".join(texts).replace(_SHA256, "")
    try:
        return len(digits) == _DIGITS * len(texts) and bytes.fromhex(digits).hex() == digits
    except ValueError:
        return False
