"""Builds one repository, manifest by manifest, from a source of chance."""

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from random import Random

from benchmarks.namespaces.content import StoredBlob, StoredManifest, StoredRepository
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor

YEAR_ONE = -62_135_596_800_000
"""What Google's list says of the time of a manifest without one: the zero time of Go, in milliseconds."""

_FIRST_UPLOAD, _LAST_UPLOAD = 1_500_000_000_000, 1_640_000_000_000
_ODD_TIMES = (0, YEAR_ONE, None)
_ODD_SHARE = 0.1
_SMALLEST, _LARGEST = 32, 65_536
_MOST_BASE_LAYERS = 3

Shared = Sequence[tuple[str, StoredBlob]]
"""Layers that several repositories have, each with its digest."""


class RepositoryBuilder:
    """Collects the content of the repository at ``path``.

    The same calls with an equal ``random`` give the same bytes. Images begin with layers from ``shared``.
    """

    def __init__(self, path: str, random: Random, shared: Shared) -> None:
        """Begin with an empty repository."""
        self.path, self.random = path, random
        self._shared = shared
        self._tags: dict[str, str] = {}
        self._manifests: dict[str, StoredManifest] = {}
        self._blobs: dict[str, StoredBlob] = {}

    @classmethod
    def on(cls, repository: StoredRepository, random: Random) -> "RepositoryBuilder":
        """Begin with what a repository has; its first layers are shared by the new images."""
        builder = cls(repository.path, random, some_layers(repository))
        builder._tags.update(repository.tags)
        builder._manifests.update(repository.manifests)
        builder._blobs.update(repository.blobs)
        return builder

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags so far, in the order of their coming, each with its digest."""
        return self._tags

    def blob(self, media_type: str) -> Descriptor:
        """Add a blob that no other repository has."""
        blob = StoredBlob(f"{self.random.getrandbits(64):016x}", _size(self.random))
        digest = Digest.of(blob.content())
        self._blobs[digest.text] = blob
        return Descriptor(media_type, digest, blob.size)

    def base_layers(self, media_type: str) -> list[Descriptor]:
        """Add one or more neighbours among the shared layers, as images with the same base have them; none if none is shared."""
        start = self.random.randrange(0, len(self._shared) or 1, _MOST_BASE_LAYERS)
        chosen = self._shared[start : start + self.random.randint(1, _MOST_BASE_LAYERS)]
        self._blobs.update(chosen)
        return [Descriptor(media_type, Digest(digest), blob.size) for digest, blob in chosen]

    def layer_elsewhere(self, media_type: str) -> Descriptor:
        """Give a layer that is not in the registry."""
        return Descriptor(media_type, Digest.of(self.random.randbytes(8)), _size(self.random))

    def manifest(self, document: Mapping[str, object], media_type: str, image_size: int) -> Descriptor:
        """Add a manifest without a tag."""
        raw = json.dumps(document, separators=(",", ":")).encode()
        return self.raw_manifest(Digest.of(raw), raw, media_type, image_size)

    def raw_manifest(self, digest: Digest, raw: bytes, media_type: str, image_size: int) -> Descriptor:
        """Add a manifest of these bytes, whose digest may be of a part of them, without a tag."""
        uploaded = _time(self.random)
        created = self.random.choice((uploaded, *_ODD_TIMES))
        self._manifests[digest.text] = StoredManifest(raw, media_type, image_size, uploaded, created)
        return Descriptor(media_type, digest, len(raw))

    def tag(self, name: str, digest: str) -> None:
        """Put a tag on a manifest, taking it off another one if need be."""
        self._tags[name] = digest

    def untag(self, name: str) -> None:
        """Take a tag away; its manifest stays."""
        del self._tags[name]

    def finished(self) -> StoredRepository:
        """Give the repository."""
        return StoredRepository(self.path, self._tags, self._manifests, self._blobs)


def shared_layers(random: Random, count: int) -> Shared:
    """Make layers for several repositories, larger than the others."""
    blobs = [StoredBlob(f"{random.getrandbits(64):016x}", 8 * _size(random)) for _ in range(count)]
    return [(Digest.of(blob.content()).text, blob) for blob in blobs]


def some_layers(repository: StoredRepository) -> Shared:
    """Give the first few blobs of a repository, for images with the same base."""
    return list(islice(repository.blobs.items(), 4 * _MOST_BASE_LAYERS))


def seeded(*parts: object) -> Random:
    """Give a source of chance that depends on these parts alone."""
    return Random("/".join(map(str, parts)))  # noqa: S311 - it must give the same again, not be hard to guess


def _size(random: Random) -> int:
    """Give the size of a layer: mostly some hundred bytes, a few many thousands."""
    return min(max(int(random.lognormvariate(6, 1)), _SMALLEST), _LARGEST)


def _time(random: Random) -> int | None:
    return random.choice(_ODD_TIMES) if random.random() < _ODD_SHARE else random.randrange(_FIRST_UPLOAD, _LAST_UPLOAD)
