"""What a run has reached, counted while it goes on."""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

from gcrsync.metadata.status import Copying, Due, Pulls, Standing
from gcrsync.mirror.outcome import LEFT, Outcome, Problem, Step
from gcrsync.oci.name import Namespace
from gcrsync.sync.progress import Watch

_WINDOW = 10.0
"""Over how many seconds the rate of a run is taken; that of an image is over all of its copy."""


@dataclass(slots=True)
class _Under:
    """A step under way: since when, in monotonic seconds, and the bytes that were sent of it."""

    since: float
    sent: int = 0


class Tally(Watch):
    """Counts what is told, under a lock: each method may be called from any thread. Others show it."""

    def __init__(self) -> None:
        """Begin with nothing reached."""
        self._lock = Lock()
        self._began = time.monotonic()
        self._doing = "starting"
        self._listed = self._images = self._done = self._failed = self._sent = self._expected = 0
        self._under_way: dict[Step, _Under] = {}
        self._pulls: dict[str, Pulls] = {}
        self._due: dict[str, float] = {}
        self._samples = deque([(self._began, 0)])

    def standing(self) -> Standing:
        """Say where the run is."""
        with self._lock:
            now = time.monotonic()
            return Standing(
                self._doing,
                int(now - self._began),
                self._listed,
                self._images,
                self._done,
                self._failed,
                self._sent,
                self._expected,
                self._rate(now),
                tuple(self._copying(now)),
                tuple(self._pulls.values()),
                tuple(self._to_come(now)),
            )

    def began(self, what: str) -> None:
        """Keep in mind what is done."""
        with self._lock:
            self._doing, self._listed = what, 0

    def listed(self, path: Namespace) -> None:
        """Count it."""
        del path
        with self._lock:
            self._listed += 1

    def asked(self, names: int, of: int) -> None:
        """Keep it in mind."""
        with self._lock:
            self._doing, self._done, self._images = "asking", names, of

    def planned(self, images: int, size: int) -> None:
        """Keep in mind how much there is to do."""
        with self._lock:
            self._doing, self._done, self._images, self._expected = "copying", 0, images, size

    def started(self, step: Step) -> None:
        """Keep it in mind."""
        with self._lock:
            self._under_way[step] = _Under(time.monotonic())

    def moved(self, step: Step, size: int) -> None:
        """Count the bytes."""
        with self._lock:
            self._sent += size
            under = self._under_way.get(step)
            if under is not None:
                under.sent += size

    def finished(self, outcome: Outcome) -> None:
        """Count it, if it is not left for another run."""
        with self._lock:
            self._under_way.pop(outcome.step, None)
            self._done += outcome.problem not in LEFT
            self._failed += outcome.problem is Problem.FAILED

    def left(self, host: str, pulls: int, most: int) -> None:
        """Keep it in mind."""
        with self._lock:
            self._pulls[host] = Pulls(host, pulls, most)

    def due(self, what: str, seconds: float) -> None:
        """Keep in mind when that is."""
        with self._lock:
            self._due[what] = time.monotonic() + seconds

    def _rate(self, now: float) -> int:
        """Give the bytes a second since the oldest sample within the window; each look is a sample."""
        while len(self._samples) > 1 and self._samples[1][0] <= now - _WINDOW:
            self._samples.popleft()
        since, before = self._samples[0]
        self._samples.append((now, self._sent))
        return int((self._sent - before) / max(now - since, 1.0))

    def _copying(self, now: float) -> Iterator[Copying]:
        for step, under in self._under_way.items():
            rate = int(under.sent / max(now - under.since, 1.0))
            yield Copying(name_of(step), under.sent, step.described.size or 0, rate)

    def _to_come(self, now: float) -> Iterator[Due]:
        for what, moment in sorted(self._due.items(), key=lambda each: each[1]):
            if moment > now:
                yield Due(what, int(moment - now))


def name_of(step: Step) -> str:
    """Name what a step copies, for people."""
    more = f" and {len(step.tags) - 1} more" if len(step.tags) > 1 else ""
    return f"{step.source}:{step.tags[0]}{more}" if step.tags else f"{step.source}@{step.digest}"
