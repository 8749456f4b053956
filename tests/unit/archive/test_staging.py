from pathlib import Path

import pytest

from gcrsync.archive.staging import Staging
from gcrsync.errors import DestinationError, DigestMismatchError
from gcrsync.oci.digest import Digest


def names(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".uploads").iterdir())


def test_a_file_appears_whole_and_only_when_it_is_published(tmp_path: Path) -> None:
    final = tmp_path / "final"
    with Staging(tmp_path).file() as staged:
        staged.write(b"some ")
        staged.write(b"bytes")
        assert not final.exists()
        staged.publish(final)
    assert final.read_bytes() == b"some bytes"
    assert names(tmp_path) == []


def test_a_file_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    def give_up() -> None:
        with Staging(tmp_path).file() as staged:
            staged.write(b"some bytes")
            assert names(tmp_path) == [staged.path.name]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        give_up()
    assert names(tmp_path) == []


def test_what_was_taken_back_is_not_published(tmp_path: Path) -> None:
    with Staging(tmp_path).file() as staged:
        staged.write(b"some bytes")
        staged.truncate(4)
        staged.write(b"!")
        assert staged.size == 5
        staged.publish(tmp_path / "final")
    assert (tmp_path / "final").read_bytes() == b"some!"


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_the_bytes_of_a_file_are_checked(tmp_path: Path, algorithm: str) -> None:
    with Staging(tmp_path).file() as staged:
        staged.write(b"some bytes")
        staged.check(Digest.of(b"some bytes", algorithm))
        with pytest.raises(DigestMismatchError):
            staged.check(Digest.of(b"other bytes", algorithm))


def test_the_leavings_of_a_killed_process_go_and_the_files_of_a_living_one_stay(tmp_path: Path) -> None:
    with Staging(tmp_path).file() as living:
        (tmp_path / ".uploads" / "dead").write_bytes(b"half a blob")
        with Staging(tmp_path).file() as mine:
            assert names(tmp_path) == sorted([living.path.name, mine.path.name])


def test_a_staging_folder_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".uploads").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DestinationError, match="symbolic link"):
        Staging(tmp_path).create()
