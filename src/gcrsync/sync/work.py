"""The work of a run: which images are copied and looked at, from where to where, and with what knowledge of the source."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import cache

from gcrsync.mirror.change import State
from gcrsync.mirror.naming import mirrored
from gcrsync.mirror.outcome import Outcome, Recorded, Step
from gcrsync.mirror.record import Record, Records
from gcrsync.mirror.untagged import Untagged
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.referrers import is_fallback_tag
from gcrsync.sync.compare import Compared
from gcrsync.sync.job import Means
from gcrsync.sync.passage import ListTags, Passage
from gcrsync.sync.transfer import Transfer


class Purpose(Enum):
    """What a step is done for."""

    COPY = auto()
    """The mirror is to have what the source has."""
    RELOCATION = auto()
    """The mirror gets another name, and takes from the old one what the source itself no longer has."""
    REVISIT = auto()
    """The mirror has it, and is to have what has come to refer to it."""


@dataclass(frozen=True, slots=True)
class Work:
    """One step of the mirror of this number, and the transfer that does it; ``repository`` is the source on record."""

    number: int
    repository: Repository
    transfer: Transfer
    step: Step
    purpose: Purpose = Purpose.COPY

    def done(self) -> Outcome:
        """Do it, and say what came of it."""
        return (self.transfer.revisit if self.purpose is Purpose.REVISIT else self.transfer.copy)(self.step)


def plan_work(means: Means, compared: Sequence[Compared], records: Records, started: datetime) -> Iterator[Work]:
    """Give everything that is to be done, with the transfers that do it; nothing is asked of the destinations yet."""
    for number, mirror in enumerate(compared):
        steps, revisits = mirror.steps(records), tuple(mirror.revisits(records, started))
        if not (steps or revisits or mirror.moving):
            continue
        target = means.target(mirror.mirror.destination)
        known = (_list_tags(mirror, records), _untagged(mirror, records))
        transfer = Transfer(Passage(means.source, target, means.repeat, means.blobs, means.stopped, means.watch, *known))
        yield from (Work(number, step.source, transfer, step) for step in steps)
        yield from (Work(number, step.source, transfer, step, Purpose.REVISIT) for step in revisits)
        for repository in sorted(name for name in mirror.moving if mirrored(records[name])):
            source, place = means.recorded(records[repository].mirror)
            kept = _kept_tags(records[repository])
            moving = Transfer(Passage(source, target, means.repeat, means.blobs, means.stopped, means.watch, kept))
            for step in _relocation(mirror, steps, records[repository], place):
                yield Work(number, repository, moving, step, Purpose.RELOCATION)


def _list_tags(compared: Compared, records: Records) -> ListTags:
    """Tell which tags a source has by what was listed of it, and which of them the mirror is to have by their names."""
    listings = compared.snapshot.listings

    def may_be(repository: Repository, tag: Tag) -> bool:
        listing = listings.get(repository.namespace)
        return listing is None or tag in listing.tags or tag in listing.unasked

    to_come = {(change.repository, change.tag) for change in compared.delta.changes if change.state in (State.ADDED, State.MOVED)}

    def are_copied(repository: Repository, tag: Tag) -> bool:
        record, listing = records.get(repository), listings.get(repository.namespace)
        there = record is not None and listing is not None and record.tags.get(tag) == listing.tags.get(tag, "")
        return there or (repository, tag) in to_come

    @cache
    def any_in(repository: Repository) -> bool:
        listing = listings.get(repository.namespace)
        return listing is None or any(map(is_fallback_tag, (*listing.tags, *listing.unasked)))

    return ListTags(may_be, any_in, are_copied)


def _untagged(compared: Compared, records: Records) -> Callable[[Repository], Untagged | None]:
    """Tell which manifests the source lists without a tag, and what is on record of them."""
    snapshot = compared.snapshot

    def untagged(repository: Repository) -> Untagged | None:
        listing = snapshot.listings.get(repository.namespace)
        record = records.get(repository, Record(repository, ""))
        return Untagged.of(record, listing) if snapshot.lists_untagged and listing is not None else None

    return untagged


def _kept_tags(record: Record) -> ListTags:
    """Tell of the old place of a mirror which tags go to the new one with it."""
    return ListTags(are_copied=lambda _, tag: tag in record.served)


def _relocation(compared: Compared, steps: Iterable[Step], record: Record, place: Repository) -> Iterator[Step]:
    """Plan to copy from the old place what only the mirror still has: gone tags, and old digests of tags that are held."""
    planned = {tag for step in steps if step.source == record.repository for tag in step.tags}
    kept: dict[Digest, list[Tag]] = {}
    for tag in record.served:
        digest = record.digest_at_mirror(tag)
        if digest is not None and tag not in planned:
            kept.setdefault(digest, []).append(tag)
    target = compared.mirror.destination.repository(record.repository)
    for digest, tags in kept.items():
        yield Step(place, target, compared.names[record.repository], digest, tuple(tags), recorded=Recorded.NOTHING)
