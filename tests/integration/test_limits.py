"""Sources that give only so much: what a run makes of it, and what it leaves for the next."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import httpx
import pytest

from gcrsync.registry.session import Call
from tests.support import faults
from tests.support.build import image
from tests.support.faults import Fault
from tests.support.nights import night
from tests.support.serving import served
from tests.support.sessions import session_to
from tests.support.simulator import Simulator

USED_UP = faults.refusal(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.")


def test_a_pull_limit_stops_that_source_alone_and_the_next_run_goes_on_from_there(tmp_path: Path) -> None:
    other = Simulator("other", google=True)
    other.add("more/app", image("other"), "1")
    with night(tmp_path) as begun, served(other) as address:
        for name in "abcdef":
            begun.source.add(f"acme/{name}", image(name), "1")
        limit = Fault("GET", "/manifests/", USED_UP, first=3, times=None)
        begun.source.faults.append(limit)
        ended = begun.run("sync", begun.namespace, f"{address}/more", "--to", begun.destination, "--jobs", "1", "--json", code=4)

        assert limit.struck
        assert len(begun.source.requests("GET", "/manifests/")) == 3
        mirrored = [name for name in "abcdef" if begun.recorded(name)["tags"]]
        assert len(mirrored) == 2
        assert begun.target.repositories["m/more/app"].tags == {"1": str(image("other").digest)}
        assert begun.unserved() == []
        said = f"asking {begun.namespace.removesuffix('/acme')}: all pulls are used up: TOOMANYREQUESTS"
        assert f"warning: {said}" in ended.stderr
        assert "run again in 6 hours, or log in for a higher limit" in ended.stderr
        assert "4 tags left for the next run" in ended.stderr
        report = json.loads(ended.stdout)
        assert len(report["limits"]) == 1
        assert [namespace["failed"] for namespace in report["namespaces"]] == [0, 0]

        begun.source.faults.clear()
        begun.sync()
        assert [name for name in "abcdef" if begun.recorded(name)["tags"]] == list("abcdef")


@pytest.mark.parametrize("google", [True, False])
@pytest.mark.parametrize(("path", "listed"), [("/acme/b/tags/list", "ac"), ("/acme/tags/list|/_catalog", "")])
def test_what_a_pull_limit_leaves_unlisted_stays_as_it_is_until_a_run_after_that(
    tmp_path: Path,
    path: str,
    listed: str,
    google: bool,  # noqa: FBT001 - pytest gives it by name
) -> None:
    with night(tmp_path, google=google) as begun:
        for name in "abc":
            begun.source.add(f"acme/{name}", image(name), "1", "2")
        begun.sync()
        before = {name: begun.recorded(name) for name in "abc"}
        for name in "abc":
            assert set(before[name]["tags"]) == {"1", "2"}
            begun.source.add(f"acme/{name}", image(f"newer {name}"), "2")
            del begun.source.repositories[f"acme/{name}"].tags["1"]
        limit = Fault("GET", path, USED_UP, times=None)
        begun.source.faults.append(limit)
        compared = begun.run("compare", begun.namespace, "--to", begun.destination, "--strict", code=4)
        ended = begun.sync("--json", code=4)

        assert limit.struck
        assert len(begun.source.requests("GET", "/manifests/")) == 3
        assert [name for name in "abc" if begun.recorded(name) == before[name]] == [name for name in "abc" if name not in listed]
        assert [name for name in "abc" if "1" in begun.recorded(name).get("gone", {})] == list(listed)
        assert begun.unserved() == []
        words = "all pulls are used up: TOOMANYREQUESTS: You have reached your pull rate limit.: run again in 6 hours"
        for said in (compared.stderr, ended.stderr):
            assert "not listed: " in said
            assert said.count("warning: ") == 1
            assert words in said.partition("warning: ")[2]
        assert ("2 tags left for the next run" in ended.stderr) == bool(listed)
        report = json.loads(ended.stdout)
        assert words in report["limits"][0]
        assert {warning["fault"] for namespace in report["namespaces"] for warning in namespace["warnings"]} == {"limited"}

        begun.source.faults.clear()
        begun.sync()
        assert [set(begun.recorded(name)["tags"]) for name in "abc"] == [{"2"}] * 3


def test_a_list_that_failed_counts_more_than_a_pull_limit(tmp_path: Path) -> None:
    with night(tmp_path) as begun:
        for name in "ab":
            begun.source.add(f"acme/{name}", image(name), "1")
        begun.source.faults.append(Fault("GET", "/acme/a/tags/list", USED_UP))
        begun.source.faults.append(Fault("GET", "/acme/b/tags/list", faults.status(403, "DENIED")))
        ended = begun.sync(code=3)

        assert all(fault.struck for fault in begun.source.faults)
        assert "run again in 6 hours" in ended.stderr


def test_a_request_to_wait_is_waited_for_and_is_no_pull_limit(tmp_path: Path) -> None:
    with night(tmp_path) as begun:
        begun.source.add("acme/a", image("a"), "1")
        abuse = Fault("GET", "/manifests/", faults.status(429, headers={"Retry-After": "1", "Content-Type": "text/plain"}))
        begun.source.faults.append(abuse)
        begun.sync()

        assert abuse.struck
        assert begun.recorded("a")["tags"] == {"1": str(image("a").digest)}


class Crowded:
    """Answers, but not where more than two ask at a time."""

    def __init__(self) -> None:
        """Begin with nobody there."""
        self.lock, self.here, self.refused = Lock(), 0, 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Take a moment for an answer."""
        request.read()
        with self.lock:
            self.here += 1
            crowded = self.here > 2
            self.refused += crowded
        time.sleep(0.01)
        with self.lock:
            self.here -= 1
        return httpx.Response(429 if crowded else 200, stream=httpx.ByteStream(b""))


