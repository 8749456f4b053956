"""The files in a tar archive, found by its headers alone; nothing is ever unpacked to a path."""

import io
import posixpath
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from gcrsync.archive.invalid import InvalidArchiveError
from gcrsync.archive.members import Members, plain
from gcrsync.archive.stored import OpenFile, Stored

_MOST_MEMBERS = 100_000
"""How many files there may be; an archive of images has some hundreds."""

_LARGEST_HEADER = 1024 * 1024
"""The most bytes that are read of a header at a time: names and links are not longer."""

_MOST_HEADERS = 64 * 1024 * 1024
"""The most bytes that are read of all headers together: what they say is kept in memory."""


@dataclass(frozen=True, slots=True)
class _File:
    """Where the bytes of a file begin, and how many there are."""

    start: int
    size: int


@dataclass(frozen=True, slots=True)
class _Link:
    """The name that a link leads to, None where it leads out."""

    target: str | None


_Entries = Mapping[str, _File | _Link]


class _Headers(io.BufferedReader):
    """What headers are read from: no more than headers are."""

    _left = _MOST_HEADERS

    def read(self, size: int | None = -1) -> bytes:
        """Give the next bytes, but never all that there are."""
        if size is None or not 0 <= size <= _LARGEST_HEADER:
            raise tarfile.ReadError(f"a header of {size} bytes")
        self._left -= size
        if self._left < 0:
            raise tarfile.ReadError(f"headers of more than {_MOST_HEADERS:,} bytes")
        return super().read(size)


def in_tar(file: OpenFile, what: str) -> Members:
    """Give the files in a tar archive; links are followed as far as they stay inside.

    Raises InvalidArchiveError where it is none, or cut.
    """
    entries = _entries(file, what)

    def find(name: str) -> Stored | None:
        found = _followed(entries, name, what)
        return None if found is None else file.part(found.start, found.size)

    return Members(what, find)


def _entries(archive: OpenFile, what: str) -> _Entries:
    """Read all headers. The last file of a name counts, as it does for who unpacks the archive."""
    found: dict[str, _File | _Link] = {}
    last = -1
    with _as_tar(what), _Headers(archive.raw()) as headers, tarfile.open(fileobj=headers, mode="r:") as tar:
        for number, member in enumerate(tar):
            if number >= _MOST_MEMBERS:
                raise InvalidArchiveError(what, f"more than {_MOST_MEMBERS:,} files are in it")
            if member.offset <= last or member.size < 0 or member.offset_data + member.size > archive.size:
                raise tarfile.ReadError(f"the size of {member.name!r} cannot be true")
            last = member.offset
            name, entry = plain(member.name), _entry(member)
            if name is not None and entry is not None:
                found[name] = entry
    return found


def _entry(member: tarfile.TarInfo) -> _File | _Link | None:
    if member.issym():
        return _Link(plain(posixpath.join(posixpath.dirname(member.name), member.linkname)))
    if member.islnk():
        return _Link(plain(member.linkname))
    return _File(member.offset_data, member.size) if member.isreg() and not member.issparse() else None


def _followed(entries: _Entries, name: str, what: str) -> _File | None:
    seen: set[str] = set()
    entry = entries.get(name)
    while isinstance(entry, _Link):
        if entry.target is None:
            raise InvalidArchiveError(what, f"the link {name!r} in it leads out of it")
        if entry.target in seen:
            raise InvalidArchiveError(what, f"the link {name!r} in it leads to itself")
        seen.add(entry.target)
        entry = entries.get(entry.target)
    return entry


@contextmanager
def _as_tar(what: str) -> Iterator[None]:
    """Say in one way that something is no sound tar archive."""
    try:
        yield
    except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError) as error:
        hint = "make or fetch it again; what can be pushed is what docker save, podman save, buildah, kaniko or skopeo write"
        raise InvalidArchiveError(what, f"it is no tar archive, or it is cut ({error})", hint=hint) from error
