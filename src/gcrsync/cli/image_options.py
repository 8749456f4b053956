"""The options of the commands that are about single images."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gcrsync.cli.completion import images
from gcrsync.cli.options import AsJson, DocumentFile, Insecure, Jobs, Retries, Timeout, Verbose


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOptions:
    """What every command takes that is about single images."""

    insecure: Insecure = None
    jobs: Jobs = 8
    timeout: Timeout = 60.0
    retries: Retries = 3
    json: AsJson = False
    report: DocumentFile = None
    verbose: Verbose = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOptions(ImageOptions):
    """What ``copy`` takes."""

    source: Annotated[
        str,
        typer.Argument(
            autocompletion=images,
            metavar="SRC",
            help="The image: nginx, gcr.io/distroless/static:latest, quay.io/a/b@sha256:..., oci:DIR/NAME:TAG.",
        ),
    ]
    destination: Annotated[
        str,
        typer.Argument(
            metavar="DST", help="The name that it gets: ghcr.io/acme/static:v1, oci:DIR/NAME:TAG. Without a tag: that of SRC."
        ),
    ]
    platform: Annotated[
        list[str] | None,
        typer.Option(
            help="Copy only what an index has for linux/amd64, linux/arm/v7...; the digest is then another. Repeatable.",
            metavar="OS/ARCH",
        ),
    ] = None
    all: Annotated[bool, typer.Option("--all", help="Copy the image whole, with all its platforms: the default.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectOptions(ImageOptions):
    """What ``inspect`` takes."""

    image: Annotated[
        str,
        typer.Argument(
            autocompletion=images,
            metavar="IMAGE",
            help="The image: nginx, gcr.io/distroless/static:latest, quay.io/a/b@sha256:..., oci:DIR/NAME:TAG.",
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PushOptions(ImageOptions):
    """What ``push`` takes."""

    archive: Annotated[
        Path,
        typer.Argument(
            metavar="ARCHIVE", help="image.tar, packed with gzip, xz, zstd or not at all, or a folder with an OCI image layout."
        ),
    ]
    destination: Annotated[
        str,
        typer.Argument(
            metavar="DST", help="Where to: ghcr.io/acme/app:v1, oci:DIR/NAME:TAG. Without a tag each image keeps its own."
        ),
    ]
    image: Annotated[
        str | None,
        typer.Option(
            help="Push one image of several: its name in the archive, the end of it, its tag, or its digest.", metavar="NAME"
        ),
    ] = None
