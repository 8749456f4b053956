"""One at a time for each key: whoever wants the same thing waits, others go on."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Lock


class Turns:
    """Locks that exist for as long as somebody wants them."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._lock = Lock()
        self._wanted: dict[Hashable, tuple[Lock, int]] = {}

    def taken(self, key: Hashable) -> bool:
        """Say whether somebody has the turn of this key just now."""
        return key in self._wanted

    @contextmanager
    def take(self, key: Hashable) -> Iterator[None]:
        """Wait until nobody else has the turn of this key, and have it until the end of the context."""
        with self._lock:
            turn, waiting = self._wanted.get(key, (Lock(), 0))
            self._wanted[key] = turn, waiting + 1
        try:
            with turn:
                yield
        finally:
            with self._lock:
                turn, waiting = self._wanted.pop(key)
                if waiting > 1:
                    self._wanted[key] = turn, waiting - 1
