"""What is told of a run beside its terminal: reports in files, summaries of jobs, metrics, notices and the status of a run."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import cast
from xml.etree import ElementTree as ET

import httpx
import pytest

from tests.support.build import image
from tests.support.faults import Fault, stalled, status
from tests.support.mirrors import Mirror
from tests.support.serving import served
from tests.support.simulator import Simulator
from tests.support.tunnels import make_authority


@pytest.fixture
def source() -> Simulator:
    registry = Simulator()
    registry.add("p/a", image("one"), "latest", "v1")
    registry.add("p/b", image("two"), "v2")
    return registry


@pytest.fixture
def address(source: Simulator) -> Iterator[str]:
    with served(source) as address:
        yield address


@pytest.fixture
def mirror(tmp_path: Path, address: str) -> Mirror:
    mirror = Mirror(tmp_path)
    mirror.configure(f"{address}/p", f"oci:{tmp_path / 'images'}")
    return mirror


def lose(source: Simulator) -> None:
    """Have the source not give one image."""
    source.faults.append(Fault("GET", "p/b/manifests", status(403, "DENIED"), times=None))


def test_the_ending_of_a_report_chooses_its_form_whatever_the_command(
    mirror: Mirror, source: Simulator, address: str, tmp_path: Path
) -> None:
    lose(source)
    mirror.run("sync", "--report", str(tmp_path / "junit.XML"), code=1)
    for command, more in (("compare", ()), ("verify", ()), ("adopt", ()), ("monitor", ("--count", "1"))):
        mirror.run(command, *more, "--report", str(tmp_path / f"{command}.md"))
        told = (tmp_path / f"{command}.md").read_text()
        assert told.startswith(f"## gcrsync {command}: ")
        assert "exit code 0." in told
    suites = ET.parse(tmp_path / "junit.XML").getroot()  # noqa: S314 - what we have just written

    assert f"| `{address}/p/b:v2` | added | " in (tmp_path / "compare.md").read_text()
    assert [(suite.get("name"), suite.get("failures")) for suite in suites] == [("gcrsync sync", "0"), (f"{address}/p", "1")]
    assert "403 Forbidden" in next(suites.iter("failure")).get("message", "")


def test_a_run_that_comes_to_nothing_has_a_report_for_people_and_for_ci_too(mirror: Mirror, tmp_path: Path) -> None:
    (mirror.root / "gcrsync.toml").write_text("[[mirror]]\nsource = 1\n")
    mirror.run("sync", "--report", str(tmp_path / "report.md"), code=2)
    mirror.run("verify", "--report", str(tmp_path / "report.xml"), code=2)

    assert "gcrsync.toml:2: " in (tmp_path / "report.md").read_text()
    assert "nothing is on record" in (tmp_path / "report.xml").read_text()


def test_a_file_that_nobody_could_read_is_refused_before_a_command_begins(mirror: Mirror, tmp_path: Path) -> None:
    formless = mirror.run("search", "a", "--report", str(tmp_path / "found.xml"), code=2)
    unread = mirror.run("compare", "--metrics", str(tmp_path / "found.txt"), code=2)

    assert "this command has no report like " in formless.stderr
    assert "name a file that ends with .prom" in unread.stderr
    assert list(tmp_path.glob("found*")) == []


def test_the_summary_of_a_job_on_github_grows_with_each_command_up_to_its_limit(
    mirror: Mirror, source: Simulator, address: str, tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    on_github = {"GITHUB_STEP_SUMMARY": str(summary)}
    summary.write_text("before\n")
    mirror.run("sync", environment=on_github)
    lose(source)
    mirror.run("verify", "somewhere.test", environment=on_github, code=2)
    before, synced, failed = summary.read_text().split("## gcrsync ")
    summary.write_bytes(b"x" * ((1 << 20) - 150))
    mirror.run("compare", environment=on_github)

    assert (before, synced.splitlines()[0]) == ("before\n\n", "sync: 3 added")
    assert f"| `{address}/p` | 3 | 0 |" in synced
    assert failed.startswith("verify: nothing was done\n")
    assert "nothing is on record under somewhere.test" in failed
    assert (1 << 20) - 150 < summary.stat().st_size <= 1 << 20
    assert summary.read_text().endswith(" more lines were cut off: no more is shown here.\n")


def test_the_report_is_a_section_in_the_log_of_a_job_on_gitlab(mirror: Mirror) -> None:
    ended = mirror.run("compare", environment={"GITLAB_CI": "true"})
    begin, end = (line for line in ended.stderr.split("\x1b[0K") if "section_" in line)

    assert begin.startswith("section_start:")
    assert begin.strip().endswith(":gcrsync_report")
    assert end.startswith("section_end:")
    assert "\x1b" not in ended.stdout
    assert "section" not in mirror.run("compare", "--json", environment={"GITLAB_CI": "true"}).stderr


def started(mirror: Mirror, *arguments: str) -> subprocess.Popen[str]:
    """Begin a run of the program in the metadata repository, whose lines are read as they come."""
    command = [sys.executable, "-m", "gcrsync", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=mirror.root, env=mirror.environment, stdout=pipe, stderr=pipe, text=True)


def awaited(place: Path, words: str) -> dict[str, object]:
    """Wait until a status has these words, and give it; whenever it is read it is whole."""
    while not place.exists() or words not in place.read_text():
        time.sleep(0.05)
    document: dict[str, object] = json.loads(place.read_text())
    return document


def test_a_status_goes_on_with_the_run_and_another_terminal_shows_it_to_its_end(
    mirror: Mirror, source: Simulator, tmp_path: Path
) -> None:
    release, place = Event(), tmp_path / "status.json"
    source.faults.append(Fault("GET", "p/b/blobs/", stalled(release)))
    with ThreadPoolExecutor(1) as aside:
        run = aside.submit(mirror.run, "sync", "--status", str(place), "--deadline", "5m")
        begun = awaited(place, '"done": 1')
        with started(mirror, "monitor", "--status", str(place)) as monitor:
            assert monitor.stderr is not None
            first = monitor.stderr.readline()
            release.set()
            printed, _ = monitor.communicate()
        run.result()
    ended = json.loads(place.read_text())

    assert (begun["doing"], begun["exit"], begun["images"]) == ("copying", None, {"done": 1, "of": 2, "failed": 0})
    assert [each["what"] for each in cast("list[dict[str, str]]", begun["due"])] == ["--deadline", "the checkpoint"]
    assert first.startswith("copying: 1 of 2 images, ")
    assert "next, in 4m" in first
    assert ": --deadline" in first
    assert (ended["exit"], ended["images"], ended["copying"]) == (0, {"done": 2, "of": 2, "failed": 0}, [])
    assert printed == f"gcrsync sync ended at {ended['updated']} with exit code 0\n"
    assert monitor.returncode == 0


def test_a_status_says_with_which_code_a_run_came_to_nothing_and_ends_one_that_cannot_tell_it(
    mirror: Mirror, tmp_path: Path
) -> None:
    place = tmp_path / "status.json"
    mirror.run("sync", "--deadline", "soon", "--status", str(place), code=2)
    ended = mirror.run("sync", "--status", "/proc/nowhere/status.json", code=3)

    assert json.loads(mirror.run("monitor", "--json", "--status", str(place)).stdout)["exit"] == 2
    assert "cannot write /proc/nowhere/status.json" in ended.stderr
    assert mirror.log == ["begin", "configure"]


def test_metrics_are_written_also_where_a_run_comes_to_nothing(mirror: Mirror, address: str, tmp_path: Path) -> None:
    place = tmp_path / "acme.prom"
    mirror.run("sync", "--metrics", str(place))
    done = place.read_text()
    mirror.run("sync", "elsewhere.test/p", "--metrics", str(place), code=2)
    failed = place.read_text()

    assert f'gcrsync_tags{{command="sync",mirror="acme",source="{address}/p",state="added"}} 3.0\n' in done
    assert 'gcrsync_run_exit_code{command="sync",mirror="acme"} 2.0\n' in failed
    success = [[line for line in text.splitlines() if line.startswith("gcrsync_success_")] for text in (done, failed)]
    assert success[0] == success[1] != []


def test_what_cannot_be_written_is_told_and_all_that_is_told_after_it_has_the_exit_code(mirror: Mirror, tmp_path: Path) -> None:
    place, summary = tmp_path / "acme.prom", tmp_path / "summary.md"
    nowhere, written = {"GITHUB_STEP_SUMMARY": "/proc/nowhere/summary.md"}, {"GITHUB_STEP_SUMMARY": str(summary)}
    first = mirror.run("compare", "--report", "/proc/nowhere/r.md", "--metrics", str(place), environment=nowhere, code=3)
    second = mirror.run("compare", "--metrics", "/proc/nowhere/acme.prom", environment=written, code=3)

    assert "writing the report /proc/nowhere/r.md: No such file" in first.stderr
    assert "warning: the summary of the job was not written: /proc/nowhere/summary.md: No such file" in first.stderr
    assert 'gcrsync_run_exit_code{command="compare",mirror="acme"} 3.0\n' in place.read_text()
    assert "gcrsync_success_" not in place.read_text()
    assert "writing the metrics /proc/nowhere/acme.prom: No such file" in second.stderr
    assert "exit code 3." in summary.read_text()


def test_a_notice_arrives_where_something_failed_or_always_and_shows_no_address(mirror: Mirror, source: Simulator) -> None:
    got: list[dict[str, str]] = []

    def take(request: httpx.Request) -> httpx.Response:
        got.append({**json.loads(request.read()), "path": request.url.path})
        return httpx.Response(500 if "broken" in request.url.path else 200)

    with served(take) as place:
        addresses = f"json://user:hunter2@{place}/token\njson://{place}/broken/hunter2 hunter2://nothing"
        mirror.run("compare", environment={"GCRSYNC_NOTIFY": addresses})
        assert got == []
        ended = mirror.run("sync", "--max-bytes", "1", "--notify-on", "always", code=4, environment={"GCRSYNC_NOTIFY": addresses})
        lose(source)
        mirror.run("sync", code=1, environment={"GCRSYNC_NOTIFY": addresses})

    assert [each["path"] for each in got] == ["/token", "/broken/hunter2"] * 2
    assert [(each["title"], each["type"]) for each in got[::2]] == [
        ("gcrsync sync: nothing to tell (exit code 4)", "warning"),
        ("gcrsync sync: 2 added, 1 failed (exit code 1)", "failure"),
    ]
    assert "p/b:v2: failed: " in got[2]["message"]
    assert [line for line in ended.stderr.splitlines() if "GCRSYNC_NOTIFY" in line] == [
        "warning: address 2 of 3 in GCRSYNC_NOTIFY got no notice: the service did not take it, or could not be reached",
        "warning: address 3 of 3 in GCRSYNC_NOTIFY got no notice: apprise knows no such address",
    ]
    assert "hunter2" not in ended.stdout + ended.stderr


def test_a_run_that_comes_to_nothing_sends_a_notice_too_and_no_library_warns_of_the_address(mirror: Mirror, tmp_path: Path) -> None:
    got: list[str] = []

    def take(request: httpx.Request) -> httpx.Response:
        got.append(json.loads(request.read())["title"])
        return httpx.Response(200)

    (mirror.root / "gcrsync.toml").write_text("[[mirror]]\nsource = 1\n")
    with served(take, make_authority(tmp_path, "localhost").context) as place:
        ended = mirror.run("sync", code=2, environment={"GCRSYNC_NOTIFY": f"jsons://{place}/token?verify=no"})

    assert got == ["gcrsync sync: nothing was done (exit code 2)"]
    assert ended.stderr.count("\n") == 1
