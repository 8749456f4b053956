"""Which tags of a listing are chosen, and what becomes of those that are not."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcrsync.errors import InvalidNameError
from gcrsync.mirror.alarm import Kind, silences
from gcrsync.mirror.choice import Choice, Order
from gcrsync.mirror.choosing import Chosen, choose
from gcrsync.mirror.patterns import Match, Patterns
from gcrsync.mirror.revisit import Look
from gcrsync.mirror.rules import Rule, Rules
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.versions import Versions, version_of
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.name import Namespace, Repository, Tag
from tests.support.values import NOW, compare, digest, everything, record, records, snapshot

PLACE = Namespace.parse("gcr.io/p/a")
REPOSITORY = Repository("gcr.io", "p/a")


def selection(choice: Choice, *exceptions: Rule) -> Selection:
    return replace(everything(str(PLACE)), rules=Rules(choice=choice, exceptions=exceptions, source=PLACE), now=NOW)


def told(ages: Mapping[str, int | None], *unasked: str) -> Listing:
    """Give a listing of tags that were uploaded so many days ago, None where the source does not tell."""
    manifests = {digest(name): Described(uploaded=None if age is None else NOW - timedelta(days=age)) for name, age in ages.items()}
    return Listing({Tag(name): digest(name) for name in ages}, manifests, unasked=frozenset(map(Tag, unasked)))


def taken(chosen: Chosen, listing: Listing) -> list[str]:
    return sorted(tag.name for tag in {*listing.tags, *listing.unasked} - set(chosen.left))


def by_name(choice: Choice, *names: str) -> list[str]:
    listing = told({}, *names)
    return taken(choose(selection(choice), REPOSITORY, listing), listing)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">=1.28, <2", ["1.28", "v1.28.0", "1.99.3"], ["1.27.9", "2", "v2.0.0", "latest", "2024.01.05"]),
        ("<2", ["1.9"], ["2.0.0-rc.1", "2.0.0"]),
        ("<2.0.0-rc.2", ["2.0.0-rc.1"], ["2.0.0-rc.2", "2.0.0"]),
        ("!=1.5, >1, <=1.6.0", ["1.4", "1.6"], ["1", "1.5.0", "1.6.1"]),
        ("=1.5", ["v1.5", "1.5.0"], ["1.5.1"]),
    ],
)
def test_versions_choose_what_lies_in_all_bounds(text: str, inside: list[str], outside: list[str]) -> None:
    assert by_name(Choice(versions=Versions(text), prereleases=True), *inside, *outside) == sorted(inside)


@pytest.mark.parametrize("text", ["", "1.28", ">=latest", ">=1.28 <2", "~1.2"])
def test_what_is_no_range_of_versions_is_refused(text: str) -> None:
    with pytest.raises(InvalidNameError, match=r'expected bounds such as ">=1\.28, <2"'):
        Versions(text)


def test_a_pre_release_is_chosen_only_where_that_is_said() -> None:
    within = Versions(">=1")

    assert by_name(Choice(versions=within), "1.0.0", "1.1.0-rc.1") == ["1.0.0"]
    assert by_name(Choice(versions=within, prereleases=True), "1.0.0", "1.1.0-rc.1") == ["1.0.0", "1.1.0-rc.1"]
    assert by_name(Choice(newest=1, newest_by=Order.VERSION), "1.0.0", "1.1.0-rc.1") == ["1.0.0"]


def test_the_newest_are_counted_after_everything_else_has_left_out_what_it_does() -> None:
    choice = Choice(exclude=Patterns(("*9",)), max_age=30 * 86_400, newest=2, newest_by=Order.VERSION)
    listing = told({"1.9": 1, "1.8": 40, "1.7": 2, "1.6": 3, "1.5": 4})

    chosen = choose(selection(choice), REPOSITORY, listing)

    assert taken(chosen, listing) == ["1.6", "1.7"]
    assert {tag.name: why.key for tag, why in chosen.left.items()} == {"1.9": "tags.exclude", "1.8": "max_age", "1.5": "newest"}
    assert chosen.left[Tag("1.5")].how == "it is number 3 of 3, of which newest = 2 are taken"


def test_the_newest_are_counted_for_each_rule_that_says_how_many() -> None:
    rule = Rule(Match("**:debug-*"), choice=Choice(newest=1))
    listing = told({"a": 3, "b": 2, "c": 1, "debug-a": 6, "debug-b": 5})

    assert taken(choose(selection(Choice(newest=2), rule), REPOSITORY, listing), listing) == ["b", "c", "debug-b"]


def test_a_tag_without_a_time_is_not_chosen_by_time() -> None:
    listing = told({"old": 3, "new": 2, "untold": None}, "unasked")

    by_upload = choose(selection(Choice(newest=9)), REPOSITORY, listing)
    by_age = choose(selection(Choice(max_age=86_400 * 2)), REPOSITORY, listing)

    assert (taken(by_upload, listing), sorted(by_upload.untimed)) == (["new", "old"], ["unasked", "untold"])
    assert (taken(by_age, listing), sorted(by_age.untimed)) == (["new"], ["unasked", "untold"])


@pytest.mark.parametrize("names", [("moved", "stayed"), ("stayed", "moved")])
def test_tags_of_one_digest_are_chosen_each_by_its_own_time(names: tuple[str, str]) -> None:
    times = {"moved": NOW - timedelta(days=1), "stayed": NOW - timedelta(days=400)}
    listing = Listing(
        {Tag(name): digest("both") for name in names},
        {digest("both"): Described(uploaded=times["stayed"])},
        uploaded={Tag(name): times[name] for name in names},
    )

    assert taken(choose(selection(Choice(max_age=86_400 * 30)), REPOSITORY, listing), listing) == ["moved"]
    newest = choose(selection(Choice(newest=1)), REPOSITORY, listing)
    assert taken(newest, listing) == ["moved"]
    assert newest.ranks == {Tag("moved"): (1, 2), Tag("stayed"): (2, 2)}


def test_where_tags_have_times_one_without_does_not_take_that_of_another() -> None:
    both = {Tag("told"): digest("both"), Tag("untold"): digest("both")}
    manifests = {digest("both"): Described(uploaded=NOW)}
    listing = Listing(both, manifests, unasked=frozenset([Tag("bare")]), uploaded={Tag("told"): NOW})

    chosen = choose(selection(Choice(newest=9)), REPOSITORY, listing)

    assert (taken(chosen, listing), sorted(chosen.untimed)) == (["told"], ["bare", "untold"])


def test_a_tag_without_a_digest_is_chosen_by_its_time() -> None:
    days = {"new": 1, "old": 9}
    times = {Tag(name): NOW - timedelta(days=age) for name, age in days.items()}
    listing = Listing(unasked=frozenset(times), uploaded=times)

    assert taken(choose(selection(Choice(max_age=86_400 * 2)), REPOSITORY, listing), listing) == ["new"]


def test_that_the_source_tells_no_times_is_warned_of() -> None:
    chosen = selection(Choice(max_age=86_400))
    seen = snapshot(str(PLACE), {str(PLACE): told({"new": 0}, "a", "b")})

    (alarm,) = silences({}, Look(seen, chosen, {}, ()), chosen.rules, NOW)

    assert alarm.kind is Kind.UNTIMED
    assert alarm.reason.endswith("does not tell when it was uploaded: gcr.io/p/a:a and 1 more")


def test_a_later_rule_says_instead_of_the_table_which_names_are_chosen() -> None:
    rule = Rule(Match("."), choice=Choice(exclude=Patterns(("x",))))
    listing = told({}, "x", "y")

    assert taken(choose(selection(Choice(exclude=Patterns(("y",))), rule), REPOSITORY, listing), listing) == ["y"]


def test_what_is_left_out_stays_on_record_and_only_what_the_names_select_is_gone() -> None:
    known = records(record(str(PLACE), {"1.0": "a", "1.1": "b", "1.2": "c", "x": "d"}))
    seen = snapshot(str(PLACE), {str(PLACE): Listing({Tag("1.2"): digest("new")}, unasked=frozenset([Tag("1.1")]))})

    delta = compare(known, seen, selection(Choice(versions=Versions(">=1"), newest=1, newest_by=Order.VERSION)))

    assert [(change.tag.name, change.state.value) for change in delta.changes] == [("1.0", "gone"), ("1.2", "moved")]


@given(st.sets(st.from_regex(r"v?[0-9]{1,2}(\.[0-9]{1,2}){0,2}(-rc\.[0-9])?", fullmatch=True)), st.integers(1, 5), st.booleans())
def test_no_tag_that_is_left_out_is_newer_than_one_that_is_taken(names: set[str], newest: int, prereleases: bool) -> None:  # noqa: FBT001
    listing = told({}, *names)
    chosen = choose(selection(Choice(newest=newest, newest_by=Order.VERSION, prereleases=prereleases)), REPOSITORY, listing)
    versions = {name: version for name in names if (version := version_of(name)) and (prereleases or not version.prerelease)}
    kept = taken(chosen, listing)

    assert len(kept) == min(newest, len(versions))
    assert set(kept) <= set(versions)
    for name in set(versions) - set(kept):
        assert all(versions[name] <= versions[each] for each in kept)
