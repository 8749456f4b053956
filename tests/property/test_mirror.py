"""Laws of comparing, recording and merging, on records and snapshots that hypothesis makes up."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from gcrsync.metadata.document import decode, encode
from gcrsync.metadata.paths import path_of
from gcrsync.mirror.apply import apply
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.choice import Choice
from gcrsync.mirror.diff import Delta
from gcrsync.mirror.holding import Terms, kept_tag
from gcrsync.mirror.merge import merge
from gcrsync.mirror.naming import RegistryDestination
from gcrsync.mirror.outcome import Outcome, Step
from gcrsync.mirror.patterns import Match, Patterns
from gcrsync.mirror.plan import make_plan
from gcrsync.mirror.prune import prunable
from gcrsync.mirror.record import Record
from gcrsync.mirror.revisit import Look
from gcrsync.mirror.rules import Moved, Policy, Rule, Rules, Vanished
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.snapshot import find_doubts
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Platform
from gcrsync.oci.media_types import OCI_INDEX
from gcrsync.oci.name import Namespace, Tag
from tests.support.values import NOW, compare, everything, listing, record, records, repository, snapshot, tags

NAME = "gcr.io/p/a"
DAY = 86_400
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


@dataclass(frozen=True, slots=True)
class Night:
    """What the source has on a night, what is selected of it by which rules, and the tags that cannot be put."""

    number: int
    seen: dict[str, str]
    selection: Selection
    failing: set[str]

    @property
    def rules(self) -> Rules:
        """The rules that hold."""
        return self.selection.rules

    @property
    def now(self) -> datetime:
        """When its run begins."""
        return NOW + timedelta(days=self.number)


@st.composite
def nights(draw: st.DrawFn) -> list[Night]:
    """Draw some nights, one a day, with whatever policy."""
    names = st.sets(st.sampled_from(["1", "v1", "latest"]), max_size=1)
    choices = st.sampled_from([(), (Platform("linux", "arm"),), (Platform("linux", "amd64"),)])
    days = st.sampled_from([0, 1, 2]).map(lambda number: number * DAY)
    policies = st.builds(Policy, st.sampled_from(Moved), st.sampled_from(Vanished), days, st.just(Fraction(1)), days)
    other = st.builds(Rule, st.sampled_from([Match("**:v*"), Match(".:latest"), Match("re:.*:[12]")]), st.sampled_from(Moved))
    made = []
    for number in range(draw(st.integers(3, 6))):
        seen = draw(st.dictionaries(st.sampled_from(["1", "v1", "latest"]), st.sampled_from("xyz"), min_size=1))
        chosen, source = Choice(exclude=Patterns(tuple(draw(names)))), Namespace.parse(NAME)
        rules = Rules(draw(policies), tuple(draw(st.lists(other, max_size=1))), source, chosen, draw(choices))
        made.append(Night(number, seen, replace(everything(NAME), rules=rules), draw(names)))
    return made


@given(nights())
def test_a_record_says_what_the_mirror_serves_whatever_the_policy_was_and_what_failed(drawn: list[Night]) -> None:
    known, mirror = record(NAME), dict[Tag, Digest]()
    for night in drawn:
        delta, steps, prunes = _planned(known, night)
        outcomes = [_copied(step, night.failing) for step in steps]
        mirror |= {keep.name: mirror[keep.tag] for outcome in outcomes for keep in outcome.kept}
        mirror |= {tag: outcome.mirror_digest or outcome.step.digest for outcome in outcomes for tag in outcome.confirmed}
        pruned = {change.tag for change in prunes if change.tag not in known.kept}
        mirror = {tag: digest for tag, digest in mirror.items() if tag not in pruned}
        known = apply(known, (*delta.changes, *prunes), outcomes, night.now)

        assert {tag: known.digest_at_mirror(tag) for tag in known.served} == mirror
        assert all(described in map(known.described, known.served) for described in known.manifests.values())
        assert decode(encode(known), path_of(known.repository)) == known
        assert night.failing or not _planned(known, night)[1]
        assert not [change for change in _planned(known, night)[0].changes if change.news and change.tag not in night.failing]


@given(nights())
def test_no_policy_is_broken_on_any_night(drawn: list[Night]) -> None:
    known, first_seen = record(NAME), dict[Digest, datetime]()
    for night in drawn:
        before = known
        delta, steps, prunes = _planned(known, night)
        for tag, digest in tags(night.seen).items():
            if night.selection.takes_tag(known.repository, tag):
                first_seen.setdefault(digest, night.now)
        known = apply(known, (*delta.changes, *prunes), [_copied(step, night.failing) for step in steps], night.now)

        for tag, had in before.served.items():
            _assert_rightly_moved_or_pruned(before, known, night, tag, had)
        for tag, digest in known.tags.items():
            if before.digest_at_source(tag) != digest:
                assert first_seen[digest] + timedelta(seconds=night.rules.of(known.repository, tag).min_age) <= night.now
        assert before.kept.items() <= known.kept.items()


def _assert_rightly_moved_or_pruned(before: Record, after: Record, night: Night, tag: Tag, had: Digest) -> None:
    policy, has = night.rules.of(after.repository, tag), after.digest_at_source(tag)
    if has is None:
        assert (policy.gone, tag in before.gone) == (Vanished.PRUNE, True)
        assert before.gone[tag].since + timedelta(seconds=policy.grace) <= night.now
    elif has != had:
        assert policy.moved is not Moved.FREEZE
        assert policy.moved is Moved.FOLLOW or after.served[kept_tag(tag, had)] == had


def _planned(known: Record, night: Night) -> tuple[Delta, tuple[Step, ...], tuple[Change, ...]]:
    found, place = snapshot(NAME, {NAME: listing(night.seen)}), RegistryDestination("mirror.example", "", "{path}")
    selection, rules = night.selection, night.rules
    delta = compare(records(known), found, selection, Terms(night.now, rules=rules))
    look = Look(found, selection, find_doubts(found, records(known), selection), delta.changes)
    prunes = tuple(prunable(records(known), look, rules, night.now))
    return delta, make_plan(delta.changes, found, place, records(known), rules), prunes


def _copied(step: Step, failing: set[str]) -> Outcome:
    """Copy an index: each choice of platforms makes another digest of it."""
    confirmed = tuple(tag for tag in step.tags if tag.name not in failing)
    chosen = Digest.of(f"{step.digest} {step.platforms}".encode()) if step.platforms else None
    return Outcome(step, confirmed, media_type=OCI_INDEX, mirror_digest=chosen, kept=step.keeps)


def _of(one: Record, tag: Tag) -> object:
    return one.tags.get(tag), one.held.get(tag), one.gone.get(tag)


def _nothing(_mirror: str, _tag: Tag) -> Digest | None:
    return None
