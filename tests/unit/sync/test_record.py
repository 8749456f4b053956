"""What a commit records, and the files that make it say more."""

from pathlib import Path

from gcrsync.metadata.document import encode
from gcrsync.metadata.paths import ROOT, path_of
from gcrsync.mirror.record import Record
from gcrsync.sync.record import Documents, Edit, files_of
from tests.support.repositories import Workplace
from tests.support.values import record, records, repository

A, B = repository("gcr.io/p/a"), repository("gcr.io/p/b")
BEFORE = records(record(str(A), {"1": "x"}), record(str(B), {"1": "x"}))
AFTER = record(str(A), {"1": "y"})


def committed(place: Workplace, clone: Path, *some: Record) -> None:
    place.commit(clone, "record", {path_of(each.repository): encode(each) for each in some})


def test_what_two_commits_have_alike_is_decoded_once(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    clone, documents = place.seeded(), Documents()
    committed(place, clone, *BEFORE.values())
    first = documents.records(place.open(clone).head(), ROOT)
    committed(place, clone, AFTER)
    second = documents.records(place.open(clone).head(), ROOT)

    assert (first, second) == (BEFORE, {**BEFORE, A: AFTER})
    assert second[B] is first[B]


def test_a_document_that_is_not_there_any_more_is_not_recorded(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    clone, documents = place.seeded(), Documents()
    committed(place, clone, *BEFORE.values())

    assert documents.records(place.open(clone).head(), ROOT) == BEFORE
    place.git(clone, "rm", "--quiet", path_of(A))
    place.git(clone, "commit", "--quiet", "--message", "remove")
    assert documents.records(place.open(clone).head(), ROOT) == {B: BEFORE[B]}


def test_one_changed_record_writes_its_document_and_its_pages_alone(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    clone = place.seeded()
    committed(place, clone, *BEFORE.values())
    edit = Edit({A: BEFORE[A]}, {A: AFTER}, ())
    files = files_of((edit,), place.open(clone).head(), lambda _mirror, _tag: None, Documents())

    assert files[path_of(A)] == encode(AFTER).encode()
    assert set(files) == {path_of(A), "metadata/gcr.io/README.md", "metadata/gcr.io/p/README.md"}
