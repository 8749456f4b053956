"""The files of one commit, read from git's objects and never from the worktree."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gcrsync.errors import GitError
from gcrsync.store.command import Git
from gcrsync.store.credentials import answering

_SHA256_DIGITS = 64
"""How long a name is where git hashes with SHA-256, as few repositories have it do."""

PLAIN, EXECUTABLE = "100644", "100755"
OURS = ("metadata", "changelog", "CHANGELOG.md")
"""What gcrsync writes in a repository: two folders and a file at its root."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a tree or the index holds under a path: git's mode and the id of the object."""

    mode: str
    oid: str

    @property
    def is_file(self) -> bool:
        """Whether it is a plain file: no symbolic link and no submodule."""
        return self.mode in (PLAIN, EXECUTABLE)


@dataclass(frozen=True, slots=True)
class Difference:
    """What two commits have under one path, None for nothing."""

    path: str
    before: Entry | None
    after: Entry | None


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of ``commit`` (its full hash, or empty for a branch without commits)."""

    git: Git
    commit: str

    def read(self, path: str) -> bytes | None:
        """Give the content of one file, None where there is no such file."""
        return self.files(path).get(path)

    def files(self, prefix: str = "") -> dict[str, bytes]:
        """Give the content of every file that is ``prefix`` or below it (``metadata/``), by path."""
        return dict(self.contents(self.entries(prefix)))

    def contents(self, entries: Mapping[str, Entry]) -> Iterator[tuple[str, bytes]]:
        """Give the content of each of these entries that is a file, one after the other, with its path."""
        plain = {path: entry.oid for path, entry in entries.items() if entry.is_file}
        return zip(plain, blobs(self.git, list(plain.values())), strict=True)

    def id_of(self, content: bytes) -> str:
        """Give the id that git has for a file's content, in the format of this commit's repository; it need not be there."""
        algorithm = "sha256" if len(self.commit) == _SHA256_DIGITS else "sha1"
        return hashlib.new(algorithm, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()

    def entries(self, prefix: str = "") -> dict[str, Entry]:
        """Give what the commit has at and below ``prefix``, by path, without reading any of it."""
        if not self.commit:
            return {}
        listing = self.git.run("ls-tree", "-r", "-z", "--full-tree", self.commit, *([prefix] if prefix else []))
        entries: dict[str, Entry] = {}
        for line in listing.output.split(b"\0")[:-1]:
            description, _, path = line.partition(b"\t")
            mode, _, oid = description.decode().split(" ")
            entries[os.fsdecode(path)] = Entry(mode, oid)
        return entries


def is_ours(path: str) -> bool:
    """Tell whether a path is one that gcrsync writes."""
    *folders, file = OURS
    return path == file or path.startswith(tuple(f"{folder}/" for folder in folders))


def differences(git: Git, before: str, after: str) -> list[Difference]:
    """Give every path under which two commits differ; an empty name stands for a commit without files."""
    old, new = (name or git.run("mktree").text for name in (before, after))
    fields = git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", old, new).output.split(b"\0")[:-1]
    found = []
    for description, path in zip(fields[::2], fields[1::2], strict=True):
        old_mode, new_mode, old_oid, new_oid, _ = description.decode().lstrip(":").split(" ")
        found.append(Difference(os.fsdecode(path), _entry(old_mode, old_oid), _entry(new_mode, new_oid)))
    return found


def _entry(mode: str, oid: str) -> Entry | None:
    return Entry(mode, oid) if oid.strip("0") else None


def blobs(git: Git, oids: Sequence[str]) -> Iterator[bytes]:
    """Give the content of each of these objects, in their order, read by one process and given one after the other.

    What a clone without all blobs lacks of them is fetched in one request. Raises GitError where one cannot be read.
    """
    _fetch(git, oids)
    wanted = [oid.encode() for oid in oids]
    output = git.run("cat-file", "--batch", stdin=b"\n".join([*wanted, b""])).output if wanted else b""
    position = 0
    for _ in wanted:
        start = output.index(b"\n", position) + 1
        description = output[position : start - 1]
        if description.endswith(b" missing"):
            raise GitError("cat-file", f"object {description.decode()} in {git.folder}", hint="see what git fsck says there")
        size = int(description.split(b" ")[2])
        yield output[start : start + size]
        position = start + size + 1


def bring(git: Git, commit: str) -> None:
    """Have all files of a commit here, in one request: git itself would ask for one after another as they are read.

    Raises:
        GitError: they cannot be fetched.

    """
    if _promisor(git):
        _fetch(git, [entry.oid for entry in Tree(git, commit).entries().values() if entry.is_file])


def _promisor(git: Git) -> str:
    """Give the remote that has promised to give what this clone lacks, empty where there is none."""
    names = git.attempt("config", "--name-only", "--get-regexp", r"^remote\..*\.promisor$", "true").text.splitlines()
    return names[0].removeprefix("remote.").removesuffix(".promisor") if names else ""


def _fetch(git: Git, oids: Sequence[str]) -> None:
    """Fetch those of the objects that a remote has promised to give and that are not here."""
    remote = _promisor(git)
    if not remote:
        return
    here = set(git.run("cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)").text.split())
    missing = dict.fromkeys(oid for oid in oids if oid not in here)
    if missing:
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none", "--stdin")
        asking = answering(replace(git, options=(*git.options, "-c", "fetch.negotiationAlgorithm=noop")), remote)
        asking.run("fetch", remote, *options, stdin="\n".join([*missing, ""]).encode())
