"""The run: survey, compare, copy, prune, record, publish."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain

from gcrsync.errors import GcrsyncError
from gcrsync.metadata.paths import ROOT
from gcrsync.mirror.record import Records
from gcrsync.mirror.report import Report
from gcrsync.mirror.why import Explanation, explain
from gcrsync.store.history import History
from gcrsync.store.publish import Publication
from gcrsync.store.tree import Tree
from gcrsync.sync.compare import Compared, compare, limits, newly_read
from gcrsync.sync.copy import Copied, copy, reachable
from gcrsync.sync.crew import Crew, by_threads
from gcrsync.sync.job import Job, Means
from gcrsync.sync.ledger import Beginning, Ledger, begin, served
from gcrsync.sync.pool import Pool, each
from gcrsync.sync.prune import prune
from gcrsync.sync.record import Documents, read_official, read_records
from gcrsync.sync.work import Purpose, plan_work


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended: ``publication`` is None where nothing had to be recorded or it could not be, ``trouble`` tells why not.

    ``left`` counts the tags that the run did not come to, because it was stopped or the source gave no more.
    """

    report: Report
    publication: Publication | None = None
    trouble: GcrsyncError | None = None
    left: int = 0


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How a rehearsal ended: the destination was ``asked`` for so many images, and so many of them were ``present`` already."""

    finished: Finished
    asked: int
    present: int


def preview(job: Job, means: Means, tree: Tree) -> Report:
    """Say what a run would change, from what a commit records, and explain what the job asks about; nothing is touched."""
    records = read_records(tree)
    compared = compare(job, means, records, read_official(tree, means.watch.said))
    reports = tuple(replace(mirror.report(), why=tuple(_why(job, mirror, records))) for mirror in compared)
    return Report(job.command, job.started, reports, limits=tuple(limits(compared).values()))


def _why(job: Job, mirror: Compared, records: Records) -> Iterator[Explanation]:
    return chain.from_iterable(explain(asked, mirror.look, records) for asked in job.why)


def run(job: Job, means: Means, history: History, is_due: Callable[[], bool], crew: Crew = by_threads) -> Finished:
    """Mirror what a job selects, and record what truly happened in a commit that is pushed, at the end and whenever it ``is_due``.

    Whatever ends the copying early, what the destination confirmed until then is recorded and pushed; so is what an earlier run
    recorded and could not push. The ``crew`` does the copying; all else is done here.
    """
    with history.locked():
        beginning = begin(means, history)
        records = beginning.records
        compared = compare(job, means, records, beginning.official)
        copied = Copied(compared, records)
        ledger = Ledger(job, history, replace(beginning, official=newly_read(compared)), served(means))
        work = list(reachable(means, plan_work(means, compared, records, job.started), copied))

        def checkpoint() -> None:
            if is_due():
                _checkpoint(job, means, copied, ledger)

        try:
            copy(means, work, copied, crew, checkpoint)
            prune(job, means, compared, copied)
        finally:
            finished = _finish(job, means, copied, ledger)
    return finished


def rehearse(job: Job, means: Means, rehearsal: History) -> Rehearsed:
    """Do a run without copying: ask the destination what it has, and make the commit of a full success in ``rehearsal``.

    What is planned for a destination that does not answer fails as a whole, as in a run.
    """
    with rehearsal.locked():
        ground, documents = rehearsal.prepare(), Documents()
        records = documents.records(ground.tree, ROOT)
        compared = compare(job, means, records, read_official(ground.tree, means.watch.said))
        copied, present = Copied(compared, records), 0
        ledger = Ledger(job, rehearsal, Beginning(ground, records, documents, newly_read(compared)), served(means))
        planned = [item for item in plan_work(means, compared, records, job.started) if item.purpose is not Purpose.REVISIT]
        work = list(reachable(means, planned, copied))
        pool = Pool(means.executor, means.ahead, means.stopped)
        for item, outcome, there in each(pool, lambda item: (item, *item.transfer.rehearse(item.step)), work):
            copied.note(item, outcome)
            present += there
        for number, mirror in enumerate(compared):
            copied.note_pruned(number, mirror.prunes)
        return Rehearsed(_finish(job, means, copied, ledger), len(work), present)


def _finish(job: Job, means: Means, copied: Copied, ledger: Ledger) -> Finished:
    """Publish all that is confirmed; whether the run was told to end is asked again where that fails."""
    publication, trouble = None, None
    try:
        publication = ledger.close(copied.records(job), _report(job, means, copied))
    except GcrsyncError as error:
        trouble = error
    return Finished(_report(job, means, copied), publication, trouble, copied.left)


def _checkpoint(job: Job, means: Means, copied: Copied, ledger: Ledger) -> None:
    """Publish what is confirmed so far; where that fails the run goes on, and the next time may be better."""
    try:
        publication = ledger.publish(copied.records(job), _report(job, means, copied))
    except GcrsyncError as error:
        means.watch.said(f"what is confirmed so far could not be pushed, and the run goes on: {error}")
        with suppress(GcrsyncError):
            ledger.look_again()
    else:
        if publication.commit:
            means.watch.said(f"recorded so far in commit {publication.commit[:12]}{', pushed' if publication.pushed else ''}")


def _report(job: Job, means: Means, copied: Copied) -> Report:
    return Report(job.command, job.started, copied.reports(), means.stopped.ending, copied.limits)
