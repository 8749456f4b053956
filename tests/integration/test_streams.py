"""What becomes of a run when nobody can read what it says any more."""

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from tests.support.build import image
from tests.support.faults import Fault, stalled
from tests.support.mirrors import Mirror
from tests.support.serving import served
from tests.support.simulator import Simulator

RECORDED = 3
"""The commits of a mirror that has been begun, configured and synced."""

LARGE = 12_000_000
"""More bytes than the buffers of a socket hold."""


@pytest.fixture
def source() -> Simulator:
    simulator = Simulator(google=True)
    simulator.add("p/a", image("a"), "v1")
    return simulator


@pytest.fixture
def mirror(tmp_path: Path, source: Simulator) -> Iterator[Mirror]:
    with served(source) as address:
        made = Mirror(tmp_path)
        made.configure(f"{address}/p", f"oci:{tmp_path}/images")
        yield made


def shell(mirror: Mirror, command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a shell that finds the program under its name; its exit code is that of the program."""
    program = f"{sys.executable} -m gcrsync"
    script = command.replace("gcrsync", program)
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        cwd=mirror.root,
        env=mirror.environment,
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("command", ["gcrsync sync 2>/dev/full", "gcrsync sync 2>&-", "gcrsync sync 2>&- >&-", "gcrsync sync <&-"])
def test_a_run_whose_words_cannot_be_written_does_its_work_all_the_same(mirror: Mirror, command: str) -> None:
    ended = shell(mirror, command)

    assert ended.returncode == 0, ended
    assert mirror.documents()
    assert len(mirror.log) == RECORDED


@pytest.mark.parametrize("command", ["gcrsync sync 2>&1 | head -c 1", "gcrsync sync 2>&1 >/dev/null | head -c 1"])
def test_a_reader_who_leaves_early_changes_nothing(mirror: Mirror, command: str) -> None:
    ended = shell(mirror, command)

    assert ended.returncode == 0, ended
    assert len(ended.stdout) == 1
    assert len(mirror.log) == RECORDED


@pytest.mark.parametrize("command", ["gcrsync sync", "gcrsync compare --json", "gcrsync --version"])
def test_a_result_that_cannot_be_written_is_a_failure_that_is_told(mirror: Mirror, command: str) -> None:
    ended = shell(mirror, f"{command} >/dev/full")

    assert ended.returncode == 3, ended
    assert "gcrsync: writing standard output: No space left on device" in ended.stderr
    assert "defect" not in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(mirror.log) == (RECORDED if command == "gcrsync sync" else RECORDED - 1)


def test_a_terminal_that_is_closed_ends_a_run_as_a_signal_does(mirror: Mirror, source: Simulator) -> None:
    release = Event()
    source.add("p/b", image("b", layers=1, size=LARGE), "v1")
    fault = Fault("GET", "/b/blobs/", stalled(release), times=None)
    source.faults.append(fault)
    report = mirror.root.parent / "report.json"
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(mirror.root)
        command = [sys.executable, "-m", "gcrsync", "sync", "--report", str(report)]
        os.execve(sys.executable, command, mirror.environment)  # noqa: S606 - in a process that has the terminal already
    limit = time.monotonic() + 30
    index = mirror.root.parent / "images" / "p" / "a" / "index.json"
    while not (fault.struck and index.exists() and '"v1"' in index.read_text()):
        assert time.monotonic() < limit
        os.read(terminal, 65_536)
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    release.set()

    assert os.waitstatus_to_exitcode(status) == 130
    assert json.loads(report.read_text())["namespaces"][0]["added"] == 1
    assert len(mirror.documents()) == 1
