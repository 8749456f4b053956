"""What is told of a run beside its terminal: reports in files, summaries of jobs, metrics, notices and the status of a run."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.support.build import image
from tests.support.faults import Fault, status
from tests.support.mirrors import Mirror
from tests.support.serving import served
from tests.support.simulator import Simulator


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
    for command, code in (("compare", 0), ("test", 0), ("sync", 1), ("verify", 0), ("adopt", 0), ("monitor", 0)):
        more = ("--count", "1") if command == "monitor" else ()
        mirror.run(command, *more, "--report", str(tmp_path / f"{command}.md"), code=code)
        told = (tmp_path / f"{command}.md").read_text()
        assert told.startswith(f"## gcrsync {command}: ")
        assert f"exit code {code}." in told
    mirror.run("sync", "--report", str(tmp_path / "junit.XML"), code=1)
    suites = ET.parse(tmp_path / "junit.XML").getroot()  # noqa: S314 - what we have just written

    assert f"| `{address}/p/b:v2` | failed | " in (tmp_path / "sync.md").read_text()
    assert [(suite.get("name"), suite.get("failures")) for suite in suites] == [("gcrsync sync", "0"), (f"{address}/p", "1")]
    assert "403 Forbidden" in (suites[1][0][0].get("message") or "")


def test_a_run_that_comes_to_nothing_has_a_report_for_people_and_for_ci_too(mirror: Mirror, tmp_path: Path) -> None:
    (mirror.root / "gcrsync.toml").write_text("[[mirror]]\nsource = 1\n")
    mirror.run("sync", "--report", str(tmp_path / "report.md"), code=2)
    mirror.run("verify", "--report", str(tmp_path / "report.xml"), code=2)

    assert "gcrsync.toml:2: " in (tmp_path / "report.md").read_text()
    assert "nothing is on record" in (tmp_path / "report.xml").read_text()


def test_a_command_without_such_a_report_says_so_before_it_begins(mirror: Mirror, tmp_path: Path) -> None:
    ended = mirror.run("search", "a", "--report", str(tmp_path / "found.xml"), code=2)

    assert "this command has no report like " in ended.stderr
    assert not (tmp_path / "found.xml").exists()
