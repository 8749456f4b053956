"""A registry as a destination: what it is asked, and what it has learnt."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from gcrsync.errors import UnreachableError
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Repository
from gcrsync.registry.destination import Destination
from tests.support.build import filler, image
from tests.support.faults import Fault, status
from tests.support.sessions import session_to
from tests.support.simulator import Simulator, Stored, network

A, B = Repository("registry.test", "a"), Repository("registry.test", "b")


class Blob:
    """A blob at a source: ``opened`` counts how often its bytes were asked for."""

    def __init__(self, name: str, size: int = 1_000) -> None:
        self.content = filler(name, size)
        self.descriptor = Descriptor("application/octet-stream", Digest.of(self.content), size)
        self.opened = 0

    @contextmanager
    def open(self) -> Iterator[Iterable[bytes]]:
        self.opened += 1
        yield [self.content]


@pytest.fixture
def registry() -> Simulator:
    return Simulator()


@pytest.fixture
def destination(registry: Simulator) -> Iterator[Destination]:
    with session_to(network(registry)) as session:
        yield Destination(session)


def asked(registry: Simulator) -> list[str]:
    """Give the methods of the requests, but for the one that asks once whether the registry wants a token."""
    return [logged.method for logged in registry.log if logged.path != "/v2/"]


def test_a_blob_that_is_there_is_not_opened(registry: Simulator, destination: Destination) -> None:
    blob = Blob("one")
    registry.add("a", image())
    registry.repositories["a"].blobs[str(blob.descriptor.digest)] = blob.content

    assert not destination.take_blob(A, blob.descriptor, blob.open)
    assert (asked(registry), blob.opened) == (["HEAD"], 0)


def test_a_small_blob_of_a_new_repository_is_sent_without_a_question_and_a_large_one_with_it(
    registry: Simulator, destination: Destination
) -> None:
    small, large = Blob("small"), Blob("large", 1024 * 1024)
    assert destination.is_new(A)
    registry.log.clear()

    assert destination.take_blob(A, small.descriptor, small.open)
    assert asked(registry) == ["POST", "PUT"]
    assert destination.take_blob(A, large.descriptor, large.open)
    assert asked(registry) == ["POST", "PUT", "HEAD", "POST", "PUT"]


def test_a_blob_of_another_repository_is_mounted_by_one_request(registry: Simulator, destination: Destination) -> None:
    blob = Blob("one")
    assert destination.take_blob(A, blob.descriptor, blob.open)
    registry.log.clear()

    assert not destination.take_blob(B, blob.descriptor, blob.open)
    assert (asked(registry), blob.opened) == (["POST"], 1)
    assert str(blob.descriptor.digest) in registry.repositories["b"].blobs


def test_a_mount_that_opens_an_upload_instead_costs_no_further_request(registry: Simulator, destination: Destination) -> None:
    blob = Blob("one")
    assert destination.take_blob(A, blob.descriptor, blob.open)
    registry.repositories["a"].blobs.clear()
    registry.log.clear()

    assert destination.take_blob(B, blob.descriptor, blob.open)
    assert asked(registry) == ["POST", "PUT"]
    assert str(blob.descriptor.digest) in registry.repositories["b"].blobs


def test_a_registry_that_never_mounts_is_not_asked_to_for_long(registry: Simulator, destination: Destination) -> None:
    registry.faults.append(Fault("POST", "mount=", status(404), times=None))
    blobs = [Blob(str(number)) for number in range(8)]
    for blob in blobs:
        for repository in (A, B):
            assert destination.take_blob(repository, blob.descriptor, blob.open)

    assert len([logged for logged in registry.log if "mount" in logged.query]) == 3
    assert len(registry.repositories["b"].blobs) == 8


def test_a_blob_whose_upload_failed_is_looked_for_before_it_is_sent_again(registry: Simulator, destination: Destination) -> None:
    blob = Blob("one", 200_000)
    assert destination.is_new(A)
    registry.faults.append(Fault("PUT", "/uploads/", status(404)))
    with pytest.raises(UnreachableError):
        destination.take_blob(A, blob.descriptor, blob.open)
    registry.repositories["a"] = Stored(blobs={str(blob.descriptor.digest): blob.content})
    registry.log.clear()

    assert not destination.take_blob(A, blob.descriptor, blob.open)
    assert (asked(registry), blob.opened) == (["HEAD"], 1)


@pytest.mark.parametrize("code", [401, 403, 500])
def test_a_repository_of_which_nothing_is_told_is_not_new(registry: Simulator, destination: Destination, code: int) -> None:
    registry.faults.append(Fault("GET", "/tags/list", status(code), times=None))

    assert not destination.is_new(A)
    assert registry.requests("GET", "/tags/list")
