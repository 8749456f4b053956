"""The options of ``init``."""

from dataclasses import dataclass
from typing import Annotated

import typer

from gcrsync.cli.forge import Forge

_WHAT = "What to mirror"
_JOB = "The nightly job"


@dataclass(frozen=True, slots=True)
class InitOptions:
    """What ``init`` takes."""

    source: Annotated[
        str | None,
        typer.Argument(metavar="[NAMESPACE]", help="What to mirror: gcr.io/distroless, registry.k8s.io...", show_default=False),
    ] = None
    to: Annotated[
        str | None,
        typer.Option(
            metavar="DESTINATION",
            help="Where to: ghcr.io/acme, docker.io/me, oci:FOLDER... Default: the registry that belongs to the git remote.",
            rich_help_panel=_WHAT,
            show_default=False,
        ),
    ] = None
    include: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="Only repositories that match, relative to the source: a glob (static, java/**) or re:REGEX. Repeatable.",
            rich_help_panel=_WHAT,
        ),
    ] = None
    platform: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OS/ARCH", help="Only this platform of an image for several. Repeatable. Default: all.", rich_help_panel=_WHAT
        ),
    ] = None
    ci: Annotated[
        Forge | None,
        typer.Option(
            help="Who runs the nightly job; the file for it is written. Default: where the git remote is.",
            rich_help_panel=_JOB,
            show_default=False,
        ),
    ] = None
    at: Annotated[
        str | None,
        typer.Option(
            metavar="HH:MM",
            help="When it runs, UTC. Default: a time in the small hours that the name of the repository decides.",
            rich_help_panel=_JOB,
            show_default=False,
        ),
    ] = None
    shards: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=256,
            metavar="N",
            help="How many machines share the work. Default: 1.",
            rich_help_panel=_JOB,
            show_default=False,
        ),
    ] = None
    action: Annotated[
        str | None,
        typer.Option(
            metavar="OWNER/REPO@COMMIT",
            help="The gcrsync that it runs: a commit at GitHub, or URL@COMMIT. Default: the one that you run now.",
            rich_help_panel=_JOB,
            show_default=False,
        ),
    ] = None
    metadata_repo: Annotated[
        str | None, typer.Option(metavar="PATH", help="The git repository. Default: that of this folder.", show_default=False)
    ] = None
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: what no option says is as it is by default.")] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell of a failure with the whole chain of its causes.")] = False
