"""The second half of a run: copy what is planned, and say what came of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from gcrsync.errors import IntegrityError, RegistryError, StoppedError, StoreError, UnauthorizedError, UnreachableError
from gcrsync.mirror.apply import apply
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.naming import mirrored
from gcrsync.mirror.outcome import Outcome, Problem, Recorded, Step
from gcrsync.mirror.plan import pending_bytes
from gcrsync.mirror.record import Record, Records
from gcrsync.mirror.report import NamespaceReport, with_outcomes
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Repository, Tag
from gcrsync.sync.compare import Compared
from gcrsync.sync.job import Job, Means
from gcrsync.sync.passage import ListTags, Passage
from gcrsync.sync.pool import each
from gcrsync.sync.transfer import Transfer


@dataclass(frozen=True, slots=True)
class Work:
    """One step of the mirror of this number, and the transfer that does it.

    A relocation takes from a mirror's old name what the source itself no longer has; ``repository`` is the source on record.
    """

    number: int
    repository: Repository
    transfer: Transfer
    step: Step
    relocation: bool = False


class _Copies:
    """What came of the steps of one mirror, by repository."""

    def __init__(self, compared: Compared, records: Records) -> None:
        self.compared, self.before = compared, records
        self.outcomes: dict[Repository, list[Outcome]] = defaultdict(list)
        self.relocated: dict[Repository, list[Outcome]] = defaultdict(list)

    def record(self, repository: Repository, changes: Iterable[Change], now: datetime) -> Record:
        before = self.before.get(repository) or Record(repository, "")
        name = self.compared.names.get(repository, before.mirror)
        return replace(apply(before, changes, self.outcomes[repository], now), mirror=name)

    def stays(self, repository: Repository, changes: Iterable[Change]) -> bool:
        """Say whether a mirror that was to move stays: its new place has not all that the old one had and this run wanted."""
        if repository not in self.compared.moving:
            return False
        before = self.before[repository]
        wanted = {*before.tags, *before.gone, *(change.tag for change in changes if change.state in (State.ADDED, State.MOVED))}
        done = (*self.outcomes[repository], *self.relocated[repository])
        return not wanted <= {tag for outcome in done for tag in outcome.confirmed}

    def report(self) -> NamespaceReport:
        report, outcomes = self.compared.report(), self._copied
        moved_bytes = sum(outcome.copied for done in self.relocated.values() for outcome in done)
        images = [*with_outcomes(report.images, outcomes), *self._lost()]
        staying = {name for name, changes in _by_repository(self.compared).items() if self.stays(name, changes)}
        told = tuple(_unmoved(image) if image.repository in staying else image for image in images)
        return replace(report, images=told, copied=sum(outcome.copied for outcome in outcomes) + moved_bytes)

    @property
    def left(self) -> int:
        changes = self.compared.delta.changes
        return len(changes) - len(with_outcomes(changes, self._copied))

    @property
    def _copied(self) -> list[Outcome]:
        return [outcome for done in self.outcomes.values() for outcome in done]

    def _lost(self) -> Iterator[Change]:
        """Give the tags that could not be taken from the old place of a mirror to its new one."""
        for repository, done in self.relocated.items():
            for outcome in done:
                if outcome.problem:
                    digest, lost = outcome.step.digest, set(outcome.step.tags) - set(outcome.confirmed)
                    for tag in sorted(lost):
                        yield Change(repository, tag, State.FAILED, digest, digest, outcome.reason, news=False)


class Copied:
    """What came of the steps of a job, from what was on record before."""

    def __init__(self, compared: Sequence[Compared], records: Records) -> None:
        """Begin with nothing copied."""
        self._copies = [_Copies(mirror, records) for mirror in compared]
        self._limits: dict[str, str] = {}

    def note(self, work: Work, outcome: Outcome) -> None:
        """Note what came of a piece of work."""
        copies = self._copies[work.number]
        (copies.relocated if work.relocation else copies.outcomes)[work.repository].append(outcome)
        if outcome.problem is Problem.LIMITED:
            self._limits[outcome.step.source.registry] = outcome.reason

    def reports(self) -> tuple[NamespaceReport, ...]:
        """Say what was changed, and what was to be changed and was not."""
        return tuple(copies.report() for copies in self._copies)

    @property
    def left(self) -> int:
        """How many tags the run did not come to, because it was stopped or the source gave no more."""
        return sum(copies.left for copies in self._copies)

    @property
    def limits(self) -> tuple[str, ...]:
        """What was last heard of each source that gave no more."""
        return tuple(self._limits.values())

    def records(self, job: Job) -> Records:
        """Give the records that are other than before: only what truly happened is in them."""
        changed: dict[Repository, Record] = {}
        for copies in self._copies:
            for repository, changes in _by_repository(copies.compared).items():
                after = copies.record(repository, changes, job.started)
                known = copies.before.get(repository) or Record(repository, after.mirror)
                if after != known and not copies.stays(repository, changes):
                    changed[repository] = after
        return changed


def copy(means: Means, work: Sequence[Work], copied: Copied) -> None:
    """Do the work and note each outcome in ``copied`` as it comes, so that nothing confirmed is lost if this raises."""
    means.watch.planned(len(work), pending_bytes(item.step for item in work))
    wanted = takewhile(lambda _: not means.stopped.closed, work)
    done = each(means.executor, lambda item: (item, item.transfer.copy(item.step)), wanted, means.stopped, means.ahead)
    for item, outcome in done:
        copied.note(item, outcome)


def reachable(means: Means, planned: Iterable[Work], copied: Copied) -> Iterator[Work]:
    """Give the work whose destination answers, asked once; what is planned for another fails as a whole, for one reason.

    Raises InputError where the credentials for a destination cannot even be read.
    """
    refusals: dict[int, str] = {}
    asked: set[int] = set()
    for item in planned:
        if item.number not in asked:
            asked.add(item.number)
            refusal = _refusal(item)
            if refusal:
                refusals[item.number] = refusal
                means.watch.said(f"nothing can be copied: {refusal}")
        if item.number in refusals:
            copied.note(item, Outcome(item.step, problem=Problem.FAILED, reason=refusals[item.number]))
        else:
            yield item


def _refusal(item: Work) -> str:
    """Say why nothing can be copied to a destination; empty where something can."""
    with suppress(RegistryError, IntegrityError, StoreError, StoppedError):  # of this image alone, which is told when it is copied
        try:
            item.transfer.has(item.step)
        except (UnauthorizedError, UnreachableError) as error:
            return str(error)
    return ""


def plan_work(means: Means, compared: Sequence[Compared], records: Records) -> Iterator[Work]:
    """Give everything that is to be copied, with the transfers that do it; nothing is asked of the destinations yet."""
    for number, mirror in enumerate(compared):
        steps = mirror.steps(records)
        if not (steps or mirror.moving):
            continue
        target = means.target(mirror.mirror.destination)
        lists = _list_tags(mirror, records)
        transfer = Transfer(Passage(means.source, target, means.attempt, means.blobs, means.stopped, means.watch, lists))
        yield from (Work(number, step.source, transfer, step) for step in steps)
        for repository in sorted(name for name in mirror.moving if mirrored(records[name])):
            source, place = means.recorded(records[repository].mirror)
            kept = _kept_tags(records[repository])
            moving = Transfer(Passage(source, target, means.attempt, means.blobs, means.stopped, means.watch, kept))
            for step in _relocation(mirror, steps, records[repository], place):
                yield Work(number, repository, moving, step, relocation=True)


def _list_tags(compared: Compared, records: Records) -> ListTags:
    """Tell which tags a source has by what was listed of it, and which of them the mirror is to have by their names."""
    listings, selection = compared.snapshot.listings, compared.mirror.selection

    def may_be(repository: Repository, tag: Tag) -> bool:
        listing = listings.get(repository.namespace)
        return listing is None or tag in listing.tags or tag in listing.unasked

    def are_copied(repository: Repository, tag: Tag) -> bool:
        record, listing = records.get(repository), listings.get(repository.namespace)
        if record is not None and (tag in record.tags or tag in record.gone):
            return True
        return selection.takes_tag(tag) and listing is not None and tag in listing.tags

    return ListTags(may_be, are_copied)


def _kept_tags(record: Record) -> ListTags:
    """Tell of the old place of a mirror which tags go to the new one with it."""
    return ListTags(are_copied=lambda _, tag: tag in record.tags or tag in record.gone)


def _relocation(compared: Compared, steps: Iterable[Step], record: Record, place: Repository) -> Iterator[Step]:
    """Plan to copy from the old place what only the mirror still has: gone tags, and old digests of tags that are held."""
    planned = {tag for step in steps if step.source == record.repository for tag in step.tags}
    kept: dict[Digest, list[Tag]] = {}
    for tag, digest in (*record.tags.items(), *((tag, gone.digest) for tag, gone in record.gone.items())):
        if tag not in planned:
            kept.setdefault(record.digest_at_mirror(digest), []).append(tag)
    target = compared.mirror.destination.repository(record.repository)
    for digest, tags in kept.items():
        yield Step(place, target, compared.names[record.repository], digest, tuple(tags), recorded=Recorded.NOTHING)


def _by_repository(compared: Compared) -> dict[Repository, list[Change]]:
    """Group the changes by repository; one that moves is there without any change too."""
    grouped: dict[Repository, list[Change]] = {repository: [] for repository in compared.moving}
    for change in compared.delta.changes:
        grouped.setdefault(change.repository, []).append(change)
    return grouped


def _unmoved(image: Change) -> Change:
    """Say of a tag that is in the new place of a mirror already that it is not yet recorded there."""
    if not image.news:
        return image
    return replace(image, state=State.FAILED, news=False, reason="the mirror keeps its old name until everything is at the new one")
