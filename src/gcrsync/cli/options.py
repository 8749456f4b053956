"""The options that commands share, each described once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gcrsync.cli.names import WHERE, Namespaces, To

_WHAT = "What to mirror"
_HOW = "How"
_TOLD = "What is told"

MetadataRepo = Annotated[
    str | None,
    typer.Option(
        help="The git repository that holds the record: a path or a URL. Default: the repository of this folder.",
        metavar="PATH-or-URL",
        rich_help_panel=WHERE,
        show_default=False,
    ),
]
Branch = Annotated[
    str | None,
    typer.Option(
        help="The branch of that repository. Default: the one that is checked out, or the default branch of a URL.",
        metavar="NAME",
        rich_help_panel=WHERE,
        show_default=False,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        help="The configuration. Default: gcrsync.toml at the root of the metadata repository.",
        metavar="FILE",
        rich_help_panel=WHERE,
        show_default=False,
    ),
]
Insecure = Annotated[
    list[str] | None,
    typer.Option(
        help="A registry with plain HTTP, or with a certificate that is not checked; loopback needs it not. Repeatable.",
        metavar="HOST",
        rich_help_panel=WHERE,
    ),
]
Jobs = Annotated[int, typer.Option(min=1, max=32, help="How many requests and copies run at a time.", rich_help_panel=_HOW)]
Timeout = Annotated[
    float,
    typer.Option(
        min=0.1, help="How long a registry may say nothing before it is asked again.", metavar="SECONDS", rich_help_panel=_HOW
    ),
]
Retries = Annotated[
    int, typer.Option(min=0, max=20, help="How often what failed for the moment is tried again.", rich_help_panel=_HOW)
]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Give the report as one JSON document on standard output; monitor gives one a line.",
        rich_help_panel=_TOLD,
    ),
]
ReportFile = Annotated[
    Path | None,
    typer.Option(help="Write the same JSON document to a file.", metavar="FILE.json", rich_help_panel=_TOLD, show_default=False),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Tell of a failure with the whole chain of its causes.", rich_help_panel=_TOLD)
]
Author = Annotated[
    str | None,
    typer.Option(
        help="Who commits: 'NAME <ADDRESS>'. Default: as git is configured.",
        metavar="AUTHOR",
        rich_help_panel=WHERE,
        show_default=False,
    ),
]
Date = Annotated[
    str | None,
    typer.Option(
        help="The date of the commits, like 2026-11-21T02:17:00Z. Default: the time at which they are made.",
        metavar="TIME",
        rich_help_panel=WHERE,
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """What every command that looks at sources takes."""

    namespaces: Namespaces = None
    include: Annotated[
        list[str] | None,
        typer.Option(
            help="Only repositories that match, relative to the source: a glob (static, java/**) or re:REGEX. Repeatable.",
            metavar="PATTERN",
            rich_help_panel=_WHAT,
        ),
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option(help="No repositories that match. Repeatable.", metavar="PATTERN", rich_help_panel=_WHAT),
    ] = None
    to: To = None
    metadata_repo: MetadataRepo = None
    branch: Branch = None
    config: Config = None
    insecure: Insecure = None
    jobs: Jobs = 8
    timeout: Timeout = 60.0
    retries: Retries = 3
    shard: Annotated[
        str | None,
        typer.Option(
            help="Do one part of the work alone: 1/8 to 8/8. All of them may run and push to one branch at the same time.",
            metavar="N/OF",
            rich_help_panel=_HOW,
            show_default=False,
        ),
    ] = None
    strict: Annotated[
        bool,
        typer.Option("--strict", help="End with 1 where a list was empty or cut and therefore not believed.", rich_help_panel=_HOW),
    ] = False
    json: AsJson = False
    report: ReportFile = None
    verbose: Verbose = False


@dataclass(frozen=True, slots=True)
class PreviewOptions(CompareOptions):
    """What ``compare`` takes."""

    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 10 where a sync would change something.", rich_help_panel=_TOLD)
    ] = False
    why: Annotated[
        list[str] | None,
        typer.Option(help="Explain what becomes of TAG or REPOSITORY:TAG. Repeatable.", metavar="TAG", rich_help_panel=_TOLD),
    ] = None


@dataclass(frozen=True, slots=True)
class AdoptOptions(CompareOptions):
    """What ``adopt`` takes."""

    author: Author = None
    date: Date = None


@dataclass(frozen=True, slots=True)
class SyncOptions(CompareOptions):
    """What ``sync`` and ``test`` take."""

    move: Annotated[
        bool,
        typer.Option("--move", help="Copy mirrors whose name would change to the new name, then record it.", rich_help_panel=_HOW),
    ] = False
    retry_refused: Annotated[
        bool,
        typer.Option("--retry-refused", help="Try again what the destination has refused before.", rich_help_panel=_HOW),
    ] = False
    allow_prune: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Prune up to so many tags in all, whatever share of the record that is, and none if there are more.",
            metavar="N",
            rich_help_panel=_HOW,
            show_default=False,
        ),
    ] = None
    author: Author = None
    date: Date = None


@dataclass(frozen=True, slots=True)
class RunOptions(SyncOptions):
    """What ``sync`` takes beside."""

    deadline: Annotated[
        str | None,
        typer.Option(
            help="End after this time, with everything confirmed recorded and pushed: 5h30m, 90m, 45s. Exit code 4.",
            metavar="DURATION",
            rich_help_panel=_HOW,
            show_default=False,
        ),
    ] = None
    executor: Annotated[
        str | None,
        typer.Option(
            help="Have the workers of a Dask cluster copy: dask://SCHEDULER:8786, with TLS or on loopback.",
            metavar="URL",
            rich_help_panel=_HOW,
            show_default=False,
        ),
    ] = None
    checkpoint: Annotated[
        str,
        typer.Option(
            help="Commit and push what is confirmed so far, once in this time: 10m, 90s. With 0s: at the end alone.",
            metavar="DURATION",
            rich_help_panel=_HOW,
        ),
    ] = "10m"
    max_bytes: Annotated[
        str | None,
        typer.Option(
            help="End once so many bytes of blobs were sent: 2GiB, 500MB. Exit code 4.",
            metavar="SIZE",
            rich_help_panel=_HOW,
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class MonitorOptions(CompareOptions):
    """What ``monitor`` takes."""

    interval: Annotated[
        float, typer.Option(min=1.0, help="Seconds from one look to the next.", metavar="SECONDS", rich_help_panel=_HOW)
    ] = 300.0
    count: Annotated[int, typer.Option(min=0, help="How many looks; 0 goes on until it is stopped.", rich_help_panel=_HOW)] = 0
