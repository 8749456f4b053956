"""Why a digest of the source is not copied, or not yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gcrsync.mirror.platforms import Platforms, told, was_chosen_otherwise
from gcrsync.mirror.record import Held, Record, Why
from gcrsync.mirror.rules import Moved, Rules
from gcrsync.mirror.telling import told_time
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Listing
from gcrsync.oci.name import LONGEST_TAG, Repository, Tag
from gcrsync.oci.referrers import is_fallback_tag

NO_PLACE = "no place at the destination: "
"""How the reason to hold what can have no place there begins; it is decided anew in every run."""

SCHEMA_ONE = "schema 1 manifest: no registry of today takes it, and converting it would change its digest"

_SHOWN = 12
"""How many digits of a digest the name has under which it is kept."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides about copying beside the two snapshots; ``now`` (UTC) is when the run began.

    ``unnameable`` maps repositories that can have no place at the destination to the reason, which begins with NO_PLACE. The tags
    of ``moving`` repositories are all copied, since their mirror gets another name. With ``retry_refused`` a refusal by the
    destination that is on record is no reason to hold. ``pinned`` are tags whose digest the user has chosen.
    """

    now: datetime
    unnameable: Mapping[Repository, str] = field(default_factory=dict)
    moving: frozenset[Repository] = frozenset()
    retry_refused: bool = False
    rules: Rules = field(default_factory=Rules)
    pinned: frozenset[Tag] = frozenset()

    def moved(self, record: Record, tag: Tag) -> Moved:
        """Give what becomes of a tag that moves.

        A list of referrers always moves, or it would not name the newest. What is pinned is moved by its user, not by the source.
        """
        moved = self.rules.of(record.repository, tag).moved
        follows = is_fallback_tag(tag) or (moved is Moved.FREEZE and tag in self.pinned)
        return Moved.FOLLOW if follows else moved


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a digest is not copied, in a word and in a sentence; ``size`` is in bytes where that is why and no list tells it."""

    why: Why
    reason: str
    size: int | None = None

    def is_known(self, held: Held | None, digest: Digest) -> bool:
        """Say whether a digest is on record as held for this.

        A refusal is told by its sentence; what a rule says of a digest may be put otherwise in every run.
        """
        if held is None or (held.digest, held.why) != (digest, self.why):
            return False
        return self.why is not Why.REFUSED or held.reason == self.reason


def kept_tag(tag: Tag, digest: Digest) -> Tag:
    """Name what a tag had: ``latest-4f1c0a9b7d3e``, with as much of a long tag as leaves room for the digest."""
    end = f"-{digest.encoded[:_SHOWN]}"
    return Tag(tag.name[: LONGEST_TAG - len(end)] + end)


def name_to_keep(record: Record, tag: Tag, digest: Digest, terms: Terms) -> Tag | None:
    """Give the name under which the mirror is to keep what a tag had before it moves to a digest, None where it is not to."""
    had = record.digest_at_source(tag)
    is_kept = had is not None and had != digest and terms.moved(record, tag) is Moved.KEEP_OLD
    return kept_tag(tag, had) if had is not None and is_kept else None


def find_hold(record: Record, tag: Tag, digest: Digest, listing: Listing, terms: Terms) -> Hold | None:
    """Say why a digest is not to be copied; None where it is. What the mirror has under this tag already a rule never holds."""
    refused = _refusal(record, tag, digest, listing, terms) or _no_room(record, tag, digest, listing, terms)
    if refused:
        return Hold(Why.REFUSED, refused)
    if record.digest_at_source(tag) == digest:
        return None
    policy = terms.rules.of(record.repository, tag)
    held = _frozen(record, tag, terms)
    if held is None and policy.max_size is not None:
        held = _large(record, tag, digest, listing, terms)
    return _young(record, digest, policy.min_age, terms.now) if held is None and policy.min_age else held


