"""The program put together, and how it begins and ends."""

import gc
import os
import sys
import threading

from gcrsync.cli import program_image, program_mirror, program_record, program_tools
from gcrsync.cli.command import THREADS
from gcrsync.cli.completion import rejoin
from gcrsync.cli.program import app
from gcrsync.cli.streams import code_in_the_end, make_lasting
from gcrsync.store.command import LOCAL_VARIABLES

GARBAGE_THRESHOLD = 200_000
"""How many values there may be before cycles are looked for among them."""

COMMANDS = (program_mirror, program_record, program_image, program_tools)
"""The modules whose commands the program has, in the order of its help."""

_PANELS = [module.PANEL for module in COMMANDS]
app.registered_commands.sort(key=lambda command: _PANELS.index(command.rich_help_panel))


def main() -> None:
    """Run the program."""
    # Lists and records are hundreds of thousands of small values without cycles: looking for cycles in them takes a third of a run.
    gc.set_threshold(GARBAGE_THRESHOLD)
    make_lasting()
    rejoin(os.environ)
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
