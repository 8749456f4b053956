"""The work of a run: which images are copied and looked at, from where to where, and with what knowledge of the source."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import cache

from gcrsync.mirror.change import State
from gcrsync.mirror.naming import AnyDestination, mirrored
from gcrsync.mirror.outcome import Outcome, Recorded, Step
from gcrsync.mirror.record import Record, Records
from gcrsync.mirror.untagged import Untagged
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.referrers import is_fallback_tag
from gcrsync.sync.compare import Compared
from gcrsync.sync.job import Means
from gcrsync.sync.passage import Known, Passage
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
class Route:
    """Where images go, and the name on record of the mirror that they are taken from, empty where it is the source; it pickles."""

    destination: AnyDestination
    origin: str = ""

    def open(self, means: Means, known: Callable[[Repository], Known]) -> Transfer:
        """Give what takes images this way."""
        source = means.recorded(self.origin)[0] if self.origin else means.source
        target = means.target(self.destination)
        return Transfer(Passage(source, target, means.repeat, means.blobs, means.stopped, means.watch, known))


@dataclass(frozen=True, slots=True)
class Work:
    """One step of the mirror of this number, and the transfer that does it; ``repository`` is the source on record."""

    number: int
    repository: Repository
    route: Route
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
        route = Route(mirror.mirror.destination)
        transfer = route.open(means, _known(mirror, records))
        yield from (Work(number, step.source, route, transfer, step) for step in steps)
        yield from (Work(number, step.source, route, transfer, step, Purpose.REVISIT) for step in revisits)
        for repository in sorted(name for name in mirror.moving if mirrored(records[name])):
            old = Route(mirror.mirror.destination, records[repository].mirror)
            moving, (_, place) = old.open(means, _kept(records[repository])), means.recorded(old.origin)
            for step in _relocation(mirror, steps, records[repository], place):
                yield Work(number, repository, old, moving, step, Purpose.RELOCATION)


def _known(compared: Compared, records: Records) -> Callable[[Repository], Known]:
    """Tell what is known of the repositories of a source, by what was listed of them and what is on record."""
    snapshot = compared.snapshot
    to_come: dict[Repository, set[Tag]] = {}
    for change in compared.delta.changes:
        if change.state in (State.ADDED, State.MOVED) and is_fallback_tag(change.tag):
            to_come.setdefault(change.repository, set()).add(change.tag)

    @cache
    def known(repository: Repository) -> Known:
        listing, record = snapshot.listings.get(repository.namespace), records.get(repository, Record(repository, ""))
        copied = to_come.get(repository, set())
        if listing is None:
            return Known(copied=frozenset(copied))
        lists = frozenset(filter(is_fallback_tag, (*listing.tags, *listing.unasked)))
        there = {tag for tag in lists if tag in listing.tags and record.tags.get(tag) == listing.tags[tag]}
        return Known(lists, frozenset(copied | there), Untagged.of(record, listing) if snapshot.lists_untagged else None)

    return known


def _kept(record: Record) -> Callable[[Repository], Known]:
    """Tell of the old place of a mirror which of its tags go to the new one with it."""
    kept = Known(copied=frozenset(filter(is_fallback_tag, record.served)))
    return lambda _: kept


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
