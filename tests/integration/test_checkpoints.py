"""A run that commits and pushes what is confirmed so far, while it goes on."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import httpx
import pytest

from gcrsync.metadata import changelog
from gcrsync.metadata.changelog import Entry
from tests.support.build import image
from tests.support.faults import Answer, Fault, slow, stalled, status
from tests.support.mirrors import Mirror
from tests.support.serving import served
from tests.support.simulator import Simulator

LARGE = 12_000_000
"""More bytes than the buffers of a socket hold."""


@pytest.fixture
def source() -> Simulator:
    simulator = Simulator(google=True)
    for name in ("a", "b", "c", "d"):
        simulator.add(f"p/{name}", image(name), "v1")
    return simulator


@pytest.fixture
def mirror(tmp_path: Path, source: Simulator, docker_registry: str) -> Iterator[Mirror]:
    with served(source) as address:
        made = Mirror(tmp_path)
        made.configure(f"{address}/p", f"{docker_registry}/{tmp_path.name.replace('_', '-')}")
        yield made


def pushed(mirror: Mirror) -> set[str]:
    """Give the names of the repositories on record at the remote."""
    paths = mirror.place.git(mirror.place.remote, "ls-tree", "-r", "--name-only", "main").splitlines()
    return {Path(path).stem for path in paths if path.endswith(".json")}


def files(root: Path) -> dict[str, tuple[int, int]]:
    """Give what tells whether a file was written, git's own among them."""
    found = {str(path.relative_to(root)): path.stat() for path in root.rglob("*") if path.is_file()}
    return {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in found.items()}


def test_a_killed_run_loses_nothing_that_a_checkpoint_has_pushed_and_no_image(mirror: Mirror, source: Simulator) -> None:
    release = Event()
    source.add("p/z", image("z", layers=1, size=LARGE), "v1")
    source.faults.append(Fault("GET", "/z/blobs/", stalled(release), times=None))
    command = [sys.executable, "-m", "gcrsync", "sync", "--checkpoint", "1s"]
    with subprocess.Popen(command, cwd=mirror.root, env=mirror.environment, stderr=subprocess.DEVNULL) as process:
        limit = time.monotonic() + 30
        while pushed(mirror) != {"a", "b", "c", "d"}:
            assert process.poll() is None
            assert time.monotonic() < limit
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
    release.set()
    source.faults.clear()
    source.log.clear()
    report = mirror.report("sync")["namespaces"][0]

    assert (report["added"], report["unchanged"]) == (1, 4)
    assert {logged.path.split("/")[3] for logged in source.requests("GET", "/blobs/")} == {"z"}
    assert pushed(mirror) == {"a", "b", "c", "d", "z"}


def test_images_that_no_checkpoint_has_recorded_are_found_and_not_sent_again(mirror: Mirror, source: Simulator) -> None:
    mirror.run("sync")
    place = mirror.place
    for folder in (mirror.root, place.remote):
        place.git(folder, "update-ref", "refs/heads/main", place.git(mirror.root, "rev-parse", "main~1").strip())
    place.git(mirror.root, "reset", "--hard", "--quiet")
    source.log.clear()
    report = mirror.report("sync")["namespaces"][0]

    assert (report["added"], report["bytes"]) == (4, 0)
    assert source.requests("GET", "/blobs/") == []
    assert pushed(mirror) == {"a", "b", "c", "d"}


def test_every_checkpoint_is_a_commit_and_the_run_has_one_entry(mirror: Mirror, source: Simulator) -> None:
    source.faults.append(Fault("GET", "/blobs/", slow(0.6), times=None))
    before = len(mirror.log)
    mirror.run("sync", "--checkpoint", "1s", "--jobs", "1")
    subjects = mirror.log[before:]

    assert len(subjects) > 1
    assert sum(int(subject.rpartition(": ")[2].removesuffix(" added")) for subject in subjects) == 4
    assert (mirror.root / "CHANGELOG.md").read_text("utf-8").count("<!-- run:") == 1
    assert "4 added, 0 moved" in (mirror.root / "CHANGELOG.md").read_text("utf-8")
    assert mirror.place.git(mirror.root, "rev-parse", "main") == mirror.place.git(mirror.place.remote, "rev-parse", "main")


def test_a_failure_after_the_last_checkpoint_is_in_the_entry_too(mirror: Mirror, source: Simulator) -> None:
    source.add("p/z", image("z"), "v1")

    def late(request: httpx.Request, answer: Answer) -> httpx.Response:
        time.sleep(3)
        return status(500)(request, answer)

    source.faults.append(Fault("GET", "/z/manifests/", late, times=None))
    before = len(mirror.log)
    ended = mirror.run("sync", "--checkpoint", "1s", "--retries", "0", code=1)

    assert len(mirror.log) == before + 2
    assert "4 added, 0 moved, 0 gone, 0 held, 1 failed" in mirror.place.show(mirror.place.remote, "CHANGELOG.md")
    assert "recorded in commit" in ended.stderr
    assert mirror.run("sync", "--retries", "0", code=1).stderr.count("nothing to record") == 1


