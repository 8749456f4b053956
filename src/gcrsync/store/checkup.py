"""What can be known of git and a remote without changing anything: its version, who commits, whether a push may go through."""

import re

from gcrsync.errors import StoreError
from gcrsync.store.command import OLDEST, Git, failure
from gcrsync.store.credentials import answering, way_in
from gcrsync.store.upstream import Upstream, remote_of_pushes

_VERSION = re.compile(r"\b([0-9]+)\.([0-9]+)(?:\.[0-9]+)*")
_BEHIND = re.compile(r"\((fetch first|non-fast-forward)\)")
_OURS = "gcrsync <gcrsync@localhost>"


def git_version(git: Git) -> str:
    """Give the version of git; StoreError where there is none that serves."""
    told = git.run("version").text
    found = _VERSION.search(told)
    if found is None or (int(found[1]), int(found[2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise StoreError(f"{told or 'git'} is too old", hint=f"install git, {oldest} or newer, and see that PATH leads to it")
    return found[0]


def committer(git: Git) -> str:
    """Give who commits, as ``NAME <ADDRESS>``: where git knows nobody it is gcrsync."""
    answer = git.attempt("var", "GIT_COMMITTER_IDENT")
    return _OURS if answer.status else answer.text.rpartition(">")[0] + ">"


def try_push(git: Git, upstream: Upstream, commit: str) -> bool:
    """Have git do all of a push but the push; says whether the branch has commits there that are not here.

    Those are fetched by a run before it pushes. No hook is run, here or there, nor is a rule of the remote for branches asked.

    Raises:
        GitError: the remote does not let us in.

    """
    options = ("--dry-run", "--no-verify", "--porcelain", "--no-follow-tags", "--recurse-submodules=no")
    asking = answering(git, remote_of_pushes(git, upstream))
    answer = asking.attempt("push", *options, upstream.remote, f"{commit}:{upstream.branch}")
    if answer.status and not _BEHIND.search(answer.text):
        raise failure("push --dry-run", answer, hint=way_in(answer))
    return bool(answer.status)
