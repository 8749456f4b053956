"""Dask clusters of real processes on loopback: a scheduler, and workers that can be killed."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

_LONGEST_START = 60.0
_QUIET = {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}


@dataclass(slots=True)
class Cluster:
    """A scheduler at ``address`` (``tcp://127.0.0.1:port``), and the processes of its workers by their names."""

    folder: Path
    address: str
    environment: Mapping[str, str]
    scheduler: "subprocess.Popen[bytes]"
    workers: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    @property
    def executor(self) -> str:
        """What ``--executor`` is given."""
        return f"dask://{self.address.partition('://')[2]}"

    def start(self, *names: str, options: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> None:
        """Start workers of one thread each; they join when they are ready."""
        for name in names:
            given = [
                "--no-nanny",
                "--no-dashboard",
                "--nthreads",
                "1",
                "--name",
                name,
                "--local-directory",
                str(self.folder),
                *options,
            ]
            more = {**self.environment, **(environment or {})}
            self.workers[name] = _begun(self.folder / f"{name}.log", "dask_worker", self.address, *given, environment=more)

    def joined(self, *names: str) -> None:
        """Wait until workers have joined."""
        for name in names:
            _wait_for(self.folder / f"{name}.log", "Starting established connection")

    def end(self, name: str) -> None:
        """Kill a worker."""
        with self.workers.pop(name) as process:
            process.kill()

    def worker_at(self, port: int) -> str | None:
        """Give the name of the worker that has a connection from this port, None where none has."""
        for name, process in self.workers.items():
            if any(connection.laddr.port == port for connection in psutil.Process(process.pid).net_connections()):
                return name
        return None


@contextmanager
def cluster(folder: Path, environment: Mapping[str, str], *options: str) -> Iterator[Cluster]:
    """Run a scheduler, whose workers have this environment; all end with the context."""
    folder.mkdir()
    place, everything = folder / "scheduler.json", {**environment, **_QUIET}
    told = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(place), *options]
    scheduler = _begun(folder / "scheduler.log", "dask_scheduler", *told, environment=everything)
    try:
        _wait_for(place, "address")
        found = Cluster(folder, json.loads(place.read_text("utf-8"))["address"], everything, scheduler)
        try:
            yield found
        finally:
            for name in list(found.workers):
                found.end(name)
    finally:
        with scheduler:
            scheduler.kill()


def _begun(log: Path, module: str, *arguments: str, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", f"distributed.cli.{module}", *arguments]
    with log.open("wb") as output:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, cwd=log.parent)


def _wait_for(file: Path, text: str) -> None:
    deadline = time.monotonic() + _LONGEST_START
    while not (file.exists() and text in file.read_text("utf-8", "replace")):
        assert time.monotonic() < deadline, f"{file.name} says nothing of {text!r}"
        time.sleep(0.05)
