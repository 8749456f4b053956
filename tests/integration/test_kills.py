"""Runs that are killed, at any moment and at each step, and the one that comes after them."""

import json
import random
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from gcrsync.metadata.document import decode
from gcrsync.oci import media_types
from tests.support.build import image, index
from tests.support.faults import Answer, Change, Fault
from tests.support.mirrors import Mirror
from tests.support.relay import Relay
from tests.support.serving import served
from tests.support.simulator import Simulator

_HOOK = 'kill -9 "$GCRSYNC"'
"""What kills a run from a hook that it has caused."""


@dataclass(frozen=True, slots=True)
class Night:
    """A source, a mirror of it in a real registry behind a relay, and the record."""

    mirror: Mirror
    source: Simulator
    relay: Relay
    published: dict[str, list[str]] = field(default_factory=dict)
    """What the source has had, the oldest first: a repository and a tag, and the digests."""

    def change(self, word: str) -> None:
        """Have the source move tags and get new ones."""
        for name in ("a", "a/b", "c"):
            self.source.add(f"p/{name}", index(image(f"{name} {word}", size=50_000)), word, "latest")
        for name, stored in self.source.repositories.items():
            for tag, digest in stored.tags.items():
                self.published.setdefault(f"{name}:{tag}", []).append(digest)

    def begun(self) -> "subprocess.Popen[bytes]":
        """Begin a run; what it starts finds its process id in ``GCRSYNC``."""
        script = f'GCRSYNC=$$ exec "{sys.executable}" -m gcrsync sync --checkpoint 1s'
        nothing = subprocess.DEVNULL
        return subprocess.Popen(
            ["sh", "-c", script], cwd=self.mirror.root, env=self.mirror.environment, stdout=nothing, stderr=nothing
        )

    def assert_true(self) -> None:
        """See that both repositories are sound, and that the destination has all that is on record.

        A tag may be further than its record, by what a killed run put and could not record any more; never behind it.
        """
        place = self.mirror.place
        for folder in (self.mirror.root, place.remote):
            assert "error" not in place.git(folder, "fsck", "--no-progress")
            paths = place.git(folder, "ls-tree", "-r", "--name-only", "main").splitlines()
            for path in (path for path in paths if path.endswith(".json")):
                text = place.show(folder, path)
                decode(f"{text}\n", path)
                self._assert_served(json.loads(text))

    def assert_whole(self) -> None:
        """See that everything is mirrored, recorded and pushed, and that nothing lies about."""
        self.assert_true()
        place, documents = self.mirror.place, self.mirror.documents()
        for document in documents.values():
            path = str(document["mirror"]).partition("/")[2]
            assert {tag: self._served(path, tag) for tag in document["tags"]} == document["tags"]
        assert {name.partition("/")[2]: document["tags"] for name, document in documents.items()} == {
            name: stored.tags for name, stored in self.source.repositories.items()
        }
        assert place.git(self.mirror.root, "status", "--porcelain") == ""
        assert place.git(self.mirror.root, "rev-parse", "main") == place.git(place.remote, "rev-parse", "main")
        assert len(place.git(self.mirror.root, "worktree", "list").splitlines()) == 1

    def _assert_served(self, document: dict[str, dict[str, str]]) -> None:
        path = str(document["mirror"]).partition("/")[2]
        for tag, digest in document["tags"].items():
            assert self._served(path, digest) == digest, f"{path}@{digest} is recorded and not there"
            published = self.published[f"{str(document['repository']).partition('/')[2]}:{tag}"]
            later = published[published.index(digest) :]
            assert self._served(path, tag) in later, f"{path}:{tag} is behind its record"

    def _served(self, path: str, name: str) -> str:
        url = f"http://{self.relay.address}/v2/{path}/manifests/{name}"
        answer = httpx.head(url, headers={"Accept": media_types.ACCEPT})
        return str(answer.headers.get("Docker-Content-Digest"))


