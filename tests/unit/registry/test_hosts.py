"""What one answer of a host means for all that a run asks there."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx
import pytest

from gcrsync.errors import PullLimitError
from gcrsync.registry.hosts import Hosts
from gcrsync.registry.limits import Allowance
from tests.support.clock import SteppedClock

WORDS = b"You have reached your pull rate limit."


def ask(hosts: Hosts, clock: SteppedClock, url: str, method: str = "GET", status: int = 200, **headers: str) -> int:
    """Ask a host, which answers with this status."""
    request = httpx.Request(method, url)
    content = b"" if headers or status == 200 else WORDS
    told = [(name.replace("_", "-"), value) for name, value in headers.items()]

    def sent() -> httpx.Response:
        return httpx.Response(status, headers=told, stream=httpx.ByteStream(content))

    return hosts.at(request.url).send(request, clock.clock, sent).status_code


def test_no_manifest_is_asked_for_once_the_pulls_are_used_up_until_they_come_back() -> None:
    hosts, clock, manifest = Hosts(), SteppedClock(), "https://registry-1.docker.io/v2/library/a/manifests/1"
    with pytest.raises(PullLimitError, match=r"docker\.io: all pulls are used up: You have reached"):
        ask(hosts, clock, manifest, status=429)
    with pytest.raises(PullLimitError):
        ask(hosts, clock, manifest.replace("/a/", "/b/"))

    assert ask(hosts, clock, manifest, "HEAD") == 200
    assert ask(hosts, clock, manifest.replace("manifests/1", "blobs/sha256:0")) == 200
    assert ask(hosts, clock, "https://other.test/v2/a/manifests/1") == 200
    clock.seconds += 6 * 3600
    assert ask(hosts, clock, manifest) == 200


def test_a_pause_is_for_the_whole_host_and_for_no_other() -> None:
    hosts, clock = Hosts(), SteppedClock()
    assert ask(hosts, clock, "https://a.test/v2/x/tags/list", status=429, Retry_After="60") == 429
    assert ask(hosts, clock, "https://b.test/v2/") == 200
    assert clock.slept == []
    assert ask(hosts, clock, "https://a.test/v2/y/tags/list") == 200
    assert 60 < sum(clock.slept) < 61.001


def test_those_who_wait_for_a_host_do_not_come_back_at_once() -> None:
    slept = []
    for _ in range(20):
        hosts, clock = Hosts(), SteppedClock()
        assert ask(hosts, clock, "https://a.test/v2/x/tags/list", status=429, Retry_After="9") == 429
        assert ask(hosts, clock, "https://a.test/v2/y/tags/list") == 200
        slept.append(sum(clock.slept))

    assert len(set(slept)) > 10
    assert 9 < min(slept) < max(slept) < 10.001


class Slow(httpx.Headers):
    """The headers of an answer that is read for as long as something else takes."""

    def __init__(self, pause: str, meanwhile: Callable[[], object]) -> None:
        super().__init__({"retry-after": pause})
        self.meanwhile = meanwhile

    def __getitem__(self, key: str) -> str:
        self.meanwhile()
        return super().__getitem__(key)


def test_a_long_pause_is_not_shortened_by_an_answer_that_is_read_at_the_same_time() -> None:
    hosts, clock, begun, heard = Hosts(), SteppedClock(), Event(), Event()
    request = httpx.Request("GET", "https://a.test/v2/x/tags/list")

    def meanwhile() -> None:
        begun.set()
        assert heard.wait(30)

    def short() -> httpx.Response:
        response = httpx.Response(429, stream=httpx.ByteStream(b""))
        response.headers = Slow("1", meanwhile)
        return response

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(hosts.at(request.url).send, request, clock.clock, short)
        assert begun.wait(30)
        assert ask(hosts, clock, str(request.url), status=429, Retry_After="60") == 429
        heard.set()
        assert first.result().status_code == 429
    assert clock.slept == []
    assert ask(hosts, clock, str(request.url)) == 200
    assert 60 < sum(clock.slept) < 61.001


def test_what_is_left_is_told_whenever_it_has_changed() -> None:
    told: list[tuple[str, Allowance]] = []
    hosts, clock = Hosts(lambda host, rest: told.append((host, rest))), SteppedClock()
    for left in ("21;w=21600", "20;w=21600", "20;w=21600"):
        manifest = "https://registry-1.docker.io/v2/library/a/manifests/1"
        assert ask(hosts, clock, manifest, "HEAD", ratelimit_limit="100;w=21600", ratelimit_remaining=left) == 200

    assert told == [("docker.io", Allowance(left, 100, 21600)) for left in (21, 20)]


def test_each_pause_that_a_host_asks_for_is_told() -> None:
    told: list[tuple[str, float]] = []
    hosts, clock = Hosts(paused=lambda host, seconds: told.append((host, seconds))), SteppedClock()
    for pause in ("60", "30", "90"):
        assert ask(hosts, clock, "https://a.test/v2/x/tags/list", "HEAD", status=429, Retry_After=pause) == 429

    assert [host for host, _ in told] == ["a.test"] * 3
    assert [seconds for _, seconds in told] == [60, 30, 90]
