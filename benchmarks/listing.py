"""Measures ``gcrsync compare`` against a plain loop over the same lists: ``python -m benchmarks.listing FILE.jsonl.xz...``.

Each is a process of its own, and so is the registry they list. They take turns, and the medians are printed as a table.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.process import GCRSYNC, ROOT, Cost, git, measured
from benchmarks.registries import replayed

_HEAD = (
    "| namespace | compare, s | plain loop, s | ratio | compare, MB | plain loop, MB | ratio |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
)
_NOWHERE = "127.0.0.1:1/x"
"""A destination that nothing listens at: comparing needs none."""


def main() -> None:
    """Read the arguments, measure, and print the table."""
    parser = ArgumentParser(prog="python -m benchmarks.listing", description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="recorded or generated namespaces, FILE.jsonl.xz")
    parser.add_argument("--runs", type=int, default=5, help="of each, whose median counts")
    chosen = parser.parse_args()
    sys.stdout.write("\n".join((*_HEAD, "")))
    for file in chosen.files:
        sys.stdout.write(_row(file.resolve(), chosen.runs) + "\n")
        sys.stdout.flush()


def _row(file: Path, runs: int) -> str:
    with TemporaryDirectory() as temporary, replayed(file) as replay:
        folder = Path(temporary)
        git(folder, "init", "--quiet")
        compare = (GCRSYNC, "compare", replay.namespace, "--to", _NOWHERE)
        loop = (sys.executable, str(ROOT / "benchmarks" / "loop.py"), replay.namespace)
        costs = [(measured(compare, folder), measured(loop, folder)) for _ in range(runs)]
    compared, looped = (_median(column) for column in zip(*costs, strict=True))
    cells = (
        file.name.removesuffix(".jsonl.xz"),
        *(f"{compared.wall:.2f}", f"{looped.wall:.2f}", f"{compared.wall / looped.wall:.2f}"),
        *(f"{compared.peak / 1e6:.0f}", f"{looped.peak / 1e6:.0f}", f"{compared.peak / looped.peak:.2f}"),
    )
    return f"| {' | '.join(cells)} |"


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(
        median(cost.wall for cost in costs), median(cost.processor for cost in costs), int(median(cost.peak for cost in costs))
    )


if __name__ == "__main__":
    main()
