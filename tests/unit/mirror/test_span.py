"""What a tag was from when to when."""

from dataclasses import replace
from datetime import datetime, timedelta

from gcrsync.mirror.record import Kept, Record
from gcrsync.mirror.span import Edit, Span, State, spans
from gcrsync.oci.name import Tag
from tests.support.values import THEN, digest, record

LATEST = Tag("latest")
NOTHING = record("gcr.io/p/a")


def day(number: int) -> datetime:
    return THEN + timedelta(days=number)


def nights(*each: Record) -> list[Edit]:
    """One commit a night, each on the one before."""
    before = (NOTHING, *each)
    return [Edit(f"c{number}", day(number), (before[number],), after) for number, after in enumerate(each)]


def told(found: tuple[Span, ...]) -> list[tuple[State, str, datetime, datetime | None]]:
    return [(span.standing.state, span.standing.digest, span.since, span.until) for span in found]


def a(serves: str = "", *, held: str = "", gone: str = "") -> Record:
    serving, holding, lacking = ({"latest": word} if word else {} for word in (serves, held, gone))
    return record("gcr.io/p/a", serving, held=holding, gone=lacking)


def test_a_tag_has_a_span_for_each_digest_and_the_last_has_no_end() -> None:
    found = spans(nights(a("one"), a("one"), a("two")))[LATEST]

    assert told(found) == [(State.MIRRORED, digest("one"), day(0), day(2)), (State.MIRRORED, digest("two"), day(2), None)]
    assert [span.commit for span in found] == ["c0", "c2"]
    assert {span.standing.mirror for span in found} == {"mirror.example/p/a"}


def test_a_tag_that_goes_and_returns_is_told_so() -> None:
    found = spans(nights(a("one"), a(gone="one"), a("one")))[LATEST]

    assert told(found) == [
        (State.MIRRORED, digest("one"), day(0), day(1)),
        (State.GONE, digest("one"), day(1), day(2)),
        (State.MIRRORED, digest("one"), day(2), None),
    ]


def test_a_commit_whose_clock_was_wrong_is_told_in_its_place() -> None:
    one, two, three = nights(a("one"), a("two"), a("three"))
    long_ago = replace(two, at=THEN - timedelta(days=9_000))

    assert told(spans([one, long_ago, three])[LATEST]) == [
        (State.MIRRORED, digest("one"), day(0), day(0)),
        (State.MIRRORED, digest("two"), day(0), day(2)),
        (State.MIRRORED, digest("three"), day(2), None),
    ]


def test_what_the_mirror_keeps_under_a_name_of_its_own_is_told_under_that_name() -> None:
    kept = Tag("latest-one")
    after = replace(a("two"), kept={kept: Kept(digest("one"), LATEST, day(1))})
    found = spans(nights(a("one"), after))

    assert told(found[kept]) == [(State.KEPT, digest("one"), day(1), None)]
    assert told(found[LATEST])[-1] == (State.MIRRORED, digest("two"), day(1), None)


def test_what_is_held_stands_beside_what_is_still_served() -> None:
    found = spans(nights(a("one"), a("one", held="two"), a("two")))[LATEST]

    assert told(found) == [
        (State.MIRRORED, digest("one"), day(0), day(2)),
        (State.HELD, digest("two"), day(1), day(2)),
        (State.MIRRORED, digest("two"), day(2), None),
    ]
    assert [span.standing.mirror_digest for span in found] == [digest("one"), None, digest("two")]


def test_a_document_that_is_removed_ends_everything() -> None:
    assert told(spans(nights(a("one"), NOTHING))[LATEST]) == [(State.MIRRORED, digest("one"), day(0), day(1))]


def test_another_name_of_the_mirror_and_another_choice_of_platforms_begin_spans() -> None:
    first = a("one")
    moved = replace(first, mirror="other.example/a")
    narrowed = replace(moved, manifests={digest("one"): first.manifests[digest("one")]._replace(mirror_digest=digest("small"))})
    found = spans(nights(first, moved, narrowed))[LATEST]

    assert [(span.standing.mirror, span.standing.mirror_digest) for span in found] == [
        ("mirror.example/p/a", digest("one")),
        ("other.example/a", digest("one")),
        ("other.example/a", digest("small")),
    ]
    assert {span.standing.digest for span in found} == {digest("one")}


def test_a_branch_that_did_not_touch_a_tag_does_not_set_it_back() -> None:
    base = a("one")
    side = record("gcr.io/p/a", {"latest": "one", "other": "x"})
    both = record("gcr.io/p/a", {"latest": "two", "other": "x"})
    edits = [
        Edit("base", day(0), (NOTHING,), base),
        Edit("main", day(1), (base,), a("two")),
        Edit("side", day(2), (base,), side),
        Edit("merge", day(3), (a("two"), side), both),
    ]
    found = spans(edits)

    assert told(found[LATEST]) == [(State.MIRRORED, digest("one"), day(0), day(1)), (State.MIRRORED, digest("two"), day(1), None)]
    assert told(found[Tag("other")]) == [(State.MIRRORED, digest("x"), day(2), None)]


def test_after_a_document_that_nobody_can_read_the_next_counts_from_the_last_that_could_be_read() -> None:
    edits = [Edit("one", day(0), (NOTHING,), a("one")), Edit("three", day(2), (), a("two"))]

    assert told(spans(edits)[LATEST]) == [
        (State.MIRRORED, digest("one"), day(0), day(2)),
        (State.MIRRORED, digest("two"), day(2), None),
    ]


def test_tags_come_in_their_order() -> None:
    assert list(spans(nights(record("gcr.io/p/a", {"v10": "x", "v9": "x", "latest": "x"})))) == ["latest", "v9", "v10"]
