"""The options of the command that looks at what a run needs."""

from dataclasses import dataclass
from typing import Annotated

import typer

from gcrsync.cli.names import Namespaces, To
from gcrsync.cli.options import AsJson, Branch, Config, DocumentFile, Insecure, MetadataRepo, Verbose


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """What ``doctor`` takes."""

    namespaces: Namespaces = None
    to: To = None
    metadata_repo: MetadataRepo = None
    branch: Branch = None
    config: Config = None
    insecure: Insecure = None
    timeout: Annotated[
        float, typer.Option(min=0.1, help="How long anything may take before it counts as failed.", metavar="SECONDS")
    ] = 30.0
    json: AsJson = False
    report: DocumentFile = None
    verbose: Verbose = False
