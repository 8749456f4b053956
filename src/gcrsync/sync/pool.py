"""Work done by a bounded number of threads, until it is done or the run is asked to stop."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from itertools import islice
from queue import SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

Stopped = Callable[[], bool]
"""Says whether the run was asked to stop."""


def each(
    executor: Executor, work: Callable[[Item], Result], items: Iterable[Item], stopped: Stopped, ahead: int
) -> Iterator[Result]:
    """Do the work for each item and give the results as they come.

    At most ``ahead`` items are in the executor's hands at a time, so that a stop leaves no queue behind. Once the run is asked to
    stop, nothing new is begun, and what is under way is waited for. So it is where the work raises: the results that the others
    still give come first, and the exception last.
    """
    waiting = iter(items)
    done: SimpleQueue[Future[Result]] = SimpleQueue()
    running = 0
    error: BaseException | None = None
    while True:
        if error is None and not stopped():
            for item in islice(waiting, ahead - running):
                executor.submit(work, item).add_done_callback(done.put)
                running += 1
        if not running:
            break
        future = done.get()
        running -= 1
        raised = future.exception()
        if raised is None:
            yield future.result()
        else:
            error = error or raised
    if error is not None:
        raise error
