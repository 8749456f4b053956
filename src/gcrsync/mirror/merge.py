"""Two writers' changes to one record, put together."""

from collections.abc import Callable
from dataclasses import dataclass, field

from gcrsync.errors import GcrsyncError, MirrorNameError
from gcrsync.mirror.naming import mirrored
from gcrsync.mirror.record import Gone, Held, Kept, Mirrored, Record
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Tag

Served = Callable[[str, Tag], Digest | None]
"""What the destination serves under a tag, asked with the mirror's name and the tag.

None is nothing; GcrsyncError is raised where it cannot be asked.
"""


@dataclass(frozen=True, slots=True)
class _Entry:
    """Everything that a record says of one tag; ``claim`` is the digest that the mirror is said to have under it."""

    digest: Digest | None
    held: Held | None
    gone: Gone | None
    kept: Kept | None
    claim: Digest | None
    described: Mirrored | None = field(compare=False)


def merge(base: Record, ours: Record, theirs: Record, served: Served) -> Record:
    """Carry the changes from ``base`` to ``ours`` over to ``theirs``, tag by tag.

    Where both changed one tag to say different things, what the destination serves decides; if that is neither, or cannot be asked,
    theirs stays. Raises MirrorNameError where both changed the record and mirrored to different names.
    """
    if base in (ours, theirs) or ours == theirs:
        return theirs if ours == base else ours
    if ours.mirror != theirs.mirror and mirrored(ours) and mirrored(theirs):
        message = f"two runs have mirrored {ours.repository} to {theirs.mirror} and to {ours.mirror}"
        raise MirrorNameError(message, hint="let both runs use one destination and one `name`")
    entries: dict[Tag, _Entry] = {}
    for tag in _tags(base) | _tags(ours) | _tags(theirs):
        before, mine, other = _entry(base, tag), _entry(ours, tag), _entry(theirs, tag)
        if mine in (before, other):
            entries[tag] = other
        elif other == before or (mine.claim != other.claim and _serves(served, ours.mirror, tag, mine.claim)):
            entries[tag] = mine
        else:
            entries[tag] = other
    return _record(base, ours, theirs, entries)


def _serves(served: Served, mirror: str, tag: Tag, claim: Digest | None) -> bool:
    try:
        return served(mirror, tag) == claim
    except GcrsyncError:
        return False


def _tags(record: Record) -> set[Tag]:
    return {*record.served, *record.held}


def _entry(record: Record, tag: Tag) -> _Entry:
    claim, described = record.digest_at_mirror(tag), record.described(tag)
    return _Entry(record.tags.get(tag), record.held.get(tag), record.gone.get(tag), record.kept.get(tag), claim, described)


def _record(base: Record, ours: Record, theirs: Record, entries: dict[Tag, _Entry]) -> Record:
    return Record(
        repository=theirs.repository,
        mirror=ours.mirror if ours.mirror != base.mirror else theirs.mirror,
        tags={tag: entry.digest for tag, entry in entries.items() if entry.digest},
        manifests=_manifests(base, ours, theirs),
        held={tag: entry.held for tag, entry in entries.items() if entry.held},
        gone={tag: entry.gone for tag, entry in entries.items() if entry.gone},
        kept={tag: entry.kept for tag, entry in entries.items() if entry.kept},
        untagged={**theirs.untagged, **ours.untagged},
        extra=theirs.extra,
        former={tag: entry.described for tag, entry in entries.items() if entry.described},
    ).settled()


def _manifests(base: Record, ours: Record, theirs: Record) -> dict[Digest, Mirrored]:
    """Describe what either has; what we describe anew and they do not is as we say."""
    renewed = {
        digest: described
        for digest, described in ours.manifests.items()
        if theirs.manifests.get(digest) == base.manifests.get(digest) is not None
    }
    return {**ours.manifests, **theirs.manifests, **renewed}
