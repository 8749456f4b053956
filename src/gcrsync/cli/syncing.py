"""The commands that bring a mirror up to date, or rehearse that: sync and test."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gcrsync.cli.command import LIMITS, Exit, stoppable
from gcrsync.cli.console import Screen, counted
from gcrsync.cli.executor import crew
from gcrsync.cli.identity import identity
from gcrsync.cli.opening import opened, prepared
from gcrsync.cli.progress import Watched, progress
from gcrsync.cli.quantities import seconds, size
from gcrsync.cli.results import codes, finish, print_publication
from gcrsync.cli.run_options import RunOptions, SyncOptions
from gcrsync.cli.status import StatusFile
from gcrsync.metadata.markdown import number
from gcrsync.metadata.markdown import size as readable
from gcrsync.store.opening import open_rehearsal
from gcrsync.sync.job import Job
from gcrsync.sync.progress import Watch
from gcrsync.sync.run import Finished, rehearse, run
from gcrsync.sync.stop import Stop


def sync(options: RunOptions) -> Exit:
    """Mirror, record, commit, push."""
    screen = Screen(verbose=options.verbose)
    watched = progress(screen)
    status = StatusFile(screen, options.status, "sync", watched)
    with status.kept():
        code = _sync(screen, options, watched)
        status.end(code)
    return code


def _sync(screen: Screen, options: RunOptions, watched: Watched) -> Exit:
    deadline = None if options.deadline is None else seconds(options.deadline)
    most = None if options.max_bytes is None else size(options.max_bytes)
    ends = time.monotonic() + (deadline or 0)
    with stoppable(deadline, most) as stop:
        variables = identity(options.author, options.date)
        history = opened(options.metadata_repo, stop, branch=options.branch, variables=variables)
        history.check()
        with (
            prepared("sync", options, watched, history, stop) as (job, means, settings),
            crew(options.executor, job, settings, options.jobs, stop) as workers,
        ):
            if deadline is not None:
                watched.due("--deadline", ends - time.monotonic())
            asked = _asked_for(job, options)
            finished = run(asked, means, history, _every(seconds(options.checkpoint), watched), workers)
    code = _finish_run(screen, options, finished, watched)
    _say_where_it_stands(screen, finished, stop)
    return code


def _say_where_it_stands(screen: Screen, finished: Finished, stop: Stop) -> None:
    """Say where the record is, and what is left of the work."""
    if finished.trouble is None:
        print_publication(screen, finished.publication)
    if finished.report.limits and finished.report.ending is None and finished.left:
        screen.note(f"{counted(finished.left, 'tag')} left for the next run; what is confirmed is recorded")
    ending = finished.report.ending
    if ending is not None:
        by = f" by {LIMITS[ending]}" if ending in LIMITS else ""
        recorded = "; what is confirmed is recorded, and the next run goes on from there" if finished.trouble is None else ""
        screen.note(f"stopped{by} with {counted(finished.left, 'tag')} left{recorded}")
        if stop.most is not None and stop.unfit is not None and stop.unfit > stop.most:
            screen.warn(f"what is left has blobs of {readable(stop.unfit)} or more: with so few --max-bytes no run gets further")


def _asked_for(job: Job, options: SyncOptions) -> Job:
    """Give the job with what only a run that may change something is asked."""
    return replace(job, move=options.move, retry_refused=options.retry_refused, allow_prune=options.allow_prune)


def _every(interval: float, watch: Watch) -> Callable[[], bool]:
    """Give what says, once in each ``interval`` of so many seconds, that it is over; one of 0 never is. The watch knows of each."""
    last = time.monotonic()

    def begin() -> None:
        nonlocal last
        last = time.monotonic()
        if interval:
            watch.due("the checkpoint", interval)

    def is_over() -> bool:
        over = 0 < interval <= time.monotonic() - last
        if over:
            begin()
        return over

    begin()
    return is_over


def test(options: SyncOptions) -> Exit:
    """Rehearse a sync."""
    screen = Screen(verbose=options.verbose)
    watched = progress(screen)
    with stoppable() as stop:
        variables = identity(options.author, options.date)
        history = opened(options.metadata_repo, stop, branch=options.branch, variables=variables)
        history.check()
        rehearsal = open_rehearsal(history, Path(tempfile.mkdtemp(prefix="gcrsync-test-")) / history.root.name)
        with prepared("test", options, watched, history, stop) as (job, means, _):
            asked = _asked_for(job, options)
            rehearsed = rehearse(asked, means, rehearsal)
    finished = rehearsed.finished
    code = _finish_run(screen, options, finished, watched)
    if rehearsed.asked:
        images = counted(rehearsed.asked, "image")
        screen.note(f"of {images} to copy the destination has {number(rehearsed.present)} already; nothing was copied")
    if finished.publication is not None and finished.publication.commit:
        screen.note(f"the commit of a full success is {finished.publication.commit[:12]} in {rehearsal.root}")
    else:
        screen.note(f"there would be no commit; the clone is {rehearsal.root}")
    return code


def _finish_run(screen: Screen, options: SyncOptions, finished: Finished, watched: Watched) -> Exit:
    held = codes(finished.report, strict=options.strict)
    if finished.trouble is not None:
        held.add(Exit.RECORD)
    code = finish(screen, options, finished, held, watched.standing().pulls)
    if finished.trouble is not None:
        screen.fail(finished.trouble)
    return code
