"""What is the same for every command."""

import sys
import time
from itertools import count, takewhile
from types import FrameType

import pytest

from gcrsync.cli.command import Exit, first, stopped_within
from gcrsync.mirror.ending import Ending
from gcrsync.sync.stop import Stop


@pytest.mark.parametrize(
    ("codes", "counts"),
    [
        (set(), Exit.DONE),
        ({Exit.DELTA}, Exit.DELTA),
        ({Exit.DELTA, Exit.IMAGES}, Exit.IMAGES),
        ({Exit.IMAGES, Exit.RECORD}, Exit.RECORD),
        ({Exit.RECORD, Exit.STOPPED, Exit.BUDGET}, Exit.STOPPED),
        ({Exit.USAGE, Exit.RECORD}, Exit.USAGE),
        ({Exit.DEFECT, Exit.STOPPED}, Exit.DEFECT),
    ],
)
def test_of_several_exit_codes_the_gravest_counts(codes: set[Exit], counts: Exit) -> None:
    assert first(codes) is counts


def interrupted_at(number: int) -> tuple[bool, bool]:
    """Have a signal come at a line of a wait, and say whether the wait ended by it, and whether there was such a line.

    A handler runs between two lines of the main thread, and so does a trace function.
    """
    stop, lines = Stop(time.monotonic), count()

    def trace(_frame: FrameType, event: str, _argument: object) -> object:
        if event == "line" and next(lines) == number:
            stop.ask(Ending.SIGNAL)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]  # a trace function gives itself
    try:
        ended = stopped_within(stop, 0.02)
    finally:
        sys.settrace(before)
    return ended, next(lines) > number


def test_a_signal_at_whatever_line_of_a_wait_ends_it() -> None:
    waits = list(takewhile(lambda each: each[1], map(interrupted_at, count())))

    assert len(waits) > 3
    assert all(ended for ended, _ in waits)
