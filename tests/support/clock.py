"""A clock for tests: time passes when somebody sleeps, and never otherwise."""

from dataclasses import dataclass, field

from gcrsync.registry.clock import Clock


@dataclass
class SteppedClock:
    """Monotonic seconds that sleeping moves on, the sleeps themselves, and the flag that asks a run to stop."""

    seconds: float = 1000.0
    slept: list[float] = field(default_factory=list)
    stop_after: float = float("inf")

    def now(self) -> float:
        """Give the time."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.seconds += seconds

    def stopped(self) -> bool:
        """Say whether the moment to stop has come."""
        return self.seconds >= self.stop_after

    @property
    def clock(self) -> Clock:
        """The clock as the code under test wants it."""
        return Clock(self.now, self.sleep, self.stopped)
