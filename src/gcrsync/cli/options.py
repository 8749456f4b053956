"""The options that commands share, each described once."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gcrsync.cli.names import WHERE, Namespaces, To


class Occasion(StrEnum):
    """When a notice is sent."""

    FAILURES = "failures"
    """Where something failed: with the exit codes 1, 2, 3 and 70."""
    ALWAYS = "always"
    """At the end of each run."""


WHAT = "What to mirror"
HOW = "How"
TOLD = "What is told"
"""The panels of options in the help."""

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
        help="A registry with plain HTTP, or with a certificate that is not checked; loopback does not need it. Repeatable.",
        metavar="HOST",
        rich_help_panel=WHERE,
    ),
]
Jobs = Annotated[
    int, typer.Option(min=1, max=32, help="How many requests and copies run at a time.", metavar="N", rich_help_panel=HOW)
]
Timeout = Annotated[
    float,
    typer.Option(
        min=0.1, help="How long a registry may say nothing before it is asked again.", metavar="SECONDS", rich_help_panel=HOW
    ),
]
Retries = Annotated[
    int, typer.Option(min=0, max=20, help="How often what failed for the moment is tried again.", metavar="N", rich_help_panel=HOW)
]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Give the report as one JSON document on standard output; monitor gives one a line.",
        rich_help_panel=TOLD,
    ),
]
DocumentFile = Annotated[
    Path | None,
    typer.Option(help="Write the same JSON document to a file.", metavar="FILE.json", rich_help_panel=TOLD, show_default=False),
]
ReportFile = Annotated[
    Path | None,
    typer.Option(
        help="Write the report to a file: the same JSON, with .md a page for people, with .xml JUnit's for a CI.",
        metavar="FILE",
        rich_help_panel=TOLD,
        show_default=False,
    ),
]
Metrics = Annotated[
    Path | None,
    typer.Option(
        help="Write metrics for the textfile collector of Prometheus' node_exporter.",
        metavar="FILE.prom",
        rich_help_panel=TOLD,
        show_default=False,
    ),
]
NotifyOn = Annotated[
    Occasion,
    typer.Option(help="When to send a notice to the addresses in GCRSYNC_NOTIFY.", rich_help_panel=TOLD),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Tell of a failure with the whole chain of its causes.", rich_help_panel=TOLD)
]
Author = Annotated[
    str | None,
    typer.Option(
        help="Who commits. Default: as git is configured.",
        metavar="'NAME <ADDRESS>'",
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
            rich_help_panel=WHAT,
        ),
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option(help="No repositories that match. Repeatable.", metavar="PATTERN", rich_help_panel=WHAT),
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
            rich_help_panel=HOW,
            show_default=False,
        ),
    ] = None
    strict: Annotated[
        bool,
        typer.Option("--strict", help="End with 1 where a list was empty or cut and therefore not believed.", rich_help_panel=HOW),
    ] = False
    json: AsJson = False
    report: ReportFile = None
    verbose: Verbose = False
