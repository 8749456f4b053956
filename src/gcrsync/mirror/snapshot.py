"""What one look at a source gave, and which parts of it can be believed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gcrsync.mirror.library import Official
from gcrsync.mirror.patterns import Patterns
from gcrsync.mirror.record import Records
from gcrsync.mirror.selection import Selection
from gcrsync.oci.listing import Listing
from gcrsync.oci.name import Namespace, Repository

GOOGLE = "google"
"""The way of listing that names manifests without a tag too."""

OFFICIAL_IMAGES = "official-images"
"""The way of listing that names what is built, and nothing of what was built before."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a survey of ``namespace`` saw: the listing of each path, and why some could not be listed.

    ``limited`` are those of the ``failures`` that are none of the path's: the source gives no more for longer than a run waits.
    ``unseen`` are the paths below which the registry offers no listing: nothing is known there, and nothing failed.
    ``others`` are repositories that were seen by name alone, since another shard looks into them.
    ``listed_by`` names the way (``google``, ``catalog``...); ``requests`` counts the requests that it took. ``official`` is
    what was read of official-images on the way.
    """

    namespace: Namespace
    listings: Mapping[Namespace, Listing] = field(default_factory=dict)
    failures: Mapping[Namespace, str] = field(default_factory=dict)
    unseen: Mapping[Namespace, str] = field(default_factory=dict)
    listed_by: str = ""
    requests: int = 0
    limited: frozenset[Namespace] = frozenset()
    others: frozenset[Repository] = frozenset()
    official: Official | None = None

    @property
    def lists_untagged(self) -> bool:
        """Whether its listings name the manifests without a tag too; such a registry keeps no lists of referrers."""
        return self.listed_by == GOOGLE

    @property
    def retires(self) -> bool:
        """Whether what its listings do not name is gone from the source."""
        return self.listed_by != OFFICIAL_IMAGES


class Fault(StrEnum):
    """What is wrong with a listing."""

    FAILED = "failed"
    """There is none: the request failed."""
    LIMITED = "limited"
    """There is none: the source gives no more for longer than a run waits."""
    EMPTY = "empty"
    """It names no tags where the metadata has some."""
    TRUNCATED = "truncated"
    """It is as long as the longest answer that the registry gives."""
    UNSEEN = "unseen"
    """The registry does not say what is below."""
    UNMATCHED = "unmatched"
    """It has nothing of what the selection names: what is there is judged all the same."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a path is not judged. ``below`` is true where that holds for everything below that has no listing of its own too."""

    path: Namespace
    fault: Fault
    reason: str
    below: bool


Doubts = Mapping[Namespace, Doubt]


def find_doubts(snapshot: Snapshot, records: Records, selection: Selection) -> Doubts:
    """Find the listings that may add and retire nothing, judged by what is recorded."""
    tagged = {repository.namespace for repository, record in records.items() if record.tags}
    found = [
        *_unmatched(snapshot, records, selection),
        *(Doubt(path, Fault.UNSEEN, reason, below=True) for path, reason in snapshot.unseen.items()),
        *_nothing_at_all(snapshot, selection),
        *(_empty(snapshot, tagged, selection) if snapshot.retires else _not_there(snapshot, selection)),
        *_unlisted(snapshot),
    ]
    return {doubt.path: doubt for doubt in found}


def own_doubt(repository: Repository, doubts: Doubts) -> Doubt | None:
    """Give the doubt about a listed repository's own tags, if there is one."""
    doubt = doubts.get(repository.namespace)
    return None if doubt is None or doubt.fault in (Fault.UNSEEN, Fault.UNMATCHED) else doubt


def absence_doubt(repository: Repository, namespace: Namespace, doubts: Doubts) -> Doubt | None:
    """Give the doubt that forbids to call a repository gone that no listing names, if there is one."""
    for path in _upwards(repository, namespace):
        doubt = doubts.get(path)
        if doubt is not None and doubt.below:
            return doubt
    return None


def _empty(snapshot: Snapshot, tagged: set[Namespace], selection: Selection) -> Iterator[Doubt]:
    """Doubt lists of a registry that may have been cut, or drained; a file in git that names nothing says so."""
    doubts = (_doubt(path, listing, tagged, selection) for path, listing in snapshot.listings.items())
    return (doubt for doubt in doubts if doubt is not None)


