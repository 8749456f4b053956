"""The disk: paths that do not lead out of a folder, and failures translated."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gcrsync.errors import DestinationError

_HINTS = {
    errno.ENOSPC: "make room on the disk, then run again",
    errno.EDQUOT: "make room within the quota, then run again",
    errno.EACCES: "give yourself the permission, or name another folder",
    errno.EPERM: "give yourself the permission, or name another folder",
    errno.EROFS: "the file system is read-only; name another folder",
    errno.EMFILE: "allow more open files (ulimit -n), or use fewer --jobs",
}
_NOTHING_THERE = (FileNotFoundError, NotADirectoryError)


@contextmanager
def translated(doing: str, path: Path | str) -> Iterator[None]:
    """Turn an OSError into a DestinationError that says what was done (``writing``), where, and what to do next."""
    try:
        yield
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, "see that the folder and its disk are in order, then run again")
        raise DestinationError(f"{doing} {path}: {error.strerror or error}", hint=hint) from error


def inside(root: Path, relative: str) -> Path:
    """Give the path ``relative`` below ``root``, or raise DestinationError where a part of it is a symbolic link.

    A folder may come from somebody else, and a link in it may lead anywhere, so none is followed. The root itself may be one.
    """
    path = str(root)
    with translated("reading", root / relative):
        for component in relative.split("/"):
            path = f"{path}{os.sep}{component}"
            try:
                mode = os.lstat(path).st_mode
            except _NOTHING_THERE:
                break
            if stat.S_ISLNK(mode):
                raise DestinationError(f"{path} is a symbolic link", hint="put in its place what it points to")
    return root / relative


def file_status(path: Path) -> os.stat_result | None:
    """Give the status of a regular file, None where nothing is; anything else there raises DestinationError."""
    with translated("reading", path):
        try:
            status = os.lstat(path)
        except _NOTHING_THERE:
            return None
    if not stat.S_ISREG(status.st_mode):
        raise DestinationError(f"{path} is not a regular file", hint="remove it, then run again")
    return status


def read_file(path: Path, largest: int) -> bytes:
    """Give the bytes of a file that is there; more than ``largest`` bytes raise DestinationError."""
    with translated("reading", path), path.open("rb") as file:
        data = file.read(largest + 1)
    if len(data) > largest:
        raise DestinationError(f"{path}: more than {largest} bytes", hint="this is not what gcrsync or any other tool writes there")
    return data


def make_folder(path: Path) -> None:
    """Make a folder and those above it, unless they are there."""
    with translated("making", path):
        path.mkdir(parents=True, exist_ok=True)
