"""Writes a generated namespace to a file that the other commands read: ``python -m benchmarks.generate FILE.jsonl.xz``."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from benchmarks.namespaces.evolve import evolve
from benchmarks.namespaces.generate import generate
from benchmarks.namespaces.recorded import write_namespace


def main() -> None:
    """Read the arguments, write the file and say what is in it."""
    parser = ArgumentParser(prog="python -m benchmarks.generate", description=__doc__)
    parser.add_argument("file", type=Path, help="where to write it, FILE.jsonl.xz")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--path", default="generated", help="the namespace in the registry")
    parser.add_argument("--repositories", type=int, default=24)
    parser.add_argument("--tags", type=int, default=400, help="in all repositories together")
    parser.add_argument("--nights", type=int, default=0, help="how many nights of change to let pass")
    chosen = parser.parse_args()
    namespace = generate(chosen.seed, chosen.path, chosen.repositories, chosen.tags)
    for night in range(chosen.nights):
        namespace = evolve(namespace, chosen.seed + 1 + night)
    write_namespace(chosen.file, namespace)
    sys.stdout.write(f"{chosen.file}: {len(namespace.repositories)} repositories, {namespace.tags} tags\n")


if __name__ == "__main__":
    main()
