"""What a run has to do: the difference between what the source has and what is recorded."""

from collections.abc import Collection, Container, Iterator
from dataclasses import dataclass, replace

from gcrsync.mirror.change import BACK, Change, State
from gcrsync.mirror.choosing import choose
from gcrsync.mirror.holding import Terms, find_hold, name_to_keep
from gcrsync.mirror.platforms import Platforms, told
from gcrsync.mirror.record import Record, Records
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.snapshot import Doubts, Snapshot, absence_doubt, own_doubt
from gcrsync.mirror.unread import chosen_in
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Listing
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.referrers import is_fallback_tag


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
            unchanged += selection.count(repository, record.tags)
            continue
        alike, left = _alike(record, listing, terms), choose(selection, repository, listing).left
        unchanged += sum(tag not in left for tag in alike) if left else len(alike)
        is_same = len(alike) == len(listing.tags) == len(record.tags) and not listing.missing
        found = [] if is_same else list(_compare(record, listing, selection, terms, {*alike, *left}))
        if not snapshot.retires:
            found = [_unlisted(change) if change.state is State.GONE else change for change in found]
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
    seen = {
        Repository(path.registry, path.path)
        for path, listing in snapshot.listings.items()
        if path.path and (listing.tags or listing.missing)
    }
    return seen | set(records)


def trusted_listing(repository: Repository, snapshot: Snapshot, doubts: Doubts) -> Listing | None:
    """Give what can be believed of a repository: its listing, an empty one where it is gone as a whole, or None."""
    listing = snapshot.listings.get(repository.namespace)
    if listing is not None:
        return None if own_doubt(repository, doubts) else listing
    return None if absence_doubt(repository, snapshot.namespace, doubts) else Listing()


def _alike(record: Record, listing: Listing, terms: Terms) -> Collection[Tag]:
    """Give tags that there is nothing to say of, found without looking at one by one: on most nights that are most of them."""
    if record.held or record.former or record.repository in terms.moving:
        return ()
    platforms, chosen = terms.rules.platforms_of(record.repository), chosen_in(record.manifests)
    if chosen <= {platforms} or all(described.follows(platforms) for described in record.manifests.values()):
        return record.tags if record.tags == listing.tags else dict(record.tags.items() & listing.tags.items())
    return ()


def _compare(record: Record, listing: Listing, selection: Selection, terms: Terms, settled: Container[Tag]) -> Iterator[Change]:
    """Compare tag by tag, without those that are settled; only a whole listing that does not name a tag says that it is gone."""
    for tag in dict.fromkeys((*listing.tags, *listing.missing, *record.tags, *record.held)):
        if tag in settled:
            continue
        digest = listing.tags.get(tag)
        if digest is not None:
            yield _present(record, tag, digest, listing, terms)
        elif tag not in listing.unasked | listing.unbuilt and selection.takes_tag(record.repository, tag):
            yield _vanished(record, tag)


def _vanished(record: Record, tag: Tag) -> Change:
    reason = "" if tag in record.tags else "it was held and never mirrored"
    return Change(record.repository, tag, State.GONE, was=record.tags.get(tag), reason=reason)


def _unlisted(change: Change) -> Change:
    return replace(change, state=State.UNLISTED, reason="", news=False)


def _present(record: Record, tag: Tag, digest: Digest, listing: Listing, terms: Terms) -> Change:
    was, held = record.tags.get(tag), record.held.get(tag)
    anew = _copied_anew(record, tag, terms) if was == digest else ""
    if was == digest and not anew:
        return Change(record.repository, tag, State.UNCHANGED, digest, was, BACK if held else "", news=held is not None)
    hold = find_hold(record, tag, digest, listing, terms)
    if hold is not None:
        return Change(
            record.repository, tag, State.HELD, digest, was, hold.reason, news=not hold.is_known(held, digest), why=hold.why
        )
    state = State.MOVED if was and record.repository not in terms.moving else State.ADDED
    kept = name_to_keep(record, tag, digest, terms)
    reason = anew or (f"the old one is kept as {kept}" if kept else "")
    return Change(record.repository, tag, state, digest, was, reason, kept=kept)


def _copied_anew(record: Record, tag: Tag, terms: Terms) -> str:
    """Say why a tag that has one digest on both sides is to be copied all the same; empty where it is not."""
    if record.repository in terms.moving:
        return f"moves from {record.mirror}"
    return _chosen_otherwise(record, tag, terms.rules.platforms_of(record.repository))


def _chosen_otherwise(record: Record, tag: Tag, platforms: Platforms) -> str:
    """Say which platforms the mirror has and which it should have; empty where it has the right ones."""
    described = record.described(tag)
    if described is None or described.follows(platforms) or is_fallback_tag(tag):
        return ""
    return f"chosen anew: {told(platforms)}, was {told(described.platforms)}"
