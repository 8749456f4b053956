"""How a metadata repository is found: where the run stands, by a path, by a URL, or as a copy to rehearse in."""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from gcrsync.errors import BusyRepositoryError, GcrsyncError, NotAMetadataRepositoryError, UsageError
from gcrsync.store.clone import Origin, kept_in
from gcrsync.store.command import LONGEST, Answer, Git, Hurry, failure, never
from gcrsync.store.healing import Clone
from gcrsync.store.history import History
from gcrsync.store.upstream import MissingBranchError

_OUTSIDE, _NO_FILES = "not a git repository", "work tree"
"""What git says outside of every repository, and in one where there is no worktree."""

_MARKS = ("gcrsync.toml", "metadata/README.md")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[^/:@]+@[^/:]+:")
_BLANK = re.compile(r"(README|\.git).*", re.IGNORECASE)
"""The names in a repository that has nothing yet."""


def _nothing(line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the outer world gives: the environment, a sleep in seconds, numbers from 0 to 1 by chance, and the hurry of the run.

    ``tell`` takes a line for the user, and ``longest`` is the most seconds that a command of git may take.
    """

    environment: Mapping[str, str]
    sleep: Callable[[float], None]
    random: Callable[[], float]
    hurry: Hurry = never
    tell: Callable[[str], None] = _nothing
    longest: float = LONGEST


def open_history(path: Path, surroundings: Surroundings, *, named: bool, branch: str = "") -> History:
    """Open the repository that a folder is in, or is; ``named`` where the user has named it as the metadata repository.

    ``branch`` is the one to publish to, where the user has named that.

    Raises:
        NotAMetadataRepositoryError: the folder is in no repository with a worktree.
        GitError: git does not want to read it.

    """
    git = Git(path, surroundings.environment, hurry=surroundings.hurry, longest=surroundings.longest)
    answer = git.attempt("rev-parse", "--show-toplevel", "--absolute-git-dir", "--git-common-dir")
    if answer.status:
        raise _refusal(git, answer, named=named)
    root, git_dir, common = (Path(line) for line in answer.text.split("\n"))
    git = replace(git, folder=root)
    return History(
        git=git,
        git_dir=git_dir,
        common=(path / common).resolve(),
        writable=named or _is_ours_or_blank(git),
        cached=False,
        sleep=surroundings.sleep,
        random=surroundings.random,
        branch=branch,
    )


def open_remote(url: str, cache: Path, surroundings: Surroundings, *, branch: str = "") -> History:
    """Open the repository at a URL in a clone that is kept below ``cache``, and fetched at each use.

    There is one folder for each URL, and for each ``branch`` of it that a user has named; without a name it is the default branch.

    Raises:
        UsageError: the URL holds credentials.
        GitError: it cannot be cloned or fetched.

    """
    refuse_credentials(url)
    origin = Origin(url, branch)
    folder = kept_in(cache, origin)
    git = Git(folder, surroundings.environment, hurry=surroundings.hurry, longest=surroundings.longest)
    kept = Clone(git, origin, surroundings.sleep, surroundings.tell)
    kept.have()
    try:
        return _refreshed(folder, surroundings)
    except MissingBranchError as missing:
        kept.renew(f"was of a branch that is not there any more ({missing.reason})")
        return _refreshed(folder, surroundings)


def _refreshed(folder: Path, surroundings: Surroundings) -> History:
    history = replace(open_history(folder, surroundings, named=True), cached=True)
    with suppress(BusyRepositoryError):  # it is a run that holds it, and that brings it up to date itself
        history.refresh()
    return history


def open_rehearsal(history: History, folder: Path) -> History:
    """Clone what is recorded here into a folder that is empty or not there, for a run whose commit goes nowhere.

    The clone has no remotes and runs no hooks; who commits and how it is signed are as here. Nothing is fetched.

    Raises:
        StoreError: a run could not write here either (see `History.check`).

    """
    history.check()
    git = history.git
    options = ("--quiet", "--template=", "--no-tags", "--single-branch", "--origin=origin")
    # Of a clone that holds no more than the newest files there is no more to clone; from a path git would try to take all.
    source = ("--depth=1", "--", git.folder.as_uri()) if history.cached else ("--", str(git.folder))
    git.run("clone", *options, *source, str(folder))
    copy = replace(git, folder=folder)
    copy.run("remote", "remove", "origin")
    copy.run("config", "core.hooksPath", os.devnull)
    settings = git.attempt("config", "--local", "-z", "--get-regexp", r"^(user|commit|gpg)\.").text
    for setting in settings.split("\0")[:-1]:
        name, _, value = setting.partition("\n")
        copy.run("config", name, value)
    around = Surroundings(git.environment, history.sleep, history.random, git.hurry)
    return open_history(folder, around, named=True, branch=history.branch)


def _refusal(git: Git, answer: Answer, *, named: bool) -> GcrsyncError:
    """Say of a folder in which git finds no files to work in what it is, and what to do."""
    path, init = git.folder, f"git init {git.folder}" if named else "git init mirror && cd mirror"
    if not path.is_dir():
        what, hint = "a file" if path.exists() else "not there", f"name a git repository by its path or URL, or make one: {init}"
    elif "bare repository" in answer.words or git.attempt("rev-parse", "--is-bare-repository").text == "true":
        what = "a bare repository, which has no files to work in"
        hint = f"name a clone of it, or --metadata-repo {path.resolve().as_uri()}, of which gcrsync keeps a clone itself"
    elif _NO_FILES in answer.words:
        what, hint = "within the git folder of a repository", "name the folder with its files, or go there"
    elif _OUTSIDE in answer.words:
        what, hint = "in no git repository", f"{init}, then run again"
    else:
        return failure("rev-parse", answer)
    return NotAMetadataRepositoryError(f"{path} is {what}", hint=hint)


def _is_ours_or_blank(git: Git) -> bool:
    here = git.run("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--directory").text.split("\0")
    committed = git.attempt("ls-tree", "-z", "--name-only", "--full-tree", "HEAD").text.split("\0")
    marked = any((git.folder / mark).is_file() or not git.attempt("cat-file", "-e", f"HEAD:{mark}").status for mark in _MARKS)
    return marked or all(_BLANK.fullmatch(name) for name in (*here, *committed) if name)


def is_url(text: str) -> bool:
    """Say whether git takes a text for a URL: with a scheme, or as ``user@host:path``; a path that is there is none."""
    return _URL.match(text) is not None and not Path(text).exists()


def refuse_credentials(url: str) -> None:
    """Refuse the URL of a git repository that holds credentials, with UsageError."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        hint = "name the git repository by a path or by what git clone takes"
        raise UsageError("the URL of the git repository cannot be read", hint=hint) from error  # it may hold a password
    if parts.password or (parts.username and parts.scheme in ("http", "https")):
        hint = "leave them out, and let a git credential helper give them: git help credentials"
        raise UsageError(f"the URL of the git repository at {parts.hostname} holds credentials", hint=hint)
