"""What each night changed, from what each commit made of a record."""

from datetime import UTC, datetime

from gcrsync.mirror.record import Record
from gcrsync.mirror.span import Edit, spans
from gcrsync.site.nights import nights
from tests.support.values import record

NAME = "r.example/a"


def _told(*nightly: Record) -> list[list[str]]:
    """Give the words for the tag of each night, oldest first."""
    befores: tuple[Record, ...] = ()
    edits = []
    for day, made in enumerate(nightly, start=1):
        edits.append(Edit(f"c{day}", datetime(2026, 11, day, tzinfo=UTC), befores, made))
        befores = (made,)
    return [[f"{change.word} {change.tag}" for change in night.changes] for night in reversed(nights(spans(edits)))]


def test_a_tag_comes_moves_goes_comes_back_and_is_removed() -> None:
    told = _told(
        record(NAME, {"t": "one"}),
        record(NAME, {"t": "two"}),
        record(NAME, gone={"t": "two"}),
        record(NAME, {"t": "two"}),
        record(NAME),
        record(NAME, {"t": "two"}),
    )

    assert told == [["added t"], ["moved t"], ["gone t"], ["back t"], ["removed t"], ["added t"]]


def test_a_tag_that_is_served_under_another_name_was_copied_anew() -> None:
    assert _told(record(NAME, {"t": "one"}, mirror="old.example/a"), record(NAME, {"t": "one"}, mirror="new.example/a")) == [
        ["added t"],
        ["copied anew t"],
    ]


def test_what_is_held_is_told_beside_what_is_served() -> None:
    assert _told(record(NAME, {"t": "one"}), record(NAME, {"t": "one"}, held={"t": "two", "u": "one"})) == [
        ["added t"],
        ["held t", "held u"],
    ]
