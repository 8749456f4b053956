"""Runs whose images are copied by the workers of a Dask cluster: real processes, one of which is killed."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import httpx
import pytest

from tests.support.build import image
from tests.support.clusters import Cluster, cluster
from tests.support.faults import Answer, Fault, stalled
from tests.support.gate import Gate
from tests.support.nights import SECRET, Night, night
from tests.support.repositories import environment
from tests.support.tunnels import make_authority

_ACCOUNT = ("somebody", SECRET)
_LARGE = 12_000_000
"""More bytes than the buffers of a socket hold."""

_PART = 1_200_000
"""Enough bytes for a question whether they are there already."""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Give a cluster of two workers, which know the account of the destination."""
    folder = tmp_path_factory.mktemp("cluster")
    known = {"GCRSYNC_USERNAME": _ACCOUNT[0], "GCRSYNC_PASSWORD": _ACCOUNT[1]}
    with cluster(folder / "dask", {**environment(folder / "home"), **known}) as found:
        found.start("one", "two")
        found.joined("one", "two")
        yield found


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Night]:
    with night(tmp_path) as given:
        given.target.gate = Gate("bearer", _ACCOUNT)
        yield given


def fill(night: Night, *names: str) -> None:
    """Have the source give two images in each repository."""
    for name in names:
        for tag in ("v1", "v2"):
            night.source.add(f"acme/{name}", image(f"{name} {tag}"), tag)


def hold(night: Night, path: str, release: Event) -> list[int]:
    """Have the next request for such a path at the source stall, and give the port that it comes from, once it has come."""
    ports: list[int] = []

    def strike(request: httpx.Request, answer: Answer) -> httpx.Response:
        ports.append(request.extensions["connection"][1])
        return stalled(release)(request, answer)

    night.source.faults.append(Fault("GET", path, strike))
    return ports


