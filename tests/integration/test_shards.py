"""Several runs that share the work and push to one branch at the same time."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.build import image
from tests.support.faults import Fault, slow
from tests.support.mirrors import Mirror
from tests.support.serving import served
from tests.support.simulator import Simulator

SHARDS = 8


@pytest.fixture(params=["google"])
def source(request: pytest.FixtureRequest) -> Simulator:
    simulator = Simulator(google=request.param == "google")
    for number in range(24):
        simulator.add(f"p/image{number}", image(str(number)), "v1", "latest")
    return simulator


@pytest.fixture
def address(source: Simulator) -> Iterator[str]:
    with served(source) as given:
        yield given


@pytest.fixture
def mirror(tmp_path: Path, address: str, docker_registry: str) -> Mirror:
    made = Mirror(tmp_path)
    made.configure(f"{address}/p", f"{docker_registry}/{tmp_path.name.replace('_', '-')}")
    return made


def all_at_once(mirror: Mirror, night: str) -> list[str]:
    """Run all shards at the same time, each in a clone of its own, and give what they say."""
    program = [sys.executable, "-m", "gcrsync", "sync", "--checkpoint", "2s", "--jobs", "2"]
    runs = [
        subprocess.Popen(
            [*program, "--shard", f"{number}/{SHARDS}"],
            cwd=mirror.place.clone(f"{night}{number}"),
            env=mirror.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(1, SHARDS + 1)
    ]
    said = [run.communicate(timeout=250)[1] for run in runs]
    assert [run.returncode for run in runs] == [0] * SHARDS, said
    return said


def assert_exact(mirror: Mirror, source: Simulator) -> None:
    """See that the record has every tag once, and the changelog each run once."""
    documents = mirror.documents()
    assert {name.partition("/")[2]: document["tags"] for name, document in documents.items()} == {
        name: stored.tags for name, stored in source.repositories.items()
    }
    changelog = mirror.place.show(mirror.place.remote, "CHANGELOG.md")
    entries = [line for line in changelog.splitlines() if line.startswith("<!-- run:")]
    assert len(entries) == len(set(entries)) > 1
    assert all(f"of{SHARDS} -->" in entry for entry in entries)


@pytest.mark.timeout(300)
def test_all_that_eight_runs_push_to_one_branch_at_once_lands_once(mirror: Mirror, source: Simulator) -> None:
    source.faults.append(Fault("GET", "/blobs/", slow(0.2), times=None))
    begun = mirror.place.git(mirror.place.remote, "rev-parse", "main").strip()
    all_at_once(mirror, "first")

    assert_exact(mirror, source)
    page = mirror.place.show(mirror.place.remote, "metadata/README.md")
    assert page
    mirror.place.git(mirror.place.remote, "merge-base", "--is-ancestor", begun, "main")
    source.add("p/image3", image("another"), "v2")
    said = all_at_once(mirror, "second")

    assert_exact(mirror, source)
    assert sum("nothing to record" in each for each in said) == SHARDS - 1


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_all_that_eight_runs_push_lands_in_each_of_ten_nights(mirror: Mirror, source: Simulator) -> None:
    for night in range(10):
        for name in list(source.repositories):
            source.add(name, image(f"{name} of night {night}"), f"v{night}", "latest")
        all_at_once(mirror, f"night{night}-")
        assert_exact(mirror, source)


@pytest.mark.parametrize("source", ["google", "catalogue"], indirect=True)
def test_a_run_looks_at_its_own_part_and_knows_the_names_of_all(mirror: Mirror, source: Simulator, address: str) -> None:
    reports = [mirror.report("compare", "--shard", f"{number}/{SHARDS}")["namespaces"][0] for number in range(1, SHARDS + 1)]
    seen = [image["repository"] for report in reports for image in report["images"]]
    assert len(seen) == 2 * len(source.repositories)
    assert len(set(seen)) == len(source.repositories)

    mirror.configure(f"{address}/p", "mirror.test/somebody", 'name = "the-same"\n')
    for number in (1, 2):
        ended = mirror.run("compare", "--shard", f"{number}/{SHARDS}", code=2)
        assert "the-same" in ended.stderr
