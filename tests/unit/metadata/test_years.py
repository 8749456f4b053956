from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from gcrsync.metadata import changelog
from gcrsync.metadata.changelog import HEADING, Entry, body
from gcrsync.metadata.paths import CHANGELOG, year_of
from gcrsync.metadata.summary import Counts
from gcrsync.metadata.years import MOST, entries, heading_of, insert
from gcrsync.mirror.change import Change, State
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Repository, Tag

FIRST = datetime(2024, 11, 21, 2, 17, tzinfo=UTC)
NOTE = "About us.\n"
SMALL = 2000
"""So many bytes are too much for the changelog, in the tests that need not wait for the real number."""


def _entry(day: int, namespace: str = "gcr.io/p", said: str = "1 added.") -> Entry:
    return Entry(FIRST + timedelta(days=day), namespace, f"run-{day}", said)


def _filled(days: int, most: int) -> dict[str, str]:
    texts = {CHANGELOG: f"{HEADING}\n\n{NOTE}"}
    for day in range(days):
        texts |= insert(texts, [_entry(day)], most)
    return texts


def test_the_oldest_entries_move_to_a_file_of_their_year_that_the_changelog_names() -> None:
    texts = _filled(80, SMALL)

    assert set(texts) == {CHANGELOG, "changelog/2024.md", "changelog/2025.md"}
    assert texts["changelog/2024.md"].startswith(f"{HEADING} in 2024\n\n## 2024-12-31T02:17:00Z gcr.io/p\n\n<!-- run: run-40 -->\n")
    assert texts["changelog/2024.md"].endswith(f"\n\n{_entry(0)}")
    assert texts[CHANGELOG].startswith(f"{HEADING}\n\n{NOTE}\n{_entry(79)}\n{_entry(78)}\n")
    assert texts[CHANGELOG].endswith("\n\n## Earlier\n\n- [2025](changelog/2025.md)\n- [2024](changelog/2024.md)\n")
    assert texts[CHANGELOG].count("## Earlier") == 1
    assert {entry.run for entry in entries(texts)} == {f"run-{day}" for day in range(80)}


def test_a_run_replaces_its_own_entry_where_it_has_moved_to() -> None:
    texts = _filled(60, SMALL)
    again = _entry(3, said="More.")
    changed = insert(texts, [again], SMALL)

    assert set(changed) == {"changelog/2024.md"}
    assert [entry for entry in entries({**texts, **changed}) if entry.key == again.key] == [again]


def test_what_a_late_writer_carries_over_goes_to_its_year() -> None:
    texts = _filled(60, SMALL)
    late = _entry(3, "gcr.io/other")

    assert set(insert(texts, [late], SMALL)) == {"changelog/2024.md"}


def test_what_people_wrote_between_entries_stays_in_the_changelog() -> None:
    rules = "## Our rules\n\nNobody works on Friday.\n"
    texts = {CHANGELOG: f"{NOTE}\n{HEADING}\n\nWelcome.\n\n{_entry(1)}\nA word.\n\n{_entry(0)}\n{rules}"}
    for day in range(2, 40):
        texts |= insert(texts, [_entry(day)], SMALL)

    assert "changelog/2024.md" in texts
    assert all(said in texts[CHANGELOG] for said in (NOTE, "Welcome.\n", "A word.\n", rules))
    assert texts["changelog/2024.md"].splitlines()[0] == f"{HEADING} in 2024"
    assert str(_entry(0)) in texts["changelog/2024.md"]


def test_a_changelog_that_was_far_too_large_is_brought_down_at_once() -> None:
    text = changelog.insert(None, *(_entry(day, said="x" * 2000) for day in range(1000)))
    texts = insert({CHANGELOG: text}, [_entry(1000)])

    assert len(text) > 3 * MOST
    assert len(texts[CHANGELOG].encode()) < MOST
    assert len(entries(texts)) == 1001


def test_the_newest_entry_stays_however_long_it_is_and_a_real_one_is_never_too_long() -> None:
    digests = Digest.of(b"new", "sha512"), Digest.of(b"old", "sha512")
    moved = [
        Change(Repository("gcr.io", f"{'a' * 200}/{number}"), Tag(f"{tag}{'t' * 120}"), State.MOVED, *digests)
        for number in range(300)
        for tag in range(30)
    ]
    said = body(moved, Counts.of(moved, 0, 0))
    texts = insert({CHANGELOG: ""}, [_entry(0), _entry(1, said=said)], SMALL)

    assert MOST // 8 < len(said) < MOST // 4
    assert said.splitlines()[-1].startswith("- and 2")
    assert [entry.run for entry in changelog.entries(texts[CHANGELOG])] == ["run-1"]


@settings(max_examples=50)
@given(st.lists(st.lists(st.tuples(st.integers(0, 60), st.sampled_from("ab"), st.integers(1, 4)), max_size=4), max_size=12))
def test_no_entry_is_lost_or_doubled_and_the_changelog_stays_small(batches: list[list[tuple[int, str, int]]]) -> None:
    texts = {CHANGELOG: f"{HEADING}\n\n{NOTE}"}
    last: dict[tuple[str, str], Entry] = {}
    for batch in batches:
        new = [_entry(day, namespace, "word " * length) for day, namespace, length in batch]
        last |= {entry.key: entry for entry in new}
        texts |= insert(texts, new, 700)
        assert len(texts[CHANGELOG].encode()) < 700
    order = (CHANGELOG, *sorted(filter(year_of, texts), reverse=True))
    found = [entry for path in order for entry in changelog.entries(texts[path], heading_of(path))]

    assert sorted(found, key=str) == sorted(last.values(), key=str)
    assert all(one.started >= following.started for one, following in pairwise(found))
    assert all(
        entry.started.year == year_of(path) for path in order[1:] for entry in changelog.entries(texts[path], heading_of(path))
    )
    assert NOTE in texts[CHANGELOG]
