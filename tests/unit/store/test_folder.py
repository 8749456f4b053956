"""A folder that is made anew as a whole."""

from functools import partial
from pathlib import Path

import pytest

from gcrsync.errors import StoreError, UsageError
from gcrsync.store.folder import LIST, remake


def _remake(root: Path, **contents: str) -> None:
    remake(root, {path.replace("__", "/"): partial(bytes, text.encode()) for path, text in contents.items()})


def _files(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file() and path.name != LIST}


def test_what_an_earlier_making_left_is_removed_and_nothing_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mine").write_text("mine")
    _remake(tmp_path, a__one="1", b__c__two="2", three="3")

    _remake(tmp_path, a__one="new", three="3")

    assert _files(tmp_path) == {"a/mine": "mine", "a/one": "new", "three": "3"}
    assert not (tmp_path / "b").exists()


def test_a_file_that_stays_the_same_is_not_written_again(tmp_path: Path) -> None:
    _remake(tmp_path, same="1", other="2")
    before = (tmp_path / "same").stat().st_ino, (tmp_path / "other").stat().st_ino

    _remake(tmp_path, same="1", other="3")

    assert (tmp_path / "same").stat().st_ino == before[0]
    assert (tmp_path / "other").stat().st_ino != before[1]


@pytest.mark.parametrize("wanted", ["index", "index__below__it"])
def test_a_file_of_somebody_else_stands_in_the_way_of_all(tmp_path: Path, wanted: str) -> None:
    (tmp_path / "index").write_text("mine")

    with pytest.raises(UsageError, match="has not made"):
        _remake(tmp_path, about="new", **{wanted: "new"})

    assert [path.name for path in tmp_path.iterdir()] == ["index"]
    assert _files(tmp_path) == {"index": "mine"}


def test_a_file_in_the_place_of_the_folder_stands_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("mine")

    with pytest.raises(UsageError, match="has not made"):
        _remake(tmp_path / "site", index="new")


def test_what_a_killed_making_left_is_known_to_the_next(tmp_path: Path) -> None:
    def killed() -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        remake(tmp_path, {"one": partial(bytes, b"1"), "a/two": killed})
    assert _files(tmp_path) == {"one": "1"}
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".gcrsync-0123").touch()

    _remake(tmp_path, two="2")

    assert _files(tmp_path) == {"two": "2"}


@pytest.mark.parametrize("path", ["../out", "/etc/out", ".git/config"])
def test_a_list_that_somebody_changed_leads_nowhere_else(tmp_path: Path, path: str) -> None:
    root, out = tmp_path / "site", tmp_path / "out"
    out.write_text("mine")
    _remake(root, one="1")
    with (root / LIST).open("a") as listed:
        listed.write(f"{path}\n")

    with pytest.raises(StoreError):
        _remake(root, one="1")

    assert out.read_text() == "mine"


def test_a_list_of_another_kind_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / LIST).write_bytes(b"\xff\n")

    with pytest.raises(StoreError, match="not as gcrsync has written it"):
        _remake(tmp_path, one="1")