def test_all_threads_slow_down_together_for_a_host_that_cannot_take_them_all() -> None:
    crowded = Crowded()
    with served(crowded) as address, session_to() as session, ThreadPoolExecutor(16) as pool:

        def ask(number: int) -> int:
            with session.open(Call("GET", session.url(address, f"/v2/app/{number}"), address)) as response:
                return response.status_code

        answers = list(pool.map(ask, range(200)))

    assert 0 < crowded.refused < 100
    assert answers.count(200) > 190


class AtFirst:
    """Answers each request with 429 the first time that it comes, and truly from then on."""

    def __init__(self) -> None:
        """Begin with nothing asked for."""
        self.lock, self.seen = Lock(), set[str]()

    def __call__(self, request: httpx.Request, answer: faults.Answer) -> httpx.Response:
        """Look whether this was asked for before."""
        asked = f"{request.method} {request.url.path}"
        with self.lock:
            if asked in self.seen:
                return answer(request)
            self.seen.add(asked)
        return httpx.Response(429, headers={"Retry-After": "0"}, text="slow down")


def test_a_copy_of_which_every_manifest_is_refused_once_for_too_many_requests_ends_with_every_image(tmp_path: Path) -> None:
    names = [f"image{number}" for number in range(30)]
    with night(tmp_path) as begun:
        for name in names:
            begun.source.add(f"acme/{name}", image(name), "1")
        slow = AtFirst()
        begun.source.faults.append(Fault("GET", "/manifests/", slow, times=None))
        begun.sync()

        assert len(slow.seen) == len(names)
        assert {name: begun.recorded(name)["tags"]["1"] for name in names} == {name: str(image(name).digest) for name in names}


@pytest.mark.parametrize("google", [True, False])
def test_signatures_are_not_probed_for_image_by_image_where_googles_list_names_them(
    tmp_path: Path,
    google: bool,  # noqa: FBT001 - pytest gives it by name
) -> None:
    with night(tmp_path, google=google) as begun:
        for number in range(30):
            begun.source.add("acme/app", image(f"app{number}"), str(number))
        begun.sync()

        assert len(begun.recorded("app")["tags"]) == 30
        probes = [logged.path for logged in begun.source.log if "/referrers/" in logged.path or "/sha256-" in logged.path]
        assert (not probes) is google


def test_a_429_while_tags_are_listed_is_waited_for_before_anything_is_copied_and_no_tag_is_lost(tmp_path: Path) -> None:
    with night(tmp_path, google=False) as begun:
        for name in "abc":
            begun.source.add(f"acme/{name}", image(name), "1", "2")
        slow = AtFirst()
        begun.source.faults += [Fault(method, "/tags/list|/_catalog|/manifests/", slow, times=None) for method in ("GET", "HEAD")]
        told = begun.run("compare", begun.namespace, "--to", begun.destination, "--json").stdout
        (found,) = json.loads(told)["namespaces"]

        assert {asked for asked in slow.seen if "/manifests/" in asked} == {
            f"HEAD /v2/acme/{name}/manifests/{tag}" for name in "abc" for tag in "12"
        }
        assert any(asked.endswith("/tags/list") for asked in slow.seen)
        assert (found["complete"], found["added"], found["listedBy"]) == (True, 6, "catalog")
        assert begun.source.requests("GET", "/manifests/") == []
