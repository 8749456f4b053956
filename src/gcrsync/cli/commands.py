"""The commands that look at sources: compare, sync, test and monitor."""

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import platformdirs

from gcrsync.cli.command import LIMITS, Exit, first, stoppable, stopped_within
from gcrsync.cli.config import config_beside
from gcrsync.cli.console import Screen, columns, counted
from gcrsync.cli.executor import crew
from gcrsync.cli.identity import identity
from gcrsync.cli.job import Base, choices, job
from gcrsync.cli.options import CompareOptions
from gcrsync.cli.progress import progress
from gcrsync.cli.quantities import seconds, size
from gcrsync.cli.results import codes, finish, finish_look, finish_why, print_publication
from gcrsync.cli.run_options import MonitorOptions, PreviewOptions, RunOptions, SyncOptions
from gcrsync.cli.setup import insecure_hosts, means, network
from gcrsync.metadata.markdown import number
from gcrsync.metadata.markdown import size as readable
from gcrsync.metadata.timestamp import format_time
from gcrsync.mirror.change import State
from gcrsync.mirror.report import Report
from gcrsync.mirror.why import Asked
from gcrsync.registry.opening import Settings
from gcrsync.store.command import never
from gcrsync.store.history import History
from gcrsync.store.opening import Surroundings, is_url, open_history, open_rehearsal, open_remote
from gcrsync.sync.job import Job, Means
from gcrsync.sync.run import Finished, preview, rehearse, run
from gcrsync.sync.stop import Stop


def compare(options: PreviewOptions) -> Exit:
    """Show what a sync would do."""
    screen = Screen(verbose=options.verbose)
    why = tuple(map(Asked.parse, options.why or ()))
    with stoppable() as stop:
        history = opened(options.metadata_repo, stop, branch=options.branch)
        with prepared("compare", options, screen, history, stop) as (job, means, _):
            report = preview(replace(job, why=why), means, history.head())
    held = codes(report, strict=options.strict)
    if why:
        return finish_why(screen, options, report, held)
    changes = any(image.news for namespace in report.namespaces for image in namespace.images)
    if options.exit_code and changes:
        held.add(Exit.DELTA)
    code = finish(screen, options, report, held)
    if not changes and not any(namespace.doubts for namespace in report.namespaces):
        screen.note("nothing to do: source and mirror agree")
    return code


def sync(options: RunOptions) -> Exit:
    """Mirror, record, commit, push."""
    screen = Screen(verbose=options.verbose)
    deadline = None if options.deadline is None else seconds(options.deadline)
    most = None if options.max_bytes is None else size(options.max_bytes)
    with stoppable(deadline, most) as stop:
        variables = identity(options.author, options.date)
        history = opened(options.metadata_repo, stop, branch=options.branch, variables=variables)
        history.check()
        with (
            prepared("sync", options, screen, history, stop) as (job, means, settings),
            crew(options.executor, job, settings, options.jobs, stop) as workers,
        ):
            asked = _asked_for(job, options)
            finished = run(asked, means, history, every(seconds(options.checkpoint)), workers)
    code = _finish_run(screen, options, finished)
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
    return code


def _asked_for(job: Job, options: SyncOptions) -> Job:
    """Give the job with what only a run that may change something is asked."""
    return replace(job, move=options.move, retry_refused=options.retry_refused, allow_prune=options.allow_prune)


def every(interval: float) -> Callable[[], bool]:
    """Give what says, once in each ``interval`` of so many seconds, that it is over; one of 0 never is."""
    last = time.monotonic()

    def is_over() -> bool:
        nonlocal last
        over = 0 < interval <= time.monotonic() - last
        if over:
            last = time.monotonic()
        return over

    return is_over


