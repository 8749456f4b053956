"""Runs that are told to end while something hangs: what they leave behind, and the run that comes after them."""

import json
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import httpx
import pytest

from gcrsync.oci import media_types
from tests.support.build import image
from tests.support.faults import Change, Fault, elsewhere, silent, stalled, status
from tests.support.gate import Gate
from tests.support.mirrors import Mirror
from tests.support.relay import Relay
from tests.support.serving import served
from tests.support.simulator import Simulator

_DEADLINE = 4
"""Seconds in which a run has begun to copy, also on a machine that has other things to do."""

_LONGEST = 6.0
"""The seconds from a signal to the end: a runner of a CI kills after ten."""

_AT_ONCE = 1.0
"""The seconds from a second signal to the end."""

_SETTLES = 0.5
"""The seconds for which a run has to have come no further before it counts as stalled."""

_LARGE = 12_000_000
"""More bytes than the buffers of a socket hold."""

_ASKED_FOR = 1_200_000
"""Enough bytes for a question whether they are there already."""

IsStalled = Callable[[], bool]


@dataclass(slots=True)
class Night:
    """A source with two repositories, ``fine`` and ``late``, a real registry behind a relay, and a metadata repository."""

    mirror: Mirror
    source: Simulator
    relay: Relay
    namespace: str
    """Where the mirrors are in the real registry."""
    release: Event = field(default_factory=Event)
    open: ExitStack = field(default_factory=ExitStack)

    @property
    def marker(self) -> Path:
        """What a script that hangs writes its process id into."""
        return self.mirror.place.folder / "hangs"

    def hanging(self) -> str:
        """Give a script for a shell that says that it has begun, and hangs with a child that does."""
        return f"sleep 100 & echo $! >'{self.marker}'; wait"

    def strike(self, method: str, path: str, answer: Change, *, relay: bool = False) -> Fault:
        """Have every request of this kind struck until the night is healed."""
        fault = Fault(method, path, answer, times=None)
        (self.relay if relay else self.source).faults.append(fault)
        return fault

    def heal(self) -> None:
        """End whatever hangs, and let everything be as it should."""
        self.release.set()
        self.open.close()
        self.source.faults.clear()
        self.relay.faults.clear()
        self.marker.unlink(missing_ok=True)
        for hook in (self.mirror.root / ".git" / "hooks").glob("pre-*[!e]"):
            hook.unlink()

    def mirrored(self) -> dict[str, dict[str, str]]:
        """Give the tags that the real registry has, and their digests, by repository of the source."""
        found = {name: self._tags(name) for name in self.source.repositories}
        return {name: tags for name, tags in found.items() if tags}

    def recorded(self, folder: Path) -> dict[str, dict[str, str]]:
        """Give the tags on record in a repository, and their digests, by repository of the source."""
        place = self.mirror.place
        paths = place.git(folder, "ls-tree", "-r", "--name-only", "main").splitlines()
        documents = [json.loads(place.show(folder, path)) for path in paths if path.endswith(".json")]
        return {document["repository"].partition("/")[2]: document["tags"] for document in documents}

    def _tags(self, name: str) -> dict[str, str]:
        url = f"http://{self.relay.address}/v2/{self.namespace}/{name}/manifests"
        accepted, tags = {"Accept": media_types.ACCEPT}, self.source.repositories[name].tags
        asked = {tag: httpx.head(f"{url}/{tag}", headers=accepted) for tag in tags}
        return {tag: answer.headers["Docker-Content-Digest"] for tag, answer in asked.items() if answer.is_success}


@pytest.fixture
def night(tmp_path: Path, docker_registry: str) -> Iterator[Night]:
    """Give a night in which nothing is mirrored yet and nothing is wrong."""
    source, relay, namespace = Simulator(google=True), Relay(docker_registry), f"stop{secrets.token_hex(4)}"
    source.add("p/fine", image("fine"), "v1", "latest")
    source.add("p/late", image("late", layers=1, size=_LARGE), "v1")
    with closing(relay), served(source) as from_address, served(relay) as to_address:
        found = Night(Mirror(tmp_path), source, relay, namespace)
        found.mirror.configure(f"{from_address}/p", f"{to_address}/{namespace}")
        yield found
        found.heal()


