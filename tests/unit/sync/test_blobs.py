"""The blobs of a run: what is sent, how often it is tried at either end, and what else goes on meanwhile."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from gcrsync.errors import GcrsyncError
from gcrsync.mirror.outcome import Step
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Repository
from gcrsync.registry.client import Client
from gcrsync.registry.destination import Destination
from gcrsync.registry.retry import Retries, RetryPolicy
from gcrsync.sync.blobs import Blobs
from gcrsync.sync.passage import Passage
from gcrsync.sync.progress import Watch
from gcrsync.sync.stop import Stop
from tests.support import build, faults
from tests.support.clock import SteppedClock
from tests.support.faults import Change, Fault
from tests.support.sessions import session_to
from tests.support.simulator import Simulator, network

STEP = Step(Repository("source.test", "a"), Repository("mirror.test", "a"), "mirror.test/a", Digest.of(b""), ())


@dataclass
class Way:
    """A source with some blobs, a mirror without, and the way between them."""

    blobs: Blobs
    source: Simulator
    mirror: Simulator
    sent: list[int] = field(default_factory=list)

    def has(self, *sizes: int) -> list[Descriptor]:
        """Have the source give a blob of each of these sizes."""
        return [self.source.add("a", build.image(f"{size}", layers=1, size=size), f"{size}").named_blobs[1] for size in sizes]

    def send(self, *blobs: Descriptor) -> None:
        self.blobs.send(STEP, blobs, self.sent.append)


@pytest.fixture
def way() -> Iterator[Way]:
    source, mirror = Simulator("source.test"), Simulator("mirror.test")
    with session_to(network(source, mirror)) as session, ThreadPoolExecutor(3) as executor:
        repeat = Retries(RetryPolicy(), SteppedClock().clock).call
        passage = Passage(Client(session), Destination(session), repeat, executor, Stop(lambda: 0.0), Watch())
        yield Way(Blobs(passage), source, mirror)


@pytest.mark.parametrize(
    "change", [faults.unreachable(), faults.status(503), faults.in_parts(0)], ids=["no answer", "no", "no byte"]
)
@pytest.mark.parametrize("size", [100, 2_000_000])
def test_a_blob_that_its_source_does_not_give_is_asked_for_four_times(way: Way, size: int, change: Change) -> None:
    way.source.faults.append(Fault("GET", "/blobs/", change, times=None))

    with pytest.raises(GcrsyncError):
        way.send(*way.has(size))
    assert len(way.source.requests("GET", "/blobs/")) == 4
    assert not way.mirror.requests("PUT")


def test_a_blob_that_breaks_off_and_is_not_given_any_more_is_asked_for_four_times_in_all(way: Way) -> None:
    way.source.faults.append(Fault("GET", "/blobs/", faults.in_parts(300_000)))
    way.source.faults.append(Fault("GET", "/blobs/", faults.status(503), times=None))

    with pytest.raises(GcrsyncError, match="503"):
        way.send(*way.has(2_000_000))
    assert ["Range" in request.headers for request in way.source.requests("GET", "/blobs/")] == [False, True, True, True]


@pytest.mark.parametrize("size", [100, 2_000_000])
def test_an_upload_that_is_not_opened_is_asked_for_four_times_while_its_source_waits(way: Way, size: int) -> None:
    way.mirror.faults.append(Fault("POST", "/uploads/", faults.status(503), times=None))

    with pytest.raises(GcrsyncError, match="503"):
        way.send(*way.has(size))
    assert len(way.mirror.requests("POST", "/uploads/")) == 4
    assert len(way.source.requests("GET", "/blobs/")) == 1


@pytest.mark.parametrize("size", [100, 2_000_000])
def test_an_upload_that_does_not_end_is_begun_four_times(way: Way, size: int) -> None:
    way.mirror.faults.append(Fault("PUT", "/uploads/", faults.status(503), times=None))

    with pytest.raises(GcrsyncError, match="503"):
        way.send(*way.has(size))
    assert len(way.mirror.requests("PUT", "/uploads/")) == len(way.mirror.requests("POST", "/uploads/")) == 4
    assert len(way.source.requests("GET", "/blobs/")) == 4


def test_a_source_that_breaks_off_again_and_again_gives_all_of_a_blob_as_long_as_each_time_brings_some(way: Way) -> None:
    way.source.faults.append(Fault("GET", "/blobs/", faults.in_parts(300_000), times=None))
    way.send(*way.has(3_000_000))

    starts = [request.headers.get("Range") for request in way.source.requests("GET", "/blobs/")]
    assert starts == [None, *(f"bytes={start}-" for start in range(300_000, 3_000_000, 300_000))]
    assert len(way.mirror.requests("PUT")) == 1
    assert way.sent == [3_000_000]


def test_bytes_that_come_again_for_another_upload_give_it_no_more_tries(way: Way) -> None:
    way.source.faults.append(Fault("GET", "/blobs/", faults.in_parts(300_000), times=None))
    way.mirror.faults.append(Fault("PUT", "/uploads/", faults.reset_in_request(), times=2))
    way.mirror.faults.append(Fault("PUT", "/uploads/", faults.status(503), times=None))

    with pytest.raises(GcrsyncError, match="503"):
        way.send(*way.has(3_000_000))
    assert len(way.mirror.requests("PUT", "/uploads/")) == 4


def test_a_small_blob_that_fails_does_not_leave_large_ones_on_their_way(way: Way) -> None:
    large, small = way.has(2_000_000, 100)
    way.source.faults.append(Fault("GET", str(small.digest), faults.status(404), times=None))
    way.source.faults.append(Fault("GET", str(large.digest), faults.slow(0.5)))

    with pytest.raises(GcrsyncError, match="404"):
        way.send(large, small)
    assert way.sent == [2_000_000]
