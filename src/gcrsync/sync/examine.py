"""Questions that are asked at the same time: whatever fails of them is an answer, and each has to be answered in time."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass

from gcrsync.errors import GcrsyncError, StoppedError
from gcrsync.mirror.diagnosis import Answer, Check, Verdict
from gcrsync.sync.stop import Stop

_LOOK = 0.1
"""How often it is looked whether the user wants to go, in seconds."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked at, and what answers it: by a value, or by the error of a run that would come upon the same.

    ``advice`` is what to do about an error that does not say so itself.
    """

    subject: str
    ask: Callable[[], Answer]
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long questions are waited for: ``seconds`` by a monotonic clock, all together, and until the user stops it."""

    seconds: float
    now: Callable[[], float]
    stop: Stop


def examine(questions: Sequence[Question], executor: Executor, limits: Limits) -> Iterator[Check]:
    """Ask all at once, and give the answers in the order of the questions; what is not answered in time has failed.

    Ends early where the user stops it.
    """
    until = limits.now() + limits.seconds
    asked = [(question.subject, executor.submit(_answered, question)) for question in questions]
    for subject, future in asked:
        while not future.done() and limits.now() < until and not limits.stop():
            wait([future], timeout=min(_LOOK, max(0.0, until - limits.now())))
        if limits.stop():
            return
        yield Check(subject, _result(future, limits.seconds))


def _answered(question: Question) -> Answer:
    try:
        return question.ask()
    except StoppedError:
        raise
    except GcrsyncError as error:
        return Answer(error.message, error.hint or question.advice, Verdict.FAILED)


def _result(future: "Future[Answer]", seconds: float) -> Answer:
    if future.done():
        return future.result()
    future.cancel()
    return Answer(
        f"no answer within {seconds:g} seconds", "see what it waits for: the network, a name server, a helper", Verdict.FAILED
    )
