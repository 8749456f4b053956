"""``gcrsync serve``: an ``oci:`` folder as a registry, until somebody stops it."""

from math import inf
from pathlib import Path

from gcrsync.cli.command import Exit, stoppable, stopped_within
from gcrsync.cli.console import Screen
from gcrsync.errors import UsageError
from gcrsync.serve.server import serving


def serve(folder: Path, port: int, *, writable: bool, verbose: bool) -> Exit:
    """Serve the folder; a signal is the usual end, and no failure."""
    screen = Screen(verbose=verbose)
    if not writable and not folder.is_dir():
        raise UsageError(
            f"{folder} is no folder", hint="name what follows oci: in a destination, or add --writable to begin an empty one"
        )
    with stoppable() as stopped, serving(folder, port=port, writable=writable, log=screen.note if verbose else _ignore) as address:
        screen.result(address)
        screen.note(f"serving {folder} on {address}{', for pushes too' if writable else ''}; stop with Ctrl-C")
        stopped_within(stopped, inf)
    return Exit.DONE


def _ignore(line: str) -> None:
    del line
