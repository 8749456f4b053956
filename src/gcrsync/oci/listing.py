"""What a registry answers when a repository is listed (distribution-spec, "Listing tags", and Google's extension of it)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Tag


@dataclass(frozen=True, slots=True)
class Described:
    """What a listing says about a manifest; None is unknown. ``size`` is in bytes, ``uploaded`` in UTC.

    Where the source tells times of tags, ``uploaded`` is the earliest of those that have the manifest.
    """

    media_type: str | None = None
    size: int | None = None
    uploaded: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One path of a registry: its tags, what is known of its manifests, and the names one level below it.

    ``unasked`` are tags that the registry names and whose digests were not asked for, since nobody wants them; ``unbuilt`` those of
    images that are built for no platform that is wanted, so that no choice counts them; ``missing`` those that are wanted, under
    which the registry has nothing. ``uploaded`` is when a tag was last put there (UTC), with a digest or without; it is empty where
    the source tells times of manifests, or none. ``truncated`` is true where the registry is known to cut such an answer short
    without a sign.
    """

    tags: Mapping[Tag, Digest] = field(default_factory=dict)
    manifests: Mapping[Digest, Described] = field(default_factory=dict)
    children: frozenset[str] = frozenset()
    unasked: frozenset[Tag] = frozenset()
    unbuilt: frozenset[Tag] = frozenset()
    missing: frozenset[Tag] = frozenset()
    uploaded: Mapping[Tag, datetime] = field(default_factory=dict)
    truncated: bool = False

    @property
    def names_tags(self) -> bool:
        """Whether any tag is named here, wanted or not, there or not."""
        return bool(self.tags or self.unasked or self.unbuilt or self.missing)

    @property
    def blank(self) -> bool:
        """Whether the registry named nothing at all here, which is also what it says of a drained or hidden path."""
        return not (self.names_tags or self.manifests or self.children)