def _refusal(record: Record, tag: Tag, digest: Digest, listing: Listing, terms: Terms) -> str:
    if record.repository in terms.unnameable:
        return terms.unnameable[record.repository]
    described = listing.manifests.get(digest)
    if described is not None and described.media_type in media_types.SCHEMA1:
        return SCHEMA_ONE
    held = record.held.get(tag)
    if held is None or held.digest != digest or held.why is not Why.REFUSED or record.repository in terms.moving:
        return ""
    return "" if _is_tried_again(held.reason, record.repository, terms) else held.reason


def _is_tried_again(reason: str, repository: Repository, terms: Terms) -> bool:
    """Say whether a refusal does not hold any more, or is decided anew in every run."""
    platforms = terms.rules.platforms_of(repository)
    return terms.retry_refused or reason.startswith(NO_PLACE) or was_chosen_otherwise(reason, platforms)


def _no_room(record: Record, tag: Tag, digest: Digest, listing: Listing, terms: Terms) -> str:
    """Say which of the two names that would have to be one: a tag of the source, and that of a digest which is kept."""
    kept = record.kept.get(tag)
    if kept is not None and kept.digest != digest:
        return f"{NO_PLACE}the mirror keeps {kept.digest} of {kept.of} under this name"
    name = name_to_keep(record, tag, digest, terms)
    if name is None or {listing.tags.get(name), record.digest_at_source(name)} <= {None, record.digest_at_source(tag)}:
        return ""
    return f"{NO_PLACE}what it had would be kept as {name}, and that is another tag"


def _frozen(record: Record, tag: Tag, terms: Terms) -> Hold | None:
    if record.digest_at_source(tag) is None:
        return None
    moved = terms.moved(record, tag)
    if moved is Moved.FREEZE:
        return Hold(Why.FROZEN, 'the tag may not move (moved = "freeze")')
    if moved is Moved.KEEP_OLD and record.repository in terms.moving:
        return Hold(Why.FROZEN, "the mirror gets another name first, and what the tag had goes there with it")
    return None


def _large(record: Record, tag: Tag, digest: Digest, listing: Listing, terms: Terms) -> Hold | None:
    """Hold what is too large as the listing says, or as it was when its manifests were read; else they tell when it is copied."""
    max_size = terms.rules.of(record.repository, tag).max_size
    if max_size is None:
        return None
    platforms = terms.rules.platforms_of(record.repository)
    size = _listed_size(digest, listing, platforms)
    if size is not None:
        return Hold(Why.LARGE, too_large(size, max_size)) if size > max_size else None
    held = record.held.get(tag)
    if held is None or held.digest != digest or held.size is None or held.size <= max_size:
        return None
    # What was measured of other platforms says nothing of these.
    reason = too_large(held.size, max_size, platforms)
    return Hold(Why.LARGE, reason, held.size) if held.reason.startswith(_measured(held.size, platforms)) else None


def too_large(size: int, max_size: int, platforms: Platforms = ()) -> str:
    """Say why an image is not copied that has so many bytes, for these platforms."""
    return f"{_measured(size, platforms)} of which max_size = {max_size} are taken at most"


def _measured(size: int, platforms: Platforms) -> str:
    return f"it has {size} bytes" + (f" for {told(platforms)}," if platforms else ",")


def _listed_size(digest: Digest, listing: Listing, platforms: Platforms) -> int | None:
    """Give the size that the listing tells; of an index of which platforms are chosen it tells more than is copied."""
    described = listing.manifests.get(digest)
    if described is None or (platforms and described.media_type not in media_types.MANIFESTS - media_types.INDEXES):
        return None
    return described.size


def _young(record: Record, digest: Digest, min_age: int, now: datetime) -> Hold | None:
    known, ripens = _known_since(record, digest, now), timedelta(seconds=min_age)
    if now - known >= ripens:
        return None
    return Hold(Why.YOUNG, f"known since {told_time(known)}, to be copied from {told_time(known + ripens)} on")


def _known_since(record: Record, digest: Digest, now: datetime) -> datetime:
    """Say when a digest was first seen, under whatever tag: what the image says of its own age is its maker's word alone."""
    seen = [held.since for held in record.held.values() if held.digest == digest]
    described = record.manifests.get(digest)
    if described is not None and described.mirrored is not None:
        seen.append(described.mirrored)
    return min(seen, default=now)
