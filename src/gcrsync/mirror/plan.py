"""What is to be copied, from what differs."""

from collections.abc import Iterable, Mapping

from gcrsync.mirror.change import Change, State
from gcrsync.mirror.naming import AnyDestination, mirror_name
from gcrsync.mirror.outcome import Step
from gcrsync.mirror.snapshot import Snapshot
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described
from gcrsync.oci.name import Repository, Tag

_COPIED = frozenset({State.ADDED, State.MOVED})


def make_plan(changes: Iterable[Change], snapshot: Snapshot, destination: AnyDestination) -> tuple[Step, ...]:
    """Group the tags that are to be copied by repository and digest, so that each manifest is fetched once."""
    tags: dict[tuple[Repository, Digest], list[Tag]] = {}
    for change in changes:
        if change.state in _COPIED and change.digest is not None:
            tags.setdefault((change.repository, change.digest), []).append(change.tag)
    return tuple(_step(snapshot, destination, repository, digest, named) for (repository, digest), named in tags.items())


def _step(snapshot: Snapshot, destination: AnyDestination, repository: Repository, digest: Digest, tags: list[Tag]) -> Step:
    manifests: Mapping[Digest, Described] = snapshot.listings[repository.namespace].manifests
    return Step(
        source=repository,
        target=destination.repository(repository),
        mirror=mirror_name(destination, repository),
        digest=digest,
        tags=tuple(tags),
        described=manifests.get(digest, Described()),
    )


def pending_bytes(steps: Iterable[Step]) -> int:
    """Add up the sizes that the listings gave, in bytes; what they do not tell counts as nothing."""
    return sum(step.described.size or 0 for step in steps)
