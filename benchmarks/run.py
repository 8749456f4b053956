"""Measures ``gcrsync sync`` side by side with other tools, between two registries on loopback: ``python -m benchmarks.run``.

The tools take turns, each copies to an empty registry and then once more with nothing changed, and the medians are printed as
tables in Markdown, with their ratios to skopeo's in brackets.
"""

import json
import os
import platform
import shutil
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from benchmarks.speed.figures import Samples, document, markdown
from benchmarks.speed.floor import curl, rates
from benchmarks.speed.footprint import memory, start_up
from benchmarks.speed.shapes import SHAPES
from benchmarks.speed.sources import FilledSource, RecordedSource, Source, filled
from benchmarks.speed.tools import TOOLS, Tool
from benchmarks.speed.trial import Sample, trial

_VERSION = 1
"""Counts up with every change of what a case is filled with, so that a folder kept from before is not taken for it."""

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there is a folder with a name of its own
_COPIES = 4
"""How many times the largest case must fit into the memory that is free, so that it may be copied there."""

_LAYER = "layer"
_FOOTPRINTS: Mapping[str, Callable[[int, Path], Iterator[str]]] = {"memory": memory, "start-up": start_up}


@dataclass(frozen=True, slots=True)
class _Section:
    """What was measured of one case: the lines for people, and what the JSON document has of it."""

    title: str
    lines: Sequence[str]
    figures: object


def main() -> None:
    """Read the arguments, measure, and write the tables."""
    chosen = _arguments()
    sections: list[_Section] = []
    with TemporaryDirectory(dir=_roomy()) as scratch:
        machine = _machine(Path(scratch))
        _say(machine)
        for section in _sections(chosen, Path(scratch)):
            sections.append(section)
            _say(_text(section))
    if chosen.markdown:
        chosen.markdown.write_text("\n".join((machine, *map(_text, sections))), encoding="utf-8")
    if chosen.json:
        told = {"machine": machine.strip(), "cases": {section.title: section.figures for section in sections}}
        chosen.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--case", action="append", choices=(*SHAPES, *_FOOTPRINTS), help="one of these alone; may be repeated")
    parser.add_argument("--recorded", type=Path, action="append", default=[], help="a recorded namespace, replayed at the source")
    parser.add_argument("--runs", type=int, default=5, help="of each tool, whose median counts")
    parser.add_argument("--keep", type=Path, help="a folder where filled sources stay for the next time")
    parser.add_argument("--markdown", type=Path, help="a file for the tables")
    parser.add_argument("--json", type=Path, help="a file for every single figure")
    chosen = parser.parse_args()
    if chosen.case is None and not chosen.recorded:
        chosen.case = [*SHAPES, *_FOOTPRINTS]
    return chosen


def _sections(chosen: Namespace, scratch: Path) -> Iterator[_Section]:
    kept = chosen.keep.resolve() if chosen.keep else scratch
    kept.mkdir(parents=True, exist_ok=True)
    for case in chosen.case or ():
        if case in _FOOTPRINTS:
            lines = tuple(_FOOTPRINTS[case](chosen.runs, scratch))
            yield _Section(case, lines, lines)
        else:
            yield _copied(case, filled(case, kept / f"{case}-{_VERSION}"), chosen.runs, scratch)
    for file in chosen.recorded:
        samples = _samples(TOOLS, RecordedSource(file.resolve()), chosen.runs, scratch)
        yield _Section(file.name, (f"Replayed.{_absent(TOOLS)}", "", *markdown(samples)), document(samples))


def _copied(case: str, source: FilledSource, runs: int, scratch: Path) -> _Section:
    tools = (*TOOLS, curl(source.storage.namespace(""))) if case == _LAYER else TOOLS
    samples = _samples(tools, source, runs, scratch)
    shape = SHAPES[case]()
    shares = ("", *(f"- {line}" for line in rates(samples, shape.distinct_bytes))) if case == _LAYER else ()
    return _Section(case, (f"{shape}.{_absent(tools)}", "", *markdown(samples), *shares), document(samples))


def _samples(tools: Sequence[Tool], source: Source, runs: int, scratch: Path) -> Samples:
    """Let the tools that are here take turns, so that what else the machine does befalls all of them."""
    samples: dict[tuple[str, str], list[Sample]] = {}
    for number in range(runs):
        for tool in tools:
            for run, sample in trial(tool, source, scratch) if tool.here else ():
                samples.setdefault((tool.name, run), []).append(sample)
                _tell(f"{number + 1} of {runs}: {tool.name}, {run}: {sample.ended.cost.wall:.2f} s", sample)
    return samples


def _tell(line: str, sample: Sample) -> None:
    """Say on standard error what has been measured, and where a tool failed its last words."""
    last = "\n".join(sample.ended.said.splitlines()[-3:]) if sample.ended.status else ""
    sys.stderr.write(f"{line}, ended with {sample.ended.status}\n{last}\n" if last else f"{line}\n")


def _absent(tools: Sequence[Tool]) -> str:
    names = "; ".join(tool.name for tool in tools if not tool.here)
    return f" Left out, since this machine lacks what they need: {names}." if names else ""


def _roomy() -> Path:
    """Give the folder for everything that is written: in memory where there is room, since a disk is not what is measured."""
    needed = _COPIES * max(shape().distinct_bytes for shape in SHAPES.values())
    if _IN_MEMORY.is_dir() and shutil.disk_usage(_IN_MEMORY).free > needed:
        return _IN_MEMORY
    return Path(gettempdir())


def _machine(scratch: Path) -> str:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores, {python}, {platform.system()}; everything on loopback, files below {scratch.parent}.\n"


def _text(section: _Section) -> str:
    return "\n".join((f"### {section.title}", "", *section.lines, ""))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
