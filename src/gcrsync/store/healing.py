"""A clone of our own that is broken is made anew, and what was committed in it and never pushed goes along.

The broken one keeps its place under another name until that is done, so that a run which is killed meanwhile loses nothing.
"""

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from gcrsync.errors import GitError, StoreError
from gcrsync.store import files, lock
from gcrsync.store.clone import Origin, clone
from gcrsync.store.command import Git, redacted
from gcrsync.store.ground import KEPT, contains, is_shallow, own
from gcrsync.store.tree import Tree
from gcrsync.store.upstream import current_branch, fetch, find_upstream

_COMMIT = re.compile(rb"\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b")
_PACKED = re.compile(rb"^([0-9a-f]{64}|[0-9a-f]{40}) (?:refs/heads/|refs/gcrsync/pending$)", re.MULTILINE)
_TIPS = ("refs/heads/**/*", KEPT, "worktrees/*/HEAD", "HEAD")
_LOGS = ("logs/HEAD", "logs/refs/heads/**/*")
"""The files in a git folder that name what was committed, and those that tell how that went on."""

_ENOUGH = 60.0
"""The seconds after which git is taken not to come to an end with what is broken."""


@dataclass(frozen=True, slots=True)
class Clone:
    """A clone of ``origin`` that is ours alone; ``git`` is git in its folder, and ``tell`` takes a line for the user."""

    git: Git
    origin: Origin
    sleep: Callable[[float], None]
    tell: Callable[[str], None]

    def have(self) -> None:
        """See that there is a clone that can be worked with.

        Raises:
            BusyRepositoryError: a run holds it, or somebody else is about to mend it.
            GitError: the repository cannot be cloned.

        """
        folder = self.git.folder
        if folder.exists() and not self._broken.exists() and is_sound(self.git, self.origin):
            return
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot make {folder.parent}: {error.strerror}", hint="XDG_CACHE_HOME names another place") from error
        with lock.folder(folder.parent):
            if folder.exists() and not is_sound(self.git, self.origin):
                self._put_aside()
            self._complete("could not be read")

    def renew(self, reason: str) -> None:
        """Make the clone anew, though it can be worked with. Raises what `have` does."""
        with lock.folder(self.git.folder.parent):
            self._put_aside()
            self._complete(reason)

    @property
    def _broken(self) -> Path:
        return self.git.folder.with_name(f"{self.git.folder.name}.broken")

    def _put_aside(self) -> None:
        """Give the place of the clone free, unless a run is at work in it."""
        git_dir = self.git.folder / ".git"
        with lock.exclusive(git_dir, git_dir, self.sleep) if git_dir.is_dir() else nullcontext():
            if self._broken.exists():
                self.tell(f"an earlier broken clone of {redacted(self.origin.url)} is kept in {self._keep()}")
            _rename(self.git.folder, self._broken)

    def _complete(self, reason: str) -> None:
        """Clone where there is none, and bring along what an earlier one held."""
        if not self.git.folder.exists():
            clone(self.git, self.origin, self.git.folder)
        if not self._broken.exists():
            return
        where = f"the clone of {redacted(self.origin.url)} {reason} and was made anew"
        if _carry(self.git, self._broken / ".git"):
            self.tell(where)
            done = _rename(self._broken, self._broken.with_suffix(f".{secrets.token_hex(4)}"))
            shutil.rmtree(done, ignore_errors=True)
        else:
            self.tell(f"{where}; what was committed in it could not be read whole, so that it is kept in {self._keep()}")

    def _keep(self) -> Path:
        return _rename(self._broken, self._broken.with_suffix(f".kept-{secrets.token_hex(4)}"))


