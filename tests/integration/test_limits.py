"""Sources that give only so much: what a run makes of it, and what it leaves for the next."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import httpx

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
        said = f"reading manifests of {begun.namespace.removesuffix('/acme')}: all pulls are used up: TOOMANYREQUESTS"
        assert f"warning: {said}" in ended.stderr
        assert "run again in 6 hours, or log in for a higher limit" in ended.stderr
        assert "4 tags left for the next run" in ended.stderr
        report = json.loads(ended.stdout)
        assert len(report["limits"]) == 1
        assert [namespace["failed"] for namespace in report["namespaces"]] == [0, 0]

        begun.source.faults.clear()
        begun.sync()
        assert [name for name in "abcdef" if begun.recorded(name)["tags"]] == list("abcdef")


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
