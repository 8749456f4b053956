"""Work on a bounded number of threads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from gcrsync.sync.pool import Pool, each


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def never() -> bool:
    return False


def test_every_item_is_worked_on_once(executor: ThreadPoolExecutor) -> None:
    assert sorted(each(Pool(executor, 4, never), lambda number: number * 2, range(100))) == [number * 2 for number in range(100)]


def test_after_a_stop_nothing_new_is_begun_and_what_is_under_way_is_kept(executor: ThreadPoolExecutor) -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        return number

    results = list(each(Pool(executor, 4, lambda: len(begun) >= 10), work, range(1_000)))

    assert sorted(results) == sorted(begun)
    assert 10 <= len(begun) < 20


def test_the_results_of_the_others_come_before_an_exception(executor: ThreadPoolExecutor) -> None:
    results: list[int] = []

    def work(number: int) -> int:
        if number == 5:
            raise ValueError
        return number

    def consume() -> None:
        results.extend(each(Pool(executor, 4, never), work, range(100)))

    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        consume()
    assert {0, 1, 2, 3, 4} <= set(results)
    assert len(results) < 20


def test_while_nothing_comes_something_else_is_done(executor: ThreadPoolExecutor) -> None:
    release, looks = Event(), list[int]()

    def meanwhile() -> None:
        looks.append(len(looks))
        if len(looks) == 3:
            release.set()

    assert list(each(Pool(executor, 4, never, meanwhile), lambda _: release.wait(10), range(1))) == [True]
    assert len(looks) >= 3