def a_source_stalls_in_a_blob(night: Night) -> IsStalled:
    fault = night.strike("GET", "/late/blobs/", stalled(night.release))
    return lambda: fault.struck


def a_destination_stalls_in_an_upload(night: Night) -> IsStalled:
    faults = [night.strike(method, r"/late/blobs/uploads/.", silent(night.release), relay=True) for method in ("PATCH", "PUT")]
    return lambda: any(fault.struck for fault in faults)


def a_token_server_stalls(night: Night) -> IsStalled:
    night.relay.gate = Gate("bearer")
    fault = night.strike("GET", "/token.*late", silent(night.release), relay=True)
    return lambda: fault.struck


def a_connect_hangs(night: Night) -> IsStalled:
    fault = night.strike("GET", "/late/blobs/", elsewhere(night.open.enter_context(deaf())))
    return lambda: fault.struck


def a_pause_goes_on(night: Night) -> IsStalled:
    fault = night.strike("GET", "/late/blobs/", status(503, headers={"Retry-After": "60"}))
    return lambda: fault.struck


def a_push_over_http_stalls(night: Night) -> IsStalled:
    return configured(night, "remote.origin.pushurl", night.open.enter_context(mute()))


def a_push_over_a_command_stalls(night: Night) -> IsStalled:
    script = night.mirror.place.folder / "transport"
    script.write_text(f"#!/bin/sh\n{night.hanging()}\n")
    script.chmod(0o755)
    night.mirror.environment["GIT_ALLOW_PROTOCOL"] = "ext:file"
    configured(night, "remote.origin.pushurl", (f"ext::{script}", never))
    return night.marker.exists


def a_push_over_ssh_stalls(night: Night) -> IsStalled:
    night.mirror.environment["GIT_SSH_COMMAND"] = f"{night.hanging()} #"
    configured(night, "remote.origin.pushurl", ("ssh://host.test/mirror.git", never))
    return night.marker.exists


def a_fetch_stalls(night: Night) -> IsStalled:
    return configured(night, "remote.origin.url", night.open.enter_context(mute()))


def a_push_hook_hangs(night: Night) -> IsStalled:
    night.mirror.place.hook(night.mirror.root, "pre-push", night.hanging())
    return night.marker.exists


def a_commit_hook_hangs(night: Night) -> IsStalled:
    night.mirror.place.hook(night.mirror.root, "pre-commit", night.hanging())
    return night.marker.exists


AT_A_REGISTRY = (
    a_source_stalls_in_a_blob,
    a_destination_stalls_in_an_upload,
    a_token_server_stalls,
    a_connect_hangs,
    a_pause_goes_on,
)
IN_A_PUSH = (a_push_over_http_stalls, a_push_over_a_command_stalls, a_push_over_ssh_stalls, a_push_hook_hangs)


@pytest.mark.parametrize("stalls", AT_A_REGISTRY)
def test_a_signal_ends_a_run_in_time_while(stalls: Callable[[Night], IsStalled], night: Night) -> None:
    with begun(night, stalls(night), lambda: "p/fine" in night.mirrored()) as process:
        _, words = ended(process, signal.SIGTERM, 130)
    assert "stopped with 1 tag left" in words
    assert night.mirrored() == {"p/fine": night.source.repositories["p/fine"].tags}
    assert night.recorded(night.mirror.place.remote) == night.mirrored()
    assert_in_order(night)

    assert_goes_on(night)


def test_a_signal_ends_a_run_in_time_while_a_host_is_asked_nothing(night: Night) -> None:
    paused = night.strike("GET", "/late/blobs/", status(429, "TOOMANYREQUESTS", headers={"Retry-After": "60"}))
    with begun(night, lambda: paused.struck) as process:
        ended(process, signal.SIGTERM, 130)
    assert night.recorded(night.mirror.place.remote) == night.mirrored()
    assert_in_order(night)

    assert_goes_on(night)


@pytest.mark.parametrize("stalls", IN_A_PUSH)
def test_a_signal_leaves_the_record_to_the_next_push_while(stalls: Callable[[Night], IsStalled], night: Night) -> None:
    with begun(night, stalls(night)) as process:
        _, words = ended(process, signal.SIGINT, 130)
    assert "the next one pushes it" in words
    assert len(night.mirrored()) == 2
    assert night.recorded(night.mirror.root) == night.mirrored()
    assert night.recorded(night.mirror.place.remote) == {}
    assert_in_order(night)

    assert_goes_on(night)
    assert night.relay.requests("PUT", "/manifests/") == []