def test_a_run_with_nothing_to_do_writes_no_file(mirror: Mirror) -> None:
    mirror.run("sync")
    before = files(mirror.root)
    report = mirror.report("sync")["namespaces"][0]
    written = {path for path, known in files(mirror.root).items() if before.pop(path, None) != known} | set(before)

    assert (report["added"], report["unchanged"]) == (0, 4)
    assert written <= {".git/gcrsync/lock"}


def test_the_files_that_commits_are_made_of_are_there_no_longer_than_the_run(mirror: Mirror, source: Simulator) -> None:
    source.faults.append(Fault("GET", "/blobs/", slow(0.6), times=None))
    before = len(mirror.log)
    mirror.run("sync", "--checkpoint", "1s", "--jobs", "1")

    assert len(mirror.log) > before + 2
    assert mirror.place.git(mirror.root, "worktree", "list").splitlines()[1:] == []
    assert not (mirror.root / ".git/gcrsync/gcrsync-apart").exists()


def test_a_changelog_that_is_full_moves_its_oldest_entries_to_their_year(mirror: Mirror, source: Simulator) -> None:
    source.faults.append(Fault("GET", "/blobs/", slow(0.6), times=None))
    older = [
        Entry(datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=hour), "gcr.io/p", f"run-{hour}", "x" * 901) for hour in range(546)
    ]
    full = changelog.insert("# Changelog of the mirror\n\nOurs.\n", *older)
    mirror.place.commit(mirror.root, "a full changelog", {"CHANGELOG.md": full})
    mirror.place.git(mirror.root, "push", "--quiet", "origin", "main")
    mirror.run("sync", "--checkpoint", "1s", "--jobs", "1")
    left, year = ((mirror.root / path).read_text("utf-8") for path in ("CHANGELOG.md", "changelog/2025.md"))

    assert 511 * 1024 < len(full) < 512 * 1024
    assert 300 * 1024 < len(left) < 512 * 1024
    assert left.startswith("# Changelog of the mirror\n\nOurs.\n\n## ")
    assert left.endswith("\n\n## Earlier\n\n- [2025](changelog/2025.md)\n")
    assert left.count("4 added, 0 moved") == 1
    assert (left + year).count("<!-- run:") == len(older) + 1
    assert mirror.place.git(mirror.root, "status", "--porcelain") == ""
    assert mirror.place.show(mirror.place.remote, "changelog/2025.md") == year.strip()


def test_a_checkpoint_that_cannot_be_pushed_does_not_end_the_run(mirror: Mirror, source: Simulator) -> None:
    source.faults.append(Fault("GET", "/blobs/", slow(0.6), times=None))
    marker = mirror.place.folder / "refused"
    mirror.place.hook(mirror.root, "pre-push", f"test -e {marker} || {{ touch {marker}; exit 1; }}")
    ended = mirror.run("sync", "--checkpoint", "1s", "--jobs", "1")

    assert marker.exists()
    assert "could not be pushed, and the run goes on" in ended.stderr
    assert pushed(mirror) == {"a", "b", "c", "d"}
    assert (mirror.root / "CHANGELOG.md").read_text("utf-8").count("<!-- run:") == 1


def test_what_somebody_else_pushes_between_two_checkpoints_is_kept(mirror: Mirror, source: Simulator) -> None:
    source.faults.append(Fault("GET", "/blobs/", slow(0.6), times=None))
    command = [sys.executable, "-m", "gcrsync", "sync", "--checkpoint", "1s", "--jobs", "1", "--json"]
    before = len(mirror.log)
    with subprocess.Popen(command, cwd=mirror.root, env=mirror.environment, stdout=subprocess.PIPE, text=True) as process:
        limit = time.monotonic() + 30
        while len(mirror.log) == before:
            assert time.monotonic() < limit
            time.sleep(0.1)
        other = mirror.place.clone("other")
        (other / "NOTES").write_text("a person was here\n")
        mirror.place.git(other, "add", "NOTES")
        mirror.place.git(other, "commit", "--quiet", "-m", "Note something")
        mirror.place.git(other, "push", "--quiet")
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(output)["namespaces"][0]["added"] == 4
    assert "Note something" in mirror.log
    assert pushed(mirror) == {"a", "b", "c", "d"}
