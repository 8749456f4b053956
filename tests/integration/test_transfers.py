"""Single transfers between real servers: what breaks goes on from there, and nothing is sent twice without need."""

import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from threading import Event

import httpx
import pytest

from gcrsync.errors import DigestMismatchError, ProtocolError, TokenEndedError, UnreachableError
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Repository
from gcrsync.oci.verified import verified
from gcrsync.registry.client import Client
from gcrsync.registry.destination import Destination
from gcrsync.registry.opening import Settings
from gcrsync.registry.retry import Retries, RetryPolicy
from gcrsync.registry.session import Session
from tests.support import build, faults
from tests.support.clock import SteppedClock
from tests.support.faults import Answer, Change, Fault
from tests.support.gate import Gate
from tests.support.misbehaving import Logged
from tests.support.passages import Passages, passages
from tests.support.relay import Relay
from tests.support.serving import served
from tests.support.sessions import session_to
from tests.support.simulator import Simulator

CONTENT = build.filler("large", 3_000_000)
LARGE = Descriptor("", Digest.of(CONTENT), len(CONTENT))
SMALL = Descriptor("", Digest.of(CONTENT[:1_000]), 1_000)


@dataclass(frozen=True, slots=True)
class Bad:
    """A repository of a real registry whose requests pass through a relay, where faults may strike them."""

    relay: Relay
    repository: Repository
    session: Session
    release: Event

    def strikes(self, method: str, path: str, change: Change, times: int | None = 1) -> None:
        self.relay.faults.append(Fault(method, path, change, times=times))

    def sends(self, blob: Descriptor, pauses: Iterable[float] = ()) -> None:
        """Send a blob as a run does; in the middle of each time there may be a pause of so many seconds."""
        pause = chain(pauses, repeat(0.0))
        destination = Destination(self.session)
        destination.is_new(self.repository)

        def copy() -> None:
            destination.take_blob(self.repository, blob, lambda: nullcontext(pieces(blob, next(pause))))

        Retries(RetryPolicy(), SteppedClock().clock).call(copy)


@pytest.fixture
def bad(docker_registry: str) -> Iterator[Bad]:
    relay, release = Relay(docker_registry, gate=Gate("bearer")), Event()
    with closing(relay), served(relay) as address, session_to(settings=Settings(patience=1)) as session:
        yield Bad(relay, Repository(address, f"transfers/{secrets.token_hex(4)}"), session, release)
        release.set()


