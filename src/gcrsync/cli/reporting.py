"""Where the end of a command is told beside the terminal: on standard output for programs, and in files of several forms."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gcrsync.cli.command import Exit, first, now
from gcrsync.cli.console import Screen
from gcrsync.cli.notifying import notify
from gcrsync.cli.options import CompareOptions
from gcrsync.cli.record_options import Told, VerifyOptions
from gcrsync.cli.run_options import AdoptOptions, MonitorOptions, PreviewOptions, SyncOptions
from gcrsync.cli.summary import add_summary
from gcrsync.errors import GcrsyncError, StoreError, UsageError
from gcrsync.metadata.junit import junit_xml
from gcrsync.metadata.report import report_json, report_line
from gcrsync.metadata.report_page import page
from gcrsync.metadata.sheet import Sheet
from gcrsync.metadata.status import Pulls
from gcrsync.mirror.report import Report

Announced = AdoptOptions | PreviewOptions | SyncOptions | VerifyOptions
"""The options of the commands that a job runs, whose end is told to whoever does not look."""

_FORMS: dict[str, Callable[[Sheet], str]] = {".md": page, ".xml": junit_xml}
"""The forms of a report by the endings of its file; any other is the JSON document."""


def check_files(options: Told) -> None:
    """Refuse, with UsageError, a report in a form that the command does not have, and metrics where nobody would read them."""
    if not isinstance(options, CompareOptions | VerifyOptions) and _form(options.report):
        raise UsageError(f"this command has no report like {options.report}", hint="name a file for JSON: report.json")
    if isinstance(options, Announced) and options.metrics and not _is_read(options.metrics):
        raise UsageError(f"nobody would read the metrics in {options.metrics}", hint="name a file that ends with .prom")


def tell(
    screen: Screen,
    options: CompareOptions | VerifyOptions,
    sheet: Sheet,
    document: Callable[[], str],
    pulls: tuple[Pulls, ...] = (),
) -> Exit:
    """Give what came of a command wherever that is wanted, the ``document`` being its JSON, and give the exit code in the end.

    ``pulls`` is what hosts have left.
    """
    form, code = _form(options.report), Exit(sheet.exit)
    text = document() if options.json or (options.report and not form) else ""
    if not give(screen, options, text, form and form(sheet)):
        code = first({code, Exit.RECORD})
    if isinstance(options, Announced):
        return _announced(screen, options, replace(sheet, exit=int(code)), pulls)
    return code


def _announced(screen: Screen, options: Announced, sheet: Sheet, pulls: tuple[Pulls, ...]) -> Exit:
    """Tell whoever does not look, and give the exit code in the end."""
    code = Exit(sheet.exit)
    if options.metrics and _is_read(options.metrics) and not _measured(screen, options.metrics, sheet, pulls):
        code = first({code, Exit.RECORD})
    told = replace(sheet, exit=int(code))
    add_summary(screen, told)
    notify(screen, options.notify_on, told)
    return code


def tell_failed(screen: Screen, options: Told, sheet: Sheet, error: GcrsyncError) -> None:
    """Tell of a command that came to nothing: the document is on one line where others may have been before it."""
    rendered = report_line if isinstance(options, MonitorOptions) else report_json

    def document() -> str:
        return rendered(Report(sheet.command, sheet.started), sheet.exit, error)

    if isinstance(options, CompareOptions | VerifyOptions):
        tell(screen, options, sheet, document)
    elif not _form(options.report):
        give(screen, options, document())
    elif options.json:
        screen.document(document())


def give(screen: Screen, options: Told, document: str, report: str | None = None) -> bool:
    """Print a document and write it, or the ``report``, to a file, where either is wanted; say whether it could be written."""
    if options.json:
        screen.document(document)
    return options.report is None or _written(screen, options.report, document if report is None else report)


def _is_read(metrics: Path) -> bool:
    """Say whether the collector reads files of such a name."""
    return metrics.suffix == ".prom"


def _form(place: Path | None) -> Callable[[Sheet], str] | None:
    return None if place is None else _FORMS.get(place.suffix.lower())


def _written(screen: Screen, path: Path, text: str) -> bool:
    """Write a report, and say so where that cannot be done: what the run did is told all the same."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        screen.fail(StoreError(f"writing the report {path}: {error.strerror}"))
        return False
    return True


def _measured(screen: Screen, path: Path, sheet: Sheet, pulls: tuple[Pulls, ...]) -> bool:
    """Write metrics, and say so where that cannot be done."""
    from gcrsync.cli.metrics import write_metrics  # noqa: PLC0415 - it takes a while to import, and most runs need it not

    try:
        write_metrics(path, sheet, pulls, now())
    except OSError as error:
        screen.fail(StoreError(f"writing the metrics {path}: {error.strerror}"))
        return False
    return True
