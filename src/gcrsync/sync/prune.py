"""What a run takes from its mirrors, once all is copied: tags that their sources have not had for long."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from gcrsync.errors import GcrsyncError
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.record import Record
from gcrsync.oci.name import Repository
from gcrsync.sync.compare import Compared
from gcrsync.sync.copy import Copied
from gcrsync.sync.job import Job, Means
from gcrsync.sync.pool import Pool, each
from gcrsync.sync.pruning import Pruning


@dataclass(frozen=True, slots=True)
class _Errand:
    """What is to be pruned of one repository of the mirror of this number, and what does it."""

    number: int
    pruning: Pruning
    place: Repository
    record: Record
    changes: tuple[Change, ...]

    def done(self) -> list[Change]:
        return list(self.pruning.prune(self.place, self.record, self.changes))


def prune(job: Job, means: Means, compared: Sequence[Compared], copied: Copied) -> None:
    """Prune what a rule lets go, once all is copied, and note how each tag ended in ``copied``."""
    errands = list(_errands(job, means, compared, copied))
    for errand, ended in each(Pool(means.executor, means.ahead, means.stopped), lambda errand: (errand, errand.done()), errands):
        copied.note_pruned(errand.number, ended)
        if any(change.state is State.PRUNED for change in ended):
            try:
                errand.pruning.target.sweep(errand.place)
            except GcrsyncError as error:
                means.watch.said(f"the space of what was pruned in {errand.place} could not be freed: {error}")


def _errands(job: Job, means: Means, compared: Sequence[Compared], copied: Copied) -> Iterator[_Errand]:
    for number, mirror in enumerate(compared):
        if not mirror.prunes:
            continue
        destination = mirror.mirror.destination
        pruning = Pruning(means.target(destination), means.stopped)
        for repository, changes in groupby(mirror.prunes, key=lambda change: change.repository):
            record = copied.record(number, repository, job)
            yield _Errand(number, pruning, destination.repository(repository), record, tuple(changes))
