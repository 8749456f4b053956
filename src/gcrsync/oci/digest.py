"""Digests (image-spec, descriptor.md, "Digests")."""

import hashlib
import re
from dataclasses import dataclass
from typing import Protocol

from gcrsync.errors import InvalidNameError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


class Hasher(Protocol):
    """A running hash, as :mod:`hashlib` makes them."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""

    def hexdigest(self) -> str:
        """Give the hash of all bytes so far, in lower-case hexadecimal."""


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """The digest of some bytes: ``sha256:`` and 64, or ``sha512:`` and 128, lower-case hexadecimal digits."""

    text: str

    def __post_init__(self) -> None:
        """Refuse any other text with InvalidNameError."""
        if not _DIGEST.fullmatch(self.text):
            raise InvalidNameError("digest", self.text, "expected sha256: and 64, or sha512: and 128, hexadecimal digits")

    def __str__(self) -> str:
        """Give the text."""
        return self.text

    @property
    def algorithm(self) -> str:
        """The name of the hash algorithm."""
        return self.text.partition(":")[0]

    @property
    def encoded(self) -> str:
        """The hexadecimal digits."""
        return self.text.partition(":")[2]

    def hasher(self) -> Hasher:
        """Give a fresh hash of this digest's algorithm."""
        return hashlib.new(self.algorithm)

    def matches(self, data: bytes) -> bool:
        """Say whether this is the digest of these bytes."""
        return self == Digest.of(data, self.algorithm)

    @classmethod
    def of(cls, data: bytes, algorithm: str = "sha256") -> "Digest":
        """Compute the digest of these bytes."""
        return cls(f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}")
