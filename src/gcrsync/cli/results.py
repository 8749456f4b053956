"""The end of a run, for people and for programs."""

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from gcrsync.cli.command import Exit, first
from gcrsync.cli.console import Screen, columns, counted
from gcrsync.cli.options import CompareOptions
from gcrsync.cli.reporting import tell
from gcrsync.cli.run_options import PreviewOptions
from gcrsync.cli.summary import report_section
from gcrsync.errors import shortened
from gcrsync.metadata.markdown import number, size
from gcrsync.metadata.report import report_json, report_line
from gcrsync.metadata.sheet import Part, Sheet
from gcrsync.metadata.sheets import sheet_of_report
from gcrsync.metadata.status import Pulls
from gcrsync.mirror.alarm import Kind
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.ending import Ending
from gcrsync.mirror.report import NamespaceReport, Report
from gcrsync.mirror.snapshot import Fault
from gcrsync.mirror.why import Asked
from gcrsync.store.publish import Publication
from gcrsync.sync.run import Finished

_COUNTED = (State.ADDED, State.MOVED, State.GONE, State.UNLISTED, State.PRUNED, State.HELD, State.UNCHANGED, State.FAILED)
_MOST_TAGS = 12


def codes(report: Report, *, strict: bool) -> set[Exit]:
    """Give the exit codes that hold for a report."""
    held: set[Exit] = set()
    if report.ending is not None:
        held.add(Exit.STOPPED if report.ending is Ending.SIGNAL else Exit.BUDGET)
    if report.limits:
        held.add(Exit.BUDGET)
    if any(namespace.listing_failed for namespace in report.namespaces):
        held.add(Exit.RECORD)
    doubted = any(doubt.fault is not Fault.LIMITED for namespace in report.namespaces for doubt in namespace.doubts)
    alarms = {alarm.kind for namespace in report.namespaces for alarm in namespace.alarms}
    if report.count(State.FAILED) or Kind.PRUNING in alarms or (strict and (doubted or alarms)):
        held.add(Exit.IMAGES)
    return held


def finish(screen: Screen, options: CompareOptions, finished: Finished, held: set[Exit], pulls: tuple[Pulls, ...] = ()) -> Exit:
    """Print the report of a run, tell it where that is wanted, and give the exit code; ``pulls`` is what hosts have left."""
    report, trouble, code = finished.report, finished.trouble, first(held)
    sheet = sheet_of_report(report, code, trouble)
    if not options.json:
        with report_section(screen, report.command):
            for namespace in report.namespaces:
                _print_images(screen, namespace)
            for namespace in report.namespaces:
                print_listed(screen, namespace)
            print_counts(screen, sheet)
    for namespace in report.namespaces:
        print_doubts(screen, namespace)
    for limit in report.limits:
        screen.warn(limit)
    return tell(screen, options, sheet, lambda: report_json(report, code, trouble), pulls)


def finish_why(screen: Screen, options: PreviewOptions, report: Report, held: set[Exit]) -> Exit:
    """Explain the tags that were asked about, and give the exit code: one that is nowhere is told, and counts as missing."""
    found = [each for namespace in report.namespaces for each in namespace.why]
    for text in options.why or ():
        asked = Asked.parse(text)
        if not any(asked.tag == each.tag and asked.names(each.repository) for each in found):
            screen.warn(f"no repository that was looked at has {text}, nor is it on record")
            held.add(Exit.IMAGES)
    code = first(held)
    if not options.json:
        for each in found:
            screen.result(f"{each.repository}:{each.tag}")
            screen.result(
                f"  {' by '.join(filter(None, (each.word, each.rule)))}{f': {each.reason}' if each.reason else ''}", each.word
            )
    for namespace in report.namespaces:
        print_doubts(screen, namespace)
    return tell(screen, options, sheet_of_report(report, code), lambda: report_json(report, code))


def finish_look(screen: Screen, options: CompareOptions, report: Report, held: set[Exit]) -> None:
    """Give the document of one look of many: a line on standard output, and the newest in the file."""
    code = first(held)
    tell(screen, options, sheet_of_report(report, code), lambda: report_line(report, code))


