"""What is told of a source that has gone silent."""

from dataclasses import replace
from datetime import datetime, timedelta

from gcrsync.mirror.alarm import Alarm, Kind, silences, still
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.patterns import Match, Patterns
from gcrsync.mirror.record import Kept, Mirrored, Record, Records
from gcrsync.mirror.revisit import Look
from gcrsync.mirror.rules import Policy, Rule, Rules
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.snapshot import find_doubts
from gcrsync.oci.name import Namespace, Tag
from tests.support.values import NOW, THEN, digest, everything, listing, record, records, repository, snapshot

PLACE = "gcr.io/p"
DAY = 86_400


def kinds(known: Records, alive: str, rules: Rules | None = None, selection: Selection | None = None) -> list[str]:
    """Look at a namespace in which the repositories named by letters have the tag 1."""
    lists = {f"{PLACE}/{name}": listing({"1": "x"}) for name in alive}
    found, chosen = snapshot(PLACE, {PLACE: listing({}, *alive), **lists}), selection or everything(PLACE)
    look = Look(found, chosen, find_doubts(found, known, chosen), ())
    return [alarm.kind.value for alarm in silences(known, look, rules or Rules(), NOW)]


def on_record(names: str) -> Records:
    return records(*(record(f"{PLACE}/{name}", {"1": "x"}) for name in names))


def test_a_namespace_that_loses_half_of_its_repositories_or_more_is_told_of() -> None:
    assert kinds(on_record("abcd"), "abc") == []
    assert kinds(on_record("abcd"), "ab") == [Kind.HALVED]
    assert kinds(on_record("abcd"), "a") == [Kind.HALVED]
    assert kinds(on_record("a"), "b") == []


def test_what_may_be_empty_is_missed_by_nobody() -> None:
    accepting = replace(everything(PLACE), accept_empty=Patterns(("c", "d")))

    assert kinds(on_record("abcd"), "ab", selection=accepting) == []


def test_repositories_that_went_before_are_not_told_of_again() -> None:
    gone = records(record(f"{PLACE}/b", gone={"1": "x"}), record(f"{PLACE}/c", gone={"1": "x"}))

    assert kinds({**on_record("a"), **gone}, "a") == []


def stale(known: Record, rules: Rules | None = None, now: datetime = THEN) -> list[str]:
    found, chosen = snapshot(f"{PLACE}/a", {f"{PLACE}/a": listing({"1": "x"})}), everything(f"{PLACE}/a")
    look = Look(found, chosen, {}, ())
    chosen_rules = rules or Rules(Policy(stale_after=DAY))
    alarms = silences(records(known), look, chosen_rules, now + timedelta(days=1, seconds=1))
    return [alarm.reason for alarm in alarms if alarm.kind is Kind.STALE]


def test_a_namespace_is_stale_once_its_newest_change_is_older_than_a_rule_allows() -> None:
    known = record(f"{PLACE}/a", {"1": "x"})

    assert stale(known) == ["nothing has changed since 2026-11-20T02:17:00Z, and stale_after is 1d"]
    assert stale(known, now=THEN - timedelta(seconds=1)) == []
    unknown = replace(known, tags={**known.tags, Tag("2"): digest("y")}, manifests={**known.manifests, digest("y"): Mirrored()})
    assert stale(unknown) == stale(known)
    assert stale(replace(known, manifests={digest("x"): Mirrored()})) == []
    assert stale(known, rules=Rules()) == []


def test_whatever_was_recorded_last_counts() -> None:
    known = record(f"{PLACE}/a", {"1": "x"}, held={"2": "y"}, gone={"3": "x"})
    held = {tag: replace(entry, since=NOW) for tag, entry in known.held.items()}
    gone = {tag: replace(entry, since=NOW) for tag, entry in known.gone.items()}
    mirrored = {digest: entry._replace(mirrored=NOW) for digest, entry in known.manifests.items()}

    assert len(stale(known)) == 1
    assert stale(replace(known, held=held)) == stale(replace(known, gone=gone)) == []
    assert stale(replace(known, manifests=mirrored)) == []
    assert stale(replace(known, kept={Tag("1-x"): Kept(digest("x"), Tag("1"), NOW)})) == []


def test_where_there_is_news_nothing_is_stale_and_what_failed_is_no_news() -> None:
    news = Change(repository(f"{PLACE}/a"), Tag("2"), State.ADDED, digest("y"))
    failed = replace(news, state=State.FAILED, news=False)
    alarms = Alarm(Kind.STALE, "for days"), Alarm(Kind.HALVED, "two of two")

    assert still(alarms, [news]) == alarms[1:]
    assert still(alarms, [failed]) == alarms


def test_a_rule_that_is_for_no_tag_is_told_of_once_the_whole_source_was_seen() -> None:
    known, source = on_record("ab"), everything(PLACE).source
    rules = Rules(exceptions=(Rule(Match("a:1")), Rule(Match("latest")), Rule(Match("b:2"))), source=source)
    narrowed = replace(everything(PLACE), namespace=Namespace.parse(f"{PLACE}/a"))

    assert kinds(known, "ab", rules) == [Kind.RULE, Kind.RULE]
    assert kinds(known, "a", rules, narrowed) == []


def test_a_rule_has_its_own_patience_with_some_tags() -> None:
    known = record(f"{PLACE}/a", {"1": "x", "v1": "y"})
    rules = Rules(exceptions=(Rule(Match("**:v*"), stale_after=DAY),), source=everything(f"{PLACE}/a").source)

    assert len(stale(known, rules=rules)) == 1
    assert stale(record(f"{PLACE}/a", {"1": "x"}), rules=rules) == []
