"""A commit on its way: made apart, pushed, made anew where the upstream has moved on, and then followed by the local branch."""

from collections.abc import Callable
from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from gcrsync.errors import GitError
from gcrsync.store import lock
from gcrsync.store.apart import Draft
from gcrsync.store.command import IN_A_HURRY, Answer, failure
from gcrsync.store.credentials import way_in
from gcrsync.store.follow import Follower
from gcrsync.store.ground import KEPT, Ground, Tips, contains, look, own
from gcrsync.store.tree import Tree
from gcrsync.store.upstream import Upstream, lost_a_race, push, remember

_TRIES = 16
_LONGEST_PAUSE = 8.0
"""In seconds; the pauses double up to it, and chance takes a part of each, so that many writers do not meet again."""

_SHORT_PAUSE = 0.5
"""The longest pause once the run was asked to end, in seconds."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What came of publishing.

    ``commit`` is the new commit, None where there was nothing new. ``pushed`` tells whether the remote took anything, ``remote`` is
    its name or empty. ``followed`` is false where the local branch was left where it was, and ``left`` names our files in the
    worktree that were left alone because a person changed them. ``ground`` is what a next commit of this run builds on.
    """

    commit: str | None
    pushed: bool
    remote: str
    followed: bool
    left: tuple[str, ...]
    ground: Ground


class UpstreamMovedError(GitError):
    """Another writer was first."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes to ``upstream``, or in the local branch alone where there is none. ``random`` gives 0 to 1."""

    follower: Follower
    upstream: Upstream | None
    random: Callable[[], float]

    def publish(self, ground: Ground, write: Callable[[Ground], Draft]) -> Publication:
        """Commit what ``write`` gives for the ground, and push it; where another writer was first, again on what that one left.

        Raises:
            GitError: a hook or the remote said no; a commit that was made is kept, and the next run pushes it.

        """

        def attempt() -> Publication:
            # After the pause and not before it: what is built on has to be new, or the longer the pause the surer the next loss.
            now = ground if tries.statistics["attempt_number"] == 1 else self._looked_again(ground)
            return self._attempt(now, write)

        tries = Retrying(
            stop=self._is_enough,
            wait=self._pause,
            sleep=self.follower.sleep,
            retry=retry_if_exception_type(UpstreamMovedError),
            reraise=True,
        )
        try:
            publication = tries(attempt)
        except BaseException:
            self.follower.apart.discard()
            raise
        if not ground.tree.commit:
            self.follower.apart.discard()
        return publication

    def _pause(self, state: RetryCallState) -> float:
        longest = _LONGEST_PAUSE if self.follower.git.hurry() is None else _SHORT_PAUSE
        return self.random() * min(longest, 2.0**state.attempt_number)

    def _is_enough(self, state: RetryCallState) -> bool:
        """Say whether there were enough tries, or the run was asked to end so long ago that there is no time for another."""
        hurry = self.follower.git.hurry()
        return state.attempt_number >= _TRIES or (hurry is not None and hurry > IN_A_HURRY)

    def _attempt(self, ground: Ground, write: Callable[[Ground], Draft]) -> Publication:
        lock.heard(self.follower.apart.common)
        commit = self.follower.apart.record(ground.tree.commit, write(ground))
        tip = commit or ground.tree.commit
        news = tip != ground.tips.upstream and (commit or any(own(self.follower.git, ground.tips.upstream, tip)))
        if not self.upstream or not news:
            return self._followed(ground, commit, tip, pushed=False)
        try:
            answer = push(self.follower.git, self.upstream, tip)
        except GitError as error:
            self._keep(ground, tip)
            raise GitError(error.command, error.reason, hint=_recorded(tip)) from error
        if answer.status:
            raise self._refused(ground, tip, answer)
        if not self.upstream.configured:
            remember(self.follower.git, self.upstream, ground.tips.branch)
        return self._followed(ground, commit, tip, pushed=True)

    def _followed(self, ground: Ground, commit: str | None, tip: str, *, pushed: bool) -> Publication:
        lock.heard(self.follower.apart.common)
        old = ground.tips
        followed = self.follower.follow(old.branch, old.local, tip)
        if followed.moved or pushed or tip == old.upstream:
            self.follower.git.run("update-ref", "-d", KEPT)
        tips = Tips(old.branch, tip if followed.moved else old.local, tip if pushed else old.upstream)
        remote = self.upstream.remote if self.upstream else ""
        return Publication(commit, pushed, remote, followed.moved, followed.left, Ground(Tree(self.follower.git, tip), (), tips))

    def _refused(self, ground: Ground, tip: str, answer: Answer) -> GitError:
        """Give the error for a push that failed: whether the upstream has moved is seen by looking, not told by words."""
        recorded = _recorded(tip)
        try:
            now = self._looked(ground)
        except GitError as error:
            self._keep(ground, tip)
            return failure("push", answer, hint=f"{recorded}; {error.hint}" if error.hint else recorded)
        if now.tips.upstream != ground.tips.upstream or lost_a_race(answer):
            reason = f"other writers were first each time: {answer.words}"
            return UpstreamMovedError("push", reason, hint=recorded)
        self._keep(ground, tip)
        return failure("push", answer, hint="; ".join(filter(None, (recorded, way_in(answer)))))

    def _looked(self, ground: Ground) -> Ground:
        return look(self.follower.git, ground.tips.branch, self.upstream, ground.tips.kept)

    def _looked_again(self, ground: Ground) -> Ground:
        try:
            return self._looked(ground)
        except GitError as error:
            recorded = _recorded(self.follower.git.commit(KEPT))
            raise GitError(error.command, error.reason, hint="; ".join(filter(None, (recorded, error.hint)))) from error

    def _keep(self, ground: Ground, tip: str) -> None:
        """Put a commit that could not be pushed on the local branch, unless that would leave another one of ours behind."""
        if contains(self.follower.git, tip, ground.tips.local):
            followed = self.follower.follow(ground.tips.branch, ground.tips.local, tip)
            if followed.moved:
                self.follower.git.run("update-ref", "-d", KEPT)


def _recorded(tip: str) -> str:
    return f"the run is recorded here in commit {tip[:12]}, and the next one pushes it"
