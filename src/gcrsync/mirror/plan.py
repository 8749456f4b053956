"""What is to be copied, from what differs."""

from collections.abc import Iterable, Iterator, Mapping

from gcrsync.mirror.change import Change, State
from gcrsync.mirror.naming import AnyDestination, mirror_name
from gcrsync.mirror.outcome import Recorded, Step
from gcrsync.mirror.record import Record, Records
from gcrsync.mirror.snapshot import Snapshot
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.name import Repository, Tag

_COPIED = frozenset({State.ADDED, State.MOVED})


def make_plan(changes: Iterable[Change], snapshot: Snapshot, destination: AnyDestination, records: Records) -> tuple[Step, ...]:
    """Group the tags that are to be copied by repository and digest, so that each manifest is fetched once."""
    tags: dict[Repository, dict[Digest, list[Tag]]] = {}
    for change in changes:
        if change.state in _COPIED and change.digest is not None:
            tags.setdefault(change.repository, {}).setdefault(change.digest, []).append(change.tag)
    return tuple(
        step
        for repository, named in tags.items()
        for step in _steps(
            snapshot.listings[repository.namespace], destination, records.get(repository, Record(repository, "")), named
        )
    )


def _steps(listing: Listing, destination: AnyDestination, record: Record, tags: Mapping[Digest, list[Tag]]) -> Iterator[Step]:
    repository = record.repository
    target, mirror = destination.repository(repository), mirror_name(destination, repository)
    for digest, named in tags.items():
        described = listing.manifests.get(digest, Described())
        yield Step(repository, target, mirror, digest, tuple(named), described, _recorded(record, mirror, digest))


def _recorded(record: Record, mirror: str, digest: Digest) -> Recorded:
    """Say what is on record of a place: nothing where the mirror is to get another name."""
    if record.mirror != mirror or not record.manifests:
        return Recorded.NOTHING
    return Recorded.MANIFEST if digest in record.manifests else Recorded.REPOSITORY


def pending_bytes(steps: Iterable[Step]) -> int:
    """Add up the sizes that the listings gave, in bytes; what they do not tell counts as nothing."""
    return sum(step.described.size or 0 for step in steps)
