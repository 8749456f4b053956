"""``gcrsync serve``: an ``oci:`` folder as a registry with a catalogue, until somebody stops it."""

from math import inf

from gcrsync.archive.folder import LayoutFolder
from gcrsync.cli.command import Exit, stoppable, stopped_within
from gcrsync.cli.console import Screen
from gcrsync.cli.opening import opened
from gcrsync.cli.record_options import ServeOptions
from gcrsync.cli.shown import Shown
from gcrsync.errors import UsageError
from gcrsync.serve.server import serving


def serve(options: ServeOptions) -> Exit:
    """Serve the folder, and the catalogue beside it; a signal is the usual end, and no failure."""
    screen, folder, writable = Screen(verbose=options.verbose), options.folder, options.writable
    if not writable and not folder.is_dir():
        raise UsageError(
            f"{folder} is no folder", hint="name what follows oci: in a destination, or add --writable to begin an empty one"
        )
    history = None if options.metadata_repo is None else opened(options.metadata_repo, branch=options.branch)
    log = screen.note if options.verbose else _ignore
    pages = Shown(LayoutFolder(folder), history, screen).page
    with stoppable() as stopped, serving(folder, port=options.port, writable=writable, log=log, pages=pages) as address:
        screen.result(address)
        screen.note(f"serving {folder} on {address}{', for pushes too' if writable else ''}; stop with Ctrl-C")
        screen.note(f"the catalogue is at http://{address}/")
        stopped_within(stopped, inf)
    return Exit.DONE


def _ignore(line: str) -> None:
    del line
