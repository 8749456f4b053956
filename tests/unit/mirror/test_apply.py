"""What is recorded after a run."""

from dataclasses import replace

import pytest

from gcrsync.mirror.apply import apply
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.outcome import Outcome, Problem, Step
from gcrsync.mirror.record import Held, Mirrored, Why
from gcrsync.oci.listing import Described
from gcrsync.oci.manifest import Platform
from gcrsync.oci.media_types import OCI_INDEX, OCI_MANIFEST
from gcrsync.oci.name import Tag
from tests.support.values import NOW, THEN, digest, record, repository, tags

NAME = "gcr.io/p/a"
REPOSITORY = repository(NAME)


def step(word: str, *names: str) -> Step:
    target = repository("mirror.example/p/a")
    return Step(REPOSITORY, target, str(target), digest(word), tuple(map(Tag, names)), Described("from-the-list", 7, THEN))


def test_a_confirmed_tag_is_recorded_with_what_is_known_of_its_manifest() -> None:
    outcome = Outcome(step("y", "2"), (Tag("2"),), copied=5, media_type="read", size=9)
    after = apply(record(NAME, {"1": "x"}), (), (outcome,), NOW)

    assert after.tags == tags({"1": "x", "2": "y"})
    assert after.manifests[digest("y")] == Mirrored("read", 9, THEN, NOW)
    assert after.manifests[digest("x")].mirrored == THEN


def test_what_is_recorded_of_a_manifest_does_not_change_while_it_stays() -> None:
    after = apply(record(NAME, {"1": "x"}), (), (Outcome(step("x", "2"), (Tag("2"),), size=99),), NOW)

    assert after.manifests == record(NAME, {"1": "x"}).manifests


@pytest.mark.parametrize("problem", [Problem.FAILED, Problem.STOPPED])
def test_a_tag_that_was_not_confirmed_keeps_its_old_entry_and_a_new_one_gets_none(problem: Problem) -> None:
    before = record(NAME, {"1": "x"})

    assert apply(before, (), (Outcome(step("y", "1", "2"), problem=problem, reason="reset"),), NOW) == before


def test_the_tags_confirmed_before_a_failure_are_recorded() -> None:
    outcome = Outcome(step("y", "1", "2"), (Tag("1"),), problem=Problem.FAILED, reason="reset")

    assert apply(record(NAME), (), (outcome,), NOW).tags == tags({"1": "y"})


@pytest.mark.parametrize("problem", [None, Problem.REFUSED, Problem.FAILED, Problem.STOPPED])
def test_what_untagged_manifests_refer_to_is_remembered_once_all_of_that_is_there(problem: Problem | None) -> None:
    before = replace(record(NAME, {"1": "x"}), untagged={digest("old"): digest("x")})
    subjects = {digest("old"): digest("x"), digest("signature"): digest("x"), digest("child"): None}
    outcomes = (
        Outcome(step("x", "1"), (Tag("1"),), untagged=subjects),
        Outcome(step("y", "2"), problem=problem, untagged=subjects),
    )
    all_came = problem in (None, Problem.REFUSED)

    remembered = apply(before, (), outcomes, NOW).untagged
    assert remembered == (subjects if all_came else {digest("old"): digest("x"), digest("child"): None})


def test_what_has_come_to_refer_to_a_recorded_image_is_recorded_without_its_tags() -> None:
    before = record(NAME, {"1": "x"})
    after = apply(before, (), (Outcome(step("x", "1"), referrers=(digest("signature"),)),), NOW)

    assert after.manifests[digest("x")] == before.manifests[digest("x")]._replace(referrers=(digest("signature"),))
    assert after.tags == before.tags


def test_a_refused_manifest_is_held_and_the_old_digest_stays_in_the_mirror() -> None:
    after = apply(record(NAME, {"1": "x"}), (), (Outcome(step("y", "1"), problem=Problem.REFUSED, reason="no"),), NOW)

    assert after.tags == tags({"1": "x"})
    assert after.held == {Tag("1"): Held(digest("y"), NOW, Why.REFUSED, "no")}


def test_a_refusal_that_is_repeated_keeps_the_day_it_was_first_seen() -> None:
    after = apply(record(NAME, held={"1": "y"}), (), (Outcome(step("y", "1"), problem=Problem.REFUSED, reason="still"),), NOW)

    assert after.held[Tag("1")] == Held(digest("y"), THEN, Why.REFUSED, "still")


def test_a_vanished_tag_moves_to_gone_and_its_manifest_stays_described() -> None:
    after = apply(record(NAME, {"1": "x"}), (Change(REPOSITORY, Tag("1"), State.GONE, was=digest("x")),), (), NOW)

    assert (after.tags, after.gone[Tag("1")].digest, after.gone[Tag("1")].since) == ({}, digest("x"), NOW)
    assert digest("x") in after.manifests


def test_a_tag_that_returns_leaves_gone() -> None:
    after = apply(record(NAME, gone={"1": "x"}), (), (Outcome(step("x", "1"), (Tag("1"),)),), NOW)

    assert (after.tags, after.gone) == (tags({"1": "x"}), {})
    assert after.manifests[digest("x")].mirrored == THEN


def test_a_tag_that_returns_with_a_digest_to_hold_goes_on_serving_the_old_one() -> None:
    after = apply(record(NAME, gone={"1": "x"}), (Change(REPOSITORY, Tag("1"), State.HELD, digest("y"), reason="no"),), (), NOW)

    assert (after.tags, after.gone, after.held[Tag("1")].digest) == (tags({"1": "x"}), {}, digest("y"))


