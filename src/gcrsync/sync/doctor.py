"""What a run will need of this machine, asked for one by one: git, the network and the disk; nothing is changed."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path

from gcrsync.archive.room import room as free_in
from gcrsync.errors import GcrsyncError, GitError
from gcrsync.metadata.markdown import number, size
from gcrsync.mirror.diagnosis import Answer, Verdict, room
from gcrsync.registry.proxied import reach
from gcrsync.registry.proxy import Proxies, Proxy
from gcrsync.registry.trust import named, trusted_ends
from gcrsync.store.checkup import committer, git_version, try_push
from gcrsync.store.history import History
from gcrsync.store.upstream import HEADS, Upstream, branches_at, find_upstream
from gcrsync.sync.examine import Question

_GIT = "see what git says there, and put that right"
_REMOTE = "see with git push --dry-run what the remote says, and whether this account may push there"


def about_git(history: History) -> Iterator[Question]:
    """Ask for all that a run needs of a metadata repository."""
    git = history.git
    yield Question("git", lambda: Answer(git_version(git)), _GIT)
    yield Question("identity", lambda: Answer(f"commits are by {committer(git)}"), _GIT)
    yield Question("repository", lambda: _ours(history), _GIT)
    yield Question("branch", lambda: Answer(f"{history.check_branch().removeprefix(HEADS)} is checked out"), _GIT)
    yield Question("files", lambda: _files(history), _GIT)
    yield Question("remote", lambda: _remote(history), _REMOTE)
    yield Question("push", lambda: _push(history), _REMOTE)


def _ours(history: History) -> Answer:
    history.check_ours()
    for folder in (history.git_dir, history.common / "objects"):  # where a commit is made, which may be another one's
        free_in(folder)
    return Answer(f"{history.root} is a metadata repository")


def _files(history: History) -> Answer:
    history.check_files()
    return Answer("no uncommitted changes in what gcrsync writes")


def _remote(history: History) -> Answer:
    found = _upstream(history)
    if isinstance(found, Answer):
        return found
    begun = found.branch in branches_at(history.git, found)
    branch = found.branch.removeprefix(HEADS)
    return Answer(f"{found.remote} can be read, and {'has' if begun else 'will get'} the branch {branch}")


def _push(history: History) -> Answer:
    found, commit = _upstream(history), history.git.commit("HEAD")
    if isinstance(found, Answer):
        return found
    if not commit:
        return Answer("not tried: nothing is committed yet", "commit a first file, such as gcrsync.toml", Verdict.WARNING)
    behind = try_push(history.git, found, commit)
    news = "; it has commits that are not here, which a run fetches first" if behind else ""
    return Answer(f"{found.remote} lets us in{news}; its hooks and rules for branches are not known before a real push")


def _upstream(history: History) -> Upstream | Answer:
    """Give the branch that is pushed to, or what is said where there is none."""
    try:
        branch = history.check_branch()
    except GitError:  # which is told where the branch is
        return Answer("not tried: it is not known which branch is meant", verdict=Verdict.WARNING)
    found = find_upstream(history.git, branch)
    return found or Answer("there is none: what is recorded stays on this machine", "git remote add origin URL", Verdict.WARNING)


def about_network(environment: Mapping[str, str], now: datetime, seconds: float) -> Iterator[Question]:
    """Ask for the proxies and the certificates that the environment names."""
    proxies = Proxies.read(environment)
    yield Question("proxy", lambda: _proxies(proxies, seconds))
    yield Question("certificates", lambda: _certificates(environment, now))


def _proxies(proxies: Proxies, seconds: float) -> Answer:
    chosen = dict.fromkeys(proxy for proxy in (proxies.https, proxies.http) if proxy)
    for proxy in chosen:
        reach(proxy, seconds)
    if proxies.misread:
        told = f"NO_PROXY has {', '.join(proxies.misread)}, which fits no host"
        return Answer(told, "write names, addresses and networks, parted by commas, with no scheme", Verdict.WARNING)
    return Answer(f"{', '.join(map(_named, chosen))} answers" if chosen else "none is set: hosts are asked directly")


def _named(proxy: Proxy) -> str:
    return f"{proxy.host} ({proxy.variable})"


def _certificates(environment: Mapping[str, str], now: datetime) -> Answer:
    ends, (file, folder) = trusted_ends(environment), named(environment)
    ended = sum(end <= now.timestamp() for end in ends)
    if ends and ended == len(ends):
        return Answer(f"all {number(ended)} in {file} have ended, and vouch for nobody", "put newer ones into it", Verdict.FAILED)
    places = " and ".join(filter(None, (file, folder)))
    return Answer(f"those in {places} can be read" if places else "those of this machine and of Python's certifi are trusted")


def about_disk(folders: Iterable[tuple[str, Path, Verdict]]) -> Iterator[Question]:
    """Ask of folders, each with its name, whether files can be written there, and what it is if not."""
    for name, folder, worst in folders:
        yield Question(f"disk {name}", partial(_disk, folder, worst))


def _disk(folder: Path, worst: Verdict) -> Answer:
    try:
        free = free_in(folder)
    except GcrsyncError as error:
        return Answer(error.message, error.hint, worst)
    verdict = room(free)
    advice = "" if verdict is Verdict.OK else "make room there before the next run"
    return Answer(f"{size(free)} free in {folder}", advice, worst if verdict is Verdict.FAILED else verdict)