def is_sound(git: Git, origin: Origin) -> bool:
    """Tell whether a clone is one of this origin, and everything in it that a run reads can be read.

    Raises:
        GitError: the run is to end, and that cannot be waited for.

    """
    git = replace(git, longest=_ENOUGH)
    try:
        root = Path(git.run("rev-parse", "--show-toplevel").text)
        if root.resolve() != git.folder.resolve() or git.run("config", "remote.origin.url").text != origin.url:
            return False
        # It asks no remote for what is missing. Other commands do, in a child that does the same, and so on, where it is a commit.
        git.run("rev-list", "--objects", "--missing=print", "--no-walk", "--all")
        branch, commit = current_branch(git), git.commit("HEAD")
        Tree(git, commit).files()
        refs = git.run("for-each-ref").words
    except GitError:
        if git.hurry() is not None:
            raise
        return False
    return not refs and (_is_whole(root / ".git/index") if commit else not (root / ".git/logs" / branch).exists())


def _is_whole(index: Path) -> bool:
    """Tell whether the index ends with its own hash, or with zeros where git is told not to hash it (git-index-format)."""
    content = _content(index)
    found = {content[-20:], content[-32:]}
    hashes = {
        hashlib.sha1(content[:-20], usedforsecurity=False).digest(),
        hashlib.sha256(content[:-32]).digest(),
        bytes(20),
        bytes(32),
    }
    return len(content) > min(map(len, hashes)) and not found.isdisjoint(hashes)


def _carry(git: Git, broken: Path) -> bool:
    """Bring along what a broken git folder names and nobody has pushed; tell whether that could be read whole."""
    named, upstream = _named(broken), git.commit("HEAD")
    if set(named) <= {upstream}:
        return bool(named) or not _matching(broken / "objects", ("??/*", "pack/*.pack"))
    branch = current_branch(git)
    remote = find_upstream(git, branch)
    if remote and is_shallow(git):
        fetch(git, remote, "--unshallow")
    with _borrowed(broken, git):
        found = [_brought(replace(git, longest=_ENOUGH), upstream, commit) for commit in named]
    tips = [tip for tip in found if tip and not any(each != tip and contains(git, each or "", tip) for each in found)]
    # What is kept comes first when the next run looks for a ground; a second line of work is what the branch may have instead.
    for ref, tip in zip((KEPT, branch), tips, strict=False):
        git.run("update-ref", ref, tip)
    git.run("reset", "--quiet", "--hard")
    return None not in found and len(tips) <= 2  # noqa: PLR2004 - there is a place for as many


def _brought(git: Git, upstream: str, commit: str) -> str | None:
    """Pack a commit with all that it has beside the upstream; give it, empty where that is nothing of ours, None where it fails."""
    try:
        # As in `is_sound`, nothing may ask a remote for a commit that is there and cannot be read.
        news = git.run("rev-list", "--objects", "--missing=print", commit, *([f"^{upstream}"] if upstream else [])).output
        if not news or not any(own(git, upstream, commit)):
            return ""
        if news.startswith(b"?") or b"\n?" in news:
            return None
        git.run("pack-objects", "--quiet", ".git/objects/pack/pack", stdin=news)
    except GitError:
        return None
    return commit


@contextmanager
def _borrowed(broken: Path, git: Git) -> Iterator[None]:
    """Let git read the objects of a broken git folder as if they were its own."""
    path = "objects/info/alternates"
    files.replace(git.folder / ".git", path, os.fsencode(broken / "objects") + b"\n")
    try:
        yield
    finally:
        files.remove(git.folder / ".git", path)


def _named(git_dir: Path) -> list[str]:
    """Give each commit that a branch, a worktree or a log in a git folder names, and an empty text where one names none."""
    found = []
    for path in _matching(git_dir, _TIPS):
        content = _content(path)
        if not content.startswith(b"ref: "):
            found += _COMMIT.findall(content)[:1] or [b""]
    for path in _matching(git_dir, _LOGS):
        found += _COMMIT.findall(_content(path).rpartition(b"\n")[0].rpartition(b"\n")[2])[1:2]
    found += _PACKED.findall(_content(git_dir / "packed-refs"))
    return list(dict.fromkeys(each.decode() for each in found))


def _matching(git_dir: Path, patterns: Sequence[str]) -> list[Path]:
    return [path for pattern in patterns for path in git_dir.glob(pattern) if path.is_file()]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _rename(old: Path, new: Path) -> Path:
    try:
        return old.rename(new)
    except OSError as error:
        raise StoreError(f"cannot rename {old}: {error.strerror}") from error
