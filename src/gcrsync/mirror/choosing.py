"""Which tags of a listed repository are chosen, and which are left out as if they were not there."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gcrsync.mirror.choice import Choice, Left, left_by_name, left_by_time
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.versions import version_of
from gcrsync.oci.listing import Listing
from gcrsync.oci.name import Repository, Tag


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is left out of a listing, tag by tag with the reason; all others are chosen.

    ``ranks`` tells of those that were counted to find the newest which place they have, from 1, and of how many. ``untimed`` are
    those that were left out since the source does not tell when they were uploaded.
    """

    left: Mapping[Tag, Left] = field(default_factory=dict)
    ranks: Mapping[Tag, tuple[int, int]] = field(default_factory=dict)
    untimed: frozenset[Tag] = frozenset()


def choose(selection: Selection, repository: Repository, listing: Listing) -> Chosen:
    """Choose among the tags that a listing names, there or not: by name, then by age, then the newest of what is left.

    The newest are counted among the tags of which one rule, or none, says how many they are. What is pinned is always chosen.
    """
    if not selection.rules.chooses:
        return Chosen()
    names = (tag for tag in (*listing.tags, *listing.unasked, *listing.missing) if tag not in selection.pins)
    choices = {tag: selection.rules.choice_of(repository, tag) for tag in names}
    left = {tag: why for tag, choice in choices.items() if (why := left_by_name(choice, tag))}
    named = {tag: choice for tag, choice in choices.items() if tag not in left}
    late = {tag: why for tag, choice in named.items() if (why := left_by_time(choice, uploaded_of(listing, tag), selection.now))}
    untimed = frozenset(tag for tag in late if uploaded_of(listing, tag) is None)
    ranks: dict[Tag, tuple[int, int]] = {}
    older: dict[Tag, Left] = {}
    for tags, newest in _groups(selection, repository, {tag: choice for tag, choice in named.items() if tag not in late}):
        by_version = choices[tags[0]].by_version
        ordered = _newest_first(tags, listing, by_version=by_version)
        ranks |= {tag: (place, len(tags)) for place, tag in enumerate(ordered, start=1)}
        older |= {tag: Left("newest", f"{_place(*ranks[tag])}, of which newest = {newest} are taken") for tag in ordered[newest:]}
    return Chosen({**left, **late, **older}, ranks, untimed)


def uploaded_of(listing: Listing, tag: Tag) -> datetime | None:
    """Give when a tag was uploaded (UTC), None where the source does not tell.

    Where the source tells times of tags, a tag without one is not given that of its manifest, which is another tag's.
    """
    if listing.uploaded:
        return listing.uploaded.get(tag)
    described = listing.manifests.get(listing.tags[tag]) if tag in listing.tags else None
    return None if described is None else described.uploaded


def _groups(selection: Selection, repository: Repository, choices: Mapping[Tag, Choice]) -> Iterator[tuple[list[Tag], int]]:
    """Give the tags that are counted together, and how many of them are taken."""
    groups: dict[tuple[int, bool, int], list[Tag]] = {}
    for tag, choice in choices.items():
        if choice.newest is not None:
            decider = selection.rules.decider(repository, tag, "newest")
            groups.setdefault((decider, choice.by_version, choice.newest), []).append(tag)
    for (_, _, newest), tags in groups.items():
        yield tags, newest


def _newest_first(tags: Collection[Tag], listing: Listing, *, by_version: bool) -> list[Tag]:
    """Sort by version, or by upload; those that are alike in that, such as ``1.2`` and ``v1.2.0``, by their names."""
    if by_version:
        versions = {tag: version for tag in tags if (version := version_of(tag.name))}
        return sorted(versions, key=lambda tag: (versions[tag], tag.sort_key), reverse=True)
    uploads = {tag: uploaded for tag in tags if (uploaded := uploaded_of(listing, tag))}
    return sorted(uploads, key=lambda tag: (uploads[tag], tag.sort_key), reverse=True)


def _place(place: int, of: int) -> str:
    return f"it is number {place} of {of}"
