"""The program: its commands and their help. What a command needs is imported when it runs, so that help is quick."""

import gc
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gcrsync.cli.command import THREADS, Exit, takes
from gcrsync.cli.options import AdoptOptions, MonitorOptions, PreviewOptions, RunOptions, SyncOptions
from gcrsync.cli.record_options import HistoryOptions, VerifyOptions
from gcrsync.cli.streams import code_in_the_end, make_lasting
from gcrsync.store.command import LOCAL_VARIABLES

GARBAGE_THRESHOLD = 200_000
"""How many values there may be before cycles are looked for among them."""

_ABOUT = """Mirror whole namespaces of container images, every digest unchanged, with the record in git.

gcrsync lists every repository and tag under a namespace, compares that with the JSON files in a git repository, copies only the
difference to the registry of your choice, then commits and pushes what truly happened.
"""

app = typer.Typer(
    help=_ABOUT,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What ``serve`` takes."""

    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder: what follows oci: in a destination.")]
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 takes a free one.")] = 5000
    writable: Annotated[bool, typer.Option("--writable", help="Take pushes as well.")] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print a line for each request.")] = False


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What ``demo`` takes."""

    folder: Annotated[
        Path | None, typer.Option(help="An empty folder to work in. Default: a new temporary one.", show_default=False)
    ] = None
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell of a failure with the whole chain of its causes.")] = False


@dataclass(frozen=True, slots=True)
class InitOptions:
    """What ``init`` takes."""

    source: Annotated[str, typer.Argument(metavar="NAMESPACE", help="What to mirror: gcr.io/distroless, registry.k8s.io...")]
    to: Annotated[str, typer.Option(metavar="DESTINATION", help="Where to: ghcr.io/acme, docker.io/me, oci:FOLDER...")]
    metadata_repo: Annotated[
        str | None, typer.Option(metavar="PATH", help="The git repository. Default: that of this folder.", show_default=False)
    ] = None
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell of a failure with the whole chain of its causes.")] = False


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the value of the option
    if wanted:
        from importlib.metadata import version

        typer.echo(f"gcrsync {version('gcrsync')}")
        raise typer.Exit


@app.callback()
def _program(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    pass


@app.command()
@takes(PreviewOptions)
def compare(options: PreviewOptions) -> Exit:
    """Show what a sync would do; touch nothing.

    Lists the source, compares it with the record in git, and prints the tags that are new, moved, gone or held. It needs no
    credentials for the destination.

    Ends with 0, with 10 if there is a difference and --exit-code is given, with 3 if a list failed.
    """
    from gcrsync.cli.commands import compare as run

    return run(options)


@app.command()
@takes(RunOptions)
def sync(options: RunOptions) -> Exit:
    """Mirror: copy what is new or moved, record what truly happened, commit, push.

    The nightly job. Only what the destination confirmed is recorded; a tag that vanished at the source stays in the mirror.
    Credentials for the destination come from GCRSYNC_USERNAME and GCRSYNC_PASSWORD, or from docker login.

    Ends with 0; 1 if images failed (the others are copied and recorded); 3 if a list failed or the record could not be written
    or pushed; 4 at the end of --deadline or --max-bytes and 130 after a signal, with everything confirmed recorded and pushed.
    """
    from gcrsync.cli.commands import sync as run

    return run(options)


@app.command()
@takes(SyncOptions)
def test(options: SyncOptions) -> Exit:
    """Rehearse a sync: ask the destination, and make the commit of a full success in a temporary clone.

    Copies nothing and leaves your repository as it is; prints the path of the clone, in which you can look at the commit.
    """
    from gcrsync.cli.commands import test as run

    return run(options)


@app.command()
@takes(MonitorOptions)
def monitor(options: MonitorOptions) -> Exit:
    """Count the tags at the source, those mirrored and those pending, again and again.

    Touches nothing. Ends after --count looks, or when it is stopped.
    """
    from gcrsync.cli.commands import monitor as run

    return run(options)


@app.command()
@takes(AdoptOptions)
def adopt(options: AdoptOptions) -> Exit:
    """Begin the record of a mirror that exists already: record what it has of the source, commit, push; copy nothing.

    For a mirror that was made by hand or by another tool, or whose record is lost. Lists the source and the destination, and
    compares them by digest; what is on record stays as it is. The next sync then copies only the rest.

    Ends with 0; 1 if tags of the mirror serve what the source does not know, which a sync would replace; 3 if a list failed, the
    destination could not be asked, or the record could not be written or pushed.
    """
    from gcrsync.cli.adopting import adopt as run

    return run(options)


@app.command()
@takes(HistoryOptions)
def history(options: HistoryOptions) -> Exit:
    """Tell from git what a tag was: each digest that it had, from when to when (UTC), and by which name the mirror has it.

    The times are those of the commits that recorded it. Without a tag, all tags of the repository are told.
    """
    from gcrsync.cli.past import history as run

    return run(options)


@app.command()
@takes(VerifyOptions)
def verify(options: VerifyOptions) -> Exit:
    """Ask the destination whether it has what is on record: every tag with its digest, and every signature that was copied.

    Tells what is missing, what is different and what is extra, and changes nothing; with --repair what is missing is copied again.
    Manifests are asked for, not the layers that they name.

    Ends with 0 if all is there; 1 if something is missing or different, and was not repaired; 3 if the destination could not be
    asked.
    """
    from gcrsync.cli.verifying import verify as run

    return run(options)


@app.command()
@takes(InitOptions)
def init(options: InitOptions) -> Exit:
    """Make a metadata repository of the git repository you stand in: write gcrsync.toml and metadata/README.md.

    Overwrites nothing and commits nothing.
    """
    from gcrsync.cli.commands import opened
    from gcrsync.cli.console import Screen
    from gcrsync.cli.init import initialize

    return initialize(Screen(verbose=options.verbose), opened(options.metadata_repo), options.source, options.to)


@app.command()
@takes(ServeOptions)
def serve(options: ServeOptions) -> Exit:
    """Make a registry of an oci: folder, on loopback, until it is stopped.

    Docker, skopeo, containerd and gcrsync itself can pull from it; with --writable they can push to it too.
    """
    from gcrsync.cli.serving import serve as run

    return run(options.folder, options.port, writable=options.writable, verbose=options.verbose)


@app.command()
@takes(DemoOptions)
def demo(options: DemoOptions) -> Exit:
    """Show the whole nightly job in a few seconds, on two embedded registries and a temporary git repository."""
    from gcrsync.cli.console import Screen
    from gcrsync.cli.demo import demonstrate

    return demonstrate(Screen(verbose=options.verbose), options.folder)


def main() -> None:
    """Run the program."""
    # Lists and records are hundreds of thousands of small values without cycles: looking for cycles in them takes a third of a run.
    gc.set_threshold(GARBAGE_THRESHOLD)
    make_lasting()
    for name in LOCAL_VARIABLES:  # of a repository whose hook may have started us: GitPython tries git as it is imported
        os.environ.pop(name, None)
    try:
        app(prog_name="gcrsync")
    except SystemExit as end:
        code = code_in_the_end(end.code)
        _leave(code)
        raise SystemExit(code) from None
    finally:
        gc.freeze()  # nor does the interpreter look for cycles in them at its end


def _leave(code: int) -> None:
    """End at once where a thread still hangs after a stop: the interpreter would wait for it."""
    if any(thread.name.startswith(THREADS) for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
