"""The end of a run before its work is done."""

from contextlib import nullcontext

import pytest

from gcrsync.errors import LimitError
from gcrsync.mirror.ending import Ending
from gcrsync.sync.stop import Stop
from tests.support.clock import SteppedClock


def test_nobody_has_asked_at_first() -> None:
    stop = Stop(lambda: 0.0)

    assert (stop(), stop.ending, stop.seconds()) == (False, None, None)


def test_the_seconds_count_from_whoever_asked_first() -> None:
    clock = SteppedClock()
    stop = Stop(lambda: clock.seconds)
    stop.ask(Ending.DEADLINE)
    clock.seconds += 2
    stop.ask(Ending.BYTES)

    assert (stop(), stop.ending, stop.seconds()) == (True, Ending.DEADLINE, 2.0)


def test_a_signal_counts_more_than_the_limit_before_it() -> None:
    stop = Stop(lambda: 0.0)
    for ending in (Ending.DEADLINE, Ending.SIGNAL, Ending.BYTES):
        stop.ask(ending)

    assert stop.ending is Ending.SIGNAL


@pytest.mark.parametrize(("sizes", "ending"), [([60, 40], None), ([60, 41], Ending.BYTES), ([101], Ending.BYTES)])
def test_bytes_that_do_not_fit_any_more_let_nothing_new_begin(sizes: list[int], ending: Ending | None) -> None:
    stop = Stop(lambda: 0.0, most=100)
    with pytest.raises(LimitError) if ending else nullcontext():
        for each in sizes:
            stop.spend(each)

    assert stop.ending is ending
    assert stop.closed is (ending is not None)
    assert stop.unfit == (sizes[-1] if ending else None)
    assert not stop(), "what was counted before goes on"


def test_without_a_limit_any_number_of_bytes_is_sent() -> None:
    stop = Stop(lambda: 0.0)
    stop.spend(1 << 50)

    assert not stop()


def test_bytes_are_lent_in_equal_parts_and_what_comes_back_may_be_sent() -> None:
    stop = Stop(lambda: 0.0, most=100)
    lent = [stop.lend(parts) for parts in (4, 3, 2, 1)]
    assert (lent, stop.left, stop.most) == ([25, 25, 25, 25], 0, 25)

    stop.restore(10)
    stop.spend(10)
    with pytest.raises(LimitError):
        stop.spend(1)
    assert Stop(lambda: 0.0).lend(4) is None
