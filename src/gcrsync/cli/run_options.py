"""The options of the single commands that look at sources."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gcrsync.cli.options import HOW, TOLD, Author, CompareOptions, Date, Metrics, NotifyOn, Occasion


@dataclass(frozen=True, slots=True)
class PreviewOptions(CompareOptions):
    """What ``compare`` takes."""

    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 10 where a sync would change something.", rich_help_panel=TOLD)
    ] = False
    why: Annotated[
        list[str] | None,
        typer.Option(help="Explain what becomes of TAG or REPOSITORY:TAG. Repeatable.", metavar="TAG", rich_help_panel=TOLD),
    ] = None
    metrics: Metrics = None
    notify_on: NotifyOn = Occasion.FAILURES


@dataclass(frozen=True, slots=True)
class AdoptOptions(CompareOptions):
    """What ``adopt`` takes."""

    author: Author = None
    date: Date = None
    metrics: Metrics = None
    notify_on: NotifyOn = Occasion.FAILURES


@dataclass(frozen=True, slots=True)
class SyncOptions(CompareOptions):
    """What ``sync`` and ``test`` take."""

    move: Annotated[
        bool,
        typer.Option("--move", help="Copy mirrors whose name would change to the new name, then record it.", rich_help_panel=HOW),
    ] = False
    retry_refused: Annotated[
        bool,
        typer.Option("--retry-refused", help="Try again what the destination has refused before.", rich_help_panel=HOW),
    ] = False
    allow_prune: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Prune up to so many tags in all, whatever share of the record that is, and none if there are more.",
            metavar="N",
            rich_help_panel=HOW,
            show_default=False,
        ),
    ] = None
    author: Author = None
    date: Date = None
    metrics: Metrics = None
    notify_on: NotifyOn = Occasion.FAILURES


@dataclass(frozen=True, slots=True)
class RunOptions(SyncOptions):
    """What ``sync`` takes beside."""

    deadline: Annotated[
        str | None,
        typer.Option(
            help="End after this time, with everything confirmed recorded and pushed: 5h30m, 90m, 45s. Exit code 4.",
            metavar="DURATION",
            rich_help_panel=HOW,
            show_default=False,
        ),
    ] = None
    executor: Annotated[
        str | None,
        typer.Option(
            help="Have the workers of a Dask cluster copy: dask://SCHEDULER:8786, with TLS or on loopback.",
            metavar="URL",
            rich_help_panel=HOW,
            show_default=False,
        ),
    ] = None
    checkpoint: Annotated[
        str,
        typer.Option(
            help="Commit and push what is confirmed so far, once in this time: 10m, 90s. With 0s: at the end alone.",
            metavar="DURATION",
            rich_help_panel=HOW,
        ),
    ] = "10m"
    max_bytes: Annotated[
        str | None,
        typer.Option(
            help="End once so many bytes of blobs were sent: 2GiB, 500MB. Exit code 4.",
            metavar="SIZE",
            rich_help_panel=HOW,
            show_default=False,
        ),
    ] = None
    status: Annotated[
        Path | None,
        typer.Option(
            help="Replace this file each second with how the run goes on, as JSON: gcrsync monitor --status FILE shows it.",
            metavar="FILE",
            rich_help_panel=TOLD,
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class MonitorOptions(CompareOptions):
    """What ``monitor`` takes."""

    interval: Annotated[
        float, typer.Option(min=1.0, help="Seconds from one look to the next.", metavar="SECONDS", rich_help_panel=HOW)
    ] = 300.0
    count: Annotated[
        int, typer.Option(min=0, help="How many looks; 0 goes on until it is stopped.", metavar="N", rich_help_panel=HOW)
    ] = 0
    status: Annotated[
        Path | None,
        typer.Option(
            help="Show the run that writes this file (sync --status FILE) until it has ended, and nothing else.",
            metavar="FILE",
            rich_help_panel=TOLD,
            show_default=False,
        ),
    ] = None
