"""The commands that begin a mirror and show one, as the program shows them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gcrsync.cli.command import Exit, takes
from gcrsync.cli.doctor_options import DoctorOptions
from gcrsync.cli.init_options import InitOptions
from gcrsync.cli.program import app
from gcrsync.cli.record_options import ServeOptions

PANEL = "Begin, and serve"


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What ``demo`` takes."""

    folder: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="An empty folder to work in. Default: a new temporary one.", show_default=False),
    ] = None
    serve: Annotated[bool, typer.Option("--serve", help="At the end serve the mirror and its catalogue, until it is stopped.")] = (
        False
    )
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell of a failure with the whole chain of its causes.")] = False


@app.command(rich_help_panel=PANEL)
@takes(InitOptions)
def init(options: InitOptions) -> Exit:
    """Make a metadata repository of the git repository you stand in, with a nightly job, and compare.

    Writes gcrsync.toml, the workflow for GitHub or the pipeline for GitLab, and metadata/README.md. At a terminal it asks for what
    no option says; elsewhere it never asks. Overwrites nothing, commits nothing, and may be run again.

    Ends with 0; 1 if a file is there that is another than it would write, which is left as it is; 3 if the comparison failed.

    For example:

        gcrsync init
        gcrsync init distroless --to ghcr.io/acme --ci github --at 2:37
        gcrsync init registry.k8s.io --to oci:../images --yes

    More about it stands in docs/start-on-github.md.
    """
    from gcrsync.cli.init import initialize

    return initialize(options)


@app.command(rich_help_panel=PANEL)
@takes(DoctorOptions)
def doctor(options: DoctorOptions) -> Exit:
    """Look at everything that a sync needs, and say what to do where something is not well; change nothing.

    Git and its remote, the configuration, proxy and certificates, both ends of each mirror with the credentials for them, the
    clock and the disks. At a destination an upload is opened and given up again, and git tries a push without pushing.

    Ends with 0, also with warnings; 1 if something has failed; 2 if the configuration or an argument cannot be used.

    For example:

        gcrsync doctor                         # all of gcrsync.toml
        gcrsync doctor distroless --to ghcr.io/acme
        gcrsync doctor --json --timeout 10

    More about it stands in docs/doctor.md.
    """
    from gcrsync.cli.doctor import doctor as run

    return run(options)


@app.command(rich_help_panel=PANEL)
@takes(ServeOptions)
def serve(options: ServeOptions) -> Exit:
    """Make a registry of an oci: folder, on loopback, until it is stopped.

    Docker, skopeo, containerd and gcrsync itself can pull from it; with --writable they can push to it too. A browser finds
    a catalogue there: of what is in the folder, or with --metadata-repo of what is on record, with its history.

    Ends with 0 when it is stopped.

    For example:

        gcrsync serve ../images
        gcrsync serve ../images --port 0 --writable --verbose
        gcrsync serve ../images --metadata-repo .

    More about it stands in docs/catalogue.md.
    """
    from gcrsync.cli.serving import serve as run

    return run(options)


@app.command(rich_help_panel=PANEL)
@takes(DemoOptions)
def demo(options: DemoOptions) -> Exit:
    """Show the whole nightly job in a few seconds, on two embedded registries and a temporary git repository.

    It needs no network and leaves a folder that can be looked at. Ends with 0; with 3 if something is not as it
    should be.

    For example:

        gcrsync demo
        gcrsync demo --folder /tmp/demo
        gcrsync demo --serve                   # and look in a browser

    More about it stands in README.md.
    """
    from gcrsync.cli.console import Screen
    from gcrsync.cli.demo import demonstrate

    return demonstrate(Screen(verbose=options.verbose), options.folder, serve=options.serve)
