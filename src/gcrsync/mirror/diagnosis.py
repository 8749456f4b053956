"""What a look at the surroundings of a mirror has found: one check after the other, and from when on something is not well."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

_NARROW, _FULL = 1_000_000_000, 100_000_000
"""The free bytes below which a disk is worth a warning, and below which it is no good."""

_ASTRAY, _WRONG = timedelta(seconds=30), timedelta(minutes=5)
"""How far a clock may be out before that is worth a warning, and before tokens and signatures are refused for it."""

_SOON = timedelta(days=14)
"""A certificate that ends within this time is worth a warning."""


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    """A run goes through, and somebody should look at this."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of one thing that was looked at, in one line, and what to do about it, empty for nothing."""

    told: str
    advice: str = ""
    verdict: Verdict = Verdict.OK


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, such as ``push`` or ``source gcr.io/distroless``, and what is said of it."""

    subject: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All checks, in the order in which they are told; ``stopped`` where the rest was left out at the wish of the user."""

    started: datetime
    checks: tuple[Check, ...]
    stopped: bool = False

    def count(self, verdict: Verdict) -> int:
        """Count the checks that ended so."""
        return sum(check.answer.verdict is verdict for check in self.checks)


def room(free: int) -> Verdict:
    """Judge the free bytes of a disk."""
    if free < _FULL:
        return Verdict.FAILED
    return Verdict.WARNING if free < _NARROW else Verdict.OK


def clock(difference: timedelta) -> Verdict:
    """Judge how far the clock of this machine is from another one, in either direction."""
    if abs(difference) > _WRONG:
        return Verdict.FAILED
    return Verdict.WARNING if abs(difference) > _ASTRAY else Verdict.OK


def certificate(left: timedelta) -> Verdict:
    """Judge for how long a certificate is still good."""
    if left <= timedelta():
        return Verdict.FAILED
    return Verdict.WARNING if left < _SOON else Verdict.OK
