"""One run at a time in a repository, and the lock files that a killed one left to git.

Our lock is ``flock`` on a file in the git folder, so death releases it. While a run holds it the file names the process; a run
that finds a name in the free file knows that the one before did not end well. The time of the file is when that run was last
heard of, and tells its locks from those of a person: theirs were made before, or long after.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gcrsync.errors import BusyRepositoryError, StoreError
from gcrsync.store.command import LONGEST

_LONGEST = int(LONGEST * 10**9)
"""How long after it was last heard of a run can have made a lock, in nanoseconds: the longest that one git command may take."""

_LOOKS, _PAUSE = 10, 0.2
"""How often a lock is looked at before it counts as left behind, and the seconds between."""


def lock_file(common: Path) -> Path:
    """Give the file that a run locks in the git folder that all worktrees of a repository share."""
    return common / "gcrsync" / "lock"


def heard(common: Path) -> None:
    """Note that the run which holds the lock is alive and about to let git write."""
    os.utime(lock_file(common))


@contextmanager
def exclusive(common: Path, git_dir: Path, sleep: Callable[[float], None]) -> Iterator[None]:
    """Hold the repository for one run, and begin by removing git's own locks that a killed run left.

    Raises:
        BusyRepositoryError: another run holds it.
        StoreError: the git folder cannot be written.

    """
    descriptor = _opened(lock_file(common))
    try:
        _seize(descriptor, common)
        if os.pread(descriptor, 32, 0):
            _remove_stale(common, git_dir, os.fstat(descriptor).st_mtime_ns, sleep)
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            raise StoreError(f"cannot write {lock_file(common)}: {error.strerror}") from error
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


@contextmanager
def folder(path: Path) -> Iterator[None]:
    """Hold a folder for a moment, in which nobody else changes which repositories there are in it; wait for that.

    Raises:
        StoreError: it is not there, or cannot be locked.

    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(f"cannot lock {path}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    except OSError as error:
        raise StoreError(f"cannot lock {path}: {error.strerror}") from error
    finally:
        os.close(descriptor)


def release(common: Path, git_dir: Path, sleep: Callable[[float], None]) -> None:
    """Remove every lock file of git that does not go away, in a clone of our own that is held: nobody else is at work in it."""
    for lock in _locks(common, git_dir):
        if not is_free(lock, sleep):
            lock.unlink(missing_ok=True)


def is_free(lock: Path, sleep: Callable[[float], None]) -> bool:
    """Tell whether a lock file of git is not there, or goes away within about two seconds."""
    for _ in range(_LOOKS):
        if not lock.exists():
            return True
        sleep(_PAUSE)
    return not lock.exists()


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise StoreError(f"cannot lock {path}: {error.strerror}") from error


def _seize(descriptor: int, common: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        process = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
        holder = f"another run of gcrsync (process {process})" if process else "another run of gcrsync"
        raise BusyRepositoryError(f"{holder} is at work in {common}", hint="wait until it ends, then run again") from error
    except OSError as error:
        raise StoreError(f"cannot lock {lock_file(common)}: {error.strerror}") from error


def _remove_stale(common: Path, git_dir: Path, last_heard: int, sleep: Callable[[float], None]) -> None:
    """Remove the lock files that a run made which was last heard of at that time, in nanoseconds."""
    for lock in _locks(common, git_dir):
        try:
            made = lock.stat().st_mtime_ns
        except FileNotFoundError:
            continue
        if last_heard <= made <= last_heard + _LONGEST and not is_free(lock, sleep):
            lock.unlink(missing_ok=True)


def _locks(common: Path, git_dir: Path) -> set[Path]:
    return {*git_dir.glob("*.lock"), *common.glob("*.lock"), *(common / "refs").rglob("*.lock")}
