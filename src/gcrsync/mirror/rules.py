"""What becomes of tags that move, that are new, and that vanish: the policy of a mirror, and the rules for some of its tags."""

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from gcrsync.errors import InvalidNameError
from gcrsync.mirror.selection import REGEX_PREFIX, Patterns
from gcrsync.oci.name import Namespace, Repository, Tag

_DAY = 86_400


class Moved(StrEnum):
    """What becomes of a tag under which the source has another digest than the mirror."""

    FOLLOW = "follow"
    """The mirror's moves too."""
    FREEZE = "freeze"
    """The mirror's stays, and the new digest is held."""
    KEEP_OLD = "keep-old"
    """The mirror's moves too, and what it had is kept under a name of its own."""


class Vanished(StrEnum):
    """What becomes of a tag that the source no longer has."""

    KEEP = "keep"
    """The mirror serves it for ever."""
    PRUNE = "prune"
    """The mirror serves it for some time."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for a tag; all times are in seconds.

    A tag that is ``gone`` is pruned after ``grace``, unless one run would prune more than ``max_prune`` of the tags on record, a
    number from 0 to 1. A digest is copied once it has been known for ``min_age``. It is told where nothing has changed for
    ``stale_after``, None for never. What refers to an image is asked for again for ``referrers_for`` after its copy.
    """

    moved: Moved = Moved.FOLLOW
    gone: Vanished = Vanished.KEEP
    grace: int = 30 * _DAY
    max_prune: Fraction = Fraction(1, 10)
    min_age: int = 0
    stale_after: int | None = None
    referrers_for: int = 7 * _DAY


@dataclass(frozen=True, slots=True)
class Match:
    """Which tags a rule is for: ``repository:tag``, both globs (without a tag: all of them), or ``re:`` matched with the whole.

    The repository is relative to the source of the mirror, as in its other patterns.
    """

    text: str

    def __post_init__(self) -> None:
        """Refuse a malformed pattern with InvalidNameError."""
        if not self._is_regex:
            repository, tag = self._parts
            if not repository or not tag:
                raise InvalidNameError("match", self.text, "expected REPOSITORY:TAG, such as **:latest")
        _ = self._patterns

    def matches(self, repository: str, tag: str) -> bool:
        """Say whether a rule is for this tag."""
        names = (f"{repository}:{tag}",) if self._is_regex else (repository, tag)
        return all(patterns.match(name) for patterns, name in zip(self._patterns, names, strict=True))

    @property
    def _is_regex(self) -> bool:
        return self.text.startswith(REGEX_PREFIX)

    @property
    def _parts(self) -> tuple[str, str]:
        repository, colon, tag = self.text.rpartition(":")
        return (repository, tag) if colon and "/" not in tag else (self.text, "*")

    @property
    def _patterns(self) -> tuple[Patterns, ...]:
        return tuple(Patterns((text,)) for text in ((self.text,) if self._is_regex else self._parts))


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for the tags of a match instead of what holds for all others; None where it says nothing."""

    match: Match
    moved: Moved | None = None
    gone: Vanished | None = None
    grace: int | None = None
    max_prune: Fraction | None = None
    min_age: int | None = None
    stale_after: int | None = None
    referrers_for: int | None = None

    def over(self, policy: Policy) -> Policy:
        """Give the policy with what this rule says instead."""
        return Policy(
            moved=policy.moved if self.moved is None else self.moved,
            gone=policy.gone if self.gone is None else self.gone,
            grace=policy.grace if self.grace is None else self.grace,
            max_prune=policy.max_prune if self.max_prune is None else self.max_prune,
            min_age=policy.min_age if self.min_age is None else self.min_age,
            stale_after=policy.stale_after if self.stale_after is None else self.stale_after,
            referrers_for=policy.referrers_for if self.referrers_for is None else self.referrers_for,
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """The policy of a mirror, and its exceptions; of those that match a tag the last one holds, setting by setting.

    ``source`` is what the repositories of the exceptions are relative to, None where they stand with their whole names.
    """

    policy: Policy = field(default_factory=Policy)
    exceptions: tuple[Rule, ...] = ()
    source: Namespace | None = None

    @property
    def longest_referrers_for(self) -> int:
        """The longest time, in seconds, for which what refers to any image is asked for again."""
        return max(self.policy.referrers_for, *(rule.referrers_for or 0 for rule in self.exceptions), 0)

    def name(self, repository: Repository) -> str:
        """Give the name of a repository as the exceptions match it."""
        return str(repository) if self.source is None else self.source.relative(repository)

    def of(self, repository: Repository, tag: Tag) -> Policy:
        """Give what holds for a tag."""
        policy = self.policy
        if self.exceptions:
            name = self.name(repository)
            for rule in self.exceptions:
                if rule.match.matches(name, tag.name):
                    policy = rule.over(policy)
        return policy
