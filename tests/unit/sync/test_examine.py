"""Questions that are asked at the same time."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from gcrsync.errors import StoreError
from gcrsync.mirror.diagnosis import Answer, Check, Verdict
from gcrsync.mirror.ending import Ending
from gcrsync.sync.examine import Limits, Question, examine
from gcrsync.sync.stop import Stop


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def _fails() -> Answer:
    raise StoreError("git is ill")


def _is_ill() -> Answer:
    raise StoreError("git is ill", hint="cure it")


def test_a_failure_is_an_answer_and_says_what_to_do(executor: ThreadPoolExecutor) -> None:
    questions = [
        Question("one", _fails, "see a doctor"),
        Question("two", _is_ill, "see a doctor"),
        Question("three", lambda: Answer("well")),
    ]

    assert list(examine(questions, executor, Limits(10, time.monotonic, Stop(time.monotonic)))) == [
        Check("one", Answer("git is ill", "see a doctor", Verdict.FAILED)),
        Check("two", Answer("git is ill", "cure it", Verdict.FAILED)),
        Check("three", Answer("well")),
    ]


def test_what_hangs_has_failed_in_the_time_that_there_is_and_the_others_are_told(executor: ThreadPoolExecutor) -> None:
    ended = Event()
    questions = [Question("slow", lambda: Answer(str(ended.wait(60)))), Question("quick", lambda: Answer("well"))]
    began = time.monotonic()
    slow, quick = examine(questions, executor, Limits(0.2, time.monotonic, Stop(time.monotonic)))
    took = time.monotonic() - began
    ended.set()

    assert (slow.answer.verdict, slow.answer.told) == (Verdict.FAILED, "no answer within 0.2 seconds")
    assert quick.answer == Answer("well")
    assert took < 10


def test_nothing_more_is_waited_for_once_somebody_stops_it(executor: ThreadPoolExecutor) -> None:
    stop, ended = Stop(time.monotonic), Event()
    questions = [Question("quick", lambda: Answer("well")), Question("slow", lambda: Answer(str(ended.wait(60))))]
    checks = examine(questions, executor, Limits(60, time.monotonic, stop))
    first = next(checks)
    stop.ask(Ending.SIGNAL)
    rest = list(checks)
    ended.set()

    assert first == Check("quick", Answer("well"))
    assert rest == []