def pieces(blob: Descriptor, pause: float = 0.0) -> Iterator[bytes]:
    for start in range(0, blob.size, 100_000):
        time.sleep(pause if start == blob.size // 200_000 * 100_000 else 0.0)
        yield CONTENT[start : min(blob.size, start + 100_000)]


def read(client: Client, repository: Repository) -> bytes:
    with client.open_blob(repository, LARGE) as chunks:
        return b"".join(verified(chunks, LARGE, "blob"))


BREAKS = {"reset": faults.reset_in_answer(0.5), "truncated": faults.truncated()}


@pytest.mark.parametrize("change", [*BREAKS.values(), None], ids=[*BREAKS, "stalled"])
def test_a_download_that_breaks_goes_on_from_what_has_come(bad: Bad, change: Change | None) -> None:
    bad.sends(LARGE)
    bad.strikes("GET", "/blobs/", change or faults.stalled(bad.release), times=2)

    assert read(Client(bad.session), bad.repository) == CONTENT
    first, second, third = bad.relay.requests("GET", "/blobs/")
    assert "Range" not in first.headers
    came = [int(request.headers["Range"].removeprefix("bytes=").removesuffix("-")) for request in (second, third)]
    assert 0 < came[0] < came[1] < LARGE.size


def test_a_download_starts_over_where_the_registry_knows_no_ranges(bad: Bad) -> None:
    simulator = Simulator()
    built = simulator.add("team/app", build.image(layers=1, size=3_000_000))
    blob = built.named_blobs[1]
    simulator.faults.append(Fault("GET", "/blobs/", faults.truncated(), times=2))
    with served(simulator) as address, Client(bad.session).open_blob(Repository(address, "team/app"), blob) as chunks:
        assert b"".join(chunks) == built.blobs[blob.digest]

    assert ["Range" in request.headers for request in simulator.requests("GET", "/blobs/")] == [False, True, True]


def test_a_download_ends_however_often_it_breaks_as_long_as_each_connection_brings_some_of_it(bad: Bad) -> None:
    simulator = Simulator()
    built = simulator.add("team/app", build.image(layers=1, size=3_000_000))
    blob = built.named_blobs[1]
    simulator.faults.append(Fault("GET", "/blobs/", faults.in_parts(400_000), times=None))
    with served(simulator) as address, Client(bad.session).open_blob(Repository(address, "team/app"), blob) as chunks:
        assert b"".join(chunks) == built.blobs[blob.digest]

    assert len(simulator.requests("GET", "/blobs/")) > 2 * RetryPolicy().tries


def test_a_download_follows_the_redirect_again_when_it_goes_on(bad: Bad) -> None:
    bad.sends(LARGE)
    store = Relay(bad.relay.address, faults=[Fault("GET", "/blobs/", faults.truncated())])
    with closing(store), served(store) as elsewhere:
        bad.strikes("GET", "/blobs/", faults.elsewhere(elsewhere), times=None)

        assert read(Client(bad.session), bad.repository) == CONTENT
    asked, led = bad.relay.requests("GET", "/blobs/")[-2:], store.requests("GET", "/blobs/")
    assert all("Authorization" in request.headers for request in asked)
    assert ["Range" in request.headers for request in led] == [False, True]
    assert not any("Authorization" in request.headers for request in led)


def test_a_download_that_breaks_before_each_byte_is_given_up_after_as_many_tries_as_the_policy_allows(bad: Bad) -> None:
    bad.sends(LARGE)
    bad.strikes("GET", "/blobs/", faults.reset_in_answer(0.0), times=None)

    with pytest.raises(UnreachableError, match="reset by peer"):
        read(Client(bad.session), bad.repository)
    assert len(bad.relay.requests("GET", "/blobs/")) == RetryPolicy().tries


def test_another_part_than_the_one_that_was_asked_for_is_not_taken(bad: Bad) -> None:
    bad.sends(LARGE)
    bad.strikes("GET", "/blobs/", faults.truncated())
    bad.strikes("GET", "/blobs/", faults.with_headers(Content_Range="bytes 7-2999999/3000000"))

    with pytest.raises(ProtocolError, match="the registry gives bytes 7-2999999/3000000"):
        read(Client(bad.session), bad.repository)


def test_a_rest_that_belongs_to_other_bytes_is_told_by_its_digest(bad: Bad) -> None:
    bad.sends(LARGE)
    bad.strikes("GET", "/blobs/", faults.truncated())
    bad.strikes("GET", "/blobs/", faults.corrupted())

    with pytest.raises(DigestMismatchError):
        read(Client(bad.session), bad.repository)
    assert len(bad.relay.requests("GET", "/blobs/")) == 2


@pytest.mark.parametrize("blob", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("change", [faults.lost(), None], ids=["reset", "timed-out"])
def test_a_blob_that_arrived_is_not_sent_again_because_its_answer_was_lost(
    bad: Bad, blob: Descriptor, change: Change | None
) -> None:
    bad.strikes("PUT", "/blobs/uploads/", change or faults.done_in_silence(bad.release))
    bad.sends(blob)

    assert len(bad.relay.requests("PUT", "/blobs/")) == len(bad.relay.requests("POST", "/blobs/")) == 1
    assert [request.method for request in bad.relay.log[-2:]] == ["PUT", "HEAD"]
    assert Client(bad.session).has_blob(Repository(bad.relay.address, bad.repository.path), blob.digest)


LOST = {
    "reset": faults.reset_in_request(),
    "forgotten": faults.status(404, "BLOB_UPLOAD_UNKNOWN"),
    "unavailable": faults.status(503),
}


@pytest.mark.parametrize("change", LOST.values(), ids=LOST)
@pytest.mark.parametrize("blob", [SMALL, LARGE], ids=["small", "large"])
def test_an_upload_that_broke_begins_again_with_another(bad: Bad, blob: Descriptor, change: Change) -> None:
    bad.strikes("PUT", "/blobs/uploads/", change)
    bad.sends(blob)

    first, second = bad.relay.requests("PUT", "/blobs/uploads/")
    assert first.path != second.path
    assert len(bad.relay.requests("POST", "/blobs/uploads/")) == 2
    assert Client(bad.session).has_blob(Repository(bad.relay.address, bad.repository.path), blob.digest)


def tokens(sent: Iterable[Logged]) -> list[str]:
    return [request.headers["Authorization"] for request in sent]


def test_an_upload_whose_token_ends_on_the_way_begins_again_with_a_fresh_one(bad: Bad) -> None:
    bad.relay.gate.lasts = 1.0
    bad.sends(LARGE, pauses=[1.2])

    ended, fresh = tokens(bad.relay.requests("PUT", "/blobs/uploads/"))
    assert ended != fresh
    assert Client(bad.session).has_blob(bad.repository, LARGE.digest)


def test_an_upload_that_outlasts_every_token_is_tried_twice_and_no_more(bad: Bad) -> None:
    bad.relay.gate.lasts = 1.0
    with pytest.raises(TokenEndedError, match="401 Unauthorized"):
        bad.sends(LARGE, pauses=repeat(1.2))

    first, second = tokens(bad.relay.requests("PUT", "/blobs/uploads/"))
    assert first != second


def test_an_upload_that_is_led_to_another_port_goes_there_without_credentials(bad: Bad) -> None:
    store = Relay(bad.relay.address)
    with closing(store), served(store) as elsewhere:

        def led(request: httpx.Request, answer: Answer) -> httpx.Response:
            true = answer(request)
            true.headers["Location"] = true.headers["Location"].replace(bad.repository.registry, elsewhere)
            return true

        bad.strikes("POST", "/blobs/uploads/", led)
        bad.sends(LARGE)

    (opened,), (put,) = bad.relay.requests("POST", "/blobs/uploads/")[-1:], store.log
    assert "Authorization" in opened.headers
    assert put.method == "PUT"
    assert "Authorization" not in put.headers
    assert Client(bad.session).has_blob(bad.repository, LARGE.digest)


def test_a_blob_is_one_request_whatever_chunks_a_registry_would_like(bad: Bad) -> None:
    bad.strikes("POST", "/blobs/uploads/", faults.with_headers(OCI_Chunk_Min_Length="1048576"), times=None)
    content = build.filler("larger than the four mebibytes that ghcr takes in a ranged PATCH", 5_000_000)
    blob = Descriptor("", Digest.of(content), len(content))
    Client(bad.session, "pull,push").put_blob(bad.repository, blob, [content])

    (put,) = bad.relay.requests("PUT", "/blobs/")
    assert put.headers["Content-Length"] == "5000000"
    assert "Content-Range" not in put.headers
    assert not bad.relay.requests("PATCH")


NO = {
    "quota": ("PUT", faults.refusal(403, "DENIED", "storage quota of 5 GiB exceeded"), "make room there or raise the quota"),
    "denied": ("PUT", faults.refusal(403, "DENIED", "requested access is denied"), "it may not exist, or need another account"),
    "absent": ("POST", faults.refusal(404, "NAME_UNKNOWN", "project acme not found"), "create it there"),
    "kind": ("PUT", faults.refusal(415, "MANIFEST_INVALID", "no artifacts here"), "415 Unsupported Media Type: MANIFEST_INVALID"),
}


def refusing(begun: Passages) -> None:
    for path, (method, change, _) in NO.items():
        begun.add(path, build.image(path))
        where = "manifests/1" if method == "PUT" else "blobs/uploads/"
        begun.target.faults.append(Fault(method, f"/acme/{path}/{where}", change, times=None))


def test_why_a_destination_says_no_is_told_apart_and_what_it_refuses_by_kind_is_held(tmp_path: Path, docker_registry: str) -> None:
    with passages(tmp_path, docker_registry, "no") as begun:
        begun.add("0", build.image())
        refusing(begun)
        ended = begun.sync(code=1)
        lines = begun.failures(ended.stderr)

        assert lines.keys() == NO.keys() - {"kind"}
        for path, line in lines.items():
            assert NO[path][2] in line
        (kind,) = [each for name, each in begun.mirror.documents().items() if name.endswith("/kind")]
        assert kind["tags"] == {}
        assert kind["held"]["1"]["why"] == "refused"
        assert NO["kind"][2] + ": no artifacts here" in kind["held"]["1"]["reason"]
        begun.heal()
        begun.target.log.clear()
        begun.sync(code=0)
        assert not begun.target.requests("PUT", "/acme/kind/")
        begun.sync("--retry-refused", code=0)
        begun.check_complete()
