"""Git in one folder, run by GitPython: what goes in, what comes out, and how a failure is told."""

import os
import re
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen, TimeoutExpired
from typing import BinaryIO, cast

from gcrsync.errors import GitError, StoreError

LOCAL_VARIABLES = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REFLOG_ACTION",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)
"""What a git hook or alias that starts gcrsync leaves in its environment, and what would lead git to another repository."""

CREDENTIAL = "GCRSYNC_GIT_PASSWORD"
"""The variable with what the host of the metadata repository wants to hear."""

SECRETS = ("GCRSYNC_PASSWORD", CREDENTIAL)
"""What git, and the hooks that it runs, are not given unless they need it."""

QUIET = {"LC_ALL": "C", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
"""English words, no question at a terminal, and no lock for the mere comfort of the next command."""

PATIENCE = {"GIT_HTTP_LOW_SPEED_LIMIT": "1000", "GIT_HTTP_LOW_SPEED_TIME": "60"}
"""Fewer bytes a second, for so many seconds, end what git does over HTTP; the environment of the run may say otherwise."""

OLDEST = (2, 29)
"""The first version of git that serves."""

LONGEST = 600.0
"""The most seconds that a command may take."""

IN_A_HURRY = 4.0
"""The seconds after which nothing that waits for others goes on once the run was asked to end: whoever asked may kill it soon."""

_AT_LAST = 5.0
"""The seconds after which nothing does: what git does here alone has to be done by then."""

_WAITING = frozenset({"clone", "commit", "fetch", "ls-remote", "push"})
"""The commands that wait for others: remotes and hooks."""

_GRACE = 0.5
"""The seconds in which a command that took too long may remove its lock files."""

_LOOK = 0.1
"""How often it is looked whether the run was asked to end, in seconds."""

_NOT_FOUND = 127
"""The exit status of ``env`` where there is no such program."""

_INSTALL = f"install git, {OLDEST[0]}.{OLDEST[1]} or newer"

_CREDENTIALS = re.compile(r"(?<=://)\S*@")


IsEnough = Callable[[float], bool]
"""Says whether a command that has taken so many seconds is to be ended."""

_groups: set[int] = set()
"""The process groups of the commands that run now."""

Hurry = Callable[[], float | None]
"""Gives the seconds since the run was asked to end, None where it was not."""


def never() -> float | None:
    """Be in no hurry."""
    return None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a git command gave: its exit status, its output, and its words for people without credentials and hints."""

    status: int
    output: bytes
    words: str

    @property
    def text(self) -> str:
        """The output as text without the white space around it."""
        return os.fsdecode(self.output).strip()


@dataclass(frozen=True, slots=True)
class Git:
    """Git in ``folder``, with ``options`` before every command.

    Only the names in `LOCAL_VARIABLES` are taken out of the environment of this process, and those in `SECRETS` but for the ones in
    ``secrets``; ``environment`` comes on top of it.
    ``longest`` is the most seconds that a command may take, and ``hurry`` gives those since the run was asked to end.
    """

    folder: Path
    environment: Mapping[str, str]
    options: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    longest: float = LONGEST
    hurry: Hurry = never

    def attempt(self, *arguments: str, stdin: bytes = b"") -> Answer:
        """Run a command and give what came of it, whatever its exit status.

        Raises:
            StoreError: git is not installed.
            GitError: it took too long, and was ended.

        """
        # GitPython copies os.environ and can only add to it: `env -u` takes away what leads elsewhere.
        hidden = (*LOCAL_VARIABLES, *(name for name in SECRETS if name not in self.secrets))
        removed = [part for name in hidden for part in ("-u", name)]
        kept = {name: value for name, value in self.environment.items() if name not in hidden}
        environment = PATIENCE | kept | QUIET
        late = IN_A_HURRY if arguments[0] in _WAITING else _AT_LAST

        def is_enough(waited: float) -> bool:
            return waited >= self.longest or (self.hurry() or 0.0) >= late

        command = ["env", *removed, "git", "-C", str(self.folder), *self.options, *arguments]
        try:
            return _executed(command, environment, stdin, is_enough)
        except TimeoutExpired as error:
            if self.hurry() is not None:
                raise GitError(arguments[0], "it was ended, since the run was to stop and it did not come to an end") from error
            hint = "see what git, a hook or the remote waits for, then run again"
            raise GitError(arguments[0], f"it took longer than {self.longest:g} seconds, and was ended", hint=hint) from error

    def run(self, *arguments: str, stdin: bytes = b"") -> Answer:
        """Run a command that has to succeed.

        Raises:
            GitError: it did not.

        """
        answer = self.attempt(*arguments, stdin=stdin)
        if answer.status:
            raise failure(arguments[0], answer)
        return answer

    def commit(self, name: str) -> str:
        """Give the full hash of the commit that a ref or an abbreviation names, or an empty text where there is none."""
        return self.attempt("rev-parse", "--quiet", "--verify", f"{name}^{{commit}}").text


def failure(command: str, answer: Answer, *, hint: str = "") -> GitError:
    """Give the error for a command that did not end well, in git's own words."""
    return GitError(command, answer.words or f"it ended with status {answer.status}", hint=hint)


def redacted(text: str) -> str:
    """Give the text with nothing before the host in any URL."""
    return _CREDENTIALS.sub("", text)


def _executed(command: Sequence[str], environment: Mapping[str, str], stdin: bytes, is_enough: IsEnough) -> Answer:
    try:
        # As it is imported it looks for git on the PATH, and fails without: `gcrsync --help` needs neither.
        import git  # noqa: PLC0415
    except ImportError as error:
        raise StoreError("git cannot be run", hint=_INSTALL) from error
    try:
        # In a session of its own: a ^C at the terminal ends the run in order, and does not cut a commit or a push in two.
        source = cast("BinaryIO", PIPE) if stdin else None
        running = git.Git().execute(command, source, as_process=True, env=dict(environment), start_new_session=True)
        process = cast("Popen[bytes]", running.proc)
    except (git.GitCommandNotFound, OSError) as error:
        raise StoreError(f"git cannot be run: {error}", hint=_INSTALL) from error
    with process:
        output, words = _communicated(process, stdin, is_enough)
    if process.returncode == _NOT_FOUND:
        raise StoreError("git cannot be run: it is not on the PATH", hint=_INSTALL)
    return Answer(process.returncode, output, _plain(os.fsdecode(words)))


def _communicated(process: Popen[bytes], stdin: bytes, is_enough: IsEnough) -> tuple[bytes, bytes]:
    """Give output and words of a process; end it with all that it has started where it takes too long, and raise TimeoutExpired."""
    waited, given = 0.0, stdin or None
    _groups.add(process.pid)
    try:
        while True:
            try:
                return process.communicate(given, timeout=_LOOK)
            except TimeoutExpired:
                given = None  # it goes on being written
                waited += _LOOK
                if is_enough(waited):
                    _end(process)
                    raise
    finally:
        _groups.discard(process.pid)


def _end(process: Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(TimeoutExpired, OSError):
            os.killpg(process.pid, number)
            process.wait(_GRACE)


def end_all() -> None:
    """Tell every git that runs now, and all that it has started, to end; for a process that is about to end without any order."""
    for group in tuple(_groups):
        with suppress(OSError):
            os.killpg(group, signal.SIGTERM)


def _plain(words: str) -> str:
    lines = (line for line in redacted(words).splitlines() if not line.startswith("hint:"))
    return "\n".join(lines).strip()
