"""What the metadata repository says of one repository: the values behind a file below ``metadata/``."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from gcrsync.mirror.platforms import Platforms
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Repository, Tag

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
"""A value of a JSON document."""


_NOTHING: Mapping[str, Json] = {}

Subjects = Mapping[Digest, Digest | None]
"""What manifests refer to, None for nothing."""


class Why(StrEnum):
    """Why the mirror does not have what the source has."""

    REFUSED = "refused"
    """The destination does not take this kind of image."""
    YOUNG = "young"
    """It has not been seen for long enough."""
    FROZEN = "frozen"
    """The tag may not move."""
    LARGE = "large"
    """It is larger than the mirror takes."""


class Mirrored(NamedTuple):
    """What is recorded of a manifest that the mirror has.

    ``size`` is the bytes of its config and layers, each distinct blob once, over all platforms. Times are in UTC.
    None is unknown. ``extra`` holds keys of the document that this version does not know, in their order. ``platforms`` are those
    that were chosen of an index, none where it is mirrored whole, and ``mirror_digest`` is the mirror's where that made it another.
    ``referrers`` are the manifests that refer to it, to its children or to one another and were copied with it, sorted.

    A tuple with names: there are hundreds of thousands of them, and one is made in a seventh of the time of a frozen dataclass.
    """

    media_type: str | None = None
    size: int | None = None
    uploaded: datetime | None = None
    mirrored: datetime | None = None
    extra: Mapping[str, Json] = _NOTHING
    platforms: Platforms = ()
    mirror_digest: Digest | None = None
    referrers: tuple[Digest, ...] = ()

    def follows(self, platforms: Platforms) -> bool:
        """Say whether the mirror has what is to be chosen of this manifest: one that is no index is always mirrored whole."""
        return self.platforms == platforms or self.media_type in media_types.MANIFESTS - media_types.INDEXES


@dataclass(frozen=True, slots=True)
class Held:
    """What the source has under a tag and the mirror has not; ``since`` (UTC) is the run that first saw the digest.

    ``size`` is in bytes, of an image that is held for its size where no list tells that; None of all others.
    """

    digest: Digest
    since: datetime
    why: Why
    reason: str
    extra: Mapping[str, Json] = field(default_factory=dict)
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """What the mirror keeps under a tag that the source no longer has since the run at ``since`` (UTC).

    ``reason`` tells why it could not be pruned, empty where nobody has tried.
    """

    digest: Digest
    since: datetime
    extra: Mapping[str, Json] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the mirror keeps under a name of its own since the run at ``since`` (UTC), when the tag ``of`` moved on."""

    digest: Digest
    of: Tag
    since: datetime
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """Everything recorded of one repository at the source.

    ``mirror`` is its name at the destination. ``tags`` holds only what the mirror serves, tag to the digest at the source;
    ``manifests`` describes each digest that ``tags``, ``gone`` or ``kept`` names, and no other; the tags of ``kept`` are the
    mirror's own, and what one of them names in ``tags`` or ``gone`` too is the same. ``former`` describes what the mirror serves
    under those tags that it still has as an earlier choice of platforms made them; all others it has as ``manifests`` says.
    ``untagged`` are manifests that the source lists without a tag, as far as they were read, and what each refers to, None where
    that is nothing.
    """

    repository: Repository
    mirror: str
    tags: Mapping[Tag, Digest] = field(default_factory=dict)
    manifests: Mapping[Digest, Mirrored] = field(default_factory=dict)
    held: Mapping[Tag, Held] = field(default_factory=dict)
    gone: Mapping[Tag, Gone] = field(default_factory=dict)
    former: Mapping[Tag, Mirrored] = field(default_factory=dict)
    untagged: Subjects = field(default_factory=dict)
    extra: Mapping[str, Json] = field(default_factory=dict)
    kept: Mapping[Tag, Kept] = field(default_factory=dict)

    @property
    def served(self) -> Mapping[Tag, Digest]:
        """All tags that the mirror serves, those that the source has no longer or never had too, each with its digest there."""
        own = {tag: entry.digest for entries in (self.kept, self.gone) for tag, entry in entries.items()}
        return {**own, **self.tags}

    def digest_at_source(self, tag: Tag) -> Digest | None:
        """Give the source's digest of what the mirror serves under a tag, which may be gone from the source."""
        if tag in self.tags:
            return self.tags[tag]
        entry = self.gone.get(tag) or self.kept.get(tag)
        return None if entry is None else entry.digest

    def described(self, tag: Tag) -> Mirrored | None:
        """Describe what the mirror serves under a tag; None where it has none."""
        digest = self.digest_at_source(tag)
        return None if digest is None else self.former.get(tag) or self.manifests.get(digest)

    def digest_at_mirror(self, tag: Tag) -> Digest | None:
        """Give the digest that the mirror serves under a tag, which may be another than the source's."""
        described = self.described(tag)
        return described.mirror_digest if described and described.mirror_digest else self.digest_at_source(tag)

    def settled(self) -> "Record":
        """Give the record with each digest described as some tag of it has it, and with ``former`` for the others alone."""
        named: dict[Digest, list[Tag]] = {}
        for tag, digest in self.served.items():
            named.setdefault(digest, []).append(tag)
        manifests: dict[Digest, Mirrored] = {}
        former: dict[Tag, Mirrored] = {}
        for digest, tags in named.items():
            described = self.manifests[digest]
            has = {tag: self.former.get(tag, described) for tag in tags}
            if all(each.mirror_digest != described.mirror_digest for each in has.values()):
                described = has[min(tags, key=lambda tag: tag.sort_key)]
            former |= {tag: each for tag, each in has.items() if each.mirror_digest != described.mirror_digest}
            manifests[digest] = described
        return replace(self, manifests=manifests, former=former)


Records = Mapping[Repository, Record]
"""All that is recorded, by the repository at the source."""
