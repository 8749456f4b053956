from pathlib import Path

import pytest

from gcrsync.archive.folder import LayoutFolder
from gcrsync.errors import DestinationError, InvalidNameError
from tests.support.build import image
from tests.support.layouts import put

PATHS = ("a", "a/b/c", "a/blobs.x", "d/e")


@pytest.fixture
def folder(tmp_path: Path) -> LayoutFolder:
    for path in PATHS:
        put(tmp_path, path, image(), "v1")
    (tmp_path / "Upper").mkdir()
    (tmp_path / "empty/below").mkdir(parents=True)
    (tmp_path / "file").write_bytes(b"")
    return LayoutFolder(tmp_path)


def test_the_layouts_below_a_folder_are_its_repositories(folder: LayoutFolder) -> None:
    assert folder.repositories() == PATHS


def test_links_and_hidden_folders_and_the_insides_of_layouts_are_no_repositories(folder: LayoutFolder, tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", "x", image(), "v1")
    (folder.root / "elsewhere").rename(folder.root / ".elsewhere")
    (folder.root / "link").symlink_to(folder.root / ".elsewhere/x")
    put(folder.root / "a/blobs", "x", image(), "v1")
    assert folder.repositories() == PATHS
    assert folder.children("") == ("a", "d")


def test_a_path_has_the_names_one_level_below_as_children(folder: LayoutFolder) -> None:
    assert {path: folder.children(path) for path in ("", "a", "a/b", "a/b/c", "d", "empty", "nowhere", "file")} == {
        "": ("a", "d"),
        "a": ("b", "blobs.x"),
        "a/b": ("c",),
        "a/b/c": (),
        "d": ("e",),
        "empty": (),
        "nowhere": (),
        "file": (),
    }


def test_repositories_may_have_the_names_of_the_files_of_a_layout(tmp_path: Path) -> None:
    for path in ("a/oci-layout", "a/blobs", "a/index.json"):
        put(tmp_path, path, image(), "v1")
    assert LayoutFolder(tmp_path).repositories() == ("a/blobs", "a/index.json", "a/oci-layout")


def test_a_folder_that_is_not_there_has_no_repositories(tmp_path: Path) -> None:
    assert LayoutFolder(tmp_path / "nowhere").repositories() == ()


def test_all_threads_share_one_object_for_a_layout(folder: LayoutFolder) -> None:
    assert folder.layout("a") is folder.layout("a")


@pytest.mark.parametrize("path", ["", "..", "a/../b", "/a", "a/", "A", ".uploads", "a//b", "a" * 252])
def test_a_path_that_is_no_repository_is_refused(folder: LayoutFolder, path: str) -> None:
    with pytest.raises(InvalidNameError, match="not a valid repository"):
        folder.layout(path)


def test_a_linked_repository_is_refused(folder: LayoutFolder) -> None:
    (folder.root / "link").symlink_to(folder.root / "a")
    with pytest.raises(DestinationError, match="link is a symbolic link"):
        folder.layout("link").tags()


def test_a_folder_of_layouts_may_itself_be_a_link(folder: LayoutFolder, tmp_path: Path) -> None:
    link = tmp_path.with_name(f"{tmp_path.name}-link")
    link.symlink_to(folder.root)
    assert LayoutFolder(link).repositories() == PATHS
