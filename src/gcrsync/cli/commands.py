"""The commands that look at sources and change nothing: compare and monitor."""

from dataclasses import replace

from gcrsync.cli.command import Exit, first, stoppable, stopped_within
from gcrsync.cli.console import Screen, columns
from gcrsync.cli.opening import opened, prepared
from gcrsync.cli.options import CompareOptions
from gcrsync.cli.progress import progress
from gcrsync.cli.results import codes, finish, finish_look, finish_why
from gcrsync.cli.run_options import MonitorOptions, PreviewOptions
from gcrsync.cli.status import follow
from gcrsync.metadata.markdown import number
from gcrsync.metadata.timestamp import format_time
from gcrsync.mirror.change import State
from gcrsync.mirror.report import Report
from gcrsync.mirror.why import Asked
from gcrsync.sync.run import Finished, preview


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
