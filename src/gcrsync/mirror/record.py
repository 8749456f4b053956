"""What the metadata repository says of one repository: the values behind a file below ``metadata/``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gcrsync.mirror.platforms import Platforms
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Repository, Tag

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
"""A value of a JSON document."""


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


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What is recorded of a manifest that the mirror has.

    ``size`` is the bytes of its config and layers, each distinct blob once, over all platforms. Times are in UTC.
    None is unknown. ``extra`` holds keys of the document that this version does not know, in their order. ``platforms`` are those
    that were chosen of an index, none where it is mirrored whole, and ``mirror_digest`` is the mirror's where that made it another.
    ``referrers`` are the manifests that refer to it, to its children or to one another and were copied with it, sorted.
    """

    media_type: str | None = None
    size: int | None = None
    uploaded: datetime | None = None
    mirrored: datetime | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)
    platforms: Platforms = ()
    mirror_digest: Digest | None = None
    referrers: tuple[Digest, ...] = ()

    def follows(self, platforms: Platforms) -> bool:
        """Say whether the mirror has what is to be chosen of this manifest: one that is no index is always mirrored whole."""
        return self.platforms == platforms or self.media_type in media_types.MANIFESTS - media_types.INDEXES


@dataclass(frozen=True, slots=True)
class Held:
    """What the source has under a tag and the mirror has not; ``since`` (UTC) is the run that first saw the digest."""

    digest: Digest
    since: datetime
    why: Why
    reason: str
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gone:
    """What the mirror keeps under a tag that the source no longer has since the run at ``since`` (UTC)."""

    digest: Digest
    since: datetime
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """Everything recorded of one repository at the source.

    ``mirror`` is its name at the destination. ``tags`` holds only what the mirror serves, tag to the digest at the source;
    ``manifests`` describes each digest that ``tags`` or ``gone`` names, and no other. ``untagged`` are manifests that the source
    lists without a tag, as far as they were read, and what each refers to, None where that is nothing.
    """

    repository: Repository
    mirror: str
    tags: Mapping[Tag, Digest] = field(default_factory=dict)
    manifests: Mapping[Digest, Mirrored] = field(default_factory=dict)
    held: Mapping[Tag, Held] = field(default_factory=dict)
    gone: Mapping[Tag, Gone] = field(default_factory=dict)
    untagged: Subjects = field(default_factory=dict)
    extra: Mapping[str, Json] = field(default_factory=dict)

    def digest_at_mirror(self, digest: Digest) -> Digest:
        """Give the digest that the mirror has of what has this digest at the source."""
        described = self.manifests.get(digest)
        return digest if described is None or described.mirror_digest is None else described.mirror_digest


Records = Mapping[Repository, Record]
"""All that is recorded, by the repository at the source."""
