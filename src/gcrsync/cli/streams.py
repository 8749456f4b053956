"""Standard streams that a run outlives: a closed terminal or a full disk is no reason to leave unrecorded what was done."""

import os
import sys
from io import TextIOWrapper
from typing import TextIO

from gcrsync.cli.command import Exit, first
from gcrsync.errors import one_line


class Lasting(TextIOWrapper):
    """A standard stream that goes on without a word once it cannot be written; ``lost`` is what happened then."""

    lost: OSError | None = None

    def write(self, text: str) -> int:
        """Write a text, or note that it cannot be written."""
        try:
            return super().write(text)
        except OSError as error:
            self._lose(error)
            return len(text)

    def flush(self) -> None:
        """Send what was written, or note that it cannot be sent."""
        try:
            super().flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        """Lead all that follows to nowhere, also what is written beside Python's streams."""
        self.lost = self.lost or error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


def make_lasting() -> None:
    """Have standard output and standard error last.

    One that is closed leads to nowhere: else the next file that is opened would take its place, and get what is meant for people.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    sys.stdout, sys.stderr = _lasting(sys.stdout, 1), _lasting(sys.stderr, 2)


def code_in_the_end(code: str | int | None) -> int:
    """Give the exit code of a program that wants to end with this one.

    Output that could not be written is a failure, as of a report; a reader who has seen enough and left is none.
    """
    number = code if isinstance(code, int) else int(code is not None)
    sys.stdout.flush()
    lost = sys.stdout.lost if isinstance(sys.stdout, Lasting) else None
    if lost is None or isinstance(lost, BrokenPipeError):
        return number
    sys.stderr.write(f"gcrsync: writing standard output: {one_line(lost.strerror or str(lost))}; all else was done\n")
    return first({Exit(number), Exit.RECORD}) if number in set(Exit) else number


def _lasting(stream: TextIO | None, number: int) -> TextIO:
    """Give a stream in place of one; None is one that was closed."""
    if stream is None:
        return Lasting(os.fdopen(number, "wb"), encoding="utf-8", errors="replace", line_buffering=True)
    if not isinstance(stream, TextIOWrapper):
        return stream
    encoding, line_buffering = stream.encoding, stream.line_buffering
    return Lasting(stream.detach(), encoding=encoding, errors="replace", line_buffering=line_buffering)
