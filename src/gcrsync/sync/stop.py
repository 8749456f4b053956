"""The end of a run before its work is done: asked for by anybody, seen by everybody, and for one reason."""

from collections.abc import Callable
from threading import Event, Lock

from gcrsync.errors import LimitError
from gcrsync.mirror.ending import Ending

_MOST = "the limit of bytes"


class Stop:
    """Whether a run is to end early, and why. Safe to share between threads, and a signal handler may ask.

    ``most`` is how many bytes of blobs may be sent, None where there is no limit; ``now`` is in monotonic seconds.
    """

    def __init__(self, now: Callable[[], float], most: int | None = None) -> None:
        """Begin with nobody having asked."""
        self.asked = Event()
        self.ending: Ending | None = None
        self.unfit: int | None = None
        """The smallest number of bytes that did not fit any more, None where all did."""
        self._now, self._left, self._since = now, most, 0.0
        self._lock = Lock()

    def __call__(self) -> bool:
        """Say whether the run is to end."""
        return self.asked.is_set()

    def ask(self, ending: Ending) -> None:
        """Have the run end. The first reason counts, unless somebody who asks the process to end comes after a limit."""
        if not self.asked.is_set():
            self._since = self._now()
        if self.ending is None or ending is Ending.SIGNAL:
            self.ending = ending
        self.asked.set()

    @property
    def closed(self) -> bool:
        """Whether nothing new is to be begun, though what is under way may go on."""
        return self.ending is not None

    def spend(self, size: int) -> None:
        """Count bytes that are about to be sent.

        Raises LimitError where there are more than may be, and nothing new is begun from then on. What was counted before goes on:
        a run that dropped it would have spent its bytes in vain, and the next one would do the same again.
        """
        with self._lock:
            fits = self._left is None or size <= self._left
            if self._left is not None and fits:
                self._left -= size
        if not fits:
            self.unfit = size if self.unfit is None else min(size, self.unfit)
            self.ending = self.ending or Ending.BYTES
            raise LimitError(_MOST)

    def seconds(self) -> float | None:
        """Give the seconds since the run was asked to end, None where it was not."""
        return self._now() - self._since if self.asked.is_set() else None
