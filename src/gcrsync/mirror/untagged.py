"""The manifests that a source lists without a tag: some of them refer to others, and nothing but their bytes tells which."""

from dataclasses import dataclass, field

from gcrsync.mirror.record import Record, Subjects
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Listing


@dataclass(frozen=True, slots=True)
class Untagged:
    """The untagged manifests of a repository: what each ``known`` one refers to, None for nothing, and those ``unread`` so far."""

    known: Subjects = field(default_factory=dict)
    unread: tuple[Digest, ...] = ()

    @classmethod
    def of(cls, record: Record, listing: Listing) -> "Untagged":
        """Tell apart, among those that a listing names and that can refer to others, what is on record and what is new."""
        tagged = set(listing.tags.values())
        untagged = sorted(
            digest
            for digest, described in listing.manifests.items()
            if described.media_type in media_types.WITH_SUBJECT and digest not in tagged
        )
        known = {digest: record.untagged[digest] for digest in untagged if digest in record.untagged}
        return cls(known, tuple(digest for digest in untagged if digest not in known))
