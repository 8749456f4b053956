"""What a registry holds, as values: all texts are as they stand on the wire, and nothing is checked."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A blob, without its bytes: they are SHAKE-128 of the seed, ``size`` bytes of it."""

    seed: str
    size: int

    def content(self) -> bytes:
        """Compute the bytes."""
        return hashlib.shake_128(self.seed.encode()).digest(self.size)


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """The bytes of a manifest, and what Google's list says of it; None is a field that the list does not have.

    ``image_size`` is in bytes, 0 for an index. ``uploaded`` and ``created`` are in milliseconds since 1970, and may be as odd as
    Google's are: 0, and the year 1.
    """

    raw: bytes
    media_type: str
    image_size: int | None = None
    uploaded: int | None = None
    created: int | None = None


@dataclass(frozen=True, slots=True)
class StoredRepository:
    """One repository: its path in the registry, tag to digest, and what the digests stand for."""

    path: str
    tags: Mapping[str, str] = field(default_factory=dict)
    manifests: Mapping[str, StoredManifest] = field(default_factory=dict)
    blobs: Mapping[str, StoredBlob] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredNamespace:
    """The repositories at and below ``path``, which is empty for a whole registry."""

    path: str
    repositories: tuple[StoredRepository, ...]

    @property
    def tags(self) -> int:
        """The number of tags in all repositories."""
        return sum(len(repository.tags) for repository in self.repositories)
