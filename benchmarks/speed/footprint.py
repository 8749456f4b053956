"""What gcrsync takes besides copying: memory for the list of a very large namespace, and the time to start."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.process import GCRSYNC, ROOT, git, measured
from benchmarks.registries import replayed

_REPOSITORIES, _TAGS = 1042, 129_000
_NOWHERE = "127.0.0.1:1/x"
"""A destination that nothing listens at: comparing needs none."""

_HEAVY = 10_000
"""What an import may take before it is named, in microseconds."""

_IMPORT = re.compile(r"import time: +(?P<own>[0-9]+) \| +(?P<total>[0-9]+) \| (?P<nested> *)(?P<name>\S+)")


def memory(runs: int, scratch: Path) -> Iterator[str]:
    """Say what ``gcrsync compare`` takes for a generated namespace as large as the largest real ones."""
    with TemporaryDirectory(dir=scratch) as temporary:
        folder, file = Path(temporary), Path(temporary, "generated.jsonl.xz")
        size = ("--repositories", str(_REPOSITORIES), "--tags", str(_TAGS))
        subprocess.run((sys.executable, "-m", "benchmarks.generate", str(file), *size), cwd=ROOT, check=True, stdout=sys.stderr)
        git(folder, "init", "--quiet")
        with replayed(file) as replay:
            costs = [measured((GCRSYNC, "compare", replay.namespace, "--to", _NOWHERE), folder) for _ in range(runs)]
    peak, wall = median(cost.peak for cost in costs), median(cost.wall for cost in costs)
    counts = f"{_TAGS:,} tags in {_REPOSITORIES:,} repositories"
    yield f"`gcrsync compare` of {counts} peaks at {peak / 1e6:.0f} MB and takes {wall:.2f} s."


def start_up(runs: int, scratch: Path) -> Iterator[str]:
    """Say how long ``gcrsync --help`` takes, and what it imports that takes long."""
    wall = median(measured((GCRSYNC, "--help"), scratch).wall for _ in range(runs))
    traced = subprocess.run((sys.executable, "-X", "importtime", GCRSYNC, "--help"), capture_output=True, text=True, check=True)
    named = ", ".join(f"{name} {taken / 1000:.0f} ms" for name, taken in heavy_imports(traced.stderr).items())
    yield f"`gcrsync --help` takes {wall:.2f} s. It imports, counted with what they import: {named or 'nothing heavy'}."


def heavy_imports(trace: str) -> dict[str, int]:
    """Give the packages whose import takes long, with microseconds, from what ``python -X importtime`` says.

    A module is named with its package, which has the time of its slowest module: the others may be imported within that one.
    """
    slowest: dict[str, int] = {}
    for match in _IMPORT.finditer(trace):
        package = match["name"].partition(".")[0]
        slowest[package] = max(int(match["total"]), slowest.get(package, 0))
    return {name: taken for name, taken in sorted(slowest.items(), key=lambda item: -item[1]) if taken >= _HEAVY}
