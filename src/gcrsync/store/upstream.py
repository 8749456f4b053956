"""The branch at a remote that a run publishes to: found, fetched, pushed, and never forced."""

import re
from dataclasses import dataclass

from gcrsync.errors import GitError
from gcrsync.store.command import Answer, Git, failure
from gcrsync.store.credentials import answering, way_in
from gcrsync.store.tree import bring

FETCHED = "refs/gcrsync/upstream"
"""Where the upstream branch was when we last looked, whatever the person's own configuration of fetching says."""

_RACE = re.compile(r"cannot lock ref|failed to update ref|incorrect old value|reference already exists")
"""What a server says where another push came in between."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A branch (a full ref name) at a remote; ``configured`` is false where the local branch does not name it yet."""

    remote: str
    branch: str
    configured: bool


def current_branch(git: Git) -> str:
    """Give the full ref name of the branch that is checked out, which need not have commits.

    Raises:
        GitError: none is.

    """
    name = git.attempt("symbolic-ref", "--quiet", "HEAD").text
    if not name.startswith("refs/heads/"):
        raise GitError("symbolic-ref", f"no branch is checked out in {git.folder}", hint="git switch BRANCH, then run again")
    return name


def find_upstream(git: Git, branch: str) -> Upstream | None:
    """Give the upstream of a local branch: as configured, else the same name at the one remote or at ``origin``.

    None is for a repository without remotes.

    Raises:
        GitError: there are several remotes, and nothing tells which is meant.

    """
    short = branch.removeprefix("refs/heads/")
    remote, merge = (git.attempt("config", f"branch.{short}.{key}").text for key in ("remote", "merge"))
    if remote and merge:
        return Upstream(remote, merge, configured=True)
    remotes = git.run("remote").text.split()
    if not remotes:
        return None
    if "origin" not in remotes and len(remotes) > 1:
        reason = f"{short} has no upstream, and there are several remotes: {', '.join(remotes)}"
        raise GitError("push", reason, hint=f"git config branch.{short}.remote NAME, or git push -u NAME {short}")
    return Upstream("origin" if "origin" in remotes else remotes[0], branch, configured=False)


def fetch(git: Git, upstream: Upstream, *options: str) -> str:
    """Fetch the branch and give its commit, empty where the remote has no such branch.

    Raises:
        GitError: the remote cannot be read.

    """
    quiet = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
    asking = answering(git, upstream.remote)
    answer = asking.attempt("fetch", *quiet, *options, upstream.remote, f"+{upstream.branch}:{FETCHED}")
    if not answer.status:
        bring(asking, FETCHED)
        return git.commit(FETCHED)
    listing = asking.attempt("ls-remote", "--quiet", upstream.remote, upstream.branch)
    if listing.status or listing.output:
        raise failure("fetch", answer, hint=way_in(answer))
    git.run("update-ref", "-d", FETCHED)
    return ""


def push(git: Git, upstream: Upstream, commit: str) -> Answer:
    """Move the upstream branch forward to a commit; the answer tells whether the remote took it."""
    options = ("--porcelain", "--no-follow-tags", "--recurse-submodules=no")
    url = git.run("remote", "get-url", "--push", upstream.remote).text
    answer = answering(git, url).attempt("push", *options, upstream.remote, f"{commit}:{upstream.branch}")
    if answer.status == 0:
        git.run("update-ref", FETCHED, commit)
    return answer


def remember(git: Git, upstream: Upstream, branch: str) -> None:
    """Make it the upstream of the local branch, as ``git push -u`` does where what is pushed is a branch."""
    short = branch.removeprefix("refs/heads/")
    git.run("config", f"branch.{short}.remote", upstream.remote)
    git.run("config", f"branch.{short}.merge", upstream.branch)


def lost_a_race(answer: Answer) -> bool:
    """Tell whether a push was refused because another one was under way."""
    return _RACE.search(answer.words) is not None or _RACE.search(answer.text) is not None
