"""Lists of referrers: read from the registry's own, or kept under the tag of the subject where it has none."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from gcrsync.errors import InvalidManifestError, ProtocolError, RegistryError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Index, Manifest
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.referrers import fallback_tag
from gcrsync.registry.destination import Destination
from gcrsync.registry.referrers import ENOUGH_DENIALS
from tests.support.build import SIGNATURE, Built, image, referrer
from tests.support.faults import Fault, page, status, with_headers
from tests.support.sessions import session_to
from tests.support.simulator import Simulator, network

A = Repository("registry.test", "a")
IMAGE = image()
LIST = fallback_tag(IMAGE.digest).name


@pytest.fixture
def registry() -> Simulator:
    return Simulator(referrers=True)


@pytest.fixture
def destination(registry: Simulator) -> Iterator[Destination]:
    with session_to(network(registry)) as session:
        yield Destination(session)


def asked(registry: Simulator) -> int:
    return len(registry.requests("GET", "/referrers/"))


def pushed(destination: Destination, built: Built) -> bool:
    """Put an artifact and give whether the registry says that it lists it."""
    for blob in built.named_blobs:
        destination.put_blob(A, blob, [built.blobs[blob.digest]])
    return destination.put_manifest(A, built.digest, built.parsed, built.digest)


def listed(destination: Destination, built: Built) -> None:
    assert isinstance(built.parsed, Manifest | Index)
    destination.list_referrer(A, built.parsed, built.digest)


def test_all_pages_of_a_list_are_read(registry: Simulator, destination: Destination) -> None:
    signatures = [registry.add("a", referrer(IMAGE, str(number))) for number in range(3)]

    found = destination.referrers(A, IMAGE.digest, lambda _: None)
    assert found is not None
    assert {each.digest for each in found} == {signature.digest for signature in signatures}
    assert asked(registry) == 3


@pytest.mark.parametrize("code", [400, 404, 405, 406])
def test_a_registry_without_lists_is_asked_no_more_when_it_has_said_so_often_enough(
    registry: Simulator, destination: Destination, code: int
) -> None:
    registry.faults.append(Fault("GET", "/referrers/", status(code), times=None))
    counted: list[int] = []
    digests = [Digest.of(str(number).encode()) for number in range(2 * ENOUGH_DENIALS)]
    assert {destination.referrers(A, digest, counted.append) for digest in digests} == {None}
    assert asked(registry) == sum(counted) == ENOUGH_DENIALS


def test_a_registry_that_has_given_a_list_cannot_say_that_it_keeps_none(registry: Simulator, destination: Destination) -> None:
    registry.faults.append(Fault("GET", "/referrers/", status(404), times=1))
    assert destination.referrers(A, IMAGE.digest, lambda _: None) is None
    assert destination.referrers(A, IMAGE.digest, lambda _: None) == ()

    registry.faults.append(Fault("GET", "/referrers/", status(404), times=1))
    with pytest.raises(ProtocolError, match="keeps no such lists, and has given some"):
        destination.referrers(A, IMAGE.digest, lambda _: None)


def test_an_answer_of_another_type_is_no_list_and_a_page_is_none_at_all(registry: Simulator, destination: Destination) -> None:
    registry.faults.append(Fault("GET", "/referrers/", with_headers(Content_Type="application/json")))
    assert destination.referrers(A, IMAGE.digest, lambda _: None) is None

    registry.faults.append(Fault("GET", "/referrers/", page()))
    with pytest.raises(ProtocolError, match="an HTML page"):
        destination.referrers(A, IMAGE.digest, lambda _: None)


def test_a_registry_that_fails_is_not_taken_for_one_without_lists(registry: Simulator, destination: Destination) -> None:
    registry.add("a", referrer(IMAGE))
    registry.faults.append(Fault("GET", "/referrers/", status(403)))
    with pytest.raises(RegistryError):
        destination.referrers(A, IMAGE.digest, lambda _: None)
    assert destination.referrers(A, IMAGE.digest, lambda _: None)


def answered(document: object, link: str = "") -> httpx.Response:
    headers = {"Content-Type": media_types.OCI_INDEX} | ({"Link": link} if link else {})
    return httpx.Response(200, headers=headers, content=json.dumps(document).encode())


@pytest.mark.parametrize(
    ("document", "link", "error"),
    [
        ([], "", InvalidManifestError),
        ({"manifests": [{"digest": "sha256:x", "size": 1}]}, "", InvalidManifestError),
        ({"manifests": []}, '<https://elsewhere.test/>; rel="next"', ProtocolError),
        ({"manifests": []}, f'</v2/a/referrers/{IMAGE.digest}>; rel="next"', ProtocolError),
    ],
)
def test_a_list_that_is_none_or_leads_astray_is_an_error(document: object, link: str, error: type[Exception]) -> None:
    with session_to(lambda _: answered(document, link)) as session, pytest.raises(error):
        Destination(session).referrers(A, IMAGE.digest, lambda _: None)


def test_a_list_without_end_is_given_up() -> None:
    pages = iter(range(1_000))
    with (
        session_to(lambda _: answered({"manifests": []}, f'<?page={next(pages)}>; rel="next"')) as session,
        pytest.raises(ProtocolError, match="there were 100 before it"),
    ):
        Destination(session).referrers(A, IMAGE.digest, lambda _: None)


def test_a_registry_with_lists_says_so_and_needs_no_tag(registry: Simulator, destination: Destination) -> None:
    assert pushed(destination, referrer(IMAGE))
    assert registry.repositories["a"].tags == {}


def test_a_registry_that_only_announces_a_list_is_not_believed(registry: Simulator, destination: Destination) -> None:
    registry.faults.append(Fault("GET", "/referrers/", status(404), times=None))
    assert [pushed(destination, referrer(IMAGE, seed)) for seed in "abcde"] == [False] * 5
    assert asked(registry) == ENOUGH_DENIALS


def test_a_list_under_a_tag_names_types_and_annotations_and_each_referrer_once(
    registry: Simulator, destination: Destination
) -> None:
    registry.referrers = False
    one, two = referrer(IMAGE, "one"), referrer(IMAGE, "two")
    for built in (one, two, one):
        assert not pushed(destination, built)
        listed(destination, built)

    index = json.loads(registry.repositories["a"].manifests[registry.repositories["a"].tags[LIST]][1])
    assert [(entry["digest"], entry["annotations"]) for entry in index["manifests"]] == [
        (one.digest, {"seed": "one"}),
        (two.digest, {"seed": "two"}),
    ]
    assert {entry["artifactType"] for entry in index["manifests"]} == {SIGNATURE}


def test_many_writers_lose_nothing_of_a_list(registry: Simulator, destination: Destination) -> None:
    registry.referrers = False
    signatures = [referrer(IMAGE, str(number)) for number in range(24)]
    for signature in signatures:
        pushed(destination, signature)
    with ThreadPoolExecutor(8) as executor:
        list(executor.map(lambda signature: listed(destination, signature), signatures))

    index = destination.get_manifest(A, Tag(LIST))
    assert isinstance(index, Index)
    assert {entry.digest for entry in index.manifests} == {signature.digest for signature in signatures}


def test_another_manifest_under_the_tag_of_a_list_is_left_alone(registry: Simulator, destination: Destination) -> None:
    registry.referrers = False
    registry.add("a", image("other"), LIST)
    pushed(destination, referrer(IMAGE))
    with pytest.raises(ProtocolError, match="no list"):
        listed(destination, referrer(IMAGE))
    assert registry.repositories["a"].tags == {LIST: image("other").digest}