@pytest.mark.parametrize("stalls", [a_fetch_stalls, a_commit_hook_hangs])
def test_a_signal_leaves_everything_to_the_next_run_while(stalls: Callable[[Night], IsStalled], night: Night) -> None:
    before = night.mirror.log
    with begun(night, stalls(night)) as process:
        ended(process, signal.SIGTERM, 130)
    assert night.mirror.log == before
    assert night.recorded(night.mirror.root) == {}
    assert_in_order(night)

    assert_goes_on(night)


@pytest.mark.parametrize("stalls", [a_push_over_http_stalls, a_push_hook_hangs, a_commit_hook_hangs])
def test_a_second_signal_ends_a_run_at_once_while(stalls: Callable[[Night], IsStalled], night: Night) -> None:
    with begun(night, stalls(night)) as process:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert process.poll() is None, "the first signal has ended it"
        children = descendants(process.pid)
        ended(process, signal.SIGTERM, 130, within=_AT_ONCE)
    assert children
    assert [child for child in children if alive(child)] == []

    assert_goes_on(night)


@pytest.mark.parametrize(("arguments", "code"), [((), 130), (("--deadline", f"{_DEADLINE}s"), 3)])
def test_a_list_that_failed_counts_more_than_a_deadline_and_less_than_a_signal(
    arguments: tuple[str, ...], code: int, night: Night
) -> None:
    night.source.add("p/denied", image("denied"), "v1")
    denied = night.strike("GET", "/denied/tags/list", status(403, "DENIED"))
    with begun(night, a_source_stalls_in_a_blob(night), arguments=arguments) as process:
        if code == 130:
            process.send_signal(signal.SIGTERM)
        _, words = process.communicate(timeout=_LONGEST + _DEADLINE)
    assert denied.struck
    assert "not listed" in words
    assert process.returncode == code


def test_a_deadline_ends_a_run_whose_source_stalls(night: Night) -> None:
    start, is_stalled = time.monotonic(), a_source_stalls_in_a_blob(night)
    ran = night.mirror.run("sync", "--deadline", f"{_DEADLINE}s", code=4)
    assert time.monotonic() - start < _DEADLINE + _LONGEST
    assert is_stalled()
    assert "stopped by --deadline with 1 tag left" in ran.stderr
    assert night.recorded(night.mirror.place.remote) == night.mirrored() == {"p/fine": night.source.repositories["p/fine"].tags}
    assert_in_order(night)

    assert_goes_on(night)


def test_a_deadline_in_a_list_retires_nothing_and_records_nothing(night: Night) -> None:
    night.mirror.run("sync")
    before, mirrored = night.mirror.log, night.mirrored()
    assert len(mirrored) == 2
    night.source.add("p/fine", image("newer"), "v2")
    del night.source.repositories["p/fine"].tags["latest"]
    fault = night.strike("GET", "/late/tags/list", silent(night.release))
    ran = night.mirror.run("sync", "--deadline", "2s", code=4)
    assert fault.struck
    assert "stopped by --deadline before it was done" in ran.stderr
    assert night.mirror.log == before
    assert night.recorded(night.mirror.root) == mirrored
    assert_in_order(night)

    assert_goes_on(night)


def test_no_more_bytes_are_sent_than_may_be_and_no_layer_twice(night: Night) -> None:
    del night.source.repositories["p/late"]
    for number in range(6):
        night.source.add(f"p/more{number}", image(f"more {number}", layers=1, size=_ASKED_FOR), "v1")
    ran = night.mirror.run("sync", "--max-bytes", "4MB", code=4)
    first = sent(night)
    assert _ASKED_FOR * 2 < sum(first) <= 4_000_000
    assert "stopped by --max-bytes with" in ran.stderr
    mirrored = night.mirrored()
    assert 0 < len(mirrored) < 7
    assert night.recorded(night.mirror.place.remote) == mirrored
    assert_in_order(night)

    assert_goes_on(night)
    assert len([size for size in (*first, *sent(night)) if size == _ASKED_FOR]) == 6


