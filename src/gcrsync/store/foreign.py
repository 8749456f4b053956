"""A git repository that is only read, at the newest commit of its default branch: where it stands, or fetched from a URL.

Of a URL no more is kept than that commit and the files of it that somebody has read. Credentials in the environment are for the
metadata repository, and never given to this one.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from gcrsync.errors import StoreError
from gcrsync.store import lock
from gcrsync.store.clone import NEWEST, Origin, kept_in
from gcrsync.store.command import CREDENTIAL, Answer, Git, failure
from gcrsync.store.ground import is_shallow
from gcrsync.store.opening import Surroundings, refuse_credentials
from gcrsync.store.tree import Tree, differences

_REMOTE = "origin"
_READ, _BEFORE = "refs/gcrsync/read", "refs/gcrsync/before"
"""The commit that is read, and the one that was read before it."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A repository that is only read: its newest commit; ``is_fetched`` marks a clone of our own."""

    tree: Tree
    is_fetched: bool = False

    def changed(self, since: str, folder: str) -> frozenset[str] | None:
        """Give the paths below ``folder`` that are other than at the commit ``since``; None where that is not to be had."""
        git, here = self.tree.git, self.tree.commit
        if since == here:
            return frozenset()
        if self.is_fetched and since and is_shallow(git) and _fetch(git, f"+{since}:{_BEFORE}", *NEWEST).status:
            return None
        if not since or git.commit(since) != since:  # a branch may have such a name
            return None
        prefix = f"{folder}/"
        return frozenset(found.path for found in differences(git, since, here) if found.path.startswith(prefix))


def read_here(path: Path, surroundings: Surroundings) -> Foreign:
    """Read the repository at a path, bare or not, at what its HEAD names.

    Raises:
        GitError: there is none, or it has no commit.

    """
    git = Git(path, _without_credentials(surroundings), hurry=surroundings.hurry)
    answer = git.attempt("rev-parse", "--verify", "HEAD^{commit}")
    if answer.status:
        raise failure("rev-parse", answer, hint=f"see that {path} is a git repository with a commit")
    return Foreign(Tree(git, answer.text))


def read_remote(url: str, cache: Path, surroundings: Surroundings) -> Foreign:
    """Fetch the repository at a URL into a folder below ``cache``, and read it there. What cannot be fetched into is made anew.

    Raises:
        UsageError: the URL holds credentials.
        GitError: it cannot be fetched.
        StoreError: the disk refuses.

    """
    refuse_credentials(url)
    kept = kept_in(cache, Origin(url))
    folder = kept.with_name(f"{kept.name}.git")
    # Without the option git would look for a repository above the folder where the one in it is broken.
    git = Git(folder, _without_credentials(surroundings), ("--git-dir=.",), hurry=surroundings.hurry)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with lock.folder(cache):
            answer = _fetched(git, url, *NEWEST)
            if answer.status:
                shutil.rmtree(folder)
                # A server of files alone has no part of a history to give.
                answer = _fetched(git, url, *(() if "shallow" in answer.words else NEWEST))
    except OSError as error:
        raise StoreError(f"cannot write {folder}: {error.strerror}", hint="XDG_CACHE_HOME names another place") from error
    if answer.status:
        raise failure("fetch", answer, hint="see that the URL is right and that git may read it")
    return Foreign(Tree(git, git.commit(_READ)), is_fetched=True)


def _fetched(git: Git, url: str, *options: str) -> Answer:
    """Fetch what HEAD names at a URL, with options of git, into a repository that is made where there is none."""
    git.folder.mkdir(exist_ok=True)
    for command in (("init", "--quiet", "--bare", "--template="), ("config", f"remote.{_REMOTE}.url", url)):
        answer = git.attempt(*command)
        if answer.status:
            return answer
    return _fetch(git, f"+HEAD:{_READ}", *options)


def _fetch(git: Git, what: str, *options: str) -> Answer:
    quiet = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
    return git.attempt("fetch", *quiet, *options, _REMOTE, what)


def _without_credentials(surroundings: Surroundings) -> dict[str, str]:
    return {name: value for name, value in surroundings.environment.items() if name != CREDENTIAL}
