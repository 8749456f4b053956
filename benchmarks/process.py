"""Runs the commands that are measured, and what they need."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

ROOT = Path(__file__).parents[1]
GCRSYNC = str(Path(sys.executable).with_name("gcrsync"))
"""The command of the environment that this runs in."""

_LAUNCHER = ROOT / "benchmarks" / "launch.py"
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
    """Run a command in a folder to any end. Raises CalledProcessError where it cannot be started."""
    with TemporaryFile() as said:
        launch = (sys.executable, "-I", "-S", str(_LAUNCHER), *command)
        launched = subprocess.run(launch, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=said, check=True)
        said.seek(0)
        text = said.read().decode(errors="replace")
    wall, processor, peak, status = launched.stdout.split()
    return Ended(Cost(float(wall), float(processor), int(peak) * _UNIT_OF_PEAK), int(status), text)


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and give what it prints; raises CalledProcessError where it fails."""
    done = subprocess.run(("git", *arguments), cwd=folder, env=environment(), capture_output=True, text=True, check=True)
    return done.stdout


def environment() -> dict[str, str]:
    """Give our environment, with a git that does not read the configuration of whoever runs this."""
    return {**os.environ, **_OUR_GIT}
