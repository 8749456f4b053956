"""Files replaced whole or not at all, and never through a symbolic link."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from gcrsync.errors import StoreError

_PREFIX = ".gcrsync-"
"""Begins the name of a file that is being written beside the one that it will replace."""


def locate(root: Path, path: str) -> Path:
    """Give the place of ``path`` (relative, with slashes) below ``root``; nothing need be there.

    Raises:
        StoreError: the path leads out of the root, or over a symbolic link.

    """
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or not {"..", ".git"}.isdisjoint(part.lower() for part in parts):
        raise StoreError(f"{path!r} is no path within {root}")
    place = root
    for part in parts:
        place /= part
        if place.is_symlink():
            raise StoreError(f"{place} is a symbolic link", hint="gcrsync writes plain files and folders only")
    return place


def read(root: Path, path: str) -> bytes:
    """Give the content of a file below ``root``.

    Raises:
        StoreError: the path is no good (see `locate`), or the disk refuses.

    """
    place = locate(root, path)
    with _told("read", place):
        return place.read_bytes()


def write(root: Path, path: str, content: bytes) -> None:
    """Write a file below a ``root`` that is ours alone, where nobody reads it meanwhile and nothing need outlive us.

    Raises:
        StoreError: the path is no good (see `locate`), or the disk refuses.

    """
    place = locate(root, path)
    with _told("write", place):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def replace(root: Path, path: str, content: bytes, *, executable: bool = False) -> None:
    """Put the content under ``path`` below ``root``, at once and on the disk; the mode of a file that is there is kept.

    Raises:
        StoreError: the path is no good (see `locate`), or the disk refuses.

    """
    place = locate(root, path)
    with _told("write", place):
        place.parent.mkdir(parents=True, exist_ok=True)
        _put(place, content, 0o777 if executable else 0o666, _mode(place, executable=executable) if place.exists() else None)


def rewrite(place: Path, content: bytes) -> None:
    """Put another content into a file of the user's that is there, at once and on the disk; it keeps its mode.

    Raises:
        StoreError: the disk refuses.

    """
    with _told("write", place):
        _put(place, content, 0o600, stat.S_IMODE(place.stat().st_mode))


def remove(root: Path, path: str) -> None:
    """Remove a file below ``root`` and the folders that it leaves empty; it may be gone already.

    Raises:
        StoreError: the path is no good (see `locate`), or the disk refuses.

    """
    place = locate(root, path)
    with _told("remove", place):
        place.unlink(missing_ok=True)
        for folder in place.parents:
            if folder == root or not folder.is_dir() or any(folder.iterdir()):
                break
            folder.rmdir()


def sweep(folder: Path) -> None:
    """Remove what a killed `replace` left in a folder."""
    with _told("clean", folder):
        for remnant in folder.glob(f"{_PREFIX}*"):
            remnant.unlink(missing_ok=True)


@contextmanager
def _told(doing: str, place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"cannot {doing} {place}: {error.strerror}") from error


def _mode(place: Path, *, executable: bool) -> int:
    now = stat.S_IMODE(place.stat().st_mode)
    return now | (now & 0o444) >> 2 if executable else now & ~0o111


def _put(place: Path, content: bytes, created: int, mode: int | None) -> None:
    """Put a file in the place of what is there; it is ``created`` with one mode, and gets the other if there is one."""
    beside = place.with_name(f"{_PREFIX}{secrets.token_hex(4)}")
    try:
        _create(beside, content, created)
        if mode is not None:
            beside.chmod(mode)
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)


def _create(place: Path, content: bytes, mode: int) -> None:
    def opener(name: str, flags: int) -> int:
        return os.open(name, flags, mode)

    with open(place, "xb", opener=opener) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
