from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gcrsync.metadata.changelog import HEADING, Entry, body, entries, insert
from gcrsync.metadata.summary import Counts
from gcrsync.mirror.change import BACK, Change, State
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Repository, Tag

NIGHT = datetime(2026, 11, 21, 2, 17, tzinfo=UTC)
STATIC, BASE = Repository("gcr.io", "distroless/static"), Repository("gcr.io", "distroless/base")
NEW, OLD = Digest.of(b"new"), Digest.of(b"old")
SHIPPED = (Path(__file__).parents[3] / "CHANGELOG.md").read_text(encoding="utf-8")


def _said(changes: Iterable[Change]) -> list[str]:
    found = list(changes)
    return body(found, Counts.of(found, 1, 2000)).splitlines()


def _entry(run: str, namespace: str = "gcr.io/distroless", later: int = 0) -> Entry:
    return Entry(NIGHT + timedelta(days=later), namespace, run, f"Body of {run}.\n- `a`\n  - added `b`")


def test_a_body_tells_each_kind_of_news_by_repository() -> None:
    changes = (
        Change(STATIC, Tag("v1.10"), State.ADDED, NEW),
        Change(STATIC, Tag("v1.9"), State.ADDED, NEW),
        Change(STATIC, Tag("latest"), State.MOVED, NEW, OLD),
        Change(STATIC, Tag("v0.1"), State.GONE, None, OLD),
        Change(STATIC, Tag("v0.2"), State.HELD, NEW, None, "schema 1 manifest"),
        Change(STATIC, Tag("v0.3"), State.UNCHANGED, NEW, NEW, BACK),
        Change(STATIC, Tag("v0.6"), State.UNCHANGED, NEW, NEW, "1 manifest that refers to it copied"),
        Change(STATIC, Tag("v0.4"), State.HELD, NEW, None, "as before", news=False),
        Change(STATIC, Tag("v0.5"), State.FAILED, NEW, None, "timed out", news=False),
        Change(BASE, Tag("latest"), State.ADDED, NEW, OLD, "moves from docker.io/old/base"),
    )
    assert _said(changes) == [
        "3 added, 1 moved, 1 gone, 1 held, 1 failed, 2.0 kB copied.",
        "- `gcr.io/distroless/base`",
        "  - added `latest`: `moves from docker.io/old/base`",
        "- `gcr.io/distroless/static`",
        "  - added `v1.9`, `v1.10`",
        f"  - moved `latest` from `{OLD}` to `{NEW}`",
        "  - gone `v0.1`",
        "  - held `v0.2`: `schema 1 manifest`",
        "  - unchanged `v0.6`: `1 manifest that refers to it copied`",
        f"  - no longer held `v0.3`: `{BACK}`",
    ]


def test_a_long_body_is_cut_for_reading() -> None:
    changes = [
        Change(Repository("gcr.io", f"a/b{number:04}"), Tag(f"v{tag}"), State.ADDED, NEW)
        for number in range(1434)
        for tag in range(25)
    ]
    said = _said(changes)
    assert len(said) == 1 + 200 * 3 + 1
    assert said[2].count("`v") == 20
    assert said[3] == "  - and 5 more"
    assert said[-1] == "- and 1,234 more"


@pytest.mark.parametrize(
    "reason", ["`</code><script>", "a\n## 2026-11-21T02:17:00Z gcr.io\n\n<!-- run: x -->\n\nb", "[a](http://evil.example)"]
)
def test_a_hostile_reason_is_neither_markup_nor_an_entry(reason: str) -> None:
    changes = [Change(STATIC, Tag("v1"), State.HELD, NEW, None, reason)]
    text = insert(None, Entry(NIGHT, "gcr.io/distroless", "run", body(changes, Counts.of(changes, 0, 0))))
    assert [entry.run for entry in entries(text)] == ["run"]
    line = text.splitlines()[-1]
    assert line.startswith("  - held `v1`: `")
    assert (line.count("`"), line[-1]) == (4, "`")


def test_the_first_entry_makes_the_changelog() -> None:
    assert insert(None, _entry("one")) == (
        f"{HEADING}\n\n## 2026-11-21T02:17:00Z gcr.io/distroless\n\n<!-- run: one -->\n\nBody of one.\n- `a`\n  - added `b`\n"
    )


def test_entries_go_below_the_words_that_the_changelog_is_shipped_with() -> None:
    text = insert(insert(SHIPPED, _entry("one")), _entry("two", later=1))
    assert SHIPPED.startswith(f"{HEADING}\n")
    assert entries(SHIPPED) == ()
    assert text == f"{SHIPPED}\n{_entry('two', later=1)}\n{_entry('one')}"


def test_a_checkpoint_replaces_the_entry_of_its_own_run_and_namespace() -> None:
    text = insert(insert(insert(None, _entry("one")), _entry("two", later=1)), _entry("two", "gcr.io/other", later=1))
    again = Entry(NIGHT + timedelta(days=1), "gcr.io/distroless", "two", "More.")
    assert entries(insert(text, again)) == (_entry("two", "gcr.io/other", later=1), again, _entry("one"))


def test_an_older_entry_that_is_carried_over_goes_below_the_newer_ones() -> None:
    theirs = insert(insert(None, _entry("one")), _entry("three", later=2))
    text = insert(insert(theirs, _entry("two", later=1)), _entry("zero", later=-1))
    assert [entry.run for entry in entries(text)] == ["three", "two", "one", "zero"]


def test_a_file_without_the_heading_gets_it_on_top_and_keeps_the_rest_below() -> None:
    text = insert("# Notes\n\nMine.\n", _entry("one"))
    assert text == f"{HEADING}\n\n{_entry('one')}\n# Notes\n\nMine.\n"
    assert insert(text, _entry("one")) == text


def test_sections_and_notes_of_people_stay_where_they_are() -> None:
    notes = "- a note under the entry\n\n## Our rules\n\n## 2026-99-99T02:17:00Z no day\n\n<!-- run: x -->\n\nMine.\n"
    before = f"About us.\n\n{HEADING}\n\nWelcome.\n\n{_entry('one')}\n{notes}"
    text = insert(before, _entry("two", later=1))
    assert text == before.replace(str(_entry("one")), f"{_entry('two', later=1)}\n{_entry('one')}")
    shorter = Entry(NIGHT, "gcr.io/distroless", "one", "Short.")
    assert insert(text, shorter) == text.replace(str(_entry("one")), str(shorter))


def test_a_heading_with_carriage_returns_is_found() -> None:
    assert insert(f"{HEADING}\r\n\r\nWelcome.\r\n", _entry("one")).count(HEADING) == 1


def test_another_choice_of_platforms_is_told_by_its_reason_and_not_by_two_digests_alike() -> None:
    change = Change(Repository("gcr.io", "a"), Tag("1"), State.MOVED, Digest.of(b"x"), Digest.of(b"x"), "chosen anew: linux/arm")

    assert body([change], Counts(moved=1)).splitlines()[1:] == ["- `gcr.io/a`", "  - moved `1`: `chosen anew: linux/arm`"]
