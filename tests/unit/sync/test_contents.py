"""The manifests that belong to an image, and what cosign has attached to them, as a registry in memory tells of them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gcrsync.errors import InvalidManifestError, StoppedError
from gcrsync.oci.attached import Kind
from gcrsync.oci.manifest import DEEPEST_INDEX
from gcrsync.oci.name import Repository
from gcrsync.registry.client import Client
from gcrsync.sync.contents import MOST_MANIFESTS, named, tagged
from gcrsync.sync.pool import Pool
from tests.support.build import Built, image, index
from tests.support.sessions import session_to
from tests.support.simulator import Simulator

A = Repository("registry.test", "a")


@pytest.fixture
def registry() -> Simulator:
    return Simulator()


@pytest.fixture
def client(registry: Simulator) -> Iterator[Client]:
    with session_to(registry) as session:
        yield Client(session)


def test_each_manifest_is_named_once_also_through_other_indexes(registry: Simulator, client: Client) -> None:
    one, two = image("one"), image("two")
    inner = index(one, two)
    outer = registry.add("a", index(one, inner, inner), "v1")

    assert [entry.digest for entry in named(client, A, outer.parsed, "a:v1")] == [one.digest, inner.digest, two.digest]
    assert named(client, A, one.parsed, "a:one") == ()


def _deep() -> Built:
    built = image("bottom")
    for _ in range(DEEPEST_INDEX + 1):
        built = index(built)
    return built


@pytest.mark.parametrize(
    ("built", "reason"),
    [
        pytest.param(_deep(), f"more than {DEEPEST_INDEX} indexes in one another", id="deep"),
        pytest.param(index(*(image(str(n), layers=0) for n in range(MOST_MANIFESTS + 1))), "more than 1,000 manifests", id="wide"),
    ],
)
def test_what_has_no_end_is_refused(registry: Simulator, client: Client, built: Built, reason: str) -> None:
    registry.add("a", built, "v1")

    with pytest.raises(InvalidManifestError, match=reason):
        named(client, A, built.parsed, "a:v1")


def test_what_cosign_has_attached_is_found_by_its_tags(registry: Simulator, client: Client) -> None:
    one, two, attestation = image("one"), image("two"), image("attestation")
    registry.add("a", attestation, f"sha256-{two.digest.encoded}.att")
    with ThreadPoolExecutor(2) as executor:
        (found,) = tagged(client, A, (one.digest, two.digest), Pool(executor, 2, lambda: False))
        with pytest.raises(StoppedError):
            tagged(client, A, (one.digest,), Pool(executor, 2, lambda: True))

    assert (found.subject, found.kind, found.descriptor.digest) == (two.digest, Kind.ATTESTATION, attestation.digest)
    assert found.tag == f"sha256-{two.digest.encoded}.att"
