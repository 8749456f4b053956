"""Commits made apart: in a worktree of our own inside the git folder, by git's own ``commit``.

Its HEAD is on no branch, so that hooks and signing work as ever, the commit is kept by it from the moment it exists, and no branch,
index or worktree of a person has a part in it. Where there is no commit to build on it is on a branch of our own for that moment.
"""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from gcrsync.errors import StoreError
from gcrsync.store import files
from gcrsync.store.command import Git, failure
from gcrsync.store.ground import KEPT, TRAILER
from gcrsync.store.tree import OURS, is_ours

_NAME = "gcrsync-apart"

MADE = f"worktrees/{_NAME}/HEAD"
"""The HEAD of the worktree apart, as all others name it."""

_UNBORN = f"refs/heads/{_NAME}"
_IDENTITY = {
    "GIT_AUTHOR_NAME": "gcrsync",
    "GIT_AUTHOR_EMAIL": "gcrsync@localhost",
    "GIT_COMMITTER_NAME": "gcrsync",
    "GIT_COMMITTER_EMAIL": "gcrsync@localhost",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A commit to be: files by path (None removes one), the message, and the id of the run, which becomes a trailer."""

    files: Mapping[str, bytes | None]
    message: str
    run: str


@dataclass(frozen=True, slots=True)
class Apart:
    """The worktree apart of the repository that ``git`` works in; ``common`` is the git folder that all its worktrees share."""

    git: Git
    common: Path

    @property
    def folder(self) -> Path:
        """Where its files are, while there is one."""
        return self.common / "gcrsync" / _NAME

    def record(self, parent: str, draft: Draft) -> str | None:
        """Commit the draft on top of a commit (or of nothing) and give the hash; None where it would change nothing.

        Raises:
            GitError: a hook said no, or the commit could not be signed.
            StoreError: a path is not one of ours, or leads over a symbolic link.

        """
        if not draft.files:
            return None
        git = self.check_out(parent)
        self._write(draft.files)
        # Unlike `git add` it does not ask .gitignore, where `build` and `target` are common and repositories have such names.
        paths = b"".join(os.fsencode(f"{path}\0") for path in draft.files)
        git.run("update-index", "-z", "--add", "--remove", "--stdin", stdin=paths)
        if not git.attempt("diff-index", "--cached", "--quiet", parent or git.run("mktree").text).status:
            return None
        message = git.run(
            "interpret-trailers", "--trailer", f"{TRAILER}: {draft.run}", stdin=os.fsencode(f"{draft.message.rstrip()}\n")
        )
        options = ("--quiet", "--cleanup=whitespace", "--file=-")
        answer = _with_identity(git).attempt("commit", *options, stdin=message.output)
        if answer.status:
            raise failure("commit", answer, hint="see to that, and the next run records what this one has found and copied")
        commit = git.commit("HEAD")
        git.run("update-ref", KEPT, commit)
        return commit

    def check_out(self, commit: str) -> Git:
        """Make the worktree, with the files of a commit as git would check them out anywhere, and give git in it."""
        # The person's hooks, wherever they are told to be: a relative core.hooksPath would be sought among files that git ignores.
        hooks = self.git.folder / self.git.run("rev-parse", "--git-path", "hooks").text
        git = replace(self.git, folder=self.folder, options=("-c", f"core.hooksPath={hooks}", "-c", "core.sparseCheckout=false"))
        if self.folder.exists():
            if commit and git.commit("HEAD") == commit:
                return git
            if commit and not git.attempt("checkout", "--quiet", "--detach", "--force", commit).status:
                return git
            self.discard()
        self.git.run("worktree", "add", "--quiet", "--detach", "--no-checkout", str(self.folder), commit or self._seed())
        if not commit:
            git.run("symbolic-ref", "HEAD", _UNBORN)
        git.run("reset", "--quiet", "--hard")
        return git

    def discard(self) -> None:
        """Remove the worktree and what git knows of it, however much of it a killed run has made; the commits stay."""
        self.git.run("update-ref", "-d", _UNBORN)
        try:
            for folder in (self.folder, *(self.common / "worktrees").glob(f"{_NAME}*")):
                with suppress(FileNotFoundError):
                    shutil.rmtree(folder)
        except OSError as error:
            raise StoreError(f"cannot remove {self.folder}: {error.strerror}") from error

    def _write(self, contents: Mapping[str, bytes | None]) -> None:
        for path, content in contents.items():
            if not is_ours(path):
                raise StoreError(f"{path!r} is outside of what gcrsync writes: {', '.join(OURS)}")
            if content is None:
                files.remove(self.folder, path)
            else:
                files.write(self.folder, path, content)

    def _seed(self) -> str:
        """Give a commit without files or parents: git cannot add a worktree to a repository without any."""
        empty = self.git.run("mktree").text
        return _with_identity(self.git).run("commit-tree", "-m", "nothing yet", empty).text


def _with_identity(git: Git) -> Git:
    """Give git with a name to commit under where it finds none."""
    known = all(not git.attempt("var", name).status for name in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"))
    return git if known else replace(git, environment={**_IDENTITY, **git.environment})
