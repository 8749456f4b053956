"""The end of a run before its work is done: asked for by anybody, seen by everybody, and for one reason."""

from collections.abc import Callable
from threading import Lock

from gcrsync.errors import LimitError
from gcrsync.mirror.ending import Ending

_MOST = "the limit of bytes"


class Stop:
    """Whether a run is to end early, and why. Safe to share between threads, and a signal handler may ask.

    A handler runs between two steps of some thread, and would wait for ever for a lock that this thread holds: asking takes none.
    ``most`` is how many bytes of blobs may be sent, None where there is no limit; ``now`` is in monotonic seconds.
    """

    def __init__(self, now: Callable[[], float], most: int | None = None) -> None:
        """Begin with nobody having asked."""
        self._asked = False
        self.ending: Ending | None = None
        self.unfit: int | None = None
        """The smallest number of bytes that did not fit any more, None where all did."""
        self.left = self.most = most
        """How many bytes of blobs may still be sent, and one blob may have: all, or the largest part that was lent."""
        self._lent = 0
        self._now, self._since = now, 0.0
        self._lock = Lock()

    def __call__(self) -> bool:
        """Say whether the run is to end."""
        return self._asked

    def ask(self, ending: Ending) -> None:
        """Have the run end. The first reason counts, unless somebody who asks the process to end comes after a limit."""
        if not self._asked:
            self._since = self._now()
        if self.ending is None or ending is Ending.SIGNAL:
            self.ending = ending
        self._asked = True

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
            fits = self.left is None or size <= self.left
            if self.left is not None and fits:
                self.left -= size
        if not fits:
            self.close(size)
            raise LimitError(_MOST)

    def close(self, unfit: int) -> None:
        """Have nothing new begun, since so many bytes did not fit any more."""
        self.unfit = unfit if self.unfit is None else min(unfit, self.unfit)
        self.ending = self.ending or Ending.BYTES

    def lend(self, parts: int) -> int | None:
        """Take one of so many equal parts of the bytes that may be sent, for somebody who counts them; None for no limit."""
        with self._lock:
            if self.left is None:
                return None
            lent = self.left // parts
            self.left -= lent
            self.most = self._lent = max(self._lent, lent)
            return lent

    def restore(self, size: int) -> None:
        """Take back bytes that were lent and not sent."""
        with self._lock:
            if self.left is not None:
                self.left += size

    def seconds(self) -> float | None:
        """Give the seconds since the run was asked to end, None where it was not."""
        return self._now() - self._since if self._asked else None
