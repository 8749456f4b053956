"""How time passes for a run."""

from collections.abc import Callable
from dataclasses import dataclass

from gcrsync.errors import StoppedError

_SLICE = 0.25


@dataclass(frozen=True, slots=True)
class Clock:
    """How time passes for a run: ``now`` in monotonic seconds, how to sleep, and whether the run was asked to stop."""

    now: Callable[[], float]
    sleep: Callable[[float], None]
    stopped: Callable[[], bool]

    def wait(self, seconds: float) -> None:
        """Sleep in short slices, and raise StoppedError as soon as the run is asked to stop."""
        while not self.stopped():
            if seconds <= 0:
                return
            self.sleep(min(seconds, _SLICE))
            seconds -= _SLICE
        raise StoppedError
