"""Files replaced whole, and never through a symbolic link."""

import stat
from pathlib import Path

import pytest

from gcrsync.errors import StoreError
from gcrsync.store import files


def test_a_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    place = tmp_path / "metadata" / "a.json"
    files.replace(tmp_path, "metadata/a.json", b"old")
    place.chmod(0o640)

    files.replace(tmp_path, "metadata/a.json", b"new")

    assert place.read_bytes() == b"new"
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    assert [each.name for each in place.parent.iterdir()] == ["a.json"]


def test_a_script_becomes_executable_for_those_who_may_read_it(tmp_path: Path) -> None:
    files.replace(tmp_path, "script", b"old")
    (tmp_path / "script").chmod(0o640)
    files.replace(tmp_path, "script", b"new", executable=True)
    assert stat.S_IMODE((tmp_path / "script").stat().st_mode) == 0o750
    files.replace(tmp_path, "script", b"newer")
    assert stat.S_IMODE((tmp_path / "script").stat().st_mode) == 0o640


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(StoreError, match=r"cannot write .*taken: Is a directory"):
        files.replace(tmp_path, "taken", b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]


def test_removing_a_file_removes_the_folders_that_it_leaves_empty(tmp_path: Path) -> None:
    for path in ("metadata/gcr.io/one/a.json", "metadata/gcr.io/b.json"):
        files.replace(tmp_path, path, b"")
    files.remove(tmp_path, "metadata/gcr.io/one/a.json")
    files.remove(tmp_path, "metadata/gcr.io/one/a.json")
    assert sorted(each.name for each in (tmp_path / "metadata/gcr.io").iterdir()) == ["b.json"]


def test_what_a_killed_write_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    for name in (".gcrsync-0a1b2c3d", ".gitignore", "gcrsync.toml"):
        (tmp_path / name).touch()
    files.sweep(tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == [".gitignore", "gcrsync.toml"]


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../outside", "metadata/../../outside", ".git/config", "metadata/.GIT/x"])
def test_no_path_leads_out_of_the_root_or_into_git(tmp_path: Path, path: str) -> None:
    with pytest.raises(StoreError, match="is no path within"):
        files.locate(tmp_path, path)


@pytest.mark.parametrize("link", ["metadata", "metadata/gcr.io", "metadata/gcr.io/a.json"])
def test_a_symbolic_link_on_the_way_is_named_and_not_followed(tmp_path: Path, link: str) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / link).parent.mkdir(parents=True)
    outside.mkdir()
    (root / link).symlink_to(outside)
    with pytest.raises(StoreError, match=f"{link} is a symbolic link"):
        files.replace(root, "metadata/gcr.io/a.json", b"x")
    with pytest.raises(StoreError, match=f"{link} is a symbolic link"):
        files.remove(root, "metadata/gcr.io/a.json")
    assert not list(outside.iterdir())
