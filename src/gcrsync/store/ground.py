"""What a run builds on: the commit that comes before its own, and the work of earlier runs that is not in it."""

from dataclasses import dataclass

from gcrsync.errors import GitError
from gcrsync.store.command import Git, failure
from gcrsync.store.tree import Tree
from gcrsync.store.upstream import Upstream, fetch

TRAILER = "Gcrsync-Run"
"""Marks a commit as ours, in the last lines of its message."""


class NoMergeBaseError(GitError):
    """Two commits have no common ancestor in this clone, which may be because it is shallow."""


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


def look(git: Git, branch: str, upstream: Upstream | None, kept: str) -> Ground:
    """Fetch, and see what to build on.

    Raises:
        GitError: the remote cannot be read, or a person's commits and the upstream have both moved on.

    """
    tips = Tips(branch, git.commit(branch), fetch(git, upstream) if upstream else "", kept)
    try:
        return survey(git, tips)
    except NoMergeBaseError:
        if upstream is None:
            raise
        fetch(git, upstream, "--unshallow")
        return survey(git, tips)


def survey(git: Git, tips: Tips) -> Ground:
    """Choose the commit to build on; commits of a person are never left out of it.

    Raises:
        GitError: a person's commits and the upstream have both moved on.
        NoMergeBaseError: this clone does not hold what the branches have in common.

    """
    tip = tips.kept if contains(git, tips.kept, tips.local) else tips.local
    if not contains(git, tip, tips.upstream):
        _refuse_work_of_persons(git, tips.upstream, tip)
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
    """Tell for each commit of ``tip`` that ``since`` has not whether it is one of ours."""
    if not tip:
        return []
    excluded = [f"^{since}"] if since else []
    marks = f"--format=%H %(trailers:key={TRAILER},valueonly,separator=%x2C)"
    lines = git.run("log", "--no-show-signature", marks, tip, *excluded, "--").text.splitlines()
    return [bool(line.partition(" ")[2].strip()) for line in lines]


def _refuse_work_of_persons(git: Git, upstream: str, tip: str) -> None:
    if not all(own(git, upstream, tip)):
        reason = f"the branch in {git.folder} and its upstream have both moved on"
        raise GitError("push", reason, hint=f"git -C {git.folder} pull --rebase, then run again")


def _leftover(git: Git, tip: str, other: str) -> Leftover:
    answer = git.attempt("merge-base", tip, other)
    if answer.status > 1:
        raise failure("merge-base", answer)
    if answer.status == 1 and git.run("rev-parse", "--is-shallow-repository").text == "true":
        raise NoMergeBaseError("merge-base", "this clone is too shallow to tell what two branches have in common")
    return Leftover(Tree(git, answer.text), Tree(git, other))
