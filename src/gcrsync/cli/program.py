"""The program: what it is, and where its commands are put. What a command needs is imported when it runs, so that help is quick."""

from typing import Annotated

import typer

_ABOUT = """Mirror whole namespaces of container images, every digest unchanged, with the record in git.

gcrsync lists every repository and tag under a namespace, compares that with the JSON files in a git repository, copies only the
difference to the registry of your choice, then commits and pushes what truly happened.

A command ends with 0 if all is done, 1 if something of it failed, 2 for what cannot be used as an argument or a configuration, 3 if
a registry could not be asked or the record not be read or pushed, 4 at a limit, 70 for a defect, and 130 after a signal. What these
mean for a command, and examples of it, are told by `gcrsync COMMAND --help`.

For a first mirror, in a new git repository:

    gcrsync doctor distroless/static --to ghcr.io/acme
    gcrsync compare distroless/static --to ghcr.io/acme
    gcrsync sync distroless/static --to ghcr.io/acme
    gcrsync init                   # asks, and writes the nightly job
"""

app = typer.Typer(
    help=_ABOUT,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
