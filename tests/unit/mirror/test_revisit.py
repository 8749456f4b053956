"""Which images are looked at again for what has come to refer to them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gcrsync.mirror.change import Change, State
from gcrsync.mirror.patterns import Match
from gcrsync.mirror.revisit import Look, revisits
from gcrsync.mirror.rules import Rule, Rules
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.snapshot import Doubt, Fault, Snapshot
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.media_types import OCI_MANIFEST
from gcrsync.oci.name import Namespace, Tag
from tests.support.values import THEN, digest, naming, record, records, repository, tags

PLACE, REPOSITORY = Namespace.parse("gcr.io/p"), repository("gcr.io/p/a")
RECORD = record("gcr.io/p/a", {"1": "x", "latest": "x", "2": "y"})
WEEK = timedelta(days=7)


def look(listing: Listing, listed_by: str = "catalog", *changes: Change, rules: str = "*") -> Look:
    snapshot = Snapshot(PLACE, {REPOSITORY.namespace: listing}, listed_by=listed_by)
    return Look(snapshot, Selection(PLACE, PLACE, rules=naming(rules)), {}, changes)


AS_RECORDED = Listing(RECORD.tags)


def found(look: Look, age: timedelta = WEEK - timedelta(seconds=1), *rules: Rule) -> dict[str, set[str]]:
    names, chosen = {digest(word): word for word in "xyz"}, Rules(exceptions=rules, source=PLACE)
    return {names[each.digest]: {tag.name for tag in each.tags} for each in revisits(records(RECORD), look, chosen, THEN + age)}


def test_an_image_is_looked_at_once_for_all_of_its_tags() -> None:
    assert found(look(AS_RECORDED)) == {"x": {"1", "latest"}, "y": {"2"}}


def test_an_image_is_left_alone_when_its_time_is_over() -> None:
    assert found(look(AS_RECORDED), WEEK) == {}


def test_a_rule_gives_some_tags_more_time_and_some_none() -> None:
    longer = Rule(Match("a:latest"), referrers_for=int(2 * WEEK.total_seconds()))
    never = Rule(Match("a"), referrers_for=0)

    assert found(look(AS_RECORDED), WEEK, longer) == {"x": {"1", "latest"}}
    assert found(look(AS_RECORDED), timedelta(seconds=1), never) == {}


def test_what_is_not_selected_or_is_something_else_now_or_is_to_be_copied_is_not_looked_at() -> None:
    moves = Change(REPOSITORY, Tag("latest"), State.ADDED, digest("x"), digest("x"))

    assert found(look(AS_RECORDED, rules="latest")) == {"x": {"latest"}}
    assert found(look(Listing(tags({"1": "x", "2": "z"})))) == {"x": {"1"}}
    assert found(look(AS_RECORDED, "catalog", moves)) == {"x": {"1"}, "y": {"2"}}


def test_what_a_doubtful_list_names_is_not_looked_at() -> None:
    doubted = replace(
        look(AS_RECORDED), doubts={REPOSITORY.namespace: Doubt(REPOSITORY.namespace, Fault.TRUNCATED, "", below=True)}
    )

    assert found(doubted) == {}


@pytest.mark.parametrize(("untagged", "expected"), [((), {}), (("z",), {"x": {"1", "latest"}, "y": {"2"}})])
def test_where_untagged_manifests_are_listed_a_new_one_alone_is_a_reason_to_look(
    untagged: tuple[str, ...], expected: dict[str, set[str]]
) -> None:
    listing = Listing(RECORD.tags, {digest(word): Described(OCI_MANIFEST) for word in ("x", "y", *untagged)})

    assert found(look(listing, "google")) == expected
