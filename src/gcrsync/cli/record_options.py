"""The options of the commands that are about what is on record."""

from dataclasses import dataclass
from typing import Annotated

import typer

from gcrsync.cli.options import AsJson, CompareOptions, MetadataRepo, ReportFile, Verbose


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """What ``history`` takes."""

    name: Annotated[
        str,
        typer.Argument(
            metavar="REPOSITORY[:TAG]",
            help="The image at its source: gcr.io/distroless/static:latest; without a tag all tags, without a host under gcr.io.",
        ),
    ]
    metadata_repo: MetadataRepo = None
    json: AsJson = False
    report: ReportFile = None
    verbose: Verbose = False


Told = CompareOptions | HistoryOptions
"""The options of the commands that give a document for programs."""
