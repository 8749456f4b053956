"""What is to be copied, from what differs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from gcrsync.mirror.change import Change, State
from gcrsync.mirror.naming import AnyDestination, mirror_name
from gcrsync.mirror.outcome import Keep, Recorded, Step
from gcrsync.mirror.platforms import Platforms
from gcrsync.mirror.record import Record, Records
from gcrsync.mirror.revisit import Revisit
from gcrsync.mirror.rules import Rules
from gcrsync.mirror.snapshot import Snapshot
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.referrers import is_fallback_tag

_COPIED = frozenset({State.ADDED, State.MOVED})


def make_plan(
    changes: Iterable[Change], snapshot: Snapshot, destination: AnyDestination, records: Records, rules: Rules
) -> tuple[Step, ...]:
    """Group the tags that are to be copied by repository and digest, so that each manifest is fetched once.

    The ``rules`` say what is wanted of an index.
    """
    named: dict[Repository, dict[Digest, list[Change]]] = {}
    for change in changes:
        if change.state in _COPIED and change.digest is not None:
            named.setdefault(change.repository, {}).setdefault(change.digest, []).append(change)
    return tuple(
        step
        for repository, alike in named.items()
        for step in _steps(
            _Place(destination, records.get(repository, Record(repository, "")), rules.platforms_of(repository)),
            snapshot.listings[repository.namespace],
            _by_size(rules, repository, alike),
        )
    )


def plan_revisit(revisit: Revisit, destination: AnyDestination, record: Record, rules: Rules) -> Step:
    """Give the step of an image that is on record, for what has come to refer to it."""
    place = _Place(destination, record, rules.platforms_of(record.repository))
    described = Described(record.manifests[revisit.digest].media_type)
    return _step(place, revisit.digest, revisit.tags, described)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a repository goes, what is on record of it, and what is wanted of its indexes."""

    destination: AnyDestination
    record: Record
    platforms: Platforms


_Sized = tuple[Digest, int | None]
"""A digest, and the most bytes that its image may have."""


def _by_size(rules: Rules, repository: Repository, named: Mapping[Digest, list[Change]]) -> Mapping[_Sized, list[Change]]:
    """Part the tags of a digest where a rule takes it under one of them and not under another."""
    parted: dict[_Sized, list[Change]] = {}
    for digest, alike in named.items():
        for change in alike:
            parted.setdefault((digest, rules.of(repository, change.tag).max_size), []).append(change)
    return parted


def _steps(place: _Place, listing: Listing, named: Mapping[_Sized, list[Change]]) -> Iterator[Step]:
    for (digest, max_size), alike in named.items():
        tags = tuple(change.tag for change in alike)
        step = _step(place, digest, tags, listing.manifests.get(digest, Described()))
        yield replace(step, keeps=tuple(_keeps(place.record, alike)), max_size=max_size)


def _keeps(record: Record, changes: Iterable[Change]) -> Iterator[Keep]:
    for change in changes:
        had = record.digest_at_mirror(change.tag)
        if change.kept is not None and had is not None:
            yield Keep(change.tag, change.kept, had)


def _step(place: _Place, digest: Digest, tags: tuple[Tag, ...], described: Described) -> Step:
    repository = place.record.repository
    target, mirror = place.destination.repository(repository), mirror_name(place.destination, repository)
    if all(map(is_fallback_tag, tags)):  # a list of referrers, which has no platforms to choose from
        place = replace(place, platforms=())
    return Step(repository, target, mirror, digest, tags, described, _recorded(place, mirror, digest), place.platforms)


def _recorded(place: _Place, mirror: str, digest: Digest) -> Recorded:
    """Say what is on record of a place: nothing where the mirror is to get another name."""
    record = place.record
    if record.mirror != mirror or not record.manifests:
        return Recorded.NOTHING
    known = record.manifests.get(digest)
    return Recorded.MANIFEST if known is not None and known.follows(place.platforms) else Recorded.REPOSITORY


def pending_bytes(steps: Iterable[Step]) -> int:
    """Add up the sizes that the listings gave, in bytes; what they do not tell counts as nothing."""
    return sum(step.described.size or 0 for step in steps)
