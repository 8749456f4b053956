"""Which places answer: one that could not be asked several times in a row is not asked for anything more."""

from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from gcrsync.errors import (
    GcrsyncError,
    InputError,
    NotARegistryError,
    PullLimitError,
    StoppedError,
    UnauthorizedError,
    UnreachableError,
)
from gcrsync.sync.pool import Stopped

_ENOUGH = 3
"""A place that could not be asked so often in a row is not asked for anything more."""

Answer = TypeVar("Answer")
Reason = TypeVar("Reason")


class Reach:
    """Asks places, and gives one up that does not answer; any thread may ask."""

    def __init__(self, stopped: Stopped) -> None:
        """Begin with every place worth a question."""
        self._stopped, self._lock = stopped, Lock()
        self._failures: dict[object, list[str]] = {}
        self.limits: dict[str, str] = {}
        """What was last heard of each host that gave no more."""

    def ask(self, place: object, question: Callable[[], Answer], unanswered: Callable[[str], Reason]) -> Answer | Reason | None:
        """Give the answer of a place, or what ``unanswered`` makes of the reason why there is none.

        It is None where the run was asked to stop before there was an answer. Raises InputError where the place cannot be asked
        before the user has mended something.
        """
        failures = self._failures.setdefault(place, [])
        if len(failures) >= _ENOUGH:
            return unanswered(failures[-1])
        try:
            answer = question()
        except InputError:
            raise
        except GcrsyncError as error:
            if isinstance(error, StoppedError) or self._stopped():
                return None
            self._note(failures, error)
            return unanswered(str(error))
        with self._lock:
            if len(failures) < _ENOUGH:
                failures.clear()
        return answer

    def _note(self, failures: list[str], error: GcrsyncError) -> None:
        with self._lock:
            if isinstance(error, PullLimitError):
                self.limits[error.where] = str(error)
            if isinstance(error, NotARegistryError | PullLimitError | UnauthorizedError | UnreachableError):
                failures.append(str(error))
