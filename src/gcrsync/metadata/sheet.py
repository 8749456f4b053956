"""What came of a command, whichever it was, in the one shape from which reports, summaries, metrics and notices are made."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from gcrsync.mirror.change import State

_SUCCESSES = (0, 10)
_INTERRUPTIONS = (4, 130)
_RARE = (State.UNLISTED, State.PRUNED)


class Verdict(Enum):
    """How something is to be taken, the gravest first."""

    WRONG = "wrong"
    """It is not as it should be."""
    UNKNOWN = "unknown"
    """Nobody could find out."""
    WAITING = "waiting"
    """It is not there, and nothing is wrong with that, or it is worth a look."""
    GOOD = "good"
    """It is as it should be."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be said of one name: of a tag or a digest of ``place``, or of the place itself where ``name`` is empty.

    ``now`` is the digest that is there, ``before`` the one that was or should be; ``state`` is a word of the command, ``reason`` a
    sentence. Each may be empty but the state.
    """

    place: str
    name: str
    state: str
    verdict: Verdict
    reason: str = ""
    now: str = ""
    before: str = ""

    @property
    def image(self) -> str:
        """The whole name, as people write it."""
        return f"{self.place}{'@' if ':' in self.name else ':'}{self.name}" if self.name else self.place


@dataclass(frozen=True, slots=True)
class Part:
    """A namespace or a mirror: how many tags are in each state, and the lines of those of which there is something to say.

    ``warnings`` are about the part as a whole. ``copied`` is in bytes; ``requests`` counts what looking at the source took, and
    ``complete`` says whether all of it was believed.
    """

    name: str
    counts: Mapping[str, int] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    warnings: tuple[Line, ...] = ()
    copied: int = 0
    requests: int = 0
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Sheet:
    """What came of a command that began at ``started`` (UTC) and ends with the code ``exit``.

    ``error`` is what the whole came to grief on, or empty; ``limits`` tell why it ended before all was done. ``whole`` has the
    counts of all, where only those ``parts`` are told of which there is something to say.
    """

    command: str
    started: datetime
    exit: int
    parts: tuple[Part, ...] = ()
    error: str = ""
    limits: tuple[str, ...] = ()
    whole: Part | None = None

    @property
    def succeeded(self) -> bool:
        """Whether all was done, or only a difference was found that somebody asked to be told."""
        return self.exit in _SUCCESSES

    @property
    def interrupted(self) -> bool:
        """Whether it ended early and nothing is wrong with that: by a limit, or since somebody asked for it."""
        return self.exit in _INTERRUPTIONS

    @property
    def failed(self) -> bool:
        """Whether something is wrong that somebody should look at."""
        return not self.succeeded and not self.interrupted

    @property
    def counted(self) -> tuple[Part, ...]:
        """The parts that have the counts of all."""
        return self.parts if self.whole is None else (self.whole,)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many tags are in each state, over all parts."""
        total = Counter[str]()
        for part in self.counted:
            total.update(part.counts)
        return total

    @property
    def states(self) -> tuple[str, ...]:
        """The states to tell of, in their order: those that most mirrors never have only where something is in them."""
        found = dict.fromkeys(state for part in self.counted for state in part.counts)
        return tuple(state for state in found if state not in _RARE or self.counts[state])

    @property
    def lines(self) -> Iterator[Line]:
        """What is to be said of single names, over all parts."""
        return (line for part in self.parts for line in part.lines)

    @property
    def warnings(self) -> Iterator[Line]:
        """What is to be said of parts as a whole."""
        return (warning for part in self.parts for warning in part.warnings)
