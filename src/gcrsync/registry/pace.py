"""How many requests a host gets at a time: all that there are, until it says that these are too many (429)."""

from collections.abc import Callable
from math import inf
from threading import Condition, Lock

from gcrsync.errors import StoppedError

_LOOK = 0.25
"""How often whoever waits looks whether the run was asked to stop, in seconds."""


class Pace:
    """Additive increase, multiplicative decrease of the requests under way; safe to share between threads.

    Answers that say "too many" halve what may be under way, those to requests that were sent together only once; with each such
    number of other answers it grows by one.
    """

    def __init__(self) -> None:
        """Begin without a bound."""
        self._lock = Lock()
        self._changed = Condition(self._lock)
        self._under_way = self._slowed = 0
        self._most = inf

    def begin(self, stopped: Callable[[], bool]) -> int:
        """Wait until one more request may be under way, and give what ``slow`` wants to know; StoppedError at a stop."""
        with self._lock:
            while self._under_way + 1 > self._most:
                if stopped():
                    raise StoppedError
                self._changed.wait(_LOOK)
            self._under_way += 1
            return self._slowed

    def end(self) -> None:
        """Say that a request is no longer under way."""
        with self._lock:
            self._under_way -= 1
            if self._most != inf:
                self._changed.notify()

    def slow(self, since: int) -> None:
        """Halve what may be under way, unless that was done since the request began."""
        with self._lock:
            if since == self._slowed:
                self._most = max(1.0, min(self._most, self._under_way) / 2)
                self._slowed += 1

    def quicken(self) -> None:
        """Let a little more be under way."""
        if self._most != inf:
            with self._lock:
                self._most += 1 / self._most
                self._changed.notify()
