"""The files in an archive or a folder, by their names in it: no name and no link leads out."""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gcrsync.archive.disk import file_status, inside, translated
from gcrsync.archive.invalid import InvalidArchiveError
from gcrsync.archive.stored import Stored


@dataclass(frozen=True, slots=True)
class Members:
    """Files by their names; ``what`` names the whole in an error, and ``find`` looks a plain name up, as :func:`plain` gives it."""

    what: str
    find: Callable[[str], Stored | None]

    def __contains__(self, name: str) -> bool:
        """Say whether there is such a file."""
        return self.find(name) is not None

    def get(self, name: str) -> Stored:
        """Give a file by the name that something in the archive says; InvalidArchiveError where there is none."""
        wanted = plain(name)
        found = None if wanted is None else self.find(wanted)
        if found is None:
            reason = f"{name!r} is not in it" if wanted else f"it names {name!r}, which leads out of it"
            raise InvalidArchiveError(self.what, reason, hint="it is not whole: make or fetch it again")
        return found

    def read(self, name: str, largest: int) -> bytes:
        """Give the bytes of a file, at most so many; InvalidArchiveError where it is not there, or larger."""
        return self.get(name).read(largest, f"{name} in {self.what}")


def plain(name: str) -> str | None:
    """Give a name without ``.`` and ``..`` in it, as files are looked up by; None where it leads out, or to nothing."""
    if "\0" in name:
        return None
    found = posixpath.normpath(name)
    return None if found.startswith(("/", "../")) or found in (".", "..") else found


def in_folder(root: Path) -> Members:
    """Give the files below a folder; a symbolic link in it is refused with DestinationError when it is come across."""

    def find(name: str) -> Stored | None:
        if not name.isprintable():  # a name that no file system may have, and none has in an image layout
            return None
        path = inside(root, name)
        if path.is_dir():
            return None
        status = file_status(path)
        return None if status is None else Stored(lambda: _opened(path), status.st_size)

    return Members(str(root), find)


def _opened(path: Path) -> BinaryIO:
    with translated("reading", path):
        return path.open("rb")
