"""Work done by a bounded number of threads, until it is done or the run is asked to stop."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

Stopped = Callable[[], bool]
"""Says whether the run was asked to stop."""

_LOOK = 0.25
"""How often it is looked whether the run was asked to stop, in seconds."""

_PATIENCE = 1.5
"""Enough seconds where connections are closed at a stop, so that what is under way can only wait for a name."""


@dataclass(frozen=True, slots=True)
class Pool:
    """An executor that is given at most ``ahead`` items at a time, so that a stop leaves no queue behind.

    What is to be done ``meanwhile`` is called between the results, and several times a second while none comes. ``patience`` is how
    many seconds are given to what is under way at a stop.
    """

    executor: Executor
    ahead: int
    stopped: Stopped
    meanwhile: Callable[[], None] = lambda: None
    patience: float = _PATIENCE


def each(pool: Pool, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Do the work for each item and give the results as they come.

    Once the run is asked to stop, nothing new is begun, and what is under way is waited for, but not for long: what hangs then is
    left to itself. Where the work raises nothing new is begun either: the results that the others still give come first, and the
    exception last.
    """
    waiting = iter(items)
    done: SimpleQueue[Future[Result]] = SimpleQueue()
    running = 0
    error: BaseException | None = None
    while True:
        if error is None and not pool.stopped():
            for item in islice(waiting, pool.ahead - running):
                pool.executor.submit(work, item).add_done_callback(done.put)
                running += 1
        future = _next(done, pool) if running else None
        if future is None:
            break
        running -= 1
        raised = future.exception()
        if raised is None:
            yield future.result()
        else:
            error = error or raised
    if error is not None:
        raise error


def _next(done: "SimpleQueue[Future[Result]]", pool: Pool) -> "Future[Result] | None":
    """Wait for the next that is done; None where the run was asked to stop and nothing came for a while."""
    waited = 0.0
    while waited < pool.patience:
        pool.meanwhile()
        with suppress(Empty):
            return done.get(timeout=_LOOK)
        waited += _LOOK if pool.stopped() else 0.0
    return None