@pytest.fixture
def night(tmp_path: Path, docker_registry: str) -> Iterator[Night]:
    mirror, source, relay = Mirror(tmp_path), Simulator(google=True), Relay(docker_registry)
    with closing(relay), served(source) as from_address, served(relay) as to_address:
        mirror.configure(f"{from_address}/p", f"{to_address}/kills{secrets.token_hex(4)}")
        yield Night(mirror, source, relay)


def killing(process: Callable[[], "subprocess.Popen[bytes]"], *, first: bool) -> Change:
    """Kill a run before a request of it is done, or when it is done and not yet answered."""

    def strike(request: httpx.Request, answer: Answer) -> httpx.Response:
        if first:
            process().kill()
        answered = answer(request)
        process().kill()
        return answered

    return strike


REQUESTS = {
    "the first list": (False, "GET", "/tags/list", 1),
    "the third blob of the source": (False, "GET", "/blobs/", 3),
    "the first upload": (True, "POST", "/blobs/uploads/", 1),
    "the fourth blob": (True, "PUT", "/blobs/uploads/", 4),
    "the first child": (True, "PUT", "/manifests/sha256:", 1),
    "the first tag": (True, "PUT", "/manifests/(?!sha256:)", 1),
    "the last tag": (True, "PUT", "/manifests/(?!sha256:)", 6),
}


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", REQUESTS)
def test_a_run_that_is_killed_at_a_request_leaves_the_truth(night: Night, step: str, *, first: bool) -> None:
    night.change("v1")
    at_destination, method, path, number = REQUESTS[step]
    runs: list[subprocess.Popen[bytes]] = []
    fault = Fault(method, path, killing(lambda: runs[0], first=first), first=number)
    (night.relay if at_destination else night.source).faults.append(fault)
    runs.append(night.begun())
    assert runs[0].wait(60) == -9

    assert fault.struck
    night.assert_true()
    night.mirror.run("sync")
    night.assert_whole()


HOOKS = {
    "pre-commit": _HOOK,
    "post-commit": _HOOK,
    "pre-push": _HOOK,
    "reference-transaction": f'[ "$1" = prepared ] && grep -q refs/heads/main && {_HOOK}; exit 0',
}


@pytest.mark.parametrize("name", HOOKS)
def test_a_run_that_is_killed_by_a_hook_leaves_the_truth_and_no_image_is_sent_again(night: Night, name: str) -> None:
    night.change("v1")
    night.mirror.place.hook(night.mirror.root, name, HOOKS[name])
    assert night.begun().wait(60) == -9

    night.assert_true()
    (night.mirror.root / ".git" / "hooks" / name).unlink()
    night.relay.log.clear()
    night.mirror.run("sync")
    night.assert_whole()
    assert night.relay.requests("PUT", "/blobs/") == []


@pytest.mark.parametrize("name", ["pre-receive", "update", "post-receive"])
def test_a_run_that_is_killed_while_the_remote_takes_its_push_leaves_the_truth(night: Night, name: str) -> None:
    night.change("v1")
    night.mirror.place.hook(night.mirror.place.remote, name, _HOOK)
    assert night.begun().wait(60) == -9

    (night.mirror.place.remote / "hooks" / name).unlink()
    time.sleep(1)  # the remote goes on by itself
    night.assert_true()
    night.mirror.run("sync")
    night.assert_whole()


def test_a_run_after_five_that_were_killed_completes_them(night: Night) -> None:
    after_kills(night, secrets.randbelow(10**9), kills=5)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_run_after_thirty_that_were_killed_completes_them(night: Night) -> None:
    after_kills(night, secrets.randbelow(10**9), kills=30)


def after_kills(night: Night, seed: int, kills: int) -> None:
    """Kill runs at moments that the seed chooses, while the source changes, and check what each and the last one leave."""
    print(f"seed {seed}")  # noqa: T201 - which pytest shows where the test fails
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    for number in range(kills):
        night.change(f"v{number}")
        with night.begun() as process:
            time.sleep(chance.uniform(0.3, 2.0))
            process.kill()
        night.assert_true()
    night.mirror.run("sync")
    night.assert_whole()
