"""The metadata repository as a log: read a commit, add one, publish it, and never touch what is a person's.

A run in four lines::

    with history.locked():
        ground = history.prepare()
        ...
        publication = history.publish(ground, write)

``write`` makes a `Draft` from a `Ground`. It is called again, with another ground, each time the upstream has moved on meanwhile.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gcrsync.errors import BusyRepositoryError, NotAMetadataRepositoryError, UncommittedChangeError
from gcrsync.store import files, lock
from gcrsync.store.apart import MADE, Apart, Draft
from gcrsync.store.command import Git
from gcrsync.store.follow import Follower
from gcrsync.store.ground import KEPT, Ground, attach, contains, is_own, is_shallow, look, own
from gcrsync.store.publish import Publication, Publisher
from gcrsync.store.tree import OURS, Tree
from gcrsync.store.upstream import FETCHED, current_branch, fetch, find_upstream, refuse_unborn


@dataclass(frozen=True, slots=True)
class History:
    """A metadata repository, opened by `gcrsync.store.opening`.

    ``git_dir`` is the git folder of this worktree and ``common`` that of the repository; ``writable`` is false where we were not
    told to write. ``cached`` marks a clone that is ours alone. ``sleep`` takes seconds, ``random`` gives 0 to 1. ``branch`` is the
    one that the user has named, or empty.
    """

    git: Git
    git_dir: Path
    common: Path
    writable: bool
    cached: bool
    sleep: Callable[[float], None]
    random: Callable[[], float]
    branch: str = ""

    @property
    def root(self) -> Path:
        """The folder of the worktree."""
        return self.git.folder

    def head(self) -> Tree:
        """Give what is recorded now, without a lock and without changing anything; a clone of our own is fetched first.

        Raises:
            GitError: the remote of our own clone cannot be read, or the branch that is checked out is not begun, unlike others.

        """
        refuse_unborn(self.git)
        local = self.git.commit("HEAD")
        branch = current_branch(self.git, self.branch) if self.cached or self.branch else ""
        upstream = find_upstream(self.git, branch) if self.cached else None
        fetched = fetch(self.git, upstream) if upstream else ""
        kept = self.git.commit(KEPT)  # which the next run records again, and which a clone made anew has nowhere else
        if kept and contains(self.git, kept, local) and contains(self.git, kept, fetched):
            return Tree(self.git, kept)
        return Tree(self.git, local if contains(self.git, local, fetched) else fetched)

    def check(self) -> None:
        """Make sure that a run may write here, without changing anything; what a killed run left unfinished is no objection.

        Raises:
            NotAMetadataRepositoryError: this is somebody's code.
            GitError: no branch is checked out, or one without commits where others have some.
            UncommittedChangeError: a file of ours has changes that nobody has committed.
            StoreError: the metadata folder is a symbolic link.

        """
        self.check_ours()
        self.check_branch()
        self.check_files()

    def check_ours(self) -> None:
        """Raise NotAMetadataRepositoryError as ``check`` does."""
        if not self.writable:
            make = "git init mirror && cd mirror && gcrsync init NAMESPACE --to DESTINATION"
            hint = f"name it with --metadata-repo if it is to become one, or make one: {make}"
            raise NotAMetadataRepositoryError(f"{self.root} is not a metadata repository", hint=hint)

    def check_branch(self) -> str:
        """Give the full ref name of the branch that a run commits to; raises GitError as ``check`` does."""
        branch = current_branch(self.git, self.branch)
        refuse_unborn(self.git)
        return branch

    def check_files(self) -> None:
        """Raise UncommittedChangeError and StoreError as ``check`` does."""
        for path in OURS:
            files.locate(self.root, path)
        listing = self.git.run("status", "--porcelain", "-z", "--untracked-files=no", "--no-renames", "--", *OURS).output
        if listing and not self._follower.unfinished:
            raise UncommittedChangeError([line[3:].decode(errors="replace") for line in listing.split(b"\0")[:-1]])

    def refresh(self) -> None:
        """Bring a clone that is ours alone to where its upstream is, unless commits of ours have still to be pushed.

        Raises:
            BusyRepositoryError: a run holds it.
            GitError: the remote cannot be read.

        """
        with self.locked():
            branch = current_branch(self.git)
            self._heal(branch)
            upstream = find_upstream(self.git, branch)
            fetched, local = fetch(self.git, upstream) if upstream else "", self.git.commit(branch)
            if fetched and not any(own(self.git, fetched, local)):
                self._follower.follow(branch, local, fetched)
                self._follower.apart.discard()

    def deepened(self) -> None:
        """Bring a clone of our own, which begins with its newest commit, all that come before; once done it is for good.

        Any other repository stays as it is.

        Raises:
            GitError: the remote cannot be read.

        """
        upstream = find_upstream(self.git, current_branch(self.git)) if self.cached and is_shallow(self.git) else None
        if upstream:
            fetch(self.git, upstream, "--unshallow")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the repository for one run.

        Raises:
            NotAMetadataRepositoryError: this is somebody's code.
            BusyRepositoryError: another run holds it.

        """
        self.check_ours()
        with lock.exclusive(self.common, self.git_dir, self.sleep):
            if self.cached:
                lock.release(self.common, self.git_dir, self.sleep)
            try:
                yield
            finally:
                self._follower.apart.discard()

    def prepare(self) -> Ground:
        """Heal what a killed run left, fetch, and give what a run builds on. The repository is locked.

        Raises:
            BusyRepositoryError: another git process holds the repository.
            UncommittedChangeError: a file of ours has changes that nobody has committed.
            GitError: the remote cannot be read, no branch is checked out, or branch and upstream have both moved on.

        """
        lock.heard(self.common)
        branch = current_branch(self.git, self.branch)
        attach(self.git, branch, find_upstream(self.git, branch))
        self._refuse_locks_of_others(branch)
        self._heal(branch)
        self.check()
        return look(self.git, branch, find_upstream(self.git, branch), self.git.commit(KEPT))

    def publish(self, ground: Ground, write: Callable[[Ground], Draft]) -> Publication:
        """Commit what ``write`` gives for the ground, push it, and let the local branch follow. The repository is locked.

        Raises:
            GitError: a hook or the remote said no; a commit that was made is kept, and the next run pushes it.

        """
        upstream = find_upstream(self.git, ground.tips.branch)
        return Publisher(self._follower, upstream, self.random).publish(ground, write)

    @property
    def _follower(self) -> Follower:
        return Follower(Apart(self.git, self.common), self.git_dir, self.sleep)

    def _heal(self, branch: str) -> None:
        """Finish what a killed run began to write here, and keep the commit that it had just made."""
        self._follower.finish()
        made = self.git.commit(MADE)
        if is_own(self.git, made) and not any(contains(self.git, self.git.commit(ref), made) for ref in (FETCHED, branch, KEPT)):
            self.git.run("update-ref", KEPT, made)
        self._follower.apart.discard()

    def _refuse_locks_of_others(self, branch: str) -> None:
        for held in (self.git_dir / "index.lock", self.git_dir / "HEAD.lock", self.common / f"{branch}.lock"):
            if not lock.is_free(held, self.sleep):
                raise BusyRepositoryError(f"{held} exists", hint="wait for the other git; if none is at work, delete that file")
