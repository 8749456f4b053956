"""The second half of a run: copy what is planned, and say what came of it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from gcrsync.errors import (
    IntegrityError,
    NotARegistryError,
    RegistryError,
    StoppedError,
    StoreError,
    UnauthorizedError,
    UnreachableError,
)
from gcrsync.mirror.alarm import still
from gcrsync.mirror.apply import apply
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.outcome import Outcome, Problem
from gcrsync.mirror.plan import pending_bytes
from gcrsync.mirror.record import Record, Records
from gcrsync.mirror.report import NamespaceReport, with_outcomes, with_referrers
from gcrsync.oci.name import Repository, TagOrder
from gcrsync.sync.compare import Compared, limits
from gcrsync.sync.crew import Crew
from gcrsync.sync.job import Job, Means
from gcrsync.sync.work import Purpose, Work


class _Copies:
    """What came of the steps of one mirror, by repository."""

    def __init__(self, compared: Compared, records: Records) -> None:
        self.compared, self.before = compared, records
        self.by_purpose: dict[Purpose, dict[Repository, list[Outcome]]] = {purpose: defaultdict(list) for purpose in Purpose}
        self.outcomes = self.by_purpose[Purpose.COPY]
        self.relocated = self.by_purpose[Purpose.RELOCATION]
        self.revisited = self.by_purpose[Purpose.REVISIT]
        self.pruned: list[Change] = []

    def changes(self) -> dict[Repository, list[Change]]:
        """Give the changes of each repository that has some, or that moves, or that was looked at again."""
        grouped: dict[Repository, list[Change]] = {name: [] for name in (*self.compared.moving, *self.revisited)}
        for change in (*self.compared.delta.changes, *self.pruned):
            grouped.setdefault(change.repository, []).append(change)
        return grouped

    def record(self, repository: Repository, changes: Iterable[Change], now: datetime) -> Record:
        before = self.before.get(repository) or Record(repository, "")
        name = self.compared.names.get(repository, before.mirror)
        outcomes = (*self.outcomes[repository], *self.revisited[repository])
        return replace(apply(before, changes, outcomes, now), mirror=name)

    def stays(self, repository: Repository, changes: Iterable[Change]) -> bool:
        """Say whether a mirror that was to move stays: its new place has not all that the old one had and this run wanted."""
        if repository not in self.compared.moving:
            return False
        before = self.before[repository]
        wanted = {*before.served, *(change.tag for change in changes if change.state in (State.ADDED, State.MOVED))}
        done = (*self.outcomes[repository], *self.relocated[repository])
        return not wanted <= {tag for outcome in done for tag in outcome.confirmed}

    def report(self) -> NamespaceReport:
        report, outcomes = self.compared.report(), self._copied
        moved_bytes = sum(outcome.copied for done in self.relocated.values() for outcome in done)
        revisited = [outcome for done in self.revisited.values() for outcome in done]
        late = [change for outcome in revisited for change in with_referrers(self.before[outcome.step.source], outcome)]
        images = [*with_outcomes(self.compared.delta.changes, outcomes), *self._lost(), *self.pruned]
        staying = {name for name, changes in self.changes().items() if self.stays(name, changes)}
        told = [_unmoved(image) if image.repository in staying else image for image in images]
        return replace(
            report,
            images=tuple(sorted((*told, *late), key=_place) if late or self.pruned else told),
            alarms=still(self.compared.alarms, told),
            unchanged=report.unchanged - len(late),
            copied=sum(outcome.copied for outcome in (*outcomes, *revisited)) + moved_bytes,
            asked=sum(outcome.asked for outcome in (*outcomes, *revisited)),
        )

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
                    for tag in sorted(set(outcome.step.tags) - set(outcome.confirmed)):
                        digest = self.before[repository].digest_at_source(tag)
                        yield Change(repository, tag, State.FAILED, digest, digest, outcome.reason, news=False)


class Copied:
    """What came of the steps of a job, from what was on record before."""

    def __init__(self, compared: Sequence[Compared], records: Records) -> None:
        """Begin with nothing copied."""
        self._copies = [_Copies(mirror, records) for mirror in compared]
        self._limits = limits(compared)

    def note(self, work: Work, outcome: Outcome) -> None:
        """Note what came of a piece of work."""
        copies = self._copies[work.number]
        copies.by_purpose[work.purpose][work.repository].append(outcome)
        if outcome.problem is Problem.LIMITED:
            self._limits[outcome.step.source.registry] = outcome.reason

    def note_pruned(self, number: int, changes: Iterable[Change]) -> None:
        """Note what became of tags that were to be pruned; one that stays, as it did before, is nothing to tell."""
        self._copies[number].pruned += [change for change in changes if change.news or change.state is State.FAILED]

    def record(self, number: int, repository: Repository, job: Job) -> Record:
        """Give the record of a repository of the mirror of this number, as it is by now."""
        copies = self._copies[number]
        return copies.record(repository, copies.changes().get(repository, ()), job.started)

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
            for repository, changes in copies.changes().items():
                after = copies.record(repository, changes, job.started)
                known = copies.before.get(repository) or Record(repository, after.mirror)
                if after != known and not copies.stays(repository, changes):
                    changed[repository] = after
        return changed


def copy(means: Means, work: Sequence[Work], copied: Copied, crew: Crew, meanwhile: Callable[[], None]) -> None:
    """Have the crew do the work, and note each outcome in ``copied`` as it comes, so that nothing confirmed is lost if this raises.

    What is to be done ``meanwhile`` is called several times a second, by this thread.
    """
    steps = [item.step for item in work if item.purpose is not Purpose.REVISIT]
    means.watch.planned(len(steps), pending_bytes(steps))
    crew(means, work, copied.note, meanwhile)


def reachable(means: Means, planned: Iterable[Work], copied: Copied) -> Iterator[Work]:
    """Give the work whose destination answers, asked once; what is planned for another fails as a whole, for one reason.

    Raises InputError where the credentials for a destination cannot even be read.
    """
    refusals: dict[int, str] = {}
    asked: set[int] = set()
    for item in planned:
        if item.number not in asked and item.purpose is not Purpose.REVISIT:
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
        except (NotARegistryError, UnauthorizedError, UnreachableError) as error:
            return str(error)
    return ""


def _place(image: Change) -> tuple[Repository, TagOrder]:
    return image.repository, image.tag.sort_key


def _unmoved(image: Change) -> Change:
    """Say of a tag that is in the new place of a mirror already that it is not yet recorded there."""
    if not image.news:
        return image
    return replace(image, state=State.FAILED, news=False, reason="the mirror keeps its old name until everything is at the new one")
