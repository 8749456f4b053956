"""What a table or a rule says of the tags that are chosen, and which tags it leaves out whatever else there is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gcrsync.mirror.patterns import Patterns
from gcrsync.mirror.versions import Versions, version_of
from gcrsync.oci.name import Tag


class Order(StrEnum):
    """By what the newest tags are found."""

    UPLOAD = "upload"
    """When they were uploaded, as the source tells it."""
    VERSION = "version"
    """Semantic versions."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which tags are chosen; None where nothing is said of that. ``max_age`` is in seconds.

    Pre-releases count for ``versions``, and for the ``newest`` by version, where ``prereleases`` is true.
    """

    include: Patterns | None = None
    exclude: Patterns | None = None
    versions: Versions | None = None
    prereleases: bool | None = None
    newest: int | None = None
    newest_by: Order | None = None
    max_age: int | None = None

    def over(self, other: "Choice") -> "Choice":
        """Give what the other says, with what this one says instead."""
        return Choice(
            include=other.include if self.include is None else self.include,
            exclude=other.exclude if self.exclude is None else self.exclude,
            versions=other.versions if self.versions is None else self.versions,
            prereleases=other.prereleases if self.prereleases is None else self.prereleases,
            newest=other.newest if self.newest is None else self.newest,
            newest_by=other.newest_by if self.newest_by is None else self.newest_by,
            max_age=other.max_age if self.max_age is None else self.max_age,
        )

    @property
    def by_version(self) -> bool:
        """Whether the newest are those with the highest versions."""
        return self.newest is not None and self.newest_by is Order.VERSION

    @property
    def by_upload(self) -> bool:
        """Whether the newest are those that were uploaded last."""
        return self.newest is not None and self.newest_by is not Order.VERSION

    @property
    def asks_for_time(self) -> bool:
        """Whether a tag can only be chosen where it is told when it was uploaded."""
        return self.max_age is not None or self.by_upload


ALL = Choice()
"""Says nothing: all tags are chosen."""


@dataclass(frozen=True, slots=True)
class Left:
    """Why a tag is left out: the key that says so, and how."""

    key: str
    how: str


def left_by_name(choice: Choice, tag: Tag) -> Left | None:
    """Say why a tag is left out by its name alone; None where it is not."""
    if choice.include and not choice.include.match(tag.name):
        return Left("tags.include", f"it matches none of {', '.join(choice.include.texts)}")
    if choice.exclude and choice.exclude.match(tag.name):
        return Left("tags.exclude", f"it matches {choice.exclude.matching(tag.name)}")
    return _left_by_version(choice, tag) if choice.versions is not None or choice.by_version else None


def _left_by_version(choice: Choice, tag: Tag) -> Left | None:
    key, version = "newest" if choice.versions is None else "versions", version_of(tag.name)
    if version is None:
        return Left(key, "it is no semantic version")
    if version.prerelease and not choice.prereleases:
        return Left("prereleases", "it is a pre-release")
    if choice.versions is not None and not choice.versions.hold(version):
        return Left(key, f"it is not in {choice.versions.text}")
    return None


def left_by_time(choice: Choice, uploaded: datetime | None, now: datetime) -> Left | None:
    """Say why a tag is left out by the time of its upload at ``now``, both in UTC; None where it is not."""
    if choice.asks_for_time and uploaded is None:
        key = "newest" if choice.max_age is None else "max_age"
        return Left(key, "the source does not tell when it was uploaded")
    if choice.max_age is not None and uploaded is not None and now - uploaded > timedelta(seconds=choice.max_age):
        return Left("max_age", f"it was uploaded {(now - uploaded).days} days ago")
    return None
