"""Runs that are killed at any moment, and the one that comes after them."""

import random
import secrets
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from gcrsync.oci import media_types
from tests.support.build import image, index
from tests.support.mirrors import Mirror
from tests.support.serving import served
from tests.support.simulator import Simulator


def test_a_run_after_some_that_were_killed_completes_them(tmp_path: Path, docker_registry: str) -> None:
    after_kills(tmp_path, docker_registry, secrets.randbelow(10**9), kills=3)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_run_after_thirty_that_were_killed_completes_them(tmp_path: Path, docker_registry: str) -> None:
    after_kills(tmp_path, docker_registry, secrets.randbelow(10**9), kills=30)


def after_kills(folder: Path, destination: str, seed: int, kills: int) -> None:
    """Kill runs at moments that the seed chooses, while the source changes, and check what the last one leaves."""
    print(f"seed {seed}")  # noqa: T201 - which pytest shows where the test fails
    chance, source, mirror = random.Random(seed), Simulator(google=True), Mirror(folder)  # noqa: S311 - a test's dice
    with served(source) as address:
        mirror.configure(f"{address}/p", f"{destination}/kills{seed}")
        for number in range(kills):
            for name in ("a", "a/b", "c"):
                source.add(f"p/{name}", index(image(f"{name} {number}", size=50_000)), f"v{number}", "latest")
            killed(mirror, chance.uniform(0.3, 2.0))
        mirror.run("sync")
        documents = mirror.documents()

    assert len(documents) == 3
    for name, document in documents.items():
        repository = source.repositories[name.partition("/")[2]]
        assert document["tags"] == repository.tags
        for tag, digest in document["tags"].items():
            path = document["mirror"].partition("/")[2]
            answer = httpx.head(f"http://{destination}/v2/{path}/manifests/{tag}", headers={"Accept": media_types.ACCEPT})
            assert answer.headers.get("Docker-Content-Digest") == digest
    assert mirror.place.git(mirror.root, "status", "--porcelain") == ""
    assert "error" not in mirror.place.git(mirror.root, "fsck", "--no-progress") + mirror.place.git(mirror.place.remote, "fsck")
    assert mirror.place.git(mirror.root, "rev-parse", "main") == mirror.place.git(mirror.place.remote, "rev-parse", "main")


def killed(mirror: Mirror, seconds: float) -> None:
    """Begin a run and kill it after some time, unless it has ended by then."""
    command = [sys.executable, "-m", "gcrsync", "sync"]
    with subprocess.Popen(
        command, cwd=mirror.root, env=mirror.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        time.sleep(seconds)
        process.kill()