@contextmanager
def started(night: Night, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """Begin a run that goes on by itself."""
    command, mirror = [sys.executable, "-m", "gcrsync", "sync", night.namespace, "--to", night.destination, *options], night.mirror
    out, err = subprocess.PIPE, subprocess.PIPE
    with subprocess.Popen(command, cwd=mirror.root, env=mirror.environment, text=True, stdout=out, stderr=err) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(reached: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    limit = time.monotonic() + 30
    while not reached():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit, "it was never reached"
        time.sleep(0.05)


def uploads(night: Night, path: str) -> list[str]:
    """Give the digests of the blobs that were sent to a repository, once for each time."""
    return [logged.query["digest"] for logged in night.target.requests("PUT", f"/{path}/blobs/uploads/")]


def recorded(night: Night) -> dict[str, dict[str, str]]:
    """Give the tags on record, by the path of the repository."""
    return {name.removeprefix(f"{night.namespace}/"): document["tags"] for name, document in night.mirror.documents().items()}


def everything(night: Night) -> dict[str, dict[str, str]]:
    """Give the tags that the source has, in the same way."""
    return {name.removeprefix("acme/"): stored.tags for name, stored in night.source.repositories.items()}


def check_whole(night: Night) -> None:
    """Check that all that the source has is on record, and all that is on record at the destination."""
    night.target.gate = Gate()
    assert recorded(night) == everything(night)
    assert night.unserved() == []


def test_workers_copy_with_credentials_of_their_own_and_the_run_records(two: Cluster, begun: Night) -> None:
    fill(begun, "a", "b", "c", "d/e")
    ended = begun.sync("--executor", two.executor)

    check_whole(begun)
    assert "copying 8 images" in ended.stderr
    before = len(begun.target.log)
    assert "nothing to record" in begun.sync("--executor", two.executor).stderr
    assert len(begun.target.log) == before


def test_a_worker_that_is_killed_costs_only_what_it_had_in_flight(two: Cluster, begun: Night) -> None:
    fill(begun, "a", "b", "late", "c", "d")
    begun.source.add("acme/late", image("late v3", layers=1, size=_LARGE), "v3")
    (large,) = (blob for blob, content in begun.source.repositories["acme/late"].blobs.items() if len(content) == _LARGE)
    release = Event()
    ports = hold(begun, f"/late/blobs/{large}", release)
    two.start("three")
    two.joined("three")
    try:
        with started(begun, "--executor", two.executor) as process:
            others = {name: tags for name, tags in everything(begun).items() if name != "late"}
            small = begun.source.repositories["acme/late"].tags.keys() - {"v3"}
            wait_until(lambda: bool(ports) and all(begun.serves(name) == tags for name, tags in others.items()), process)
            wait_until(lambda: begun.serves("late").keys() == small, process)
            worker = two.worker_at(ports[0])
            assert worker is not None
            two.end(worker)
            _, words = process.communicate(timeout=60)
    finally:
        release.set()
    assert process.returncode == 0, words
    check_whole(begun)
    for name in everything(begun):
        sent = [digest for digest in uploads(begun, name) if digest != large]
        assert len(sent) == len(set(sent)) > 0
    assert uploads(begun, "late").count(large) >= 1


def test_a_run_that_is_to_end_ends_at_the_workers_too_and_what_is_confirmed_is_recorded(two: Cluster, begun: Night) -> None:
    fill(begun, "a", "late")
    begun.source.add("acme/late", image("late v3", layers=1, size=_LARGE), "v3")
    release = Event()
    (large,) = (blob for blob, content in begun.source.repositories["acme/late"].blobs.items() if len(content) == _LARGE)
    ports = hold(begun, f"/late/blobs/{large}", release)
    try:
        with started(begun, "--executor", two.executor) as process:
            wait_until(lambda: bool(ports) and len(begun.serves("a")) == len(begun.serves("late")) == 2, process)
            begin = time.monotonic()
            process.send_signal(signal.SIGTERM)
            _, words = process.communicate(timeout=30)
        assert time.monotonic() - begin < 6
        assert process.returncode == 130, words
        assert "with 1 tag left" in words
        assert recorded(begun) == {"a": begun.serves("a"), "late": begun.serves("late")}
        check_dropped(two, ports[0])

        begun.sync("--executor", two.executor)
        assert recorded(begun) == everything(begun)
    finally:
        release.set()


def check_dropped(cluster: Cluster, port: int) -> None:
    """Check that no worker goes on with a request."""
    limit = time.monotonic() + 5
    while cluster.worker_at(port) is not None:
        assert time.monotonic() < limit, "a worker goes on"
        time.sleep(0.05)


def test_workers_together_send_no_more_bytes_than_may_be(two: Cluster, begun: Night) -> None:
    for number in range(6):
        begun.source.add(f"acme/more{number}", image(f"more {number}", layers=1, size=_PART), "v1")
    ended = begun.sync("--executor", two.executor, "--max-bytes", "4MB", code=4)

    sent = sum(len(uploads(begun, name)) > 1 for name in everything(begun)) * _PART
    assert 0 < sent <= 4_000_000
    assert "stopped by --max-bytes with" in ended.stderr
    assert recorded(begun) == {name: tags for name, tags in ((name, begun.serves(name)) for name in everything(begun)) if tags}

    begun.sync("--executor", two.executor)
    assert recorded(begun) == everything(begun)


@pytest.mark.parametrize("what", ["workers", "scheduler"])
def test_a_run_whose_cluster_is_lost_records_what_is_confirmed_and_ends(what: str, begun: Night, tmp_path: Path) -> None:
    begun.target.gate = Gate()
    fill(begun, "a")
    begun.source.add("acme/late", image("late"), "v1")
    release = Event()
    with cluster(tmp_path / "dask", begun.mirror.environment) as lost:
        lost.start("one")
        lost.joined("one")
        begun.sync("--executor", lost.executor, "--include", "a")
        fill(begun, "b")
        ports = hold(begun, "/late/blobs/", release)
        with started(begun, "--executor", lost.executor) as process:
            wait_until(lambda: bool(ports) and len(begun.serves("b")) == 2, process)
            if what == "workers":
                lost.end("one")
            else:
                lost.scheduler.kill()
            _, words = process.communicate(timeout=60)
    release.set()
    assert process.returncode == 1, words
    assert "the workers that it was given to are lost" in words
    assert "Traceback" not in words
    assert recorded(begun) == {name: begun.serves(name) for name in ("a", "b")}


OTHERS = {
    "another": ({"gcrsync-0.0.9.dist-info/METADATA": "Name: gcrsync\nVersion: 0.0.9\n"}, "has gcrsync 0.0.9 on Python 3."),
    "none": ({"gcrsync/__init__.py": ""}, "has no gcrsync that can be used ("),
}


@pytest.mark.parametrize("which", OTHERS)
def test_a_worker_with_another_gcrsync_or_none_ends_the_run_before_it_begins(
    which: str, two: Cluster, begun: Night, tmp_path: Path
) -> None:
    files, words = OTHERS[which]
    for name, text in files.items():
        (tmp_path / "before" / name).parent.mkdir(parents=True)
        (tmp_path / "before" / name).write_text(text, "utf-8")
    two.start(which, environment={"PYTHONPATH": str(tmp_path / "before")})
    check_refused(two, begun, which, words)


def test_a_worker_that_would_be_reached_without_tls_ends_the_run_before_it_begins(two: Cluster, begun: Night) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent: this only chooses an address of this machine
        except OSError:
            pytest.skip("this machine has no address but loopback")
        address = probe.getsockname()[0]
    two.start("remote", options=("--host", address))
    check_refused(two, begun, "remote", f"worker tcp://{address}:")


def check_refused(cluster: Cluster, night: Night, worker: str, words: str) -> None:
    """Check that a run ends for such words because of a worker, which is ended."""
    cluster.joined(worker)
    fill(night, "a")
    try:
        ended = night.sync("--executor", cluster.executor, code=2)
    finally:
        cluster.end(worker)
    assert words in ended.stderr
    assert night.source.log == night.target.log == []


def test_a_cluster_is_spoken_to_with_tls_where_dask_has_certificates(begun: Night, tmp_path: Path) -> None:
    make_authority(tmp_path, "127.0.0.1")
    files = {"CERT": str(tmp_path / "host.pem"), "KEY": str(tmp_path / "host.key")}
    named = {f"{who}__{what}": file for who in ("CLIENT", "SCHEDULER", "WORKER") for what, file in files.items()}
    tls = {f"DASK_DISTRIBUTED__COMM__TLS__{name}": file for name, file in {**named, "CA_FILE": str(tmp_path / "ca.pem")}.items()}
    fill(begun, "a")
    begun.target.gate = Gate()
    with cluster(tmp_path / "dask", {**begun.mirror.environment, **tls}, "--protocol", "tls") as found:
        assert found.address.startswith("tls://")
        found.start("one")
        found.joined("one")
        begun.sync("--executor", found.executor, environment=tls)
    check_whole(begun)


REFUSED = {
    "a folder": (
        ("dask://127.0.0.1:1", "--to", "oci:../images"),
        "a folder of this machine, which the workers of dask://127.0.0.1:1 do not see",
    ),
    "another host without certificates": (("dask://scheduler.test:8786",), "dask://scheduler.test:8786 would not be encrypted"),
    "plain TCP": (("tcp://127.0.0.1:8786",), "'tcp://127.0.0.1:8786' is no executor"),
    "a port that there is not": (("dask://127.0.0.1:65536",), "'dask://127.0.0.1:65536' is no executor"),
    "nobody there": (("dask://127.0.0.1:1",), "no Dask scheduler answers at tcp://127.0.0.1:1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_executor_that_cannot_be_used_ends_the_run_before_it_begins(case: str, begun: Night) -> None:
    options, words = REFUSED[case]
    fill(begun, "a")
    ended = begun.sync("--executor", *options, code=2)

    assert words in ended.stderr
    assert begun.source.log == begun.target.log == []


def test_without_the_extra_a_run_says_how_to_install_it(begun: Night) -> None:
    script = "import sys; sys.modules |= {'dask': None, 'distributed': None}; from gcrsync.cli.app import main; main()"
    fill(begun, "a")
    begun.target.gate = Gate()

    def sync(*options: str) -> "subprocess.CompletedProcess[str]":
        command, mirror = [sys.executable, "-c", script, "sync", begun.namespace, "--to", begun.destination, *options], begun.mirror
        return subprocess.run(command, cwd=mirror.root, env=mirror.environment, capture_output=True, text=True, check=False)

    ended = sync("--executor", "dask://127.0.0.1:1")
    assert ended.returncode == 2
    assert "pip install '.[dask]' in a clone" in ended.stderr
    assert sync().returncode == 0
