"""What differs between a source and its mirror, case by case."""

from dataclasses import replace

import pytest

from gcrsync.mirror.change import State
from gcrsync.mirror.diff import Delta
from gcrsync.mirror.holding import NO_PLACE, SCHEMA_ONE, Terms
from gcrsync.mirror.patterns import Patterns
from gcrsync.mirror.platforms import Platforms
from gcrsync.mirror.record import Mirrored, Record
from gcrsync.mirror.rules import Rules
from gcrsync.mirror.snapshot import OFFICIAL_IMAGES, Snapshot, find_doubts
from gcrsync.oci import media_types
from gcrsync.oci.listing import Listing
from gcrsync.oci.manifest import Platform
from gcrsync.oci.name import Tag
from tests.support.values import NOW, compare, digest, everything, listing, naming, record, records, repository, snapshot

NAME = "gcr.io/p/a"


def told(delta: Delta) -> list[tuple[str, str]]:
    return [(str(change.tag), change.state.value) for change in delta.changes]


def test_a_new_tag_is_added_and_a_known_one_is_unchanged() -> None:
    delta = compare(records(record(NAME, {"1": "x"})), snapshot(NAME, {NAME: listing({"1": "x", "2": "y"})}))

    assert told(delta) == [("2", "added")]
    assert delta.unchanged == 1


def test_a_tag_with_another_digest_has_moved_and_tells_both_digests() -> None:
    delta = compare(records(record(NAME, {"1": "x"})), snapshot(NAME, {NAME: listing({"1": "y"})}))

    assert [(change.state, change.digest, change.was) for change in delta.changes] == [(State.MOVED, digest("y"), digest("x"))]


def test_a_tag_that_a_whole_list_lacks_is_gone() -> None:
    delta = compare(records(record(NAME, {"1": "x", "2": "y"})), snapshot(NAME, {NAME: listing({"2": "y"})}))

    assert told(delta) == [("1", "gone")]


def test_a_tag_that_official_images_do_not_name_is_unlisted_and_nothing_is_recorded_of_it() -> None:
    seen = replace(snapshot(NAME, {NAME: listing({"2": "y"})}), listed_by=OFFICIAL_IMAGES)
    (change,) = compare(records(record(NAME, {"1": "x", "2": "y"})), seen).changes

    assert (change.tag.name, change.state, change.was, change.news) == ("1", State.UNLISTED, digest("x"), False)


def test_a_tag_that_was_not_asked_for_is_left_as_it_is() -> None:
    seen = snapshot(NAME, {NAME: replace(listing({"2": "y"}), unasked=frozenset({Tag("1")}))})
    assert compare(records(record(NAME, {"1": "x", "2": "y"})), seen) == Delta((), 1)


def test_a_tag_that_returns_is_added_again() -> None:
    delta = compare(records(record(NAME, gone={"1": "x"})), snapshot(NAME, {NAME: listing({"1": "x"})}))

    assert told(delta) == [("1", "added")]


def test_a_tag_that_is_gone_already_is_no_news() -> None:
    assert compare(records(record(NAME, {"2": "y"}, gone={"1": "x"})), snapshot(NAME, {NAME: listing({"2": "y"})})) == Delta((), 1)


def test_a_repository_with_tags_and_children_is_compared_as_well_as_its_children() -> None:
    seen = snapshot("gcr.io/p", {"gcr.io/p": listing({}, "a"), NAME: listing({"1": "x"}, "b"), f"{NAME}/b": listing({"2": "y"})})

    assert [str(change.repository) for change in compare({}, seen).changes] == [NAME, f"{NAME}/b"]


