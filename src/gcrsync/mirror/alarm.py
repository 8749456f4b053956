"""What is told of a namespace although nothing failed: that it has gone silent, or that too much of its mirror would go."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gcrsync.mirror.change import Change
from gcrsync.mirror.choosing import choose
from gcrsync.mirror.diff import judged, trusted_listing
from gcrsync.mirror.record import Record, Records
from gcrsync.mirror.revisit import Look
from gcrsync.mirror.rules import Rules
from gcrsync.mirror.telling import told_time
from gcrsync.oci.name import Repository, Tag

_DAY = 86_400


class Kind(StrEnum):
    """What an alarm is about."""

    HALVED = "halved"
    """At least half of the repositories that had tags have none any more."""
    STALE = "stale"
    """Nothing has changed for long."""
    PRUNING = "pruning"
    """More would be pruned than one run may."""
    RULE = "rule"
    """A rule is for no tag that there is."""
    UNTIMED = "untimed"
    """Tags are to be chosen by the time of their upload, which the source does not tell."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """What somebody should look at, in a word and in a sentence."""

    kind: Kind
    reason: str


def silences(records: Records, look: Look, rules: Rules, now: datetime) -> Iterator[Alarm]:
    """Give the alarms about a source that has become silent; ``now`` is in UTC. See `still` for those of a run at its end."""
    vanished, before = _vanished(records, look)
    if len(before) > 1 and 2 * len(vanished) >= len(before):
        names = ", ".join(str(repository) for repository in vanished[:3]) + (", ..." if len(vanished) > len(vanished[:3]) else "")
        yield Alarm(Kind.HALVED, f"{len(vanished):,} of the {len(before):,} repositories on record have no tags any more: {names}")
    yield from _stale(records, look, rules, now)
    yield from _idle(records, look, rules)
    yield from _untimed(look)


def still(alarms: Iterable[Alarm], changes: Iterable[Change]) -> tuple[Alarm, ...]:
    """Give the alarms that hold after changes, planned or done: where there is news nothing is stale."""
    news = any(change.news for change in changes)
    return tuple(alarm for alarm in alarms if not (news and alarm.kind is Kind.STALE))


def _vanished(records: Records, look: Look) -> tuple[list[Repository], list[Repository]]:
    """Give the repositories that have lost all tags by lists that are believed, and all that had some."""
    before = [name for name in judged(records, look.snapshot, look.selection) if name in records and records[name].tags]
    seen = {name: trusted_listing(name, look.snapshot, look.doubts) for name in before}
    is_expected = look.selection.believes_empty
    gone = [name for name, listing in seen.items() if listing and not listing.names_tags]
    return [name for name in gone if not is_expected(name.namespace)], before


def _stale(records: Records, look: Look, rules: Rules, now: datetime) -> Iterator[Alarm]:
    newest: dict[int, datetime] = {}
    for repository in judged(records, look.snapshot, look.selection):
        record = records.get(repository, Record(repository, ""))
        for tag in {*record.served, *record.held}:
            limit = rules.of(repository, tag).stale_after
            if limit is not None:
                for moment in _moments(record, tag):
                    newest[limit] = max(moment, newest.get(limit, moment))
    for limit, last in sorted(newest.items()):
        if now - last > timedelta(seconds=limit):
            yield Alarm(Kind.STALE, f"nothing has changed since {told_time(last)}, and stale_after is {_span(limit)}")


def _moments(record: Record, tag: Tag) -> Iterator[datetime]:
    """Give the times that are on record of a tag."""
    described = record.described(tag)
    if described is not None and described.mirrored is not None:
        yield described.mirrored
    for entry in (record.held.get(tag), record.gone.get(tag), record.kept.get(tag)):
        if entry is not None:
            yield entry.since


def _idle(records: Records, look: Look, rules: Rules) -> Iterator[Alarm]:
    """Give the rules that match nothing of a source that was looked at as a whole: somebody may have mistyped one."""
    selection = look.selection
    if look.doubts or selection.namespace != selection.source or look.snapshot.others:
        return
    for rule in rules.exceptions:
        if not any(rule.match.matches(rules.name(repository), tag.name) for repository, tag in _names(records, look)):
            yield Alarm(Kind.RULE, f"the rule for {rule.match.text!r} matches no tag that there is")


def _untimed(look: Look) -> Iterator[Alarm]:
    """Give the alarm about tags that are left out since nobody knows how old they are."""
    seen = ((Repository(path.registry, path.path), listing) for path, listing in look.snapshot.listings.items() if path.path)
    judged_here = ((repository, listing) for repository, listing in seen if look.selection.judges(repository))
    untimed = [f"{name}:{tag}" for name, listing in judged_here for tag in choose(look.selection, name, listing).untimed]
    if untimed:
        reason = "max_age and newest by upload choose no tag of which the source does not tell when it was uploaded"
        yield Alarm(Kind.UNTIMED, f"{reason}: {min(untimed)}" + (f" and {len(untimed) - 1:,} more" if untimed[1:] else ""))


def _names(records: Records, look: Look) -> Iterator[tuple[Repository, Tag]]:
    for repository in judged(records, look.snapshot, look.selection):
        listing, record = look.snapshot.listings.get(repository.namespace), records.get(repository)
        for tag in {*(listing.tags if listing else ()), *((*record.served, *record.held) if record else ())}:
            yield repository, tag


def _span(seconds: int) -> str:
    return f"{seconds // _DAY}d" if seconds % _DAY == 0 and seconds else f"{seconds}s"
