"""Work on a bounded number of threads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gcrsync.sync.pool import each


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def test_every_item_is_worked_on_once(executor: ThreadPoolExecutor) -> None:
    assert sorted(each(executor, lambda number: number * 2, range(100), lambda: False, 4)) == [number * 2 for number in range(100)]


def test_after_a_stop_nothing_new_is_begun_and_what_is_under_way_is_kept(executor: ThreadPoolExecutor) -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        return number

    results = list(each(executor, work, range(1_000), lambda: len(begun) >= 10, 4))

    assert sorted(results) == sorted(begun)
    assert 10 <= len(begun) < 20


def test_the_results_of_the_others_come_before_an_exception(executor: ThreadPoolExecutor) -> None:
    results: list[int] = []

    def work(number: int) -> int:
        if number == 5:
            raise ValueError
        return number

    def consume() -> None:
        results.extend(each(executor, work, range(100), lambda: False, 4))

    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        consume()
    assert {0, 1, 2, 3, 4} <= set(results)
    assert len(results) < 20
