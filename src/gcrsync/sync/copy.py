"""The second half of a run: copy what is planned, and say what came of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gcrsync.mirror.apply import apply
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.naming import mirrored
from gcrsync.mirror.outcome import Outcome, Step
from gcrsync.mirror.plan import pending_bytes
from gcrsync.mirror.record import Record, Records
from gcrsync.mirror.report import NamespaceReport, with_outcomes
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Repository, Tag
from gcrsync.sync.compare import Compared
from gcrsync.sync.job import Job, Means
from gcrsync.sync.pool import each
from gcrsync.sync.transfer import Passage, Transfer


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


class Copied:
    """What came of the steps of a job."""

    def __init__(self, compared: Sequence[Compared]) -> None:
        """Begin with nothing copied."""
        self._compared = compared
        self._copies: list[dict[Repository, list[Outcome]]] = [defaultdict(list) for _ in compared]
        self._relocations: list[dict[Repository, list[Outcome]]] = [defaultdict(list) for _ in compared]

    def note(self, work: Work, outcome: Outcome) -> None:
        """Note what came of a piece of work."""
        (self._relocations if work.relocation else self._copies)[work.number][work.repository].append(outcome)

    def reports(self) -> tuple[NamespaceReport, ...]:
        """Say what was changed, and what was to be changed and was not."""
        return tuple(map(_report, self._compared, self._copies, self._relocations))

    def records(self, job: Job, records: Records) -> Records:
        """Give the records that are other than before: only what truly happened is in them."""
        changed: dict[Repository, Record] = {}
        for compared, copies, relocations in zip(self._compared, self._copies, self._relocations, strict=True):
            for repository, changes in _by_repository(compared).items():
                before = records.get(repository)
                draft = before or Record(repository, compared.names.get(repository, ""))
                after = replace(
                    apply(draft, changes, copies[repository], job.started), mirror=compared.names.get(repository, draft.mirror)
                )
                moved = repository not in compared.moving or _all_moved(
                    draft, changes, copies[repository] + relocations[repository]
                )
                if moved and after != before:
                    changed[repository] = after
        return changed


def copy(means: Means, compared: Sequence[Compared], records: Records, copied: Copied) -> None:
    """Copy what is planned and note each outcome in ``copied`` as it comes, so that nothing confirmed is lost if this raises."""
    work = list(plan_work(means, compared, records))
    means.watch.planned(len(work), pending_bytes(item.step for item in work))
    done = each(means.executor, lambda item: (item, item.transfer.copy(item.step)), work, means.stopped, means.ahead)
    for item, outcome in done:
        copied.note(item, outcome)


def plan_work(means: Means, compared: Sequence[Compared], records: Records) -> Iterator[Work]:
    """Give everything that is to be copied, with the transfers that do it; nothing is asked of the destinations yet."""
    for number, mirror in enumerate(compared):
        steps = mirror.steps()
        if not (steps or mirror.moving):
            continue
        target = means.target(mirror.mirror.destination)
        transfer = Transfer(Passage(means.source, target, means.attempt, means.stopped, means.watch))
        yield from (Work(number, step.source, transfer, step) for step in steps)
        for repository in sorted(name for name in mirror.moving if mirrored(records[name])):
            source, place = means.recorded(records[repository].mirror)
            moving = Transfer(Passage(source, target, means.attempt, means.stopped, means.watch))
            for step in _relocation(mirror, steps, records[repository], place):
                yield Work(number, repository, moving, step, relocation=True)


def _relocation(compared: Compared, steps: Iterable[Step], record: Record, place: Repository) -> Iterator[Step]:
    """Plan to copy from the old place what only the mirror still has: gone tags, and old digests of tags that are held."""
    planned = {tag for step in steps if step.source == record.repository for tag in step.tags}
    kept: dict[Digest, list[Tag]] = {}
    for tag, digest in (*record.tags.items(), *((tag, gone.digest) for tag, gone in record.gone.items())):
        if tag not in planned:
            kept.setdefault(digest, []).append(tag)
    target = compared.mirror.destination.repository(record.repository)
    for digest, tags in kept.items():
        yield Step(place, target, compared.names[record.repository], digest, tuple(tags))


def _by_repository(compared: Compared) -> dict[Repository, list[Change]]:
    """Group the changes by repository; one that moves is there without any change too."""
    grouped: dict[Repository, list[Change]] = {repository: [] for repository in compared.moving}
    for change in compared.delta.changes:
        grouped.setdefault(change.repository, []).append(change)
    return grouped


def _all_moved(before: Record, changes: Iterable[Change], outcomes: Iterable[Outcome]) -> bool:
    """Say whether the new place of a mirror has everything that the old one had and this run wanted to add."""
    wanted = {*before.tags, *before.gone, *(change.tag for change in changes if change.state in (State.ADDED, State.MOVED))}
    return wanted <= {tag for outcome in outcomes for tag in outcome.confirmed}


def _report(
    compared: Compared, copies: dict[Repository, list[Outcome]], relocations: dict[Repository, list[Outcome]]
) -> NamespaceReport:
    report = compared.report()
    outcomes = [outcome for each_repository in copies.values() for outcome in each_repository]
    lost = [
        Change(repository, tag, State.FAILED, outcome.step.digest, outcome.step.digest, outcome.reason, news=False)
        for repository, ended in relocations.items()
        for outcome in ended
        if outcome.problem
        for tag in outcome.step.tags
        if tag not in outcome.confirmed
    ]
    sent = sum(outcome.copied for outcome in outcomes) + sum(one.copied for ended in relocations.values() for one in ended)
    return replace(report, images=(*with_outcomes(report.images, outcomes), *lost), copied=sent)
