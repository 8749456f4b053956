"""Which images on record are looked at again for what has come to refer to them: a signature is often made after its image."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gcrsync.mirror.change import Change, State
from gcrsync.mirror.choosing import choose
from gcrsync.mirror.diff import judged, trusted_listing
from gcrsync.mirror.record import Record, Records
from gcrsync.mirror.rules import Rules
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.snapshot import Doubts, Snapshot
from gcrsync.mirror.untagged import Untagged
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Listing
from gcrsync.oci.name import Repository, Tag


@dataclass(frozen=True, slots=True)
class Revisit:
    """An image that source and mirror have alike, and its tags."""

    repository: Repository
    digest: Digest
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a source, what of it is selected and believed, and what a run has to do there."""

    snapshot: Snapshot
    selection: Selection
    doubts: Doubts
    changes: Sequence[Change]


def revisits(records: Records, look: Look, rules: Rules, now: datetime) -> Iterator[Revisit]:
    """Give the images that were copied as lately, at ``now`` (UTC), as a rule says, and of which nothing is to be done otherwise.

    Where the source lists untagged manifests there are none in a repository all of whose are known: a referrer would be among them.
    """
    snapshot, selection, since = look.snapshot, look.selection, now - timedelta(seconds=rules.longest_referrers_for)
    touched = {(change.repository, change.tag) for change in look.changes if change.state is not State.UNCHANGED}
    for repository in judged(records, snapshot, selection):
        record, listing = records.get(repository), trusted_listing(repository, snapshot, look.doubts)
        if record is None or listing is None:
            continue
        recent = {digest: described.mirrored for digest, described in record.manifests.items() if described.mirrored}
        recent = {digest: mirrored for digest, mirrored in recent.items() if mirrored > since}
        if not recent or (snapshot.lists_untagged and not Untagged.of(record, listing).unread):
            continue
        left = choose(selection, repository, listing).left
        alike = {tag for tag in _alike(record, listing) if tag not in left and (repository, tag) not in touched}
        for digest in sorted(recent):
            tags = tuple(tag for tag in record.tags if record.tags[tag] == digest and tag in alike)
            longest = max((rules.of(repository, tag).referrers_for for tag in tags), default=0)
            if tags and recent[digest] > now - timedelta(seconds=longest):
                yield Revisit(repository, digest, tags)


def _alike(record: Record, listing: Listing) -> Iterator[Tag]:
    return (tag for tag, digest in record.tags.items() if listing.tags.get(tag) == digest)
