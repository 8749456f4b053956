"""Which children of an index a mirror has, where platforms are chosen.

An entry without a platform is for none of them; an index without one is looked into.
"""

import json
from collections.abc import Callable, Iterator

from gcrsync.errors import InvalidManifestError, RefusedError, one_line
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import DEEPEST_INDEX, LARGEST_MANIFEST, AnyManifest, Descriptor, Index, Platform, parse_manifest

Platforms = tuple[Platform, ...]
"""A choice, as :func:`choice` gives it; empty is everything."""

Read = Callable[[Descriptor], AnyManifest]
"""Gives the manifest that a descriptor names."""

NARROWED = "not the whole index: signatures of it do not apply to what the mirror has"
"""What is to be said of each image that is not mirrored whole."""

_NO_MATCH = "nothing in this index is for "
_ATTESTED = "vnd.docker.reference.digest"
"""The annotation by which BuildKit ties the entry of an attestation to the entry of an image."""


def choice(platforms: tuple[Platform, ...]) -> Platforms:
    """Give a choice without repetitions, in an order that does not depend on how it was written."""
    return tuple(sorted(set(platforms), key=str))


def told(platforms: Platforms) -> str:
    """Name a choice in a sentence."""
    return ", ".join(map(str, platforms)) or "all platforms"


def no_match(platforms: Platforms) -> str:
    """Say why an index is held that has nothing for any of these platforms."""
    return one_line(_NO_MATCH + told(platforms))


def was_chosen_otherwise(reason: str, platforms: Platforms) -> bool:
    """Say whether something was held because it had nothing for another choice than this one."""
    return _NO_MATCH in reason and not reason.endswith(no_match(platforms))


def choose(index: Index, platforms: Platforms, read: Read, what: str) -> Index | Descriptor | None:
    """Choose what a mirror has of an index: its only child for these platforms, or else a smaller index; None where it has none.

    The smaller index is the document with entries left out, the same bytes each time, and the index itself where none is. An
    attestation stays with its image, and an inner index stays whole where anything in it is chosen. ``what`` names the index in
    an error. Raises InvalidManifestError where JSON cannot say what the document says, RefusedError where it becomes too large.
    """
    search = _Search(platforms, read, what)
    found = search.below(index, depth=0)
    if len(found) < 2:  # noqa: PLR2004 - one child goes under the tag itself
        return next(iter(found.values()), None)
    chosen = {entry.digest for entry in index.manifests if search.of(entry, depth=0)}
    return _smaller(index, chosen, what)


class _Search:
    """Looks for the children of an index that are for some platforms, each inner index read once."""

    def __init__(self, platforms: Platforms, read: Read, what: str) -> None:
        self._platforms, self._read, self._what = platforms, read, what
        self._inner: dict[Digest, dict[Digest, Descriptor]] = {}

    def below(self, index: Index, depth: int) -> dict[Digest, Descriptor]:
        if depth >= DEEPEST_INDEX:
            raise InvalidManifestError(self._what, f"more than {DEEPEST_INDEX} indexes in one another")
        return {digest: found for entry in index.manifests for digest, found in self.of(entry, depth).items()}

    def of(self, entry: Descriptor, depth: int) -> dict[Digest, Descriptor]:
        """Give what an entry contributes: itself, what is chosen inside it, or nothing."""
        if entry.platform is not None:
            is_manifest = not entry.media_type or entry.media_type in media_types.MANIFESTS
            wanted = is_manifest and any(platform.covers(entry.platform) for platform in self._platforms)
            return {entry.digest: entry} if wanted else {}
        if entry.media_type not in media_types.INDEXES:
            return {}
        if entry.digest not in self._inner:
            inner = self._read(entry)
            self._inner[entry.digest] = self.below(inner, depth + 1) if isinstance(inner, Index) else {}
        return self._inner[entry.digest]


def _smaller(index: Index, chosen: set[Digest], what: str) -> Index:
    """Leave out of an index what is neither chosen nor attests to it."""
    document = json.loads(index.raw)
    entries = document["manifests"]
    kept = [entry for entry in entries if not chosen.isdisjoint(_names(entry))]
    if len(kept) == len(entries):
        return index
    try:
        raw = json.dumps({**document, "manifests": kept}, separators=(",", ":"), allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidManifestError(what, f"holds what JSON cannot say ({error})") from error
    if len(raw) > LARGEST_MANIFEST:
        raise RefusedError(
            "choosing platforms of", what, f"{len(raw)} bytes are left, more than the {LARGEST_MANIFEST} of a manifest"
        )
    smaller = parse_manifest(raw, index.media_type, what)
    if not isinstance(smaller, Index):
        raise InvalidManifestError(what, "is no index without some of its entries")
    return smaller


def _names(entry: dict[str, object]) -> Iterator[object]:
    """Give the digests for the sake of which an entry is kept: its own, and that of the image to which it attests."""
    yield entry["digest"]
    annotations, platform = entry.get("annotations"), entry.get("platform")
    is_unknown = isinstance(platform, dict) and (platform.get("os"), platform.get("architecture")) == ("unknown", "unknown")
    attested = annotations.get(_ATTESTED) if is_unknown and isinstance(annotations, dict) else None
    if isinstance(attested, str):
        yield attested