def test_a_held_tag_that_vanishes_leaves_no_trace() -> None:
    after = apply(record(NAME, held={"1": "y"}), (Change(REPOSITORY, Tag("1"), State.GONE),), (), NOW)

    assert (after.tags, after.held, after.gone) == ({}, {}, {})


def test_a_manifest_that_no_tag_names_any_more_is_no_longer_described() -> None:
    after = apply(record(NAME, {"1": "x"}), (), (Outcome(step("y", "1"), (Tag("1"),)),), NOW)

    assert set(after.manifests) == {digest("y")}


def test_unknown_keys_are_kept() -> None:
    before = replace(record(NAME, {"1": "x"}), extra={"note": "ours"})

    assert apply(before, (), (Outcome(step("y", "2"), (Tag("2"),)),), NOW).extra == {"note": "ours"}


ARM = (Platform("linux", "arm"),)
WHOLE = Mirrored(OCI_INDEX, 99, None, THEN)
CHOSEN = Mirrored(OCI_INDEX, 5, None, THEN, platforms=ARM, mirror_digest=digest("child"))


def chosen(*confirmed: str) -> Outcome:
    """Give the outcome of copying what is chosen of an index under two tags."""
    some = tuple(map(Tag, confirmed))
    return Outcome(replace(step("x", "1", "2"), platforms=ARM), some, media_type=OCI_INDEX, size=5, mirror_digest=digest("child"))


def test_another_choice_of_platforms_is_recorded_and_can_be_taken_back() -> None:
    before = replace(record(NAME, {"1": "x", "2": "x"}), manifests={digest("x"): WHOLE})
    after = apply(before, (), (chosen("1", "2"),), NOW)

    assert after == replace(before, manifests={digest("x"): CHOSEN})
    back = Outcome(step("x", "1", "2"), (Tag("1"), Tag("2")), media_type=OCI_INDEX, size=99)
    assert apply(after, (), (back,), NOW) == before


def test_a_tag_that_was_not_copied_with_another_choice_keeps_its_description() -> None:
    before = replace(record(NAME, {"1": "x", "2": "x", "left-out": "x"}, gone={"0": "x"}), manifests={digest("x"): WHOLE})
    partly = apply(before, (), (replace(chosen("1"), problem=Problem.FAILED),), NOW)
    mostly = apply(partly, (), (chosen("1", "2"),), NOW)

    assert (partly.tags, partly.gone, partly.manifests) == (before.tags, before.gone, {digest("x"): CHOSEN})
    assert partly.former == {Tag(name): WHOLE for name in ("0", "2", "left-out")}
    assert mostly.former == {Tag(name): WHOLE for name in ("0", "left-out")}
    assert [partly.digest_at_mirror(Tag(name)) for name in ("1", "2", "0")] == [digest("child"), digest("x"), digest("x")]


def test_a_choice_that_no_tag_has_any_more_is_no_longer_described() -> None:
    before = replace(record(NAME, {"1": "x", "2": "x"}), manifests={digest("x"): CHOSEN}, former={Tag("2"): WHOLE})
    after = apply(before, (), (Outcome(step("y", "1"), (Tag("1"),)),), NOW)

    assert (after.manifests[digest("x")], after.former) == (WHOLE, {})


def test_a_tag_that_goes_and_comes_back_takes_its_former_description_along() -> None:
    before = replace(record(NAME, {"1": "x", "2": "x"}), manifests={digest("x"): CHOSEN}, former={Tag("2"): WHOLE})
    gone = apply(before, (Change(REPOSITORY, Tag("2"), State.GONE, was=digest("x")),), (), NOW)

    assert (set(gone.gone), gone.former) == ({Tag("2")}, before.former)
    assert apply(gone, (), (chosen("2"),), NOW) == replace(before, former={})


def test_another_choice_that_makes_the_same_bytes_is_that_of_all_tags_at_once() -> None:
    before = replace(record(NAME, {"1": "x", "2": "x"}), manifests={digest("x"): WHOLE})
    after = apply(before, (), (replace(chosen("1"), mirror_digest=None, size=99),), NOW)

    assert (after.manifests, after.former) == ({digest("x"): WHOLE._replace(platforms=ARM)}, {})


def test_what_was_copied_with_an_image_is_recorded_and_stays() -> None:
    first = Outcome(step("y", "2"), (Tag("2"),), referrers=(digest("one"),))
    after = apply(record(NAME, {}), (), (first,), NOW)
    later = apply(after, (), (replace(first, step=step("y", "3"), confirmed=(Tag("3"),), referrers=(digest("two"),)),), NOW)

    assert after.manifests[digest("y")].referrers == (digest("one"),)
    assert later.manifests[digest("y")].referrers == tuple(sorted((digest("one"), digest("two"))))
    assert apply(after, (), (replace(first, confirmed=(), problem=Problem.FAILED),), NOW) == after


def test_an_image_that_is_no_index_is_recorded_without_platforms() -> None:
    chosen = replace(step("y", "1"), platforms=(Platform("linux", "arm"),))
    after = apply(record(NAME), (), (Outcome(chosen, (Tag("1"),), media_type=OCI_MANIFEST, size=5),), NOW)

    assert after.manifests == {digest("y"): Mirrored(OCI_MANIFEST, 5, THEN, NOW)}
