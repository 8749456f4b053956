"""Work that many threads want done and only one does."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier, Event

import pytest

from gcrsync.sync.once import Once


def test_many_threads_share_one_result() -> None:
    once: Once[str, int] = Once()
    numbers, barrier = count(1), Barrier(8)

    def wanted(_: int) -> int:
        barrier.wait()
        return once.do("key", lambda: next(numbers))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(wanted, range(8))) == [1] * 8


def test_a_failure_is_not_shared() -> None:
    once: Once[str, int] = Once()
    began, waiting = Event(), Event()

    def fail() -> int:
        began.set()
        waiting.wait(5)
        raise OSError

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(once.do, "key", fail)
        began.wait(5)
        second = pool.submit(once.do, "key", lambda: 2)
        waiting.set()

        with pytest.raises(OSError):  # noqa: PT011 - it has no message
            first.result(5)
        assert second.result(5) == 2


def test_what_is_forgotten_is_done_again() -> None:
    once: Once[str, int] = Once()
    once.do("key", lambda: 1)
    once.forget("key")

    assert once.do("key", lambda: 2) == 2


def test_a_failure_of_what_was_forgotten_meanwhile_leaves_what_was_begun_since() -> None:
    once: Once[str, int] = Once()
    began, waiting = Event(), Event()

    def fail() -> int:
        began.set()
        waiting.wait(5)
        raise OSError

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(once.do, "key", fail)
        assert began.wait(5)
        once.forget("key")
        assert once.do("key", lambda: 1) == 1
        waiting.set()

        with pytest.raises(OSError):  # noqa: PT011 - it has no message
            first.result(5)
    assert once.do("key", lambda: 2) == 1
