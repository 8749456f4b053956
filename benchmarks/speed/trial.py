"""One trial of one tool: a copy to a destination that is empty, and then again with nothing changed."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.process import Ended, run
from benchmarks.registries import docker_registry, free_port
from benchmarks.speed.sources import Opened, Source, Tags, repositories
from benchmarks.speed.storage import Storage
from benchmarks.speed.tools import Errand, Tool
from benchmarks.speed.traffic import Traffic, pushed


@dataclass(frozen=True, slots=True)
class Sample:
    """What one run of a tool took: its process, what went over the wire at both ends, and what the registries took.

    ``missing`` is how many of the source's tags are not at the destination with their digests.
    """

    ended: Ended
    source: Traffic
    destination: Traffic
    registries: float
    missing: int


def trial(tool: Tool, source: Source, scratch: Path) -> Iterator[tuple[str, Sample]]:
    """Copy twice to a new destination, with the registries at both ends started anew before each run.

    The ports are the same for both runs and others in every trial: what a tool remembers of other trials helps it nothing.
    """
    with TemporaryDirectory(dir=scratch) as temporary:
        folder = Path(temporary)
        (folder / "tool").mkdir()
        ports = free_port(), free_port()
        for name in tool.runs:
            yield name, _run(tool, source, folder, ports)


def _run(tool: Tool, source: Source, folder: Path, ports: tuple[int, int]) -> Sample:
    os.sync()  # what was written before is not this run's to wait for
    with _opened(tool, source, folder, ports[0]) as opened, docker_registry(folder / "destination", ports[1]) as destination:
        errand = Errand(opened.address, destination.address, repositories(source.tags), folder / "tool")
        ended = run(tool.command(errand), errand.folder)
    storage = Storage(folder / "destination" / "storage")
    with destination.log.open(encoding="utf-8", errors="replace") as lines:
        taken = pushed(lines, storage)
    missing = len(_known(source.tags) - _known(storage.tags()))
    return Sample(ended, opened.traffic, taken, opened.processor + destination.processor, missing)


def _opened(tool: Tool, source: Source, folder: Path, port: int) -> AbstractContextManager[Opened]:
    return source.google(folder, port) if tool.lists_as_google else source.plain(folder, port)


def _known(tags: Tags) -> set[tuple[str, str, str]]:
    """Give what every tool keeps of a name: its last part, with the tag and the digest."""
    return {(path.rpartition("/")[2], tag, digest) for (path, tag), digest in tags.items()}
