"""Networks and registries that break, over real sockets: each fault at each place, and several at once.

Whatever has happened, nothing is recorded that the destination has not, and the next run ends with all of it there.
"""

import random
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest

from gcrsync.oci.digest import Digest
from tests.support import faults
from tests.support.build import AMD64, image, index
from tests.support.faults import Change, Fault
from tests.support.passages import Passages, passages
from tests.support.serving import served
from tests.support.simulator import Simulator

_LIE = str(Digest.of(b"something else"))

KINDS: Mapping[str, Callable[[Event], Change]] = {
    "reset": lambda _: faults.reset(),
    "reset-after-headers": lambda _: faults.reset_in_answer(0.0),
    "reset-half-way": lambda _: faults.reset_in_answer(0.5),
    "reset-in-request": lambda _: faults.reset_in_request(),
    "lost": lambda _: faults.lost(),
    "truncated": lambda _: faults.truncated(),
    "corrupted": lambda _: faults.corrupted(),
    "silent": faults.silent,
    "stalled": faults.stalled,
    "lies": lambda _: faults.with_headers(Docker_Content_Digest=_LIE),
    "html": lambda _: faults.page(),
    "endless": lambda _: faults.endless(),
    "503": lambda _: faults.status(503, "UNAVAILABLE"),
    "429": lambda _: faults.status(429, "TOOMANYREQUESTS", headers={"Retry-After": "1"}),
}
"""Everything that goes wrong, by name."""


@dataclass(frozen=True, slots=True)
class Place:
    """Some requests for a repository, and the kinds of faults that strike them.

    With each kind stands what is said of the image then, or nothing where it is mirrored all the same. A repository at the
    destination is ``known`` where it has a tag already.
    """

    method: str
    path: str
    says: Mapping[str, str]
    known: bool = False

    def fault(self, kind: str, path: str, release: Event, times: int | None = None) -> Fault:
        """Give the fault of a kind for a repository."""
        return Fault(self.method, self.path.format(path=re.escape(path)), KINDS[kind](release), times=times)


_RESET = {"reset": "reset by peer", "reset-after-headers": "reset by peer", "reset-half-way": "reset by peer"}
_BROKEN = {**_RESET, "truncated": "before the end of the answer", "silent": "timed out", "stalled": "timed out"}
_BUSY = {"503": "503 Service Unavailable", "429": "429 Too Many Requests"}
_NO_HEAD = {"reset": "reset by peer", "silent": "timed out", **_BUSY}
_NO_PUT = {**_NO_HEAD, "lies": "expected sha256:"}
_NO_TOKEN = {**_BROKEN, **_BUSY, "html": "an HTML page"}
_BAD_BYTES = {**_BROKEN, **_BUSY, "corrupted": "expected sha256:", "lies": ""}
_BAD_LIST = {**_BROKEN, **_BUSY, "corrupted": "not JSON", "html": "an HTML page", "endless": "the same page 17 times over"}
_TOKEN = "/token.*acme(/|%2F){path}(:|%3A)"

PLACES = {
    "source": {
        "list": Place("GET", "/acme/{path}/tags/list", _BAD_LIST),
        "tag": Place("HEAD", "/acme/{path}/manifests/1", {**_NO_HEAD, "lies": "404 Not Found", "html": ""}),
        "manifest": Place("GET", "/acme/{path}/manifests/sha256", {**_BAD_BYTES, "html": "an HTML page"}),
        "blob": Place("GET", "/acme/{path}/blobs/", {**_BAD_BYTES, "html": "the registry announces"}),
        "token": Place("GET", _TOKEN, _NO_TOKEN),
    },
    "target": {
        "list": Place("GET", "/acme/{path}/tags/list", dict.fromkeys((*_BROKEN, *_BUSY, "html"), "")),
        "manifest": Place("HEAD", "/acme/{path}/manifests/", {**_NO_HEAD, "html": ""}, known=True),
        "upload": Place(
            "POST", "/acme/{path}/blobs/uploads/", {**_NO_HEAD, "lost": "reset by peer", "html": "200 OK: an HTML page"}
        ),
        "blob": Place(
            "PUT", "/acme/{path}/blobs/uploads/", {**_NO_PUT, "reset-in-request": "reset by peer", "lost": "reset by peer"}
        ),
        "child": Place("PUT", "/acme/{path}/manifests/sha256", {**_NO_PUT, "lost": "reset by peer"}),
        "tag": Place("PUT", "/acme/{path}/manifests/1", {**_NO_PUT, "lost": ""}),
        "token": Place("GET", _TOKEN, _NO_TOKEN),
    },
}
"""Where it goes wrong, at either end."""

CODES = {"source": 3, "target": 1}
"""How a run ends in which all of that lasts: lists are among it at the source."""

_TEMPORARY = ("reset", "reset-in-request", "lost", "truncated", "stalled", "503")
"""What a run gets over by itself where it strikes once; more would only take longer."""


def fill(begun: Passages, places: Mapping[str, Place]) -> None:
    """Have the source give an index in each repository, and in one that nothing strikes and that comes first."""
    for path in ("0", *places):
        begun.add(path, index(image(path, layers=1, size=100_000), platforms=(AMD64,)))
    begun.push(*(path for path, place in places.items() if place.known))


