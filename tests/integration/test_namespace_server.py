import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from benchmarks.namespaces.answers import GoogleRegistry, Kind
from benchmarks.namespaces.content import StoredNamespace
from benchmarks.namespaces.generate import generate
from benchmarks.namespaces.recorded import write_namespace
from benchmarks.namespaces.server import RegistryServer
from benchmarks.process import ROOT
from gcrsync.oci.media_types import ACCEPT

NAMESPACE = generate(1, "served", 4, 60)


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    with RegistryServer(GoogleRegistry(NAMESPACE)) as serving:
        yield serving


@pytest.fixture
def client(server: RegistryServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{server.address}/v2/", headers={"Accept": ACCEPT}) as connected:
        yield connected


def test_everything_in_a_namespace_is_served_and_counted(server: RegistryServer, client: httpx.Client) -> None:
    repository = NAMESPACE.repositories[0]
    assert client.get(f"{repository.path}/tags/list?n=10000").json()["tags"] == list(repository.tags)
    for tag, digest in repository.tags.items():
        answer = client.get(f"{repository.path}/manifests/{tag}")
        assert answer.content == repository.manifests[digest].raw
        assert answer.headers["Content-Type"] == repository.manifests[digest].media_type
    for digest, blob in repository.blobs.items():
        assert client.get(f"{repository.path}/blobs/{digest}").content == blob.content()
    assert server.counts() == {Kind.LIST: 1, Kind.MANIFEST: len(repository.tags), Kind.BLOB: len(repository.blobs)}
    assert sum(request.sent for request in server.requests if request.kind is Kind.BLOB) == sum(
        blob.size for blob in repository.blobs.values()
    )


def test_a_head_has_the_headers_and_no_body(client: httpx.Client) -> None:
    repository = NAMESPACE.repositories[0]
    digest = next(iter(repository.tags.values()))
    answer = client.head(f"{repository.path}/manifests/{digest}")
    assert answer.headers["Docker-Content-Digest"] == digest
    assert int(answer.headers["Content-Length"]) == len(repository.manifests[digest].raw)
    assert answer.content == b""


def test_accept_may_come_in_several_lines(client: httpx.Client) -> None:
    repository = NAMESPACE.repositories[0]
    tag, digest = next(iter(repository.tags.items()))
    lines = [("Accept", repository.manifests[digest].media_type), ("Accept", "application/other")]
    assert client.get(f"{repository.path}/manifests/{tag}", headers=lines).status_code == 200


def test_a_running_server_can_show_the_next_day(server: RegistryServer, client: httpx.Client) -> None:
    assert client.get("tags/list").json()["child"] == ["served"]
    server.show(GoogleRegistry(StoredNamespace("tomorrow", generate(2, "tomorrow", 1, 1).repositories)))
    assert client.get("tags/list").json()["child"] == ["tomorrow"]
    assert len(server.requests) == 1


def test_a_client_that_tries_tls_is_sent_away_at_once(server: RegistryServer) -> None:
    host, _, port = server.address.partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"\x16\x03\x01")
        assert connection.recv(1) == b""


def test_a_server_ends_while_clients_are_connected() -> None:
    with httpx.Client() as client:
        with RegistryServer(GoogleRegistry(NAMESPACE)) as server:
            assert client.get(f"http://{server.address}/v2/").status_code == 200
        with pytest.raises(httpx.TransportError):
            client.get(f"http://{server.address}/v2/")


@pytest.mark.parametrize(("options", "path"), [((), "commanded/tags/list"), (("--plain",), "_catalog")])
def test_the_replay_command_prints_its_namespace_and_at_its_end_the_counts(
    tmp_path: Path, options: tuple[str, ...], path: str
) -> None:
    file = tmp_path / "namespace.jsonl.xz"
    write_namespace(file, generate(1, "commanded", 2, 10))
    command = (sys.executable, "-m", "benchmarks.replay", str(file), *options)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        host, _, namespace = process.stdout.readline().strip().partition("/")
        assert namespace == "commanded"
        answer = httpx.get(f"http://{host}/v2/{path}")
        assert answer.status_code == 200
        process.send_signal(signal.SIGTERM)
        assert json.loads(process.stdout.read()) == {"list": 1, "manifest": 0, "blob": 0, "other": 0, "bytes": len(answer.content)}
    assert process.returncode == 0


def test_the_generate_command_writes_the_same_file_in_every_process(tmp_path: Path) -> None:
    files = [tmp_path / f"{seed}.jsonl.xz" for seed in ("1", "2")]
    for file in files:
        command = (sys.executable, "-m", "benchmarks.generate", str(file), "--tags", "60", "--nights", "1")
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": file.name[0]}, check=True, capture_output=True)
    assert files[0].read_bytes() == files[1].read_bytes()
