"""A program that is asked for a secret: for a limited time, away from the terminal, and never quoted."""

import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from subprocess import PIPE, Popen, TimeoutExpired
from threading import Event

from gcrsync.errors import InputError

PATIENCE = 60.0
"""After how many seconds a program is ended that has not answered."""

_groups = set[int]()
"""The process groups of the programs that run now."""

_over = Event()
"""Whether no program is to be run any more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a program has ended, and what it wrote, which may be secret."""

    status: int
    output: bytes = field(repr=False)
    words: bytes = field(repr=False)


def ask(command: Sequence[str], environment: Mapping[str, str], given: bytes = b"", patience: float = PATIENCE) -> Answer:
    """Run a program of the PATH in this environment alone, with ``given`` as its input, for ``patience`` seconds at most.

    Raises InputError with the bare reason where it is missing, cannot be run or takes too long.
    """
    if _over.is_set():
        raise InputError("all is about to end")
    path = shutil.which(command[0], path=environment.get("PATH", ""))
    if path is None:
        raise InputError("it is not on PATH")
    try:
        # In a session of its own it has no terminal to ask at, and can be ended with all that it has started.
        process = Popen(  # noqa: S603 - the user's own configuration names the program, and there is no shell
            [path, *command[1:]], stdin=PIPE, stdout=PIPE, stderr=PIPE, env=dict(environment), start_new_session=True
        )
    except OSError as error:
        raise InputError(f"it cannot be run: {error.strerror}") from error
    with process:
        _groups.add(process.pid)
        try:
            output, words = process.communicate(given, timeout=patience)
        except TimeoutExpired:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            raise InputError(f"no answer within {patience:g} seconds") from None
        finally:
            _groups.discard(process.pid)
    return Answer(process.returncode, output, words)


def end_programs() -> None:
    """End every program, with all that it has started, and run none any more; for a process that is about to end itself."""
    _over.set()
    for group in tuple(_groups):
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)
