"""Which tags may go, and when there are too many of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from gcrsync.mirror.patterns import Match
from gcrsync.mirror.prune import excess, prunable
from gcrsync.mirror.record import Record
from gcrsync.mirror.revisit import Look
from gcrsync.mirror.rules import Policy, Rule, Rules, Vanished
from gcrsync.mirror.snapshot import OFFICIAL_IMAGES, find_doubts
from tests.support.values import THEN, everything, listing, naming, record, records, snapshot

NAME = "gcr.io/p/a"
HOUR = 3_600
PRUNE = Policy(gone=Vanished.PRUNE, grace=HOUR)


def look(known: Record, seen: Mapping[str, str], tags: str = "*") -> Look:
    found, selection = (
        snapshot(NAME, {NAME: listing(seen)}),
        replace(everything(NAME), rules=naming(tags)),
    )
    return Look(found, selection, find_doubts(found, records(known), selection), ())


def names(known: Record, look: Look, rules: Rules, hours: float = 1) -> list[str]:
    return [str(change.tag) for change in prunable(records(known), look, rules, THEN + timedelta(hours=hours))]


def test_what_is_gone_goes_at_the_end_of_its_grace() -> None:
    known = record(NAME, {"1": "x"}, gone={"2": "x", "10": "y", "3": "y"})
    seen = look(known, {"1": "x", "3": "y"})

    assert names(known, seen, Rules(PRUNE)) == ["2", "10"]
    assert names(known, seen, Rules(PRUNE), hours=0.99) == []
    assert names(known, seen, Rules()) == []
    assert names(known, look(known, {"1": "x"}, "10"), Rules(PRUNE)) == ["10"]
    assert names(known, seen, Rules(PRUNE, (Rule(Match("**:2"), gone=Vanished.KEEP),))) == ["10"]


def test_a_list_in_doubt_lets_nothing_go() -> None:
    known = record(NAME, {"1": "x"}, gone={"2": "x"})

    assert names(known, look(known, {}), Rules(PRUNE)) == []


@pytest.mark.parametrize(
    ("gone", "share", "told"),
    [
        (1, Fraction(1, 10), ""),
        (2, Fraction(1, 10), "2 of 10 tags on record, more than max_prune = 10%"),
        (2, Fraction(1, 5), ""),
        (1, Fraction(0), "1 of 10 tags on record, more than max_prune = 0%"),
        (3, Fraction("0.299"), "3 of 10 tags on record, more than max_prune = 29.9%"),
        (10, Fraction(1), ""),
    ],
)
def test_a_share_may_be_reached_and_not_exceeded(gone: int, share: Fraction, told: str) -> None:
    known = record(NAME, {f"s{n}": "x" for n in range(10 - gone)}, gone={f"g{n}": "y" for n in range(gone)})
    seen = look(known, {f"s{n}": "x" for n in range(10 - gone)} or {"new": "x"})
    rules = Rules(replace(PRUNE, max_prune=share))
    changes = list(prunable(records(known), seen, rules, THEN + timedelta(hours=1)))

    assert len(changes) == gone
    assert excess(changes, records(known), seen, rules) == told


def test_each_share_is_of_the_tags_that_it_is_for() -> None:
    known = record(NAME, {f"s{n}": "x" for n in range(18)}, gone={"v1": "y", "w1": "y"})
    seen = look(known, {f"s{n}": "x" for n in range(18)})
    half = Rule(Match("**:v*"), max_prune=Fraction(1, 2))
    rules = Rules(PRUNE, (half,), seen.selection.source)
    changes = list(prunable(records(known), seen, rules, THEN + timedelta(hours=1)))

    assert len(changes) == len(known.gone)
    assert excess(changes, records(known), seen, rules) == "1 of 1 tags on record, more than max_prune = 50%"


def test_what_official_images_do_not_name_may_still_be_there_and_is_not_pruned() -> None:
    known = record(NAME, {"s": "x"}, gone={"g": "y"})
    seen = look(known, {"s": "x"})
    silent = replace(seen, snapshot=replace(seen.snapshot, listed_by=OFFICIAL_IMAGES))
    pruned = [list(prunable(records(known), each, Rules(PRUNE), THEN + timedelta(hours=1))) for each in (seen, silent)]

    assert [len(changes) for changes in pruned] == [1, 0]