def test(options: SyncOptions) -> Exit:
    """Rehearse a sync."""
    screen = Screen(verbose=options.verbose)
    with stoppable() as stop:
        variables = identity(options.author, options.date)
        history = opened(options.metadata_repo, stop, branch=options.branch, variables=variables)
        history.check()
        rehearsal = open_rehearsal(history, Path(tempfile.mkdtemp(prefix="gcrsync-test-")) / history.root.name)
        with prepared("test", options, screen, history, stop) as (job, means, _):
            asked = _asked_for(job, options)
            rehearsed = rehearse(asked, means, rehearsal)
    finished = rehearsed.finished
    code = _finish_run(screen, options, finished)
    if rehearsed.asked:
        images = counted(rehearsed.asked, "image")
        screen.note(f"of {images} to copy the destination has {number(rehearsed.present)} already; nothing was copied")
    if finished.publication is not None and finished.publication.commit:
        screen.note(f"the commit of a full success is {finished.publication.commit[:12]} in {rehearsal.root}")
    else:
        screen.note(f"there would be no commit; the clone is {rehearsal.root}")
    return code


def monitor(options: MonitorOptions) -> Exit:
    """Count what is at the source, mirrored and pending, again and again."""
    screen, code, looks = Screen(verbose=options.verbose), Exit.DONE, 0
    with stoppable() as stop:
        history = opened(options.metadata_repo, stop, branch=options.branch)
        while not stop():
            with prepared("monitor", options, screen, history, stop) as (job, means, _):
                report = preview(job, means, history.head())
            code = _print_look(screen, options, report)
            looks += 1
            if looks == options.count or stopped_within(stop, options.interval):
                break
    return Exit.STOPPED if stop() else code


def opened(
    named: str | None, stop: Stop | None = None, *, branch: str | None = None, variables: Mapping[str, str] | None = None
) -> History:
    """Open the metadata repository: the one of this folder, or the one that is named, by a path or by a URL.

    ``branch`` is the one to publish to where the user has named it, and ``variables`` are added to the environment of git.
    """
    environment = {**os.environ, **(variables or {})}
    around = Surroundings(environment, time.sleep, random.random, stop.seconds if stop else never, Screen().warn)
    if named is None:
        return open_history(Path.cwd(), around, named=False, branch=branch or "")
    if is_url(named):
        return open_remote(named, platformdirs.user_cache_path("gcrsync"), around, branch=branch or "")
    return open_history(Path(named), around, named=True, branch=branch or "")


@contextmanager
def prepared(
    command: str, options: CompareOptions, screen: Screen, history: History, stop: Stop
) -> Iterator[tuple[Job, Means, Settings]]:
    """Give what a run is asked to do, what it does it with, watched on the screen, and what its sessions are told."""
    base = Base(history.root, options.config or config_beside(history.root), ours=history.cached)
    chosen = choices(options, base)
    asked = job(command, options, base, chosen)
    insecure = insecure_hosts(options.insecure, [choice.table for choice in chosen], options.to)
    settings = network(insecure, options.retries, options.timeout)
    places = [mirror.destination for mirror in asked.mirrors]
    with progress(screen) as watch, means(places, settings, base.root, options.jobs, (stop, watch)) as given:
        yield asked, given, settings


def _finish_run(screen: Screen, options: CompareOptions, finished: Finished) -> Exit:
    held = codes(finished.report, strict=options.strict)
    if finished.trouble is not None:
        held.add(Exit.RECORD)
    code = finish(screen, options, finished.report, held, finished.trouble)
    if finished.trouble is not None:
        screen.fail(finished.trouble)
    return code


def _print_look(screen: Screen, options: CompareOptions, report: Report) -> Exit:
    held = codes(report, strict=options.strict)
    if options.json or options.report:
        finish_look(screen, options, report, held)
    if options.json:
        return first(held)
    rows = []
    for namespace in report.namespaces:
        pending = namespace.count(State.ADDED) + namespace.count(State.MOVED)
        mirrored = namespace.count(State.UNCHANGED)
        source = mirrored + pending + namespace.count(State.HELD)
        rows.append((str(namespace.namespace), number(source), number(mirrored), number(pending)))
    screen.result(format_time(report.started))
    screen.table(columns(("NAMESPACE", "source", "mirrored", "pending"), rows))
    return first(held)