def _not_there(snapshot: Snapshot, selection: Selection) -> Iterator[Doubt]:
    """Doubt repositories of which a file names tags, and the registry has none of those that are wanted."""
    for path, listing in snapshot.listings.items():
        if listing.missing and not listing.tags and not selection.believes_empty(path):
            yield Doubt(path, Fault.EMPTY, "the source has none of the tags that are named and selected", below=False)


def _doubt(path: Namespace, listing: Listing, tagged: set[Namespace], selection: Selection) -> Doubt | None:
    if selection.believes_empty(path):
        return None
    if listing.truncated:
        return Doubt(path, Fault.TRUNCATED, "the list is as long as the registry's longest answer and may be cut", below=True)
    if listing.blank and any(path.covers(recorded) for recorded in tagged):
        return Doubt(path, Fault.EMPTY, "the list is empty, but the metadata has tags", below=True)
    if not listing.names_tags and path in tagged:
        return Doubt(path, Fault.EMPTY, "the list has no tags, but the metadata has some", below=False)
    return None


def _unlisted(snapshot: Snapshot) -> Iterator[Doubt]:
    for path, reason in snapshot.failures.items():
        yield Doubt(path, Fault.LIMITED if path in snapshot.limited else Fault.FAILED, reason, below=True)


def _unmatched(snapshot: Snapshot, records: Records, selection: Selection) -> Iterator[Doubt]:
    """Doubt a selection that takes nothing, or names tags that there are not: somebody may have mistyped a name."""
    listings = {path: listing for path, listing in snapshot.listings.items() if path.path and listing.names_tags}
    taken = [listing for path, listing in listings.items() if selection.takes(Repository(path.registry, path.path))]
    if not taken and (listings or _has_unreached(snapshot, selection)) and not any(map(selection.takes, records)):
        yield Doubt(snapshot.namespace, Fault.UNMATCHED, "nothing of what is here is selected", below=False)
    named = selection.rules.choice.include or Patterns()
    missing = named.literals.difference(tag.name for listing in taken for tag in listing.tags)
    if taken and missing and not snapshot.failures and not snapshot.others:
        names = ", ".join(sorted(missing))
        yield Doubt(snapshot.namespace, Fault.UNMATCHED, f"no repository that is selected has the tag {names}", below=False)
    elif selection.rules.chooses and not snapshot.failures and not any(_names_chosen(listings, selection)) and taken:
        yield Doubt(snapshot.namespace, Fault.UNMATCHED, "no tag of what is selected is chosen by its name", below=False)


def _names_chosen(listings: Mapping[Namespace, Listing], selection: Selection) -> Iterator[bool]:
    """Say of each tag whether its name is chosen, in the repositories that are selected."""
    for path, listing in listings.items():
        repository = Repository(path.registry, path.path)
        if selection.takes(repository):
            names = (*listing.tags, *listing.unasked, *listing.unbuilt, *listing.missing)
            yield from (selection.takes_tag(repository, tag) for tag in names)


def _has_unreached(snapshot: Snapshot, selection: Selection) -> bool:
    """Say whether there are repositories that nobody has looked into, since nothing of them can be selected."""
    below = [path.child(name) for path, listing in snapshot.listings.items() for name in listing.children]
    if snapshot.lists_untagged:
        return not all(map(selection.reaches, below))
    named = (Repository(snapshot.namespace.registry, name) for listing in snapshot.listings.values() for name in listing.children)
    return bool(below) and not any(map(selection.takes, named))


def _nothing_at_all(snapshot: Snapshot, selection: Selection) -> Iterator[Doubt]:
    """Doubt a namespace that names nothing: its name may be wrong, or its owner may have moved or hidden it."""
    listing = snapshot.listings.get(snapshot.namespace)
    if listing is not None and listing.blank and not selection.believes_empty(snapshot.namespace):
        yield Doubt(snapshot.namespace, Fault.EMPTY, "the namespace has no images; is its name right?", below=True)


def _upwards(repository: Repository, namespace: Namespace) -> Iterator[Namespace]:
    """Give the repository's own path and each path above it, up to the namespace."""
    path = repository.path
    while namespace.covers(here := Namespace(repository.registry, path)):
        yield here
        if not path:
            return
        path = path.rpartition("/")[0]
