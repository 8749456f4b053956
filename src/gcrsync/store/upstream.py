"""The branch at a remote that a run publishes to: found, fetched, pushed, and never forced."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gcrsync.errors import GitError
from gcrsync.store.command import Answer, Git, failure
from gcrsync.store.credentials import answering, way_in
from gcrsync.store.tree import bring

HEADS = "refs/heads/"

FETCHED = "refs/gcrsync/upstream"
"""Where the upstream branch was when we last looked, whatever the person's own configuration of fetching says."""

_RACE = re.compile(r"cannot lock ref|failed to update ref|incorrect old value|reference already exists")
"""What a server says where another push came in between."""


class MissingBranchError(GitError):
    """The remote has not the branch that is published to, but others: it was renamed or deleted."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A branch (a full ref name) at a remote; ``configured`` is false where the local branch does not name it yet."""

    remote: str
    branch: str
    configured: bool


def current_branch(git: Git, named: str = "") -> str:
    """Give the full ref name of the branch that is checked out, which need not have commits; where none is, the one ``named``.

    Raises:
        GitError: none is, and none is named; or it is another one than the named.

    """
    name = git.attempt("symbolic-ref", "--quiet", "HEAD").text
    if not name.startswith(HEADS) and not named:
        hint = "git switch BRANCH, or say with --branch which one to publish to, then run again"
        raise GitError("symbolic-ref", f"no branch is checked out in {git.folder}", hint=hint)
    if name.startswith(HEADS) and named and name != HEADS + named:
        reason = f"branch {name.removeprefix(HEADS)} is checked out in {git.folder}, and not {named}"
        raise GitError("symbolic-ref", reason, hint=f"git switch {named}, then run again")
    return HEADS + named if named else name


def find_upstream(git: Git, branch: str) -> Upstream | None:
    """Give the upstream of a local branch: as configured, else the same name at the one remote or at ``origin``.

    None is for a repository without remotes.

    Raises:
        GitError: there are several remotes, and nothing tells which is meant.

    """
    short = branch.removeprefix(HEADS)
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
    listing, branches = _listed_at(asking, upstream)
    if listing.status or upstream.branch in branches:
        raise failure("fetch", answer, hint=way_in(answer))
    _refuse_to_replace(git, upstream, branches)
    git.run("update-ref", "-d", FETCHED)
    return ""


def branches_at(git: Git, upstream: Upstream) -> Sequence[str]:
    """Give the full names of the branches of a remote, among which the upstream is, or will be without replacing another.

    Raises:
        GitError: the remote cannot be read, or the branch would replace one that was renamed.

    """
    listing, branches = _listed_at(answering(git, upstream.remote), upstream)
    if listing.status:
        raise failure("ls-remote", listing, hint=way_in(listing) or "see that the URL of the remote is right, and the network")
    if upstream.branch not in branches:
        _refuse_to_replace(git, upstream, branches)
    return branches


def remote_of_pushes(git: Git, upstream: Upstream) -> str:
    """Give the URL that is pushed to."""
    return git.run("remote", "get-url", "--push", upstream.remote).text


def push(git: Git, upstream: Upstream, commit: str) -> Answer:
    """Move the upstream branch forward to a commit; the answer tells whether the remote took it."""
    options = ("--porcelain", "--no-follow-tags", "--recurse-submodules=no")
    answer = answering(git, remote_of_pushes(git, upstream)).attempt(
        "push", *options, upstream.remote, f"{commit}:{upstream.branch}"
    )
    if answer.status == 0:
        git.run("update-ref", FETCHED, commit)
        return answer
    reasons = [line.rpartition("\t")[2] for line in answer.text.splitlines() if line.startswith("!")]
    return replace(answer, words="\n".join([answer.words, *reasons]).strip())


def _listed_at(git: Git, upstream: Upstream) -> tuple[Answer, Sequence[str]]:
    """Ask for the branches of a remote, and give the answer with the full names in it."""
    listing = git.attempt("ls-remote", "--quiet", upstream.remote, upstream.branch, f"{HEADS}*")
    return listing, [line.split("\t")[1] for line in listing.text.splitlines() if "\t" in line]


def _refuse_to_replace(git: Git, upstream: Upstream, branches: Sequence[str]) -> None:
    """Refuse to begin a branch at a remote that has others, where it was there before or would have nothing of theirs."""
    unborn = not git.commit("HEAD")
    if not branches or not (upstream.configured or unborn):
        return
    short, local = upstream.branch.removeprefix(HEADS), current_branch(git).removeprefix(HEADS)
    begin = "git commit --allow-empty" if unborn else f"git push {upstream.remote} {local}:{short}"
    reason = f"{upstream.remote} of {git.folder} has no branch {short}, but {listed(branches)}"
    raise MissingBranchError("fetch", reason, hint=f"git switch to one of those, or begin {short}: {begin}")


def refuse_unborn(git: Git) -> None:
    """Refuse to begin a branch from nothing where there are others.

    Raises:
        GitError: the branch that is checked out has no commits, and another one has.

    """
    if git.commit("HEAD"):
        return
    others = git.run("for-each-ref", "--format=%(refname)", HEADS).text.split()
    if others:
        short = current_branch(git).removeprefix(HEADS)
        hint = f"git switch to one of those, or begin {short}: git commit --allow-empty"
        raise GitError("log", f"branch {short} in {git.folder} has no commits, but there are {listed(others)}", hint=hint)


def remember(git: Git, upstream: Upstream, branch: str) -> None:
    """Make it the upstream of the local branch, as ``git push -u`` does where what is pushed is a branch."""
    short = branch.removeprefix(HEADS)
    git.run("config", f"branch.{short}.remote", upstream.remote)
    git.run("config", f"branch.{short}.merge", upstream.branch)


def lost_a_race(answer: Answer) -> bool:
    """Tell whether a push was refused because another one was under way."""
    return _RACE.search(answer.words) is not None or _RACE.search(answer.text) is not None


def listed(branches: Sequence[str]) -> str:
    """Name the first of several branches."""
    names = [branch.removeprefix(HEADS) for branch in branches]
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")  # noqa: PLR2004 - enough to choose from