@pytest.mark.parametrize("end", PLACES)
def test_what_faults_keep_from_being_copied_is_told_and_comes_with_the_next_run(
    tmp_path: Path, docker_registry: str, end: str
) -> None:
    cases = {f"{where}-{kind}": (place, kind) for where, place in PLACES[end].items() for kind in place.says}
    says = {path: place.says[kind] for path, (place, kind) in cases.items() if place.says[kind]}
    with passages(tmp_path, docker_registry, f"lasting/{end}") as begun:
        fill(begun, {path: place for path, (place, _) in cases.items()})
        struck = {path: place.fault(kind, path, begun.release) for path, (place, kind) in cases.items()}
        begun.at(end).faults.extend(struck.values())
        ended = begun.sync("--retries", "0", "--timeout", "3", "--jobs", "16", code=CODES[end])
        begun.heal()

        assert [path for path, fault in struck.items() if not fault.struck] == []
        lines = begun.failures(ended.stderr)
        assert {path: line for path, line in lines.items() if says.get(path, "?") not in line} == {}
        assert lines.keys() == says.keys()
        assert begun.recorded().keys() == begun.images.keys() - says.keys()
        begun.check_recorded()
        begun.sync(code=0)
        begun.check_complete()


def test_faults_that_strike_once_are_overcome_by_the_same_run(tmp_path: Path, docker_registry: str) -> None:
    cases = {
        f"{end}-{where}-{kind}": (end, place, kind)
        for end, places in PLACES.items()
        for where, place in places.items()
        for kind in _TEMPORARY
        if kind in place.says
    }
    with passages(tmp_path, docker_registry, "once") as begun:
        fill(begun, {path: place for path, (_, place, _) in cases.items()})
        for path, (end, place, kind) in cases.items():
            begun.at(end).faults.append(place.fault(kind, path, begun.release, times=1))
        struck = [*begun.source.faults, *begun.target.faults]
        begun.sync("--timeout", "3", "--jobs", "16", code=0)

        assert len(struck) == len(cases)
        assert [fault.path for fault in struck if not fault.struck] == []
        begun.check_complete()


def test_tokens_that_end_after_a_second_are_renewed_wherever_they_end(tmp_path: Path, docker_registry: str) -> None:
    with passages(tmp_path, docker_registry, "tokens") as begun:
        fill(begun, {"a": PLACES["target"]["manifest"]})
        begun.source.gate.lasts = begun.target.gate.lasts = 1.0
        for end, method, path in (("source", "GET", "/acme/a/blobs/"), ("target", "PUT", "/acme/a/(blobs|manifests)/")):
            begun.at(end).faults.append(Fault(method, path, faults.slow(1.2)))
        begun.sync("--jobs", "1", code=0)

        for gate, scope in ((begun.source.gate, "repository:acme/a:pull"), (begun.target.gate, "repository:tokens/acme/a:push")):
            assert len([token for token, scopes in gate.granted.items() if scope in scopes]) > 1
        begun.check_complete()


def test_no_credentials_follow_a_source_to_another_port_however_often_it_leads_there(tmp_path: Path, docker_registry: str) -> None:
    other = Simulator("other")
    with passages(tmp_path, docker_registry, "port") as begun, served(other) as address:
        fill(begun, dict.fromkeys(("list", "tag", "manifest", "blob"), PLACES["source"]["blob"]))
        other.repositories = begun.source.repositories
        for path in ("list", "tag", "manifest", "blob"):
            place = PLACES["source"][path]
            pattern = place.path.format(path=path)
            begun.source.faults.append(Fault(place.method, pattern, faults.elsewhere(address), times=None))
        begun.sync(code=0)

        assert {logged.path.split("/")[3] for logged in other.log} == {"list", "tag", "manifest", "blob"}
        assert all("Authorization" in logged.headers for logged in begun.source.requests("HEAD"))
        assert not any("Authorization" in logged.headers for logged in other.log)
        begun.check_complete()


def bad_night(folder: Path, registry: str, seed: int, strikes: int) -> None:
    """Strike a run with so many faults that the seed chooses, and check what it leaves, and what the next one does."""
    print(f"seed {seed}")  # noqa: T201 - which pytest shows where the test fails
    chance, paths = random.Random(seed), ("a", "a/b", "c", "d")  # noqa: S311 - a test's dice
    with passages(folder, registry, f"chance{seed}", google=chance.random() < 0.5) as begun:
        fill(begun, {path: chance.choice(list(PLACES["target"].values())) for path in paths})
        begun.source.faults.append(PLACES["source"]["list"].fault("reset", chance.choice(paths[2:]), begun.release, times=1))
        for _ in range(strikes):
            end = chance.choice(list(PLACES))
            place = chance.choice(list(PLACES[end].values()))
            fault = place.fault(chance.choice(list(place.says)), chance.choice(paths), begun.release, chance.choice([1, 2, None]))
            fault.first = chance.randint(1, 3)
            begun.at(end).faults.append(fault)
        struck = [*begun.source.faults, *begun.target.faults]
        ended = begun.sync("--retries", str(chance.randint(0, 1)), "--timeout", "1", code=None)
        begun.heal()

        assert any(fault.struck for fault in struck)
        assert ended.returncode in {0, 1, 3}
        begun.check_recorded()
        begun.sync(code=0)
        begun.check_complete()


@pytest.mark.parametrize("number", range(2))
def test_the_run_after_a_bad_night_completes_it(tmp_path: Path, docker_registry: str, number: int) -> None:
    bad_night(tmp_path, docker_registry, secrets.randbelow(10**9), strikes=8 + number)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(100))
def test_the_run_after_each_of_a_hundred_bad_nights_completes_it(tmp_path: Path, docker_registry: str, number: int) -> None:
    bad_night(tmp_path, docker_registry, secrets.randbelow(10**9), strikes=8 + number % 8)
