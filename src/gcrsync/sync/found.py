"""What a survey works with, and what it has seen so far."""

from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TypeVar

from gcrsync.errors import IntegrityError, PullLimitError, RegistryError
from gcrsync.mirror.library import Official
from gcrsync.mirror.record import Records
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.snapshot import Snapshot
from gcrsync.oci.listing import Listing
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.registry.session import Session
from gcrsync.store.foreign import Foreign
from gcrsync.sync.pool import Pool, Stopped, each
from gcrsync.sync.progress import Watch

MOST_PATHS = 100_000
"""The most paths that are listed of a namespace: one whose paths all have children of their own would never end."""

Failure = RegistryError | IntegrityError
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Surveyor:
    """What a survey works with: ``executor`` runs at most ``ahead`` requests at a time, for ``most`` paths of a namespace."""

    session: Session
    executor: Executor
    ahead: int
    stopped: Stopped
    watch: Watch
    most: int = MOST_PATHS

    def all(self, work: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[tuple[_Item, _Result]]:
        """Do the work for all items at once, as far as the executor goes, and give each with its result."""
        return each(Pool(self.executor, self.ahead, self.stopped), lambda item: (item, work(item)), items)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a survey begins with: what is on record, what was read of official-images, and what opens their repository."""

    records: Records
    official: Official
    open: Callable[[str], Foreign]


@dataclass(slots=True)
class Found:
    """What has been seen so far of the namespace of a selection; only the thread that asked for the survey writes it.

    ``asked`` is what is known of single tags before a repository is listed.
    """

    selection: Selection
    recorded: Collection[Repository] = ()
    """The selected repositories of which the source had tags at the last look."""
    listings: dict[Namespace, Listing] = field(default_factory=dict)
    failures: dict[Namespace, str] = field(default_factory=dict)
    limited: set[Namespace] = field(default_factory=set)
    unseen: dict[Namespace, str] = field(default_factory=dict)
    others: set[Repository] = field(default_factory=set)
    asked: dict[Repository, dict[Tag, Descriptor]] = field(default_factory=dict)
    requests: int = 0
    official: Official | None = None

    @property
    def namespace(self) -> Namespace:
        """The namespace that is surveyed."""
        return self.selection.namespace

    def fail(self, path: Namespace, error: Failure) -> None:
        """Note why a path could not be listed."""
        self.failures[path] = str(error)
        if isinstance(error, PullLimitError):
            self.limited.add(path)

    def own(self, repositories: Iterable[Repository]) -> list[Repository]:
        """Give the selected repositories that are this shard's, and note the others."""
        taken = [repository for repository in repositories if self.selection.takes(repository)]
        self.others |= {repository for repository in taken if not self.selection.judges(repository)}
        return [repository for repository in taken if repository not in self.others]

    def snapshot(self, listed_by: str) -> Snapshot:
        """Give all of it; ``listed_by`` names the way in which it was seen."""
        limited, others = frozenset(self.limited), frozenset(self.others)
        return Snapshot(
            self.namespace,
            self.listings,
            self.failures,
            self.unseen,
            listed_by,
            self.requests,
            limited,
            others,
            self.official,
        )


def told(work: Callable[[], _Result]) -> _Result | Failure:
    """Give what the work gives, or the registry's failure as a value: one repository's failure is not the others'."""
    try:
        return work()
    except (RegistryError, IntegrityError) as error:
        return error
