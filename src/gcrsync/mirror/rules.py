"""What becomes of tags that move, that are new, and that vanish: the policy of a mirror, and the rules for some of its tags."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from gcrsync.mirror.choice import ALL, Choice
from gcrsync.mirror.patterns import Match
from gcrsync.mirror.platforms import Platforms
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
    ``stale_after``, None for never. What refers to an image is asked for again for ``referrers_for`` after its copy. An image
    that the source says has more bytes than ``max_size`` is not copied, None for no limit.
    """

    moved: Moved = Moved.FOLLOW
    gone: Vanished = Vanished.KEEP
    grace: int = 30 * _DAY
    max_prune: Fraction = Fraction(1, 10)
    min_age: int = 0
    stale_after: int | None = None
    referrers_for: int = 7 * _DAY
    max_size: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for the tags of a match instead of what holds for all others; None where it says nothing.

    ``platforms`` may be said only where the match is for whole repositories: one digest is mirrored in one way.
    """

    match: Match
    moved: Moved | None = None
    gone: Vanished | None = None
    grace: int | None = None
    max_prune: Fraction | None = None
    min_age: int | None = None
    stale_after: int | None = None
    referrers_for: int | None = None
    max_size: int | None = None
    choice: Choice = ALL
    platforms: Platforms | None = None

    def says(self, key: str) -> bool:
        """Say whether it says anything of a key, by its name in the configuration."""
        name = key.removeprefix("tags.")
        return getattr(self.choice if name in Choice.__slots__ else self, name) is not None

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
            max_size=policy.max_size if self.max_size is None else self.max_size,
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """The words of a mirror for all its tags, and its exceptions; of those that match a tag the last one holds, setting by setting.

    ``source`` is what the repositories of the exceptions are relative to, None where they stand with their whole names.
    ``platforms`` are what is wanted of an index, none for all of it.
    """

    policy: Policy = field(default_factory=Policy)
    exceptions: tuple[Rule, ...] = ()
    source: Namespace | None = None
    choice: Choice = ALL
    platforms: Platforms = ()

    @property
    def longest_referrers_for(self) -> int:
        """The longest time, in seconds, for which what refers to any image is asked for again."""
        return max(self.policy.referrers_for, *(rule.referrers_for or 0 for rule in self.exceptions), 0)

    @property
    def chooses(self) -> bool:
        """Whether anything is said of which tags are chosen."""
        return self.choice != ALL or any(rule.choice != ALL for rule in self.exceptions)

    @property
    def need_lists(self) -> bool:
        """Whether a tag may be left out for the sake of others, or for its age, which lists alone tell."""
        choices = (self.choice, *(rule.choice for rule in self.exceptions))
        return any(choice.newest is not None or choice.max_age is not None for choice in choices)

    def name(self, repository: Repository) -> str:
        """Give the name of a repository as the exceptions match it."""
        return str(repository) if self.source is None else self.source.relative(repository)

    def of(self, repository: Repository, tag: Tag) -> Policy:
        """Give what holds for a tag."""
        policy = self.policy
        for _, rule in self.matching(repository, tag):
            policy = rule.over(policy)
        return policy

    def choice_of(self, repository: Repository, tag: Tag) -> Choice:
        """Give by what it is decided whether a tag is chosen."""
        choice = self.choice
        for _, rule in self.matching(repository, tag):
            choice = rule.choice.over(choice)
        return choice

    def platforms_of(self, repository: Repository) -> Platforms:
        """Give what is wanted of the indexes of a repository."""
        platforms = self.platforms
        for rule in self.exceptions:
            if rule.platforms is not None and rule.match.matches_repository(self.name(repository)):
                platforms = rule.platforms
        return platforms

    def matching(self, repository: Repository, tag: Tag) -> Iterator[tuple[int, Rule]]:
        """Give the exceptions that match a tag, each with its number from 1, in their order."""
        if self.exceptions:
            name = self.name(repository)
            for number, rule in enumerate(self.exceptions, start=1):
                if rule.match.matches(name, tag.name):
                    yield number, rule

    def decider(self, repository: Repository, tag: Tag, key: str) -> int:
        """Give the number of the exception by which a key holds for a tag, 0 for none of them."""
        return max((number for number, rule in self.matching(repository, tag) if rule.says(key)), default=0)