def test_a_repository_that_its_whole_parent_no_longer_names_is_gone() -> None:
    seen = snapshot("gcr.io/p", {"gcr.io/p": listing({}, "b"), "gcr.io/p/b": listing({"1": "x"})})

    assert told(compare(records(record(NAME, {"1": "x"}), record("gcr.io/p/b", {"1": "x"})), seen)) == [("1", "gone")]


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(snapshot("gcr.io/p", {"gcr.io/p": listing({}, "a")}, {NAME: "503"}), id="its own list failed"),
        pytest.param(snapshot("gcr.io/p", {}, {"gcr.io/p": "503"}), id="the list of its parent failed"),
        pytest.param(snapshot("gcr.io/p", {"gcr.io/p": Listing()}), id="the namespace answers empty"),
        pytest.param(snapshot("gcr.io/p", {"gcr.io/p": listing({}, "a"), NAME: Listing()}), id="it answers empty"),
        pytest.param(
            snapshot("gcr.io/p", {"gcr.io/p": listing({}, "a"), NAME: listing({}, "b")}), id="it has children and no tags"
        ),
        pytest.param(snapshot("gcr.io/p", {NAME: replace(listing({"9": "z"}), truncated=True)}), id="its list is cut"),
        pytest.param(
            snapshot("gcr.io/p", {"gcr.io/p": replace(listing({}, "b"), truncated=True)}), id="the list of its parent is cut"
        ),
    ],
)
def test_a_list_in_doubt_adds_and_retires_nothing(seen: Snapshot) -> None:
    assert compare(records(record(NAME, {"1": "x"})), seen) == Delta((), 1)


def test_the_siblings_of_a_failed_repository_go_on() -> None:
    seen = snapshot("gcr.io/p", {"gcr.io/p": listing({}, "a", "b"), "gcr.io/p/b": listing({"1": "x"})}, {NAME: "503"})

    assert [str(change.repository) for change in compare(records(record(NAME, {"1": "x"})), seen).changes] == ["gcr.io/p/b"]


def test_an_empty_list_is_believed_where_the_configuration_says_so() -> None:
    selection = replace(everything("gcr.io/p"), accept_empty=Patterns(("a",)))
    seen = snapshot("gcr.io/p", {"gcr.io/p": listing({}, "a"), NAME: Listing()})

    assert told(compare(records(record(NAME, {"1": "x"})), seen, selection)) == [("1", "gone")]


def test_what_a_rule_leaves_out_is_never_gone() -> None:
    selection = replace(everything("gcr.io/p"), rules=naming("v*"), exclude=Patterns(("b",)))
    known = records(record(NAME, {"1": "x", "v1": "x"}), record("gcr.io/p/b", {"1": "x"}))

    assert compare(known, snapshot("gcr.io/p", {"gcr.io/p": listing({}, "a"), NAME: listing({"v1": "x"})}), selection) == Delta(
        (), 1
    )


def test_only_selected_tags_of_a_repository_that_is_as_recorded_are_counted() -> None:
    seen = snapshot(NAME, {NAME: listing({"1": "x", "2": "y"})})
    chosen = replace(everything(NAME), rules=naming("2"))

    assert compare(records(record(NAME, {"1": "x", "2": "y"})), seen) == Delta((), 2)
    assert compare(records(record(NAME, {"1": "x", "2": "y"})), seen, chosen) == Delta((), 1)


def test_schema_1_is_held_by_its_media_type_without_any_request() -> None:
    seen = snapshot(NAME, {NAME: listing({"1": "x"}, media_type=media_types.DOCKER_SCHEMA1_SIGNED)})
    (change,) = compare({}, seen).changes

    assert (change.state, change.reason, change.news) == (State.HELD, SCHEMA_ONE, True)


def test_what_is_held_already_is_no_news() -> None:
    (change,) = compare(records(record(NAME, held={"1": "x"})), snapshot(NAME, {NAME: listing({"1": "x"})})).changes

    assert (change.state, change.news) == (State.HELD, False)


def test_a_held_tag_with_a_new_digest_is_tried() -> None:
    assert told(compare(records(record(NAME, held={"1": "x"})), snapshot(NAME, {NAME: listing({"1": "y"})}))) == [("1", "added")]


def test_a_held_tag_that_is_back_at_what_the_mirror_has_is_held_no_longer() -> None:
    delta = compare(records(record(NAME, {"1": "x"}, held={"1": "y"})), snapshot(NAME, {NAME: listing({"1": "x"})}))

    assert [(change.state, change.news) for change in delta.changes] == [(State.UNCHANGED, True)]


def test_a_refusal_is_tried_again_when_it_is_asked_for_or_the_mirror_moves() -> None:
    known, seen = records(record(NAME, held={"1": "x"})), snapshot(NAME, {NAME: listing({"1": "x"})})

    assert told(compare(known, seen, terms=Terms(NOW, retry_refused=True))) == [("1", "added")]
    assert told(compare(known, seen, terms=Terms(NOW, moving=frozenset({repository(NAME)})))) == [("1", "added")]


