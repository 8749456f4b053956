"""A clone of our own of the repository at a URL: the newest commit of one branch and its files, and no more than that."""

import hashlib
import re
import secrets
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from gcrsync.errors import GitError, StoreError
from gcrsync.store.command import Git, failure, redacted
from gcrsync.store.credentials import answering, way_in
from gcrsync.store.upstream import HEADS, listed

NEWEST = ("--depth=1", "--filter=blob:none")
"""A server that knows no filter sends all files of the one commit, which are what is wanted first."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What is cloned: the repository at ``url``, and in it the branch that the user has named; without a name its default."""

    url: str
    branch: str = ""

    def __str__(self) -> str:
        """Name both; in a URL nothing comes after a blank."""
        return f"{self.url} {self.branch}".rstrip()


def kept_in(cache: Path, origin: Origin) -> Path:
    """Give the folder below ``cache`` in which a clone of an origin is kept: one that a person knows again, and no other has."""
    name = re.sub(r"[^A-Za-z0-9._-]", "", origin.url.rstrip("/").rpartition("/")[2].removesuffix(".git")) or "metadata"
    return cache / f"{name}-{hashlib.sha256(str(origin).encode()).hexdigest()[:16]}"


def clone(git: Git, origin: Origin, folder: Path) -> None:
    """Clone into a folder; beside it first: two runs may do so at once, and half a clone is none.

    Raises:
        GitError: it cannot be read, or it is not clear which branch is meant.
        StoreError: the disk refuses.

    """
    beside = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _clone(answering(replace(git, folder=folder.parent), origin.url), origin, beside)
        beside.rename(folder)
    except OSError as error:
        if not folder.is_dir():
            raise StoreError(f"cannot write {folder}: {error.strerror}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _clone(git: Git, origin: Origin, folder: Path) -> None:
    branch = _branch(git, origin)
    options = ("--quiet", "--no-tags", *([f"--branch={branch}"] if branch else []))
    answer = git.attempt("clone", *options, *NEWEST, "--", origin.url, str(folder))
    if answer.status and "shallow" in answer.words:  # a server of files alone has no part of a history to give
        answer = git.attempt("clone", *options, "--", origin.url, str(folder))
    if answer.status:
        raise failure("clone", answer, hint=way_in(answer) or "see that the URL is right and that git may read it")
    if origin.branch and not branch:
        replace(git, folder=folder).run("symbolic-ref", "HEAD", f"{HEADS}{origin.branch}")


def _branch(git: Git, origin: Origin) -> str:
    """Give the branch to clone, empty in a repository without commits."""
    answer = git.attempt("ls-remote", "--quiet", "--symref", "--", origin.url, "HEAD", f"{HEADS}*")
    if answer.status:
        raise failure("clone", answer, hint=way_in(answer) or "see that the URL is right and that git may read it")
    fields = [line.split("\t") for line in answer.text.splitlines()]
    branches = [name.removeprefix(HEADS) for _, name in fields if name.startswith(HEADS)]
    default = [target.removeprefix(f"ref: {HEADS}") for target, name in fields if name == "HEAD" and target.startswith("ref: ")]
    wanted = [origin.branch] if origin.branch else default or branches
    if not branches:
        return ""
    if len(wanted) == 1 and wanted[0] in branches:
        return wanted[0]
    reason = f"no branch {origin.branch}" if origin.branch else "no default branch"
    raise GitError("clone", f"{redacted(origin.url)} has {reason}, but {listed(branches)}", hint="name one of them with --branch")
