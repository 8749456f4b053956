"""Which tags a mirror may give up, since the source has not had them for long, and when there are too many of them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from fractions import Fraction

from gcrsync.mirror.change import Change, State
from gcrsync.mirror.diff import judged, trusted_listing
from gcrsync.mirror.record import Record, Records
from gcrsync.mirror.revisit import Look
from gcrsync.mirror.rules import Rules, Vanished
from gcrsync.mirror.telling import told_time
from gcrsync.oci.listing import Listing
from gcrsync.oci.name import Tag


def prunable(records: Records, look: Look, rules: Rules, now: datetime) -> Iterator[Change]:
    """Give the tags that a rule lets go at ``now`` (UTC), sorted: they are on record as gone, and a list to be believed agrees."""
    if not look.snapshot.retires:
        return
    for repository in judged(records, look.snapshot, look.selection):
        record, listing = records.get(repository), trusted_listing(repository, look.snapshot, look.doubts)
        if record is None or listing is None:
            continue
        for tag in sorted(record.gone, key=lambda tag: tag.sort_key):
            if look.selection.takes_tag(repository, tag) and _is_over(record, tag, listing, rules, now):
                gone = record.gone[tag]
                yield Change(repository, tag, State.PRUNED, was=gone.digest, reason=f"gone since {told_time(gone.since)}")


def _is_over(record: Record, tag: Tag, listing: Listing, rules: Rules, now: datetime) -> bool:
    policy = rules.of(record.repository, tag)
    is_there = tag in listing.tags or tag in listing.unasked
    return policy.gone is Vanished.PRUNE and not is_there and record.gone[tag].since + timedelta(seconds=policy.grace) <= now


def untried(prunes: Iterable[Change], records: Records) -> list[Change]:
    """Give those that no run has tried to prune before; the others were counted then, and stayed since the registry said no."""
    return [change for change in prunes if not records[change.repository].gone[change.tag].reason]


def excess(prunes: Iterable[Change], records: Records, look: Look, rules: Rules) -> str:
    """Say how many tags more than a rule allows would be pruned at once; empty where it is not more.

    The share is counted among the selected tags on record for which the same ``max_prune`` holds.
    """
    wanted = Counter(rules.of(change.repository, change.tag).max_prune for change in untried(prunes, records))
    if not wanted:
        return ""
    recorded = Counter(_shares(records, look, rules))
    for share, count in wanted.items():
        if count > share * recorded[share]:
            return f"{count:,} of {recorded[share]:,} tags on record, more than max_prune = {float(share * 100):g}%"
    return ""


def _shares(records: Records, look: Look, rules: Rules) -> Iterator[Fraction]:
    for repository in judged(records, look.snapshot, look.selection):
        record = records.get(repository)
        for tag in (*record.tags, *record.gone) if record else ():
            if look.selection.takes_tag(repository, tag):
                yield rules.of(repository, tag).max_prune
