"""The options of the commands that are about what is on record."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gcrsync.cli.completion import images, recorded
from gcrsync.cli.doctor_options import DoctorOptions
from gcrsync.cli.image_options import ImageOptions
from gcrsync.cli.options import (
    AsJson,
    Branch,
    CompareOptions,
    Config,
    DocumentFile,
    Insecure,
    Jobs,
    MetadataRepo,
    Metrics,
    NotifyOn,
    Occasion,
    ReportFile,
    Retries,
    Timeout,
    Verbose,
)
from gcrsync.clients.client import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOptions:
    """What every command takes that reads the record alone."""

    metadata_repo: MetadataRepo = None
    branch: Branch = None
    json: AsJson = False
    report: DocumentFile = None
    verbose: Verbose = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryOptions(RecordOptions):
    """What ``history`` takes."""

    name: Annotated[
        str,
        typer.Argument(
            autocompletion=images,
            metavar="REPOSITORY[:TAG]",
            help="The image at its source: gcr.io/distroless/static:latest; without a tag all tags, without a host under gcr.io.",
        ),
    ]


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What ``verify`` takes."""

    namespaces: Annotated[
        list[str] | None,
        typer.Argument(
            autocompletion=recorded,
            metavar="[NAMESPACE]...",
            help="distroless (under gcr.io), gcr.io/distroless, registry.k8s.io... Without any: all that is on record.",
            show_default=False,
        ),
    ] = None
    sample: Annotated[
        str | None,
        typer.Option(
            help="Ask for this share of it alone, chosen by chance: 5%. No lists are asked for then, so nothing extra is found.",
            metavar="PERCENT",
            show_default=False,
        ),
    ] = None
    repair: Annotated[
        bool, typer.Option("--repair", help="Copy again from the source what is missing, by its digest, and put its tags.")
    ] = False
    metadata_repo: MetadataRepo = None
    branch: Branch = None
    config: Config = None
    insecure: Insecure = None
    jobs: Jobs = 8
    timeout: Timeout = 60.0
    retries: Retries = 3
    json: AsJson = False
    report: ReportFile = None
    metrics: Metrics = None
    notify_on: NotifyOn = Occasion.FAILURES
    verbose: Verbose = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions(RecordOptions):
    """What ``search`` takes."""

    words: Annotated[
        list[str],
        typer.Argument(
            metavar="WORD...", help="Parts of a name or a tag, all of which have to fit: kube-proxy:v1.31, static debug."
        ),
    ]
    limit: Annotated[int, typer.Option(min=0, help="How many repositories are shown; 0 shows all.", metavar="N")] = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions(RecordOptions):
    """What ``list`` takes."""

    namespace: Annotated[
        str | None,
        typer.Argument(
            autocompletion=recorded,
            metavar="[NAMESPACE]",
            help="gcr.io/distroless, or a repository for its tags; without a host under gcr.io. Without any: all on record.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveOptions(RecordOptions):
    """What ``resolve`` takes."""

    images: Annotated[
        list[str],
        typer.Argument(
            autocompletion=images,
            metavar="IMAGE...",
            help="As it is named at its source: gcr.io/distroless/static:latest, nginx@sha256:...",
        ),
    ]
    digest: Annotated[bool, typer.Option("--digest", help="Pin each name by the digest that the mirror has.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteOptions(RecordOptions):
    """What ``rewrite`` takes."""

    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Kubernetes and Compose files, values of charts, Dockerfiles, texts. Without any, or -: standard input to output.",
            show_default=False,
        ),
    ] = None
    check: Annotated[bool, typer.Option("--check", help="Change nothing, and end with 1 if something would change.")] = False
    digest: Annotated[bool, typer.Option("--digest", help="Pin each name by the digest that the mirror has.")] = False


@dataclass(frozen=True, slots=True)
class MirrorConfigOptions:
    """What ``mirror-config`` takes."""

    client: Annotated[Client, typer.Argument(metavar="CLIENT", help="Who pulls on those machines.")]
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the files below this folder instead of printing them.", show_default=False),
    ] = None
    metadata_repo: MetadataRepo = None
    branch: Branch = None
    verbose: Verbose = False


@dataclass(frozen=True, slots=True)
class SiteOptions:
    """What ``site`` takes."""

    output: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write it into, which may have an earlier one.")] = Path(
        "site"
    )
    metadata_repo: MetadataRepo = None
    branch: Branch = None
    verbose: Verbose = False


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What ``serve`` takes."""

    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder: what follows oci: in a destination.")]
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 takes a free one.", metavar="PORT")] = 5000
    writable: Annotated[bool, typer.Option("--writable", help="Take pushes as well.")] = False
    metadata_repo: Annotated[
        str | None,
        typer.Option(
            metavar="PATH-or-URL",
            help="Show what this metadata repository records. Default: what is in the folder.",
            show_default=False,
        ),
    ] = None
    branch: Branch = None
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print a line for each request.")] = False


Told = CompareOptions | DoctorOptions | ImageOptions | RecordOptions | VerifyOptions
"""The options of the commands that give a document for programs."""
