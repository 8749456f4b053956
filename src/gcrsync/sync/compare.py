"""The first half of a run: survey the sources, compare them with the record, and plan what is to be copied."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gcrsync.archive.conflict import inside_another
from gcrsync.errors import InvalidNameError, UsageError
from gcrsync.mirror.alarm import Alarm, Kind, silences, still
from gcrsync.mirror.change import Change
from gcrsync.mirror.diff import Delta, diff, selected
from gcrsync.mirror.holding import NO_PLACE, Terms
from gcrsync.mirror.library import Official
from gcrsync.mirror.naming import check_collisions, check_unmoved, folder_of, mirror_name, renamed
from gcrsync.mirror.outcome import Step
from gcrsync.mirror.plan import make_plan, plan_revisit
from gcrsync.mirror.prune import excess, prunable, untried
from gcrsync.mirror.record import Records
from gcrsync.mirror.report import NamespaceReport
from gcrsync.mirror.revisit import Look, revisits
from gcrsync.mirror.snapshot import Doubts, Fault, Snapshot, find_doubts
from gcrsync.oci.name import Repository
from gcrsync.sync.found import Basis, Surveyor
from gcrsync.sync.job import Job, Means, Mirror, Names
from gcrsync.sync.survey import survey


@dataclass(frozen=True, slots=True)
class Compared:
    """One mirror of a job: what was seen of its source, what differs from the record, and what may go from the mirror."""

    mirror: Mirror
    snapshot: Snapshot
    doubts: Doubts
    names: Names
    moving: frozenset[Repository]
    delta: Delta
    prunes: tuple[Change, ...] = ()
    alarms: tuple[Alarm, ...] = ()

    def steps(self, records: Records) -> tuple[Step, ...]:
        """Plan what is to be copied, with what is on record."""
        return make_plan(self.delta.changes, self.snapshot, self.mirror.destination, records, self.mirror.rules)

    def revisits(self, records: Records, started: datetime) -> Iterator[Step]:
        """Plan what is to be asked for again: what refers to the images that were copied within the time for that."""
        mirror = self.mirror
        for revisit in revisits(records, self.look, mirror.rules, started):
            yield plan_revisit(revisit, mirror.destination, records[revisit.repository], mirror.rules)

    @property
    def look(self) -> Look:
        """What was seen, what of it is believed, and what is to be done."""
        return Look(self.snapshot, self.mirror.selection, self.doubts, self.delta.changes)

    def report(self) -> NamespaceReport:
        """Say what a run would change."""
        return NamespaceReport(
            namespace=self.snapshot.namespace,
            listed_by=self.snapshot.listed_by,
            requests=self.snapshot.requests,
            images=(*self.delta.changes, *self.prunes),
            unchanged=self.delta.unchanged,
            doubts=tuple(self.doubts[path] for path in sorted(self.doubts)),
            alarms=still(self.alarms, self.delta.changes),
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """A mirror of a job and its source, before anything is decided."""

    mirror: Mirror
    snapshot: Snapshot
    names: Names
    unnameable: dict[Repository, str]


def compare(job: Job, means: Means, records: Records, official: Official) -> tuple[Compared, ...]:
    """Survey the sources of a job one after the other, and compare each with the record; ``official`` was read of official-images.

    Raises MirrorNameError where names at the destination collide or would change unasked, and UsageError where two of the job's
    selections take one repository.
    """
    seen = list(_surveyed(job, means, Basis(records, official, means.foreign)))
    names = _all_names(seen)
    check_collisions(names, records)
    if not job.move:
        check_unmoved(names, records)
    layouts = {name for name in (*names.values(), *(record.mirror for record in records.values())) if folder_of(name) is not None}
    compared = (_compared(job, each, records, dict(_inside_others(each.names, layouts))) for each in seen)
    return tuple(_braked(job, [_watched(job, each, records) for each in compared], records))


def limits(compared: Iterable[Compared]) -> dict[str, str]:
    """Give what was last heard of each source that gave no more while it was listed, by its registry."""
    return {
        doubt.path.registry: doubt.reason for mirror in compared for doubt in mirror.doubts.values() if doubt.fault is Fault.LIMITED
    }


def newly_read(compared: Iterable[Compared]) -> Official:
    """Give what was read of official-images last, of no commit where nobody has."""
    return next((mirror.snapshot.official for mirror in reversed(tuple(compared)) if mirror.snapshot.official), Official())


def _surveyed(job: Job, means: Means, basis: Basis) -> Iterator[_Seen]:
    surveyor = Surveyor(means.session, means.executor, means.ahead, means.stopped, means.watch)
    for mirror in job.mirrors:
        snapshot = survey(surveyor, mirror.selection, basis)
        basis = replace(basis, official=snapshot.official or basis.official)
        yield _named(mirror, snapshot, basis.records)


def _named(mirror: Mirror, snapshot: Snapshot, records: Records) -> _Seen:
    """Name each selected repository at the destination; one that can have no name there gets the reason instead."""
    names: dict[Repository, str] = {}
    unnameable: dict[Repository, str] = {}
    for repository in selected(records, snapshot, mirror.selection):
        try:
            names[repository] = mirror_name(mirror.destination, repository)
        except InvalidNameError as error:
            unnameable[repository] = NO_PLACE + error.message
    return _Seen(mirror, snapshot, names, unnameable)


def _inside_others(names: Names, taken: Collection[str]) -> Iterator[tuple[Repository, str]]:
    """Give the repositories whose image layout would fall inside that of another, among all that there are and will be."""
    for repository, name in names.items():
        other = inside_another(name, taken)
        if other is not None:
            yield repository, f"{NO_PLACE}{name} would fall inside the image layout {other}"


def _all_names(seen: Iterable[_Seen]) -> Names:
    names: dict[Repository, str] = {}
    for each in seen:
        for repository, name in each.names.items():
            if repository in names:
                raise UsageError(
                    f"{repository} is selected twice in this run", hint="a repository has one mirror: narrow one of the tables"
                )
            names[repository] = name
    return names


def _compared(job: Job, seen: _Seen, records: Records, placeless: Mapping[Repository, str]) -> Compared:
    selection = seen.mirror.selection
    doubts = find_doubts(seen.snapshot, records, selection)
    moving = frozenset(filter(selection.judges, renamed(seen.names, records)))
    placeless = {**seen.unnameable, **placeless}
    pinned = frozenset(selection.pins)
    terms = Terms(job.started, placeless, moving, job.retry_refused, seen.mirror.rules, pinned)
    delta = diff(records, seen.snapshot, selection, doubts, terms)
    return Compared(seen.mirror, seen.snapshot, doubts, seen.names, moving, delta)


def _watched(job: Job, compared: Compared, records: Records) -> Compared:
    """Add what may be pruned, and what somebody should look at; what gets another name keeps all that it has until it is there."""
    look, rules = compared.look, compared.mirror.rules
    found = prunable(records, look, rules, job.started)
    prunes = tuple(change for change in found if change.repository not in compared.moving)
    return replace(compared, prunes=prunes, alarms=tuple(silences(records, look, rules, job.started)))


def _braked(job: Job, compared: Sequence[Compared], records: Records) -> Iterator[Compared]:
    """Prune nothing in a run that would take more from a mirror than its rules allow, or more in all than the run was allowed."""
    wanted = sum(len(untried(each.prunes, records)) for each in compared)
    reasons = [_too_many(job, each, records, wanted) if each.prunes else "" for each in compared]
    if not any(reasons):
        yield from compared
        return
    advice = f"nothing is deleted; see that they are rightly gone, then run again with --allow-prune {wanted}"
    for each, reason in zip(compared, reasons, strict=True):
        alarms = (Alarm(Kind.PRUNING, f"it would prune {reason}: {advice}"),) if reason else ()
        yield replace(each, prunes=(), alarms=(*each.alarms, *alarms))


def _too_many(job: Job, compared: Compared, records: Records, wanted: int) -> str:
    """Say how many too many tags would be pruned, of one mirror by its rules or in all; empty where they are not too many."""
    if job.allow_prune is None:
        return excess(compared.prunes, records, compared.look, compared.mirror.rules)
    return f"{wanted:,} tags in all, more than --allow-prune {job.allow_prune}" if wanted > job.allow_prune else ""
