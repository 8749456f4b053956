"""Laws of the metadata repository's texts."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcrsync.errors import InvalidMetadataError
from gcrsync.metadata import changelog, pages, strict_json
from gcrsync.metadata.changelog import Entry
from gcrsync.metadata.document import decode, encode
from gcrsync.metadata.markdown import size
from gcrsync.metadata.paths import README, ROOT, folders_of, is_document, name_of, page_of, path_of
from gcrsync.mirror.record import Record
from gcrsync.oci.name import Repository
from tests.support.strategies import entries, json_values, records, repositories

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_PROSE = st.text("ab #-\n`<!>", max_size=40)
_FILLINGS = ('"tags": {},', "NaN", "null", "[[[[", "9" * 5000, "1e999", "\n=======\n")


@given(records())
def test_a_record_is_read_back_from_its_document(record: Record) -> None:
    text = encode(record)
    assert decode(text, path_of(record.repository)) == record
    assert encode(decode(text, path_of(record.repository))) == text


@given(records(), st.randoms())
def test_equal_records_give_equal_bytes(record: Record, shuffle: Random) -> None:
    other = replace(
        record,
        tags=_shuffled(record.tags, shuffle),
        manifests=_shuffled(record.manifests, shuffle),
        held=_shuffled(record.held, shuffle),
        gone=_shuffled(record.gone, shuffle),
        untagged=_shuffled(record.untagged, shuffle),
    )
    assert other == record
    assert encode(other) == encode(record)


@given(records())
def test_a_document_is_utf_8_with_one_line_for_each_entry(record: Record) -> None:
    text = encode(record)
    assert text.encode().decode() == text
    named: tuple[Mapping[Any, object], ...] = (record.tags, record.manifests, record.held, record.gone)
    sections = (*named, record.former, record.untagged)
    entries = sum(map(len, sections))
    opened = sum(map(bool, sections))
    empty = 2 - bool(record.tags) - bool(record.manifests)
    assert len(text.splitlines()) == 4 + entries + 2 * opened + empty + len(record.extra)
    assert set(json.loads(text)) >= {"repository", "mirror", "tags", "manifests"}


@given(records(), json_values)
def test_unknown_keys_are_kept_at_each_level(record: Record, value: object) -> None:
    document = json.loads(encode(record))
    path = path_of(record.repository)
    document["y"] = value
    for key in ("manifests", "held", "gone"):
        for entry in document.get(key, {}).values():
            entry["y"] = value
    read = decode(json.dumps(document), path)
    again = json.loads(encode(read))
    assert again == document
    assert list(again)[-1] == "y"
    assert all(list(entry)[-1] == "y" for key in ("manifests", "held", "gone") for entry in again.get(key, {}).values())


@given(records(), st.data())
def test_a_damaged_document_is_a_record_or_an_error_with_a_line(record: Record, data: st.DataObject) -> None:
    text, path = encode(record), path_of(record.repository)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + data.draw(st.sampled_from((0, 1, 30, len(text)))))))
    filling = data.draw(st.one_of(st.text(max_size=3), st.sampled_from(_FILLINGS)))
    damaged = text[:start] + filling + text[end:]
    read = _record_or_error(damaged, path)
    if isinstance(read, Record):
        assert decode(encode(read), path) == read
    else:
        assert read.path == path
        assert 1 <= read.line <= damaged.count("\n") + 1


@given(json_values)
def test_no_other_json_is_a_record(value: object) -> None:
    with pytest.raises(InvalidMetadataError) as caught:
        decode(json.dumps(value, indent=1), "metadata/gcr.io/a.json")
    assert caught.value.line == 1


@given(repositories, repositories)
def test_no_two_repositories_share_a_path_on_any_file_system(one: Repository, other: Repository) -> None:
    assert (path_of(one).lower() == path_of(other).lower()) == (one == other)


@given(repositories, repositories)
def test_no_document_stands_where_another_needs_a_folder_or_a_page(one: Repository, other: Repository) -> None:
    document = path_of(one).lower()
    assert not path_of(other).lower().startswith(f"{document}/")
    taken = {README.lower(), *(page_of(folder).lower() for folder in folders_of(other))}
    assert document not in taken
    assert not any(path_of(other).lower().startswith(f"{page}/") for page in taken)


@given(repositories)
def test_nothing_leads_out_of_the_folder_of_the_metadata(repository: Repository) -> None:
    path = path_of(repository)
    assert is_document(path)
    assert name_of(path) == str(repository)
    assert path.startswith(f"{ROOT}/")
    assert not {"", ".", ".."} & set(path.split("/"))
    assert not re.search(r"[:\\\s]", path)
    assert all(path.startswith(f"{folder}/") for folder in folders_of(repository))


@settings(max_examples=25)
@given(st.lists(records(), max_size=3))
def test_pages_are_the_same_whatever_order_records_come_in(some: list[Record]) -> None:
    forth = {record.repository: record for record in some}
    back = dict(reversed(list(forth.items())))
    folders = {folder for repository in forth for folder in folders_of(repository)}
    made = pages.pages(forth, folders)
    assert made == pages.pages(back, folders)
    assert set(made) == {page_of(folder) for folder in folders}


@given(entries, entries, _PROSE)
def test_inserting_an_entry_twice_is_inserting_it_once(first: Entry, second: Entry, prose: str) -> None:
    text = changelog.insert(changelog.insert(prose, first), second)
    assert changelog.insert(text, second) == text
    assert second in changelog.entries(text)


@given(entries, _PROSE, _PROSE)
def test_what_people_wrote_into_the_changelog_stays(entry: Entry, above: str, below: str) -> None:
    text = f"{above}\n{changelog.HEADING}\n{below}"
    changed = changelog.insert(text, entry)
    assert changed.replace(str(entry), "").split() == text.split()
    later = Entry(entry.started, entry.namespace, entry.run, "Another body.")
    assert changelog.insert(changed, later).replace(str(later), "").split() == text.split()


@given(st.lists(entries, max_size=3, unique_by=lambda entry: (entry.run, entry.namespace)))
def test_entries_are_found_again_newest_first(some: list[Entry]) -> None:
    text = None
    for entry in some:
        text = changelog.insert(text, entry)
    found = changelog.entries(text or "")
    assert sorted(found, key=str) == sorted(some, key=str)
    assert all(one.started >= next_one.started for one, next_one in pairwise(found))


@given(entries)
def test_an_entry_moves_to_another_changelog_as_it_is(entry: Entry) -> None:
    (found,) = changelog.entries(changelog.insert(None, entry))
    assert changelog.insert("# Notes\n", found) == changelog.insert("# Notes\n", entry)


@given(st.integers(min_value=0))
def test_a_size_for_people_is_within_a_twentieth_of_the_number_of_bytes(count: int) -> None:
    number, unit = size(count).split(" ")
    shown = float(number.replace(",", "")) * 1000 ** ["B", "kB", "MB", "GB", "TB", "PB", "EB"].index(unit)
    assert abs(shown - count) <= 0.051 * max(count, 1)


def _shuffled(entries: Mapping[_Key, _Value], shuffle: Random) -> Mapping[_Key, _Value]:
    return dict(shuffle.sample(list(entries.items()), len(entries)))


def _record_or_error(text: str, path: str) -> Record | InvalidMetadataError:
    try:
        return decode(text, path)
    except InvalidMetadataError as error:
        return error


@given(st.dictionaries(st.text(max_size=3), json_values, max_size=4))
def test_json_of_any_depth_is_read_as_the_standard_library_reads_it(document: dict[str, object]) -> None:
    assert strict_json.parse(json.dumps(document), "a.json") == document


@given(st.lists(st.text("abc", min_size=1, max_size=3), max_size=4), st.booleans())
def test_a_key_that_stands_twice_is_refused_however_deep_it_lies(way: list[str], in_list: bool) -> None:  # noqa: FBT001 - drawn
    text = '{"k": 1, "k": 1}'
    for key in way:
        text = f'{{"{key}": {f"[{text}]" if in_list else text}, "other": 1}}'

    with pytest.raises(InvalidMetadataError, match="'k' stands twice"):
        strict_json.parse(text, "a.json")