@contextmanager
def begun(
    night: Night, is_stalled: IsStalled, is_ready: IsStalled = lambda: True, arguments: tuple[str, ...] = ()
) -> Iterator["subprocess.Popen[str]"]:
    """Begin a run, and give it once it has stalled."""
    command, mirror = [sys.executable, "-m", "gcrsync", "sync", *arguments], night.mirror
    out, err = subprocess.PIPE, subprocess.PIPE
    with subprocess.Popen(command, cwd=mirror.root, env=mirror.environment, text=True, stdout=out, stderr=err) as process:
        try:
            limit = time.monotonic() + 30
            while not (is_stalled() and is_ready()):
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < limit, "nothing has stalled"
                time.sleep(0.05)
            arrived = -1
            while arrived < (now := len(night.source.log) + len(night.relay.log)):
                assert time.monotonic() < limit, "it goes on"
                arrived = now
                time.sleep(_SETTLES)
            assert process.poll() is None, process.communicate()
            yield process
        finally:
            process.kill()


def ended(process: "subprocess.Popen[str]", number: int, code: int, within: float = _LONGEST) -> tuple[str, str]:
    """Send a signal, and give the output and the words of a process that ends in time."""
    start = time.monotonic()
    process.send_signal(number)
    output, words = process.communicate(timeout=within + 10)
    seconds = time.monotonic() - start
    assert "Traceback" not in words
    assert process.returncode == code, words
    assert seconds < within, words
    return output, words


def assert_in_order(night: Night) -> None:
    """See that both repositories are sound, and that nothing lies about in ours."""
    place = night.mirror.place
    for folder in (night.mirror.root, place.remote):
        assert "error" not in place.git(folder, "fsck", "--no-progress")
    assert place.git(night.mirror.root, "status", "--porcelain") == ""


def assert_goes_on(night: Night) -> None:
    """Heal everything, and see that the next run does all that is left."""
    place = night.mirror.place
    night.heal()
    place.git(night.mirror.root, "config", "remote.origin.url", f"file://{place.remote}")
    place.git(night.mirror.root, "config", "remote.origin.pushurl", f"file://{place.remote}")
    night.relay.log.clear()
    night.mirror.run("sync")
    tags = {name: repository.tags for name, repository in night.source.repositories.items()}
    assert night.recorded(place.remote) == night.mirrored() == tags
    assert place.git(night.mirror.root, "rev-parse", "main") == place.git(place.remote, "rev-parse", "main")
    assert len(place.git(night.mirror.root, "worktree", "list").splitlines()) == 1
    assert_in_order(night)


def configured(night: Night, key: str, remote: tuple[str, IsStalled]) -> IsStalled:
    """Have git use another remote; give what says whether it has got there."""
    url, is_stalled = remote
    night.mirror.place.git(night.mirror.root, "config", key, url)
    return is_stalled


def never() -> bool:
    """Be another's to say."""
    return False


def sent(night: Night) -> list[int]:
    """Give the bytes of each request that sent a blob to the destination."""
    uploads = [each for method in ("PATCH", "PUT") for each in night.relay.requests(method, "/blobs/uploads/")]
    return [int(each.headers["Content-Length"]) for each in uploads]


@contextmanager
def deaf() -> Iterator[str]:
    """Give the address of a listener that never accepts and whose backlog is full: to connect to it takes for ever."""
    with socket.socket() as listener, ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - the only way to call it
            waiting.connect_ex(listener.getsockname())
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def mute() -> Iterator[tuple[str, IsStalled]]:
    """Give the URL of a server that takes requests and never answers, and what says whether it has got one."""
    with socket.socket() as listener, ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0)
        accepted: list[socket.socket] = []

        def has_one() -> bool:
            try:
                accepted.append(stack.enter_context(listener.accept()[0]))
            except BlockingIOError:
                return bool(accepted)
            return True

        yield f"http://127.0.0.1:{listener.getsockname()[1]}/mirror.git", has_one


def descendants(process: int) -> list[int]:
    """Give the ids of all that a process has started, directly or not."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in table.splitlines())}
    found = [process]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def alive(process: int) -> bool:
    """Say whether a process runs, a moment after it was told to end."""
    stat = Path(f"/proc/{process}/stat")
    for _ in range(20):
        try:
            if stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return False
        except (FileNotFoundError, ProcessLookupError):
            return False
        time.sleep(0.02)
    return True
