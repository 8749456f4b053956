"""The sources that are copied from: registries filled beforehand, and recorded namespaces that are replayed."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from benchmarks.namespaces.recorded import read_repositories
from benchmarks.process import ROOT
from benchmarks.registries import docker_registry, free_port, google_front, replayed
from benchmarks.speed.storage import Storage
from benchmarks.speed.traffic import Traffic, pulled

_CHUNK = 1 << 20

Tags = Mapping[tuple[str, str], str]
"""Every repository and tag with its digest."""


@dataclass(slots=True)
class Opened:
    """A source that answers: its host and port, and once it is closed, its traffic and the seconds of processor time it took."""

    address: str
    traffic: Traffic = field(default_factory=Traffic)
    processor: float = 0.0


class Source(Protocol):
    """What a trial needs of a source."""

    @property
    def tags(self) -> Tags:
        """What there is to copy."""

    def plain(self, folder: Path, port: int) -> AbstractContextManager[Opened]:
        """Let it answer at a port, with the lists that the registry itself has; the folder is for what it writes."""

    def google(self, folder: Path, port: int) -> AbstractContextManager[Opened]:
        """Let it answer at a port, with Google's lists."""


@dataclass(frozen=True)
class FilledSource:
    """A ``docker-registry`` whose files are below a folder, as ``benchmarks.speed.filling`` leaves it."""

    folder: Path

    @cached_property
    def storage(self) -> Storage:
        """The files."""
        return Storage(self.folder / "storage")

    @cached_property
    def tags(self) -> Tags:
        """What there is to copy."""
        return self.storage.tags()

    def warm(self) -> None:
        """Read every file, so that the first tool is not the only one to wait for a disk."""
        for file in self.storage.files():
            with file.open("rb") as content:
                while content.read(_CHUNK):
                    pass

    @contextmanager
    def plain(self, folder: Path, port: int) -> Iterator[Opened]:
        """Let the registry answer at a port."""
        opened = Opened(f"127.0.0.1:{port}")
        with docker_registry(self._served(folder), port) as registry:
            yield opened
        opened.traffic, opened.processor = pulled(_lines(registry.log)), registry.processor

    @contextmanager
    def google(self, folder: Path, port: int) -> Iterator[Opened]:
        """Let a front answer at a port: it has Google's lists, and passes everything else on to the registry."""
        opened = Opened(f"127.0.0.1:{port}")
        with (
            docker_registry(self._served(folder), free_port()) as registry,
            google_front(folder / "front", port, self.folder / "lists", registry.address) as front,
        ):
            yield opened
        opened.traffic, opened.processor = pulled(_lines(front.log)), registry.processor + front.processor

    def _served(self, folder: Path) -> Path:
        """Give a folder for a registry to run in, with the files that all of them share."""
        served = folder / "source"
        served.mkdir(exist_ok=True)
        if not (served / "storage").exists():
            (served / "storage").symlink_to(self.storage.root, target_is_directory=True)
        return served


@dataclass(frozen=True)
class RecordedSource:
    """A recorded namespace, replayed by a process of its own as gcr.io would answer."""

    file: Path

    @cached_property
    def tags(self) -> Tags:
        """What there is to copy."""
        return {(each.path, tag): digest for each in read_repositories(self.file) for tag, digest in each.tags.items()}

    @contextmanager
    def google(self, folder: Path, port: int) -> Iterator[Opened]:
        """Let it answer at a port."""
        del folder  # it writes nothing
        opened = Opened(f"127.0.0.1:{port}")
        with replayed(self.file, port) as replay:
            yield opened
        counts = dict(replay.counts)
        opened.traffic, opened.processor = Traffic(content=counts.pop("bytes"), kinds=counts), replay.processor

    plain = google
    """The tags are in Google's lists too."""


def filled(case: str, folder: Path) -> FilledSource:
    """Give the source of a case, filled by a process of its own where the folder does not have it yet.

    The peak of a measured child would be no less than the memory that filling takes.
    """
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.partial-{os.getpid()}")
        subprocess.run((sys.executable, "-m", "benchmarks.speed.filling", case, str(partial)), cwd=ROOT, check=True)
        partial.rename(folder)
    source = FilledSource(folder)
    source.warm()
    return source


def repositories(tags: Tags) -> Sequence[str]:
    """Give the repositories with tags, each once."""
    return sorted({path for path, _ in tags})


def _lines(log: Path) -> Iterator[str]:
    with log.open(encoding="utf-8", errors="replace") as lines:
        yield from lines
