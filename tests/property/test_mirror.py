"""Laws of comparing, recording and merging, on records and snapshots that hypothesis makes up."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gcrsync.metadata.document import decode, encode
from gcrsync.metadata.paths import path_of
from gcrsync.mirror.apply import apply
from gcrsync.mirror.change import State
from gcrsync.mirror.diff import Delta
from gcrsync.mirror.holding import Terms
from gcrsync.mirror.merge import merge
from gcrsync.mirror.naming import RegistryDestination
from gcrsync.mirror.outcome import Outcome, Step
from gcrsync.mirror.plan import make_plan
from gcrsync.mirror.record import Record
from gcrsync.mirror.selection import Patterns, Selection
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Platform
from gcrsync.oci.media_types import OCI_INDEX
from gcrsync.oci.name import Tag
from tests.support.values import NOW, compare, everything, listing, record, records, repository, snapshot, tags

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


@st.composite
def nights(draw: st.DrawFn) -> list[tuple[dict[str, str], Selection, set[str]]]:
    """Draw what the source has on some nights, what is selected of it, and the tags that cannot be put on those nights."""
    names = st.sets(st.sampled_from(["1", "2", "3", "v1", "latest"]))
    chosen = st.sampled_from([(), (Platform("linux", "arm"),), (Platform("linux", "amd64"),)])
    night = st.tuples(
        st.dictionaries(st.sampled_from(["1", "2", "3", "v1", "latest"]), st.sampled_from("xy"), min_size=1),
        st.builds(
            lambda left, choice: replace(everything(NAME), tags_exclude=Patterns(tuple(left)), platforms=choice), names, chosen
        ),
        names,
    )
    return draw(st.lists(night, min_size=2, max_size=6))


@given(nights())
def test_a_record_says_what_the_mirror_serves_whatever_was_chosen_and_failed(
    drawn: list[tuple[dict[str, str], Selection, set[str]]],
) -> None:
    known, mirror = record(NAME), dict[Tag, Digest]()
    for seen, selection, failing in drawn:
        delta, steps = _planned(known, seen, selection)
        outcomes = [_copied(step, failing) for step in steps]
        mirror |= {tag: outcome.mirror_digest or outcome.step.digest for outcome in outcomes for tag in outcome.confirmed}
        known = apply(known, delta.changes, outcomes, NOW)

        assert {tag: known.digest_at_mirror(tag) for tag in known.served} == mirror
        assert all(described in map(known.described, known.served) for described in known.manifests.values())
        assert decode(encode(known), path_of(known.repository)) == known
        assert failing or not _planned(known, seen, selection)[1]


def _planned(known: Record, seen: dict[str, str], selection: Selection) -> tuple[Delta, tuple[Step, ...]]:
    found, place = snapshot(NAME, {NAME: listing(seen)}), RegistryDestination("mirror.example", "", "{path}")
    delta = compare(records(known), found, selection, Terms(NOW, platforms=selection.platforms))
    return delta, make_plan(delta.changes, found, place, records(known), selection.platforms)


def _copied(step: Step, failing: set[str]) -> Outcome:
    """Copy an index: each choice of platforms makes another digest of it."""
    confirmed = tuple(tag for tag in step.tags if tag.name not in failing)
    chosen = Digest.of(f"{step.digest} {step.platforms}".encode()) if step.platforms else None
    return Outcome(step, confirmed, media_type=OCI_INDEX, mirror_digest=chosen)


def _of(one: Record, tag: Tag) -> object:
    return one.tags.get(tag), one.held.get(tag), one.gone.get(tag)


def _nothing(_mirror: str, _tag: Tag) -> Digest | None:
    return None
