"""How many requests a host gets at a time."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Lock

import pytest

from gcrsync.errors import StoppedError
from gcrsync.registry.pace import Pace

MANY = 100
RUNNING, STOPPED = (lambda: False), (lambda: True)


def fits(pace: Pace) -> int:
    """Count how many requests may be under way."""
    count = 0
    with suppress(StoppedError):
        while count < MANY:
            pace.begin(STOPPED)
            count += 1
    for _ in range(count):
        pace.end()
    return count


def slowed(pace: Pace, together: int) -> None:
    """Have so many requests under way be answered with "too many"."""
    for began in [pace.begin(RUNNING) for _ in range(together)]:
        pace.slow(began)
    for _ in range(together):
        pace.end()


def test_nothing_is_bounded_before_a_host_says_so() -> None:
    assert fits(Pace()) == MANY


def test_requests_that_are_too_many_together_halve_the_bound_once() -> None:
    pace = Pace()
    slowed(pace, 16)
    assert fits(pace) == 8
    slowed(pace, 8)
    assert fits(pace) == 4
    for _ in range(5):
        slowed(pace, 1)
    assert fits(pace) == 1


def test_the_bound_grows_by_one_with_each_round_of_other_answers() -> None:
    pace = Pace()
    slowed(pace, 16)
    for _ in range(9):
        pace.quicken()
    assert fits(pace) == 9


def test_threads_keep_to_the_bound_and_all_get_their_turn() -> None:
    pace, lock, under_way, most = Pace(), Lock(), 0, 0
    slowed(pace, 6)

    def ask() -> None:
        nonlocal under_way, most
        pace.begin(RUNNING)
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.005)
        with lock:
            under_way -= 1
        pace.end()

    with ThreadPoolExecutor(12) as pool:
        for asked in [pool.submit(ask) for _ in range(40)]:
            asked.result(timeout=10)
    assert most == 3


def test_a_stop_wakes_whoever_waits_for_a_turn() -> None:
    pace, stop = Pace(), Event()
    slowed(pace, 1)

    pace.begin(RUNNING)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(pace.begin, stop.is_set)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.1)
        stop.set()
        with pytest.raises(StoppedError):
            waiting.result(timeout=5)
