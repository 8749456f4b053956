"""The commands that look at sources and change nothing: compare and monitor; what all that look at sources begin with."""

import os
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import platformdirs

from gcrsync.cli.command import Exit, first, stoppable, stopped_within
from gcrsync.cli.config import config_beside
from gcrsync.cli.console import Screen, columns
from gcrsync.cli.job import Base, choices, job
from gcrsync.cli.options import CompareOptions
from gcrsync.cli.progress import Watched, progress
from gcrsync.cli.results import codes, finish, finish_look, finish_why
from gcrsync.cli.run_options import MonitorOptions, PreviewOptions
from gcrsync.cli.setup import insecure_hosts, means, network
from gcrsync.cli.status import follow
from gcrsync.metadata.markdown import number
from gcrsync.metadata.timestamp import format_time
from gcrsync.mirror.change import State
from gcrsync.mirror.report import Report
from gcrsync.mirror.why import Asked
from gcrsync.registry.opening import Settings
from gcrsync.store.command import LONGEST, never
from gcrsync.store.history import History
from gcrsync.store.opening import Surroundings, is_url, open_history, open_remote
from gcrsync.sync.job import Job, Means
from gcrsync.sync.run import Finished, preview
from gcrsync.sync.stop import Stop


def compare(options: PreviewOptions) -> Exit:
    """Show what a sync would do."""
    screen = Screen(verbose=options.verbose)
    why = tuple(map(Asked.parse, options.why or ()))
    watched = progress(screen)
    with stoppable() as stop:
        history = opened(options.metadata_repo, stop, branch=options.branch)
        with prepared("compare", options, watched, history, stop) as (job, means, _):
            report = preview(replace(job, why=why), means, history.head())
    held = codes(report, strict=options.strict)
    if why:
        return finish_why(screen, options, report, held)
    changes = any(image.news for namespace in report.namespaces for image in namespace.images)
    if options.exit_code and changes:
        held.add(Exit.DELTA)
    code = finish(screen, options, Finished(report), held, watched.standing().pulls)
    if not changes and not any(namespace.doubts for namespace in report.namespaces):
        screen.note("nothing to do: source and mirror agree")
    return code


def monitor(options: MonitorOptions) -> Exit:
    """Count what is at the source, mirrored and pending, again and again."""
    screen, code, looks = Screen(verbose=options.verbose), Exit.DONE, 0
    with stoppable() as stop:
        if options.status is not None:
            return follow(screen, options, options.status, stop)
        history = opened(options.metadata_repo, stop, branch=options.branch)
        while not stop():
            with prepared("monitor", options, progress(screen), history, stop) as (job, means, _):
                report = preview(job, means, history.head())
            code = _print_look(screen, options, report)
            looks += 1
            if looks == options.count or stopped_within(stop, options.interval):
                break
    return Exit.STOPPED if stop() else code


def opened(
    named: str | None,
    stop: Stop | None = None,
    *,
    branch: str | None = None,
    variables: Mapping[str, str] | None = None,
    longest: float = LONGEST,
) -> History:
    """Open the metadata repository: the one of this folder, or the one that is named, by a path or by a URL.

    ``branch`` is the one to publish to where the user has named it, ``variables`` are added to the environment of git,
    and ``longest`` is the most seconds that a command of it may take.
    """
    environment = {**os.environ, **(variables or {})}
    around = Surroundings(environment, time.sleep, random.random, stop.seconds if stop else never, Screen().warn, longest)
    if named is None:
        return open_history(Path.cwd(), around, named=False, branch=branch or "")
    if is_url(named):
        return open_remote(named, platformdirs.user_cache_path("gcrsync"), around, branch=branch or "")
    return open_history(Path(named), around, named=True, branch=branch or "")


@contextmanager
def prepared(
    command: str, options: CompareOptions, watched: Watched, history: History, stop: Stop
) -> Iterator[tuple[Job, Means, Settings]]:
    """Give what a run is asked to do, what it does it with, watched as it goes on, and what its sessions are told."""
    base = Base(history.root, options.config or config_beside(history.root), ours=history.cached)
    chosen = choices(options, base)
    asked = job(command, options, base, chosen)
    insecure = insecure_hosts(options.insecure, [choice.table for choice in chosen], options.to)
    settings = network(insecure, options.retries, options.timeout)
    places = [mirror.destination for mirror in asked.mirrors]
    with watched.running() as watch, means(places, settings, base.root, options.jobs, (stop, watch)) as given:
        yield asked, given, settings


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
