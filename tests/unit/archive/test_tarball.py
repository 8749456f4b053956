import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gcrsync.archive.invalid import InvalidArchiveError
from gcrsync.archive.members import Members, in_folder
from gcrsync.archive.stored import OpenFile
from gcrsync.archive.tarball import in_tar
from gcrsync.errors import DestinationError
from tests.support.archives import Files, Link, tarball

LARGEST = 1000


@contextmanager
def members(folder: Path, data: bytes) -> Iterator[Members]:
    path = folder / "it.tar"
    path.write_bytes(data)
    with path.open("rb") as file:
        yield in_tar(OpenFile(file.fileno(), len(data), "it.tar"), "it.tar")


def read(folder: Path, files: Files, name: str) -> bytes:
    with members(folder, tarball(files)) as found:
        return found.read(name, LARGEST)


def test_a_file_is_read_whatever_its_name_looks_like_and_the_last_of_a_name_counts(tmp_path: Path) -> None:
    long = "/".join(["folder"] * 50)
    twice = tarball({"./a": b"old"})[:1024] + tarball({"a": b"new", long: b"deep"})
    with members(tmp_path, twice) as found:
        assert found.read("./x/../a", LARGEST) == b"new"
        assert found.read(long, LARGEST) == b"deep"
        assert "folder" not in found


@pytest.mark.parametrize(
    "link", [Link("../first/layer.tar"), Link("first/layer.tar", hard=True), Link("./../second/../first/./layer.tar")]
)
def test_a_link_is_followed_to_another_file_of_the_archive(tmp_path: Path, link: Link) -> None:
    files: Files = {"first/layer.tar": b"bytes", "second/layer.tar": link, "third": Link("second/layer.tar")}
    assert read(tmp_path, files, "second/layer.tar") == read(tmp_path, files, "third") == b"bytes"


@pytest.mark.parametrize("target", ["../../secret", "/etc/hostname", "a/../../secret", ".."])
def test_no_link_and_no_name_leads_out(tmp_path: Path, target: str) -> None:
    (tmp_path.parent / "secret").write_text("secret")
    with pytest.raises(InvalidArchiveError, match="leads out of it"):
        read(tmp_path, {"folder": Link(target)}, "folder")
    with pytest.raises(InvalidArchiveError, match="leads out of it"):
        read(tmp_path, {target: b"inside"}, target)


def test_links_in_a_circle_and_into_nothing_end(tmp_path: Path) -> None:
    files = {"a": Link("b"), "b": Link("a"), "self": Link("self"), "lost": Link("nowhere")}
    for name in ("a", "self"):
        with pytest.raises(InvalidArchiveError, match="leads to itself"):
            read(tmp_path, files, name)
    with pytest.raises(InvalidArchiveError, match="'lost' is not in it"):
        read(tmp_path, files, "lost")


def test_a_file_larger_than_is_read_is_refused_before_it_is(tmp_path: Path) -> None:
    with pytest.raises(InvalidArchiveError, match="1,001 bytes, and more than 1,000 are not read"):
        read(tmp_path, {"a": bytes(1001)}, "a")


def _with_size(size: int) -> bytes:
    """Give an archive whose second file says another size than it has."""
    member = tarfile.TarInfo("liar")
    member.size = size
    return tarball({"a": b"a"})[:1024] + member.tobuf(tarfile.GNU_FORMAT) + bytes(2048)


@pytest.mark.parametrize("size", [-512, -1024, -(2**40), 2**20, 2**60])
def test_a_size_that_cannot_be_true_is_no_way_to_read_for_ever_or_too_much(tmp_path: Path, size: int) -> None:
    with pytest.raises(InvalidArchiveError), members(tmp_path, _with_size(size)):
        pass


def test_a_header_is_not_believed_to_be_as_large_as_it_says(tmp_path: Path) -> None:
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 2**21
    with pytest.raises(InvalidArchiveError, match="a header of 2097152 bytes"), members(tmp_path, member.tobuf() + bytes(2**22)):
        pass


def test_headers_together_are_not_believed_to_be_as_large_as_they_are(tmp_path: Path) -> None:
    member = tarfile.TarInfo("a" * (2**20 - 600))
    header = member.tobuf(tarfile.GNU_FORMAT)
    with members(tmp_path, header * 10 + bytes(1024)) as found:
        assert member.name in found
    with pytest.raises(InvalidArchiveError, match="headers of more than"), members(tmp_path, header * 65 + bytes(1024)):
        pass


@pytest.mark.parametrize("data", [b"", b"rubbish" * 1000, tarball({"a": bytes(5000)})[:3000], tarball({"a": b""})[:200]])
def test_what_is_no_tar_archive_or_is_cut_is_said_to_be_so(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InvalidArchiveError, match="no tar archive, or it is cut"), members(tmp_path, data):
        pass


def test_a_folder_is_read_in_the_same_way_and_no_link_in_it_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"bytes")
    (tmp_path / "b").symlink_to("/etc/hostname")
    assert in_folder(tmp_path).read("x/../a", LARGEST) == b"bytes"
    with pytest.raises(DestinationError, match="symbolic link"):
        in_folder(tmp_path).read("b", LARGEST)
    with pytest.raises(InvalidArchiveError, match="leads out"):
        in_folder(tmp_path / "..").read("../a", LARGEST)
