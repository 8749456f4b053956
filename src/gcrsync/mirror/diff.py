"""What a run has to do: the difference between what the source has and what is recorded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gcrsync.mirror.change import BACK, Change, State
from gcrsync.mirror.platforms import Platforms, told, was_chosen_otherwise
from gcrsync.mirror.record import Record, Records, Why
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.snapshot import Doubts, Snapshot, absence_doubt, own_doubt
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Listing
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.referrers import is_fallback_tag

NO_PLACE = "no place at the destination: "
"""How the reason to hold a repository begins that can have no place there; it is decided anew in every run."""

SCHEMA_ONE = "schema 1 manifest: no registry of today takes it, and converting it would change its digest"


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides about copying beside the two snapshots.

    ``unnameable`` maps repositories that can have no place at the destination to the reason, which begins with NO_PLACE. The tags
    of ``moving`` repositories are all copied, since their mirror gets another name. With ``retry_refused`` a refusal by the
    destination that is on record is no reason to hold. ``platforms`` are what is wanted of an index.
    """

    unnameable: Mapping[Repository, str] = field(default_factory=dict)
    moving: frozenset[Repository] = frozenset()
    retry_refused: bool = False
    platforms: Platforms = ()


@dataclass(frozen=True, slots=True)
class Delta:
    """The tags that are not the same on both sides, sorted by repository and tag, and the number of those that are."""

    changes: tuple[Change, ...]
    unchanged: int


def diff(records: Records, snapshot: Snapshot, selection: Selection, doubts: Doubts, terms: Terms) -> Delta:
    """Compare what is recorded with what was seen, tag by tag, within the selection.

    A repository whose listing is in doubt adds and retires nothing; its recorded tags count as unchanged.
    """
    changes: list[Change] = []
    unchanged = 0
    for repository in judged(records, snapshot, selection):
        record = records.get(repository) or Record(repository, "")
        listing = trusted_listing(repository, snapshot, doubts)
        if listing is None:
            unchanged += sum(selection.takes_tag(tag) for tag in record.tags)
            continue
        found = list(_compare(record, listing, selection, terms))
        told = [change for change in found if change.state is not State.UNCHANGED or change.news]
        unchanged += len(found) - len(told)
        changes += sorted(told, key=lambda change: change.tag.sort_key)
    return Delta(tuple(changes), unchanged)


def judged(records: Records, snapshot: Snapshot, selection: Selection) -> list[Repository]:
    """Give the repositories of a selection and its shard that are recorded or were seen with tags, sorted."""
    return sorted(repository for repository in _known(records, snapshot) if selection.judges(repository))


def selected(records: Records, snapshot: Snapshot, selection: Selection) -> list[Repository]:
    """Give the repositories of a selection that are recorded or were seen with tags, or by name for another shard, sorted."""
    return sorted(repository for repository in _known(records, snapshot) | snapshot.others if selection.takes(repository))


def _known(records: Records, snapshot: Snapshot) -> set[Repository]:
    seen = {Repository(path.registry, path.path) for path, listing in snapshot.listings.items() if path.path and listing.tags}
    return seen | set(records)


def trusted_listing(repository: Repository, snapshot: Snapshot, doubts: Doubts) -> Listing | None:
    """Give what can be believed of a repository: its listing, an empty one where it is gone as a whole, or None."""
    listing = snapshot.listings.get(repository.namespace)
    if listing is not None:
        return None if own_doubt(repository, doubts) else listing
    return None if absence_doubt(repository, snapshot.namespace, doubts) else Listing()


def _compare(record: Record, listing: Listing, selection: Selection, terms: Terms) -> Iterator[Change]:
    for tag in dict.fromkeys((*listing.tags, *record.tags, *record.held)):
        if not selection.takes_tag(tag):
            continue
        digest = listing.tags.get(tag)
        yield _vanished(record, tag) if digest is None else _present(record, tag, digest, listing, terms)


def _vanished(record: Record, tag: Tag) -> Change:
    reason = "" if tag in record.tags else "it was held and never mirrored"
    return Change(record.repository, tag, State.GONE, was=record.tags.get(tag), reason=reason)


def _present(record: Record, tag: Tag, digest: Digest, listing: Listing, terms: Terms) -> Change:
    was, held = record.tags.get(tag), record.held.get(tag)
    rechosen = _chosen_otherwise(record, tag, terms.platforms) if was == digest else ""
    if was == digest and record.repository not in terms.moving and not rechosen:
        reason = BACK if held else ""
        return Change(record.repository, tag, State.UNCHANGED, digest, was, reason, news=held is not None)
    reason = _reason_to_hold(record, tag, digest, listing, terms)
    if reason:
        known = held is not None and (held.digest, held.reason) == (digest, reason)
        return Change(record.repository, tag, State.HELD, digest, was, reason, news=not known)
    if rechosen and record.repository not in terms.moving:
        return Change(record.repository, tag, State.MOVED, digest, was, rechosen)
    if was == digest:
        return Change(record.repository, tag, State.ADDED, digest, was, f"moves from {record.mirror}")
    return Change(record.repository, tag, State.MOVED if was else State.ADDED, digest, was)


def _chosen_otherwise(record: Record, tag: Tag, platforms: Platforms) -> str:
    """Say which platforms the mirror has and which it should have; empty where it has the right ones."""
    described = record.described(tag)
    if described is None or described.follows(platforms) or is_fallback_tag(tag):
        return ""
    return f"chosen anew: {told(platforms)}, was {told(described.platforms)}"


def _reason_to_hold(record: Record, tag: Tag, digest: Digest, listing: Listing, terms: Terms) -> str:
    """Say why a digest is not to be copied; empty where it is."""
    if record.repository in terms.unnameable:
        return terms.unnameable[record.repository]
    described = listing.manifests.get(digest)
    if described is not None and described.media_type in media_types.SCHEMA1:
        return SCHEMA_ONE
    held = record.held.get(tag)
    if held is None or held.digest != digest or record.repository in terms.moving:
        return ""
    tried_again = held.why is Why.REFUSED and _is_tried_again(held.reason, terms)
    return "" if tried_again else held.reason


def _is_tried_again(reason: str, terms: Terms) -> bool:
    """Say whether a refusal does not hold any more, or is decided anew in every run."""
    return terms.retry_refused or reason.startswith(NO_PLACE) or was_chosen_otherwise(reason, terms.platforms)
