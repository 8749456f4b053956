"""Runs the commands that are measured, and what they need."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage
from tempfile import TemporaryFile

ROOT = Path(__file__).parents[1]
GCRSYNC = str(Path(sys.executable).with_name("gcrsync"))
"""The command of the environment that this runs in."""

_OUR_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "benchmark",
    "GIT_AUTHOR_EMAIL": "benchmark@localhost",
    "GIT_COMMITTER_NAME": "benchmark",
    "GIT_COMMITTER_EMAIL": "benchmark@localhost",
}
_KIBI = 1024
_UNIT_OF_PEAK = 1 if sys.platform == "darwin" else _KIBI


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: seconds from its start to its end, seconds of processor time, and bytes of memory at its peak.

    The processor time, in the program and in the system, is that of its children too, and the peak that of the largest.
    """

    wall: float
    processor: float
    peak: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended: its cost, its exit code, and what it said on standard error."""

    cost: Cost
    status: int
    said: str


def measured(command: Sequence[str], folder: Path) -> Cost:
    """Run a command in a folder to its good end, and give its cost. Ends this process where the command fails."""
    ended = run(command, folder)
    if ended.status:
        sys.exit(f"{' '.join(command)} ended with {ended.status}:\n{ended.said}")
    return ended.cost


def run(command: Sequence[str], folder: Path) -> Ended:
    """Run a command in a folder to any end.

    The peak of a child is never less than the memory of its parent, so the caller must be small.
    """
    with TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=said)
        usage = awaited(process)
        wall = time.perf_counter() - started
        said.seek(0)
        text = said.read().decode(errors="replace")
    return Ended(Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _UNIT_OF_PEAK), process.returncode, text)


def awaited(process: subprocess.Popen[bytes]) -> struct_rusage:
    """Wait until a process ends, and give what it and its children have used."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and give what it prints; raises CalledProcessError where it fails."""
    done = subprocess.run(("git", *arguments), cwd=folder, env=environment(), capture_output=True, text=True, check=True)
    return done.stdout


def environment() -> dict[str, str]:
    """Give our environment, with a git that does not read the configuration of whoever runs this."""
    return {**os.environ, **_OUR_GIT}
