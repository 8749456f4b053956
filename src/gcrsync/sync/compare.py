"""The first half of a run: survey the sources, compare them with the record, and plan what is to be copied."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gcrsync.archive.conflict import inside_another
from gcrsync.errors import InvalidNameError, UsageError
from gcrsync.mirror.diff import NO_PLACE, Delta, Terms, diff
from gcrsync.mirror.naming import FolderDestination, check_collisions, check_unmoved, mirror_name, renamed
from gcrsync.mirror.outcome import Step
from gcrsync.mirror.plan import make_plan
from gcrsync.mirror.record import Records
from gcrsync.mirror.report import NamespaceReport
from gcrsync.mirror.snapshot import Doubts, Snapshot, find_doubts
from gcrsync.oci.name import Repository
from gcrsync.sync.job import Job, Means, Mirror, Names
from gcrsync.sync.survey import Means as SurveyMeans
from gcrsync.sync.survey import survey


@dataclass(frozen=True, slots=True)
class Compared:
    """One mirror of a job: what was seen of its source, and what differs from the record."""

    mirror: Mirror
    snapshot: Snapshot
    doubts: Doubts
    names: Names
    moving: frozenset[Repository]
    delta: Delta

    def steps(self) -> tuple[Step, ...]:
        """Plan what is to be copied."""
        return make_plan(self.delta.changes, self.snapshot, self.mirror.destination)

    def report(self) -> NamespaceReport:
        """Say what a run would change."""
        return NamespaceReport(
            namespace=self.snapshot.namespace,
            listed_by=self.snapshot.listed_by,
            requests=self.snapshot.requests,
            images=self.delta.changes,
            unchanged=self.delta.unchanged,
            doubts=tuple(self.doubts[path] for path in sorted(self.doubts)),
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """A mirror of a job and its source, before anything is decided."""

    mirror: Mirror
    snapshot: Snapshot
    names: Names
    unnameable: dict[Repository, str]


def compare(job: Job, means: Means, records: Records) -> tuple[Compared, ...]:
    """Survey the sources of a job one after the other, and compare each with the record.

    Raises MirrorNameError where names at the destination collide or would change unasked, and UsageError where two of the job's
    selections take one repository.
    """
    requests = SurveyMeans(means.session, means.executor, means.ahead, means.stopped, means.watch)
    seen = [_named(mirror, survey(requests, mirror.selection), records) for mirror in job.mirrors]
    names = _all_names(seen)
    check_collisions(names, records)
    if not job.move:
        check_unmoved(names, records)
    moving = frozenset(renamed(names, records))
    return tuple(_compared(job, each, records, moving) for each in seen)


def _named(mirror: Mirror, snapshot: Snapshot, records: Records) -> _Seen:
    """Name each selected repository at the destination; one that can have no name or place there gets the reason instead."""
    names: dict[Repository, str] = {}
    unnameable: dict[Repository, str] = {}
    targets: dict[Repository, Repository] = {}
    for repository in _selected(mirror, snapshot, records):
        try:
            targets[repository] = mirror.destination.repository(repository)
            names[repository] = mirror_name(mirror.destination, repository)
        except InvalidNameError as error:
            unnameable[repository] = NO_PLACE + error.message
    if isinstance(mirror.destination, FolderDestination):
        unnameable |= dict(_inside_others(mirror.destination, targets, records))
    return _Seen(mirror, snapshot, names, unnameable)


def _selected(mirror: Mirror, snapshot: Snapshot, records: Records) -> list[Repository]:
    listed = {Repository(path.registry, path.path) for path, listing in snapshot.listings.items() if path.path and listing.tags}
    return sorted(repository for repository in listed | set(records) if mirror.selection.takes(repository))


def _inside_others(
    destination: FolderDestination, targets: dict[Repository, Repository], records: Records
) -> Iterator[tuple[Repository, str]]:
    prefix = f"{destination.text.removesuffix('/')}/"
    recorded = (record.mirror.removeprefix(prefix) for record in records.values() if record.mirror.startswith(prefix))
    taken = {*recorded, *(target.path for target in targets.values())}
    for repository, target in targets.items():
        other = inside_another(target.path, taken)
        if other is not None:
            yield repository, f"{NO_PLACE}{target.path} would fall inside the image layout of {other}"


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


def _compared(job: Job, seen: _Seen, records: Records, moving: frozenset[Repository]) -> Compared:
    selection = seen.mirror.selection
    doubts = find_doubts(seen.snapshot, records, selection)
    own_moving = frozenset(repository for repository in moving if repository in seen.names)
    delta = diff(records, seen.snapshot, selection, doubts, Terms(seen.unnameable, own_moving, job.retry_refused))
    return Compared(seen.mirror, seen.snapshot, doubts, seen.names, own_moving, delta)
