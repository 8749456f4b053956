"""What the rules of a mirror hold back, and for how long."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gcrsync.mirror.change import State
from gcrsync.mirror.holding import NO_PLACE, Terms, kept_tag, too_large
from gcrsync.mirror.record import Held, Kept, Record, Why
from gcrsync.mirror.rules import Moved, Policy, Rules
from gcrsync.oci import media_types
from gcrsync.oci.listing import Described
from gcrsync.oci.manifest import Platform
from gcrsync.oci.name import Tag
from gcrsync.oci.referrers import fallback_tag
from tests.support.values import NOW, THEN, compare, digest, listing, record, records, repository, snapshot

NAME = "gcr.io/p/a"
HOUR = 3_600


def found(known: Record, seen: dict[str, str], terms: Terms) -> dict[str, tuple[str, str, str]]:
    """Give what is to be done of each tag: its state, why it is held, and the name under which the old digest is kept."""
    delta = compare(records(known), snapshot(NAME, {NAME: listing(seen)}), terms=terms)
    return {
        str(change.tag): (change.state.value, change.why.value if change.state is State.HELD else "", str(change.kept or ""))
        for change in delta.changes
    }


def terms(moved: Moved = Moved.FOLLOW, min_age: int = 0) -> Terms:
    return Terms(NOW, rules=Rules(Policy(moved=moved, min_age=min_age)))


def test_a_frozen_tag_stays_while_new_ones_come_and_its_new_digest_is_held() -> None:
    known = record(NAME, {"1": "x", "2": "y"}, gone={"3": "z"})

    assert found(known, {"1": "new", "2": "y", "3": "new", "4": "x"}, terms(moved=Moved.FREEZE)) == {
        "1": ("held", "frozen", ""),
        "3": ("held", "frozen", ""),
        "4": ("added", "", ""),
    }


def test_a_tag_that_keeps_its_old_digest_names_it_by_the_tag_and_twelve_digits() -> None:
    known, old = record(NAME, {"1": "x"}, gone={"2": "x"}), digest("x").encoded[:12]

    assert found(known, {"1": "new", "2": "new", "3": "new"}, terms(moved=Moved.KEEP_OLD)) == {
        "1": ("moved", "", f"1-{old}"),
        "2": ("added", "", f"2-{old}"),
        "3": ("added", "", ""),
    }


def test_the_name_of_a_kept_digest_is_a_tag_however_long_the_tag_was() -> None:
    name = kept_tag(Tag("t" * 128), digest("x"))

    assert (len(name), name[114:]) == (128, f"t-{digest('x').encoded[:12]}")


def test_a_list_of_referrers_moves_whatever_the_rule_says() -> None:
    tag = str(fallback_tag(digest("image")))
    known = record(NAME, {tag: "x"})

    assert found(known, {tag: "new"}, terms(moved=Moved.FREEZE)) == {tag: ("moved", "", "")}
    assert found(known, {tag: "new"}, terms(moved=Moved.KEEP_OLD)) == {tag: ("moved", "", "")}


def test_a_tag_of_the_source_never_takes_the_name_of_a_kept_digest() -> None:
    name = kept_tag(Tag("1"), digest("x"))
    known = record(NAME, {"1": "x"})
    kept = replace(record(NAME, {"1": "y", "0": "x"}), kept={name: Kept(digest("x"), Tag("1"), THEN)})

    assert found(known, {"1": "new", name: "evil"}, terms(moved=Moved.KEEP_OLD))["1"] == ("held", "refused", "")
    assert found(known, {"1": "new", name: "x"}, terms(moved=Moved.KEEP_OLD))["1"] == ("moved", "", name)
    assert found(kept, {"1": "y", "0": "x", name: "evil"}, terms()) == {name: ("held", "refused", "")}
    assert found(kept, {"1": "y", "0": "x", name: "x"}, terms()) == {name: ("added", "", "")}


def test_a_mirror_gets_its_new_name_before_old_digests_are_kept_there() -> None:
    moving = replace(terms(moved=Moved.KEEP_OLD), moving=frozenset({repository(NAME)}))

    assert found(record(NAME, {"1": "x", "2": "y"}), {"1": "new", "2": "y"}, moving) == {
        "1": ("held", "frozen", ""),
        "2": ("added", "", ""),
    }


def young(since: timedelta) -> Record:
    held = {Tag("1"): Held(digest("new"), NOW - since, Why.YOUNG, "as it was told then")}
    return replace(record(NAME, {"1": "x"}), held=held)


def test_a_new_digest_is_copied_once_it_has_been_known_for_long_enough() -> None:
    waiting = terms(min_age=72 * HOUR)

    assert found(record(NAME, {"1": "x"}), {"1": "new", "2": "new"}, waiting) == {
        "1": ("held", "young", ""),
        "2": ("held", "young", ""),
    }
    assert found(young(timedelta(hours=71, minutes=59)), {"1": "new"}, waiting) == {"1": ("held", "young", "")}
    assert found(young(timedelta(hours=72)), {"1": "new"}, waiting) == {"1": ("moved", "", "")}
    assert found(young(timedelta(0)), {"1": "new"}, terms()) == {"1": ("moved", "", "")}


def test_a_digest_is_as_old_as_its_first_sight_under_any_tag() -> None:
    waiting = terms(min_age=72 * HOUR)

    assert found(young(timedelta(hours=72)), {"1": "x", "2": "new"}, waiting)["2"] == ("added", "", "")
    assert found(record(NAME, {"1": "x"}), {"1": "x", "2": "x"}, terms(min_age=23 * HOUR)) == {"2": ("added", "", "")}
    assert found(record(NAME, {"1": "x"}), {"1": "x", "2": "x"}, terms(min_age=25 * HOUR)) == {"2": ("held", "young", "")}


@pytest.mark.parametrize(("digest_seen", "news"), [("new", False), ("newer", True)])
def test_what_is_young_still_is_no_news_whatever_the_words(digest_seen: str, *, news: bool) -> None:
    seen = snapshot(NAME, {NAME: listing({"1": digest_seen})})
    (change,) = compare(records(young(timedelta(hours=1))), seen, terms=terms(min_age=72 * HOUR)).changes

    assert (change.state, change.news) == (State.HELD, news)
    assert "to be copied from 2026-11-2" in change.reason


def test_a_refusal_outlives_a_rule_that_would_hold_it_too() -> None:
    known = record(NAME, {"1": "x"}, held={"1": "new"})

    assert found(known, {"1": "new"}, terms(moved=Moved.FREEZE)) == {"1": ("held", "refused", "")}
    assert found(known, {"1": "new"}, replace(terms(moved=Moved.FREEZE), retry_refused=True)) == {"1": ("held", "frozen", "")}


def test_what_has_no_place_is_told_before_what_a_rule_says() -> None:
    nowhere = replace(terms(min_age=HOUR), unnameable={repository(NAME): NO_PLACE + "inside another"})

    assert found(record(NAME), {"1": "new"}, nowhere) == {"1": ("held", "refused", "")}


def test_a_tag_that_is_pinned_anew_moves_whatever_may_not_move_and_keeps_what_it_had_where_it_should() -> None:
    known, seen = record(NAME, {"1": "x", "2": "x"}), {"1": "new", "2": "new"}
    pinned = frozenset({Tag("1")})

    assert found(known, seen, replace(terms(Moved.FREEZE), pinned=pinned)) == {"1": ("moved", "", ""), "2": ("held", "frozen", "")}
    assert found(known, seen, replace(terms(Moved.KEEP_OLD), pinned=pinned))["1"][2] == str(kept_tag(Tag("1"), digest("x")))
    assert found(known, seen, replace(terms(min_age=HOUR), pinned=pinned))["1"] == ("held", "young", "")


def sized(known: Record, size: int | None, rules: Rules, media_type: str | None = media_types.OCI_MANIFEST) -> tuple[str, str]:
    """Give what is to be done of a new digest that a listing describes so, and the reason."""
    seen = replace(listing({"1": "new"}), manifests={digest("new"): Described(media_type, size)})
    (change,) = compare(records(known), snapshot(NAME, {NAME: seen}), terms=Terms(NOW, rules=rules)).changes
    return change.state.value, change.reason


def test_what_a_listing_says_is_larger_than_the_limit_is_held_and_copied_once_the_limit_is_raised() -> None:
    small, raised = Rules(Policy(max_size=100)), Rules(Policy(max_size=101))
    held = Held(digest("new"), THEN, Why.LARGE, "it has 101 bytes, of which max_size = 100 are taken at most")

    assert sized(record(NAME, {}), 101, small) == ("held", held.reason)
    assert sized(record(NAME, {}), 100, small)[0] == "added"
    assert sized(record(NAME, {}), None, small)[0] == "added"
    assert sized(replace(record(NAME, {}), held={Tag("1"): held}), 101, raised)[0] == "added"


def test_the_size_of_a_whole_index_says_nothing_where_platforms_are_chosen_of_it() -> None:
    chosen = Rules(Policy(max_size=100), platforms=(Platform("linux", "amd64"),))

    assert sized(record(NAME, {}), 101, replace(chosen, platforms=()), media_types.OCI_INDEX)[0] == "held"
    assert sized(record(NAME, {}), 101, chosen, media_types.OCI_INDEX)[0] == "added"
    assert sized(record(NAME, {}), 101, chosen, None)[0] == "added"
    assert sized(record(NAME, {}), 101, chosen)[0] == "held"


def test_what_was_measured_once_is_held_without_being_read_again_until_other_platforms_are_wanted() -> None:
    amd64, arm64 = ((Platform("linux", architecture),) for architecture in ("amd64", "arm64"))
    small = Rules(Policy(max_size=100), platforms=amd64)
    reason = too_large(101, 100, amd64)
    known = replace(record(NAME, {}), held={Tag("1"): Held(digest("new"), THEN, Why.LARGE, reason, size=101)})

    assert reason == "it has 101 bytes for linux/amd64, of which max_size = 100 are taken at most"
    assert sized(known, None, small) == ("held", reason)
    assert sized(known, None, replace(small, platforms=arm64))[0] == "added"
    assert sized(known, None, replace(small, platforms=()))[0] == "added"
    assert sized(known, None, replace(small, policy=Policy(max_size=101)))[0] == "added"