def test_a_repository_without_a_place_is_held_until_it_has_one() -> None:
    seen, reason = snapshot(NAME, {NAME: listing({"1": "x"})}), NO_PLACE + "inside another"
    (change,) = compare({}, seen, terms=Terms(NOW, unnameable={repository(NAME): reason})).changes
    held = record(NAME, held={"1": "x"})
    held = replace(held, held={tag: replace(entry, reason=reason) for tag, entry in held.held.items()})

    assert (change.state, change.reason) == (State.HELD, reason)
    assert told(compare(records(held), seen)) == [("1", "added")]


def test_a_mirror_that_moves_copies_what_has_not_changed_too() -> None:
    delta = compare(
        records(record(NAME, {"1": "x"})),
        snapshot(NAME, {NAME: listing({"1": "x"})}),
        terms=Terms(NOW, moving=frozenset({repository(NAME)})),
    )

    assert [(change.state, change.reason) for change in delta.changes] == [(State.ADDED, "moves from mirror.example/p/a")]


def test_a_selection_that_takes_nothing_of_what_is_there_is_doubted() -> None:
    seen = snapshot("gcr.io/p", {"gcr.io/p": listing({}, "a"), NAME: listing({"1": "x"})})
    nothing = replace(everything("gcr.io/p"), includes=(Patterns(("b",)),))
    mistyped = replace(everything("gcr.io/p"), rules=naming("lastest", "v*"))

    assert [doubt.reason for doubt in find_doubts(seen, {}, nothing).values()] == ["nothing of what is here is selected"]
    unlooked = snapshot("gcr.io/p", {"gcr.io/p": listing({}, "a")})
    assert [doubt.reason for doubt in find_doubts(unlooked, {}, nothing).values()] == ["nothing of what is here is selected"]
    assert [doubt.reason for doubt in find_doubts(seen, {}, mistyped).values()] == [
        "no repository that is selected has the tag lastest"
    ]
    assert told(compare({}, seen, replace(mistyped, rules=naming("1", "lastest")))) == [("1", "added")]


ARM, AMD = (Platform.parse("linux/arm"),), (Platform.parse("linux/amd64"),)


def narrowed(media_type: str, platforms: Platforms) -> Record:
    known = record(NAME, {"1": "x"})
    return replace(known, manifests={digest("x"): Mirrored(media_type, platforms=platforms)})


@pytest.mark.parametrize(
    ("media_type", "before", "now", "changed"),
    [
        (media_types.OCI_INDEX, (), ARM, True),
        (media_types.DOCKER_LIST, ARM, AMD, True),
        (media_types.OCI_INDEX, ARM, (), True),
        (media_types.OCI_INDEX, ARM, ARM, False),
        (media_types.OCI_MANIFEST, (), ARM, False),
    ],
)
def test_another_choice_of_platforms_changes_the_tags_of_indexes(
    media_type: str, before: Platforms, now: Platforms, *, changed: bool
) -> None:
    delta = compare(
        records(narrowed(media_type, before)),
        snapshot(NAME, {NAME: listing({"1": "x"})}),
        terms=Terms(NOW, rules=Rules(platforms=now)),
    )

    assert told(delta) == ([("1", "moved")] if changed else [])
    assert all("chosen anew" in change.reason for change in delta.changes)


def test_a_tag_with_a_former_choice_has_moved_and_the_others_of_its_digest_have_not() -> None:
    known = record(NAME, {"1": "x", "2": "x"})
    chosen = Mirrored(media_types.OCI_INDEX, platforms=ARM, mirror_digest=digest("child"))
    known = replace(known, manifests={digest("x"): chosen}, former={Tag("2"): Mirrored(media_types.OCI_INDEX)})
    delta = compare(
        records(known), snapshot(NAME, {NAME: listing({"1": "x", "2": "x"})}), terms=Terms(NOW, rules=Rules(platforms=ARM))
    )

    assert [(str(change.tag), change.reason) for change in delta.changes] == [("2", "chosen anew: linux/arm, was all platforms")]
    assert delta.unchanged == 1