def print_publication(screen: Screen, publication: Publication | None) -> None:
    """Say where the record is."""
    if publication is None:
        return
    if publication.commit is None:
        screen.note("nothing to record" + (f"; pushed what was left to {publication.remote}" if publication.pushed else ""))
    elif publication.pushed:
        screen.note(f"recorded in commit {publication.commit[:12]}, pushed to {publication.remote}")
    else:
        screen.note(f"recorded here only, in commit {publication.commit[:12]}: the repository has no remote to push to")
    for path in publication.left:
        screen.warn(f"{path} was left as you have changed it meanwhile; what was recorded is in the commit")
    if not publication.followed:
        reason = "it has moved meanwhile, or changes of yours are in the way"
        screen.warn(f"the local branch was left where it is: {reason}; commit them and git pull --rebase")


def _print_images(screen: Screen, namespace: NamespaceReport) -> None:
    """Print each repository that changes with its tags, in short; what failed is named in full."""
    for repository, images in groupby(namespace.images, key=attrgetter("repository")):
        shown = [image for image in images if image.news or image.state is State.FAILED]
        if shown:
            screen.result(str(repository))
        for line, state in _lines(shown):
            screen.result(f"  {line}", state)


def _lines(images: list[Change]) -> Iterator[tuple[str, str]]:
    kinds: dict[tuple[State, str, str], list[Change]] = {}
    for kind, alike in groupby(images, key=attrgetter("state", "word", "reason")):
        kinds.setdefault(kind, []).extend(alike)
    for state, word, reason in sorted(kinds, key=lambda kind: (_COUNTED.index(kind[0]), kind[1:])):
        tags = kinds[state, word, reason]
        limit = len(tags) if state is State.FAILED else _MOST_TAGS
        names = ", ".join(_told(image) for image in tags[:limit])
        more = f" and {number(len(tags) - limit)} more" if len(tags) > limit else ""
        yield f"{word:<9} {names}{more}" + (f": {reason}" if reason else ""), state.value


def _told(image: Change) -> str:
    if image.state is State.MOVED and image.was and image.digest and image.was != image.digest:
        return f"{image.tag} ({shortened(image.was.encoded, 13)} -> {shortened(image.digest.encoded, 13)})"
    return str(image.tag)


def print_listed(screen: Screen, namespace: NamespaceReport) -> None:
    """Print how a namespace was listed: ``listed by: google; 1,042 requests; complete``."""
    whole = "complete" if namespace.complete else "not complete"
    asked = f"; {counted(namespace.asked, 'request')} for referrers" if namespace.asked else ""
    screen.result(str(namespace.namespace))
    screen.result(f"  listed by: {namespace.listed_by}; {counted(namespace.requests, 'request')}; {whole}{asked}")


def print_counts(screen: Screen, sheet: Sheet) -> None:
    """Print a table of how many tags are in each state, and of what was copied; of several namespaces with a line for all."""
    every = Part(counted(len(sheet.parts), "namespace"), sheet.counts, copied=sum(part.copied for part in sheet.parts))
    more = ("copied",) if every.copied else ()
    rows = []
    for part in (*sheet.parts, every) if len(sheet.parts) > 1 else sheet.parts:
        counts = (number(part.counts[state]) for state in sheet.states)
        rows.append((part.name, *counts, *(size(part.copied) for _ in more)))
    screen.table(columns(("NAMESPACE", *sheet.states, *more), rows))


def print_doubts(screen: Screen, namespace: NamespaceReport) -> None:
    """Print which lists were not believed, and what else somebody should look at."""
    for doubt in namespace.doubts:
        if doubt.fault in (Fault.FAILED, Fault.LIMITED):
            screen.fail_listing(str(doubt.path), doubt.reason)
        elif doubt.fault in (Fault.UNSEEN, Fault.UNMATCHED):
            screen.warn(f"{doubt.path}: {doubt.reason}")
        else:
            advice = "nothing of it was added or retired; if it is right, name it in accept_empty"
            screen.warn(f"{doubt.path}: {doubt.reason}; {advice}")
    for alarm in namespace.alarms:
        screen.warn(f"{namespace.namespace}: {alarm.reason}")
