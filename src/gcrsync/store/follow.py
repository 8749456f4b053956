"""The person's branch, index and files follow what was published, as far as nobody has changed them.

A journal in the git folder names the two commits while this is under way, so that the next run can finish what a killed one began.
The order is files, index, branch: wherever it stops, a commit that a person makes in between takes nothing back.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from gcrsync.errors import StoreError
from gcrsync.store import files
from gcrsync.store.apart import Apart
from gcrsync.store.command import Git
from gcrsync.store.lock import is_free
from gcrsync.store.tree import EXECUTABLE, Difference, Entry, Tree, differences, is_ours

_AT_A_TIME = 16
"""How many files are written at a time."""

_JOURNAL = "gcrsync/journal"
_FOREIGN = "?"
"""Stands for the id of what is no plain file: a folder, a symbolic link, or something behind one."""


@dataclass(frozen=True, slots=True)
class Move:
    """One path: the ids that we may find there and replace (empty for no file), and what it is to become."""

    path: str
    known: frozenset[str]
    target: Entry | None


@dataclass(frozen=True, slots=True)
class Theirs:
    """The paths that hold what a person has put there or taken away: in the worktree, and in the index."""

    written: frozenset[str]
    staged: frozenset[str]

    @property
    def paths(self) -> frozenset[str]:
        """All of them: their files stay as they are."""
        return self.written | self.staged


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of it: whether the branch moved, and the files that were left alone because a person changed them."""

    moved: bool
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Follower:
    """Leads the worktree that ``apart.git`` works in; ``git_dir`` is its own git folder."""

    apart: Apart
    git_dir: Path
    sleep: Callable[[float], None]

    @property
    def git(self) -> Git:
        """Git in the person's worktree."""
        return self.apart.git

    @property
    def unfinished(self) -> bool:
        """Whether a killed run has left the worktree half-way: `finish` comes first."""
        return (self.git_dir / _JOURNAL).exists()

    def follow(self, branch: str, old: str, new: str) -> Followed:
        """Move a branch that is checked out from one commit to another, and the files that differ between them.

        Nothing moves where the branch is no longer at ``old`` or no longer checked out, where another git process keeps the index
        locked, and where the commits differ in a file of a person's that is changed here too.
        """
        if old == new:
            return Followed(moved=True)
        if not self._stands(branch, old) or not is_free(self.git_dir / "index.lock", self.sleep):
            return Followed(moved=False)
        moves = [Move(each.path, _known(each), each.after) for each in differences(self.git, old, new)]
        theirs = self._theirs(moves)
        if not all(is_ours(path) for path in theirs.paths):
            return Followed(moved=False)
        files.replace(self.git_dir, _JOURNAL, f"{branch} {old or '-'} {new}\n".encode())
        self._bring(moves, theirs, new)
        self.git.run("update-ref", "-m", "gcrsync: follow what was published", branch, new, old or "0" * len(new))
        files.remove(self.git_dir, _JOURNAL)
        return Followed(moved=True, left=tuple(sorted(theirs.paths)))

    def finish(self) -> None:
        """Finish what a killed run began; where that cannot be, lead the files back to where the branch is now.

        Raises:
            StoreError: the journal cannot be read.

        """
        try:
            branch, old, new = (self.git_dir / _JOURNAL).read_text().split()
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            raise StoreError(f"cannot read {self.git_dir / _JOURNAL}", hint="delete it, then run again") from error
        old, tip = old.removeprefix("-"), self.git.commit(branch)
        changed = differences(self.git, old, new)
        for folder in {(self.git.folder / each.path).parent for each in changed}:
            files.sweep(folder)
        if self._stands(branch, tip) and tip != new and not (tip == old and self.follow(branch, old, new).moved):
            entries = Tree(self.git, tip).entries()
            moves = [Move(each.path, _known(each), entries.get(each.path)) for each in changed]
            self._bring(moves, self._theirs(moves), tip)
        files.remove(self.git_dir, _JOURNAL)

    def _stands(self, branch: str, tip: str) -> bool:
        return self.git.attempt("symbolic-ref", "--quiet", "HEAD").text == branch and self.git.commit(branch) == tip

    def _theirs(self, moves: Sequence[Move]) -> Theirs:
        in_worktree, in_index = _in_worktree(self.git, [move.path for move in moves]), _in_index(self.git)
        written, staged = set(), set()
        for move in moves:
            found = in_worktree[move.path]
            restorable = not found and is_ours(move.path)
            if found not in move.known and not restorable:
                written.add(move.path)
            if in_index.get(move.path, "") not in move.known:
                staged.add(move.path)
        return Theirs(frozenset(written), frozenset(staged))

    def _bring(self, moves: Sequence[Move], theirs: Theirs, commit: str) -> None:
        """Bring the files and the index to what a commit has, but for what is theirs."""
        self.apart.check_out(commit)
        ours = [move for move in moves if move.path not in theirs.paths]
        for move in ours:
            if move.target is None:  # first, since a folder may be where a file was
                files.remove(self.git.folder, move.path)
        with ThreadPoolExecutor(_AT_A_TIME) as pool:  # each waits for the disk, which takes many as quickly as one
            for _ in pool.map(self._bring_file, (move for move in ours if move.target is not None)):
                pass
        lines = [_index_line(move, commit) for move in moves if move.path not in theirs.staged]
        self.git.run("update-index", "-z", "--index-info", stdin=b"".join(lines))
        self.git.attempt("update-index", "-q", "--refresh")

    def _bring_file(self, move: Move) -> None:
        content = files.read(self.apart.folder, move.path)
        is_executable = move.target is not None and move.target.mode == EXECUTABLE
        files.replace(self.git.folder, move.path, content, executable=is_executable)


def _known(difference: Difference) -> frozenset[str]:
    entries = (difference.before, difference.after)
    if any(entry and not entry.is_file for entry in entries):
        return frozenset()
    return frozenset(entry.oid if entry else "" for entry in entries)


def _in_worktree(git: Git, paths: Sequence[str]) -> Mapping[str, str]:
    """Give the ids that the files in the worktree would have in git, empty where there is none."""
    found = {path: _kind(git.folder, path) for path in paths}
    plain = [path for path, kind in found.items() if kind is None]
    listing = git.run("hash-object", "--stdin-paths", stdin=os.fsencode("\n".join([*plain, ""]))).text if plain else ""
    oids = dict(zip(plain, listing.split(), strict=True))
    return {path: oids.get(path, kind or "") for path, kind in found.items()}


def _kind(root: Path, path: str) -> str | None:
    """Give the id of what is no file or not there, None for a plain file."""
    try:
        place = files.locate(root, path)
    except StoreError:
        return _FOREIGN
    if place.is_file() and "\n" not in path and not path.startswith('"'):
        return None
    return _FOREIGN if place.exists() else ""


def _in_index(git: Git) -> Mapping[str, str]:
    staged = {}
    for line in git.run("ls-files", "--stage", "-z").output.split(b"\0")[:-1]:
        description, _, path = line.partition(b"\t")
        _, oid, stage = description.decode().split(" ")
        staged[os.fsdecode(path)] = oid if stage == "0" else _FOREIGN
    return staged


def _index_line(move: Move, commit: str) -> bytes:
    target = move.target or Entry("0", "0" * len(commit))
    return os.fsencode(f"{target.mode} {target.oid}\t{move.path}\0")
