"""Work that many threads want done and only one does."""

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class Once(Generic[Key, Result]):
    """Does each piece of work once: who comes second waits for the first and shares its result.

    Work that raised is not remembered: each who waited tries for itself, so that one failure is not everybody's.
    """

    def __init__(self) -> None:
        """Begin with nothing done."""
        self._lock = Lock()
        self._done: dict[Key, Future[Result]] = {}

    def do(self, key: Key, work: Callable[[], Result]) -> Result:
        """Give the result of the work of this key, done here unless it is or was done elsewhere."""
        future, mine = self._claim(key)
        while not mine:
            if future.exception() is None:
                return future.result()
            future, mine = self._claim(key)
        try:
            result = work()
        except BaseException as error:
            with self._lock:
                if self._done.get(key) is future:  # it may have been forgotten, and begun anew by somebody else
                    del self._done[key]
            future.set_exception(error)
            raise
        future.set_result(result)
        return result

    def forget(self, key: Key) -> None:
        """Have the work of this key done again when it is next wanted."""
        with self._lock:
            self._done.pop(key, None)

    def _claim(self, key: Key) -> tuple[Future[Result], bool]:
        """Give the future of the work, and whether the caller is the one who has to do it."""
        with self._lock:
            future = self._done.get(key)
            if future is not None:
                return future, False
            future = self._done[key] = Future()
            return future, True
