"""What the commits of a branch made of one file, read in a few processes however many they are."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from operator import itemgetter

from gcrsync.store.command import Git
from gcrsync.store.history import History
from gcrsync.store.tree import Entry, blobs

SHALLOW = "this clone is shallow, and what was before its first commit is not told: git fetch --unshallow"
"""What is to be said of a clone whose history is cut."""

_LAST = int(datetime.max.replace(microsecond=0, tzinfo=UTC).timestamp())
"""The last second that there is a date for: a commit may say a later one."""

_BATCH = 100
"""How many commits have their contents in memory at a time: a document may have a MiB."""


@dataclass(frozen=True, slots=True)
class Version:
    """What one commit, made ``at`` a time in UTC, made of a file.

    ``befores`` is what each parent of the commit has, and ``after`` what it has itself; None is no file.
    """

    commit: str
    at: datetime
    befores: tuple[bytes | None, ...]
    after: bytes | None


@dataclass(frozen=True, slots=True)
class _Commit:
    """The same, with the objects instead of their contents."""

    name: str
    at: datetime
    befores: tuple[Entry, ...]
    after: Entry


def versions(history: History, path: str) -> Iterator[Version]:
    """Give what each commit that is reachable from the tip made of a path, a commit after its parents, else by its time.

    A merge is among them where it has something else than each of its parents.
    """
    history.deepened()
    git, tip = history.git, history.head().commit
    changes = _commits(git, tip, path) if tip else iter(())
    for changed, version in _read(git, changes):
        if changed == path:
            yield version


def all_versions(history: History, folder: str, wanted: Container[str]) -> Iterator[tuple[str, Version]]:
    """Give what each commit made of each wanted path below a folder, path by path, from one look at the whole log.

    A merge is among them where it has something else than each of its parents. Unlike :func:`versions` this tells also of commits
    of which a merge took nothing, so that the last of them need not be what the tip has.
    """
    history.deepened()
    git, tip = history.git, history.head().commit
    changes = [change for change in _commits(git, tip, folder) if change[0] in wanted] if tip else []
    yield from _read(git, iter(sorted(changes, key=itemgetter(0))))


def _read(git: Git, changes: Iterator[tuple[str, _Commit]]) -> Iterator[tuple[str, Version]]:
    while batch := list(islice(changes, _BATCH)):
        contents = _contents(git, [commit for _, commit in batch])
        for path, commit in batch:
            befores = tuple(contents.get(entry.oid) for entry in commit.befores)
            yield path, Version(commit.name, commit.at, befores, contents.get(commit.after.oid))


def _commits(git: Git, tip: str, path: str) -> Iterator[tuple[str, _Commit]]:
    """Read the commits that changed what is at or below a path. Git's plumbing does not care how a person wants a log to look."""
    names = git.run("rev-list", "--date-order", "--reverse", tip, "--", f":(top,literal){path}").output
    options = ("--stdin", "--root", "-r", "-c", "--raw", "--no-renames", "--no-abbrev", "--format=%H %ct")
    name, at = "", datetime.fromtimestamp(0, UTC)
    # Some commits change nothing here once all of their parents are looked at, and some versions of git say nothing of these.
    for line in git.run("diff-tree", *options, "--", f":(top,literal){path}", stdin=names).text.splitlines() if names else ():
        if line.startswith(":"):
            description, _, changed = line.partition("\t")
            *befores, after = _entries(description)
            yield changed, _Commit(name, at, tuple(befores), after)
        elif line:
            name, _, seconds = line.partition(" ")
            at = datetime.fromtimestamp(min(int(seconds or "0"), _LAST), UTC)


def _entries(description: str) -> list[Entry]:
    """Read a raw line of git: as many colons as there are parents, the modes of all and of the commit, and as many objects."""
    fields = description.lstrip(":").split(" ")
    count = len(description) - len(description.lstrip(":")) + 1
    return [Entry(mode, oid) for mode, oid in zip(fields[:count], fields[count : 2 * count], strict=True)]


def _contents(git: Git, commits: list[_Commit]) -> Mapping[str, bytes]:
    oids = {entry.oid: None for commit in commits for entry in (*commit.befores, commit.after) if entry.is_file}
    return dict(zip(oids, blobs(git, list(oids)), strict=True))
