"""Laws of comparing, recording and merging, on records and snapshots that hypothesis makes up."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from gcrsync.mirror.apply import apply
from gcrsync.mirror.change import State
from gcrsync.mirror.merge import merge
from gcrsync.mirror.outcome import Outcome, Step
from gcrsync.mirror.record import Record
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Tag
from tests.support.values import NOW, compare, listing, record, records, repository, snapshot, tags

NAME = "gcr.io/p/a"
TAGS = st.dictionaries(st.sampled_from(["1", "2", "3", "v1", "latest"]), st.sampled_from("xyz"))
SOME_TAGS = TAGS.filter(bool)


@st.composite
def recorded(draw: st.DrawFn) -> Record:
    """Draw a record in which no tag is served and gone at once."""
    serves, gone = draw(TAGS), draw(TAGS)
    return record(NAME, serves, held=draw(TAGS), gone={tag: word for tag, word in gone.items() if tag not in serves})


def succeed(before: Record, seen: Mapping[str, str]) -> Record:
    """Compare, copy everything with success, and record."""
    delta = compare(records(before), snapshot(NAME, {NAME: listing(seen)}))
    target = repository("mirror.example/p/a")
    outcomes = [
        Outcome(Step(before.repository, target, str(target), change.digest, (change.tag,)), (change.tag,))
        for change in delta.changes
        if change.state in (State.ADDED, State.MOVED) and change.digest
    ]
    return apply(before, delta.changes, outcomes, NOW)


@given(recorded(), SOME_TAGS)
def test_after_a_run_every_tag_of_the_source_is_served_or_held(before: Record, seen: dict[str, str]) -> None:
    after = succeed(before, seen)

    for tag, digest in tags(seen).items():
        assert after.tags.get(tag) == digest or after.held[tag].digest == digest
    assert set(after.tags) | set(after.held) == set(tags(seen))


@given(recorded(), SOME_TAGS)
def test_a_second_run_on_the_same_source_has_nothing_to_do(before: Record, seen: dict[str, str]) -> None:
    after = succeed(before, seen)
    again = compare(records(after), snapshot(NAME, {NAME: listing(seen)}))

    assert not [change for change in again.changes if change.news]
    assert succeed(after, seen) == after


@given(recorded(), SOME_TAGS)
def test_nothing_that_the_mirror_had_is_forgotten(before: Record, seen: dict[str, str]) -> None:
    after = succeed(before, seen)

    for tag in {*before.tags, *before.gone}:
        assert tag in after.tags or tag in after.gone
    assert set(after.manifests) == {*after.tags.values(), *(entry.digest for entry in after.gone.values())}


@given(recorded(), SOME_TAGS)
def test_merging_with_an_unchanged_side_gives_the_other(before: Record, seen: dict[str, str]) -> None:
    after = succeed(before, seen)

    assert merge(before, after, before, _nothing) == after
    assert merge(before, before, after, _nothing) == after
    assert merge(before, after, after, _nothing) == after


@given(recorded(), SOME_TAGS, SOME_TAGS)
def test_merging_takes_each_tag_whole_from_one_writer(before: Record, one: dict[str, str], other: dict[str, str]) -> None:
    ours, theirs = succeed(before, one), succeed(before, other)
    merged = merge(before, ours, theirs, _nothing)

    for tag in {*merged.tags, *merged.gone, *merged.held}:
        assert _of(merged, tag) in (_of(ours, tag), _of(theirs, tag))


def _of(one: Record, tag: Tag) -> object:
    return one.tags.get(tag), one.held.get(tag), one.gone.get(tag)


def _nothing(_mirror: str, _tag: Tag) -> Digest | None:
    return None
