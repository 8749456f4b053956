"""What a run builds on: the commit that comes before its own, and the work of earlier runs that is not in it."""

from dataclasses import dataclass
from itertools import takewhile

from gcrsync.errors import GitError
from gcrsync.store.command import Git, failure
from gcrsync.store.tree import Tree
from gcrsync.store.upstream import FETCHED, HEADS, Upstream, fetch

KEPT = "refs/gcrsync/pending"
"""The last commit that we made, until a branch is known to hold it."""

TRAILER = "Gcrsync-Run"
"""Marks a commit as ours, in the last lines of its message."""

_MARK = f"%(trailers:key={TRAILER},valueonly,separator=%x2C)"


class TooShallowError(GitError):
    """A shallow clone does not hold a commit that is needed."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """Work of an earlier run that was never pushed, from ``before`` to ``after``, and that the upstream has moved away from."""

    before: Tree
    after: Tree


@dataclass(frozen=True, slots=True)
class Tips:
    """Where things stand, as hashes or empty: the local ``branch``, its upstream, and a commit that a killed run has kept."""

    branch: str
    local: str
    upstream: str
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Ground:
    """The files to build on, the earlier work that has to be applied to them again, and where things stood."""

    tree: Tree
    leftovers: tuple[Leftover, ...]
    tips: Tips


def attach(git: Git, branch: str, upstream: Upstream | None) -> None:
    """Check out a branch where none is, without touching a file: it goes on at the commit that is checked out.

    That is how CI leaves a clone. Commits of ours that the branch had and nobody has pushed are kept for the next run.

    Raises:
        GitError: the branch has commits of a person's that are neither there nor pushed, or the remote cannot be read.

    """
    here, there = git.commit("HEAD"), git.commit(branch)
    if git.attempt("symbolic-ref", "--quiet", "HEAD").text or not here:
        return
    if upstream and there and _is_hidden(git, here, there):
        fetch(git, upstream, "--unshallow")
    if not contains(git, here, there) and not contains(git, git.commit(FETCHED), there):
        if not all(own(git, here, there)) or not contains(git, there, git.commit(KEPT)):
            short = branch.removeprefix(HEADS)
            reason = f"branch {short} in {git.folder} has commits that are not in the one that is checked out"
            raise GitError("switch", reason, hint=f"git switch {short}, then run again")
        git.run("update-ref", KEPT, there)
    git.run("update-ref", "-m", "gcrsync: go on at what is checked out", branch, here)
    git.run("symbolic-ref", "HEAD", branch)


def look(git: Git, branch: str, upstream: Upstream | None, kept: str) -> Ground:
    """Fetch, and see what to build on.

    Raises:
        GitError: the remote cannot be read, or a person's commits and the upstream have both moved on.

    """
    tips = Tips(branch, git.commit(branch), fetch(git, upstream) if upstream else "", kept)
    try:
        return survey(git, tips)
    except TooShallowError:
        if upstream is None:
            raise
        fetch(git, upstream, "--unshallow")
        return survey(git, tips)


def survey(git: Git, tips: Tips) -> Ground:
    """Choose the commit to build on; commits of a person are never left out of it.

    Raises:
        GitError: a person's commits and the upstream have both moved on.
        TooShallowError: this clone does not hold what comes before our commits.

    """
    tip = tips.kept if contains(git, tips.kept, tips.local) else tips.local
    if not contains(git, tip, tips.upstream):
        _refuse_what_cannot_be_seen(git, tips.upstream, tips.local)
        _refuse_work_of_persons(git, tips.upstream, tips.local)
        tip = tips.upstream
    apart = [other for other in (tips.local, tips.kept) if not contains(git, tip, other)]
    if len(apart) > 1 and contains(git, tips.kept, tips.local):
        apart = [tips.kept]
    return Ground(Tree(git, tip), tuple(_leftover(git, tip, other) for other in apart), tips)


def contains(git: Git, tip: str, commit: str) -> bool:
    """Tell whether a commit is the tip or among its ancestors; an empty name is no commit, and in everything."""
    if not commit or commit == tip:
        return True
    if not tip:
        return False
    answer = git.attempt("merge-base", "--is-ancestor", commit, tip)
    if answer.status > 1:
        raise failure("merge-base", answer)
    return answer.status == 0


def own(git: Git, since: str, tip: str) -> list[bool]:
    """Tell for each commit of ``tip`` that ``since`` has not whether it is one of ours, the newest first."""
    return [ours for _, ours in _commits(git, since, tip)]


def is_own(git: Git, commit: str) -> bool:
    """Tell whether a commit is one of ours; an empty name is none."""
    return bool(commit and git.run("log", "-1", "--no-show-signature", f"--format={_MARK}", commit, "--").text.strip())


def _commits(git: Git, since: str, tip: str) -> list[tuple[str, bool]]:
    if not tip:
        return []
    marks = f"--format=%H {_MARK}"
    excluded = [f"^{since}"] if since else []
    lines = git.run("log", "--no-show-signature", "--topo-order", marks, tip, *excluded, "--").text.splitlines()
    return [(commit, bool(mark.strip())) for commit, _, mark in (line.partition(" ") for line in lines)]


def is_shallow(git: Git) -> bool:
    """Tell whether this clone lacks what comes before some of its commits."""
    return git.run("rev-parse", "--is-shallow-repository").text == "true"


def _is_hidden(git: Git, one: str, other: str) -> bool:
    """Tell whether what two commits have in common, if anything, lies before the beginning of a shallow clone."""
    return git.attempt("merge-base", one, other).status != 0 and is_shallow(git)


def _refuse_what_cannot_be_seen(git: Git, upstream: str, local: str) -> None:
    """Refuse to call two commits apart that may well have a history in common: a shallow clone ends before it."""
    if local and upstream and _is_hidden(git, upstream, local):
        reason = f"this clone does not hold what commits {local[:12]} and {upstream[:12]} have in common"
        raise TooShallowError("merge-base", reason, hint="git fetch --unshallow, then run again")


def _refuse_work_of_persons(git: Git, upstream: str, local: str) -> None:
    if not all(own(git, upstream, local)):
        reason = f"the branch in {git.folder} and its upstream have both moved on"
        raise GitError("push", reason, hint=f"git -C {git.folder} pull --rebase, then run again")


def _leftover(git: Git, tip: str, other: str) -> Leftover:
    """Give the last commits of ``other`` that are ours: below them may be a person's, which that person has moved since."""
    newest, *older = _commits(git, tip, other)
    oldest, _ = [newest, *takewhile(lambda commit: commit[1], older)][-1]
    before = git.commit(f"{oldest}^")
    if not before and is_shallow(git):
        reason = f"this clone does not hold what comes before commit {oldest[:12]}"
        raise TooShallowError("rev-parse", reason, hint="git fetch --unshallow, then run again")
    return Leftover(Tree(git, before), Tree(git, other))
