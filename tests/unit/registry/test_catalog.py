"""The catalogue of a plain registry, and the tags of its repositories."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from gcrsync.errors import NotFoundError, RegistryError
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.registry.catalog import catalog, tags
from gcrsync.registry.session import Session
from tests.support import build
from tests.support.faults import Fault, document, page, status
from tests.support.gate import Gate
from tests.support.sessions import session_to
from tests.support.simulator import Simulator

HOST = "registry.test"
NAMES = ("other", "team", "team/app", "team/app/debug", "team2/app")


@pytest.fixture
def registry() -> Simulator:
    simulator = Simulator(HOST)
    for name in NAMES:
        simulator.add(name, build.image(name), "latest", "v1", "v2")
    return simulator


@pytest.fixture
def session(registry: Simulator) -> Iterator[Session]:
    with session_to(registry) as session:
        yield session


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", NAMES),
        ("team", ("team", "team/app", "team/app/debug")),
        ("team/app", ("team/app", "team/app/debug")),
        ("tea", ()),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_catalogue_gives_what_is_at_the_namespace_and_below(
    registry: Simulator, session: Session, path: str, expected: tuple[str, ...], size: int
) -> None:
    registry.page = size
    repositories, requests = catalog(session, Namespace(HOST, path))
    assert repositories == tuple(Repository(HOST, name) for name in expected)
    assert requests == len(registry.log) == -(-len(NAMES) // size)
    assert all(logged.path == "/v2/_catalog" for logged in registry.log)


def test_a_catalogue_is_asked_for_with_its_own_scope(registry: Simulator, session: Session) -> None:
    registry.gate = Gate("bearer")
    assert len(catalog(session, Namespace(HOST))[0]) == len(NAMES)
    assert [logged.query["scope"] for logged in registry.requests("GET", "/token")] == ["registry:catalog:*"]


def test_names_outside_the_namespace_may_be_anything(registry: Simulator, session: Session) -> None:
    registry.faults.append(Fault("GET", "_catalog", document({"repositories": ["UPPER", "team/app", "../up"]})))
    assert catalog(session, Namespace(HOST, "team"))[0] == (Repository(HOST, "team/app"),)


@pytest.mark.parametrize(
    "change",
    [
        document({"repositories": ["team/app", "team/../up"]}),
        document({"repositories": ["team/app", 1]}),
        document({"repositories": "team/app"}),
        document({"name": "team"}),
        page(),
        status(401),
        status(404),
        status(500),
    ],
)
def test_a_catalogue_that_cannot_be_read_is_an_error(
    registry: Simulator, session: Session, change: Callable[..., httpx.Response]
) -> None:
    registry.faults.append(Fault("GET", "_catalog", change, times=None))
    with pytest.raises(RegistryError):
        catalog(session, Namespace(HOST, "team"))


def test_an_empty_catalogue_has_nothing(registry: Simulator, session: Session) -> None:
    registry.faults.append(Fault("GET", "_catalog", document({"repositories": None})))
    assert catalog(session, Namespace(HOST)) == ((), 1)


@pytest.mark.parametrize("size", [1, 2, 100])
def test_tags_are_followed_and_counted(registry: Simulator, session: Session, size: int) -> None:
    registry.page = size
    expected = (Tag("latest"), Tag("v1"), Tag("v2"))
    assert tags(session, Repository(HOST, "team/app")) == (expected, -(-len(expected) // size))


def test_a_repository_without_tags_is_not_found_and_has_none(registry: Simulator, session: Session) -> None:
    registry.repositories["team/app"].tags.clear()
    assert tags(session, Repository(HOST, "team/app")) == ((), 1)


def test_a_later_page_that_is_not_found_is_a_failure(registry: Simulator, session: Session) -> None:
    registry.page = 2
    registry.faults.append(Fault("GET", "last=", status(404), times=None))
    with pytest.raises(NotFoundError):
        tags(session, Repository(HOST, "team/app"))


@pytest.mark.parametrize("change", [document({"name": "team/app"}), page(), status(403), status(500)])
def test_tags_that_cannot_be_read_are_an_error(
    registry: Simulator, session: Session, change: Callable[..., httpx.Response]
) -> None:
    registry.faults.append(Fault("GET", "tags/list", change, times=None))
    with pytest.raises(RegistryError):
        tags(session, Repository(HOST, "team/app"))


@pytest.mark.parametrize("code", [400, 405, 413])
def test_smaller_pages_are_asked_for_where_large_ones_are_refused(registry: Simulator, session: Session, code: int) -> None:
    registry.faults += [Fault("GET", "tags/list", status(code)), Fault("GET", "_catalog", status(code))]
    assert len(tags(session, Repository(HOST, "team/app"))[0]) == 3
    assert len(catalog(session, Namespace(HOST))[0]) == len(NAMES)
    assert [logged.query["n"] for logged in registry.log] == ["1000", "100", "1000", "100"]


@pytest.mark.parametrize("code", [400, 405, 413])
def test_a_registry_that_refuses_every_page_size_is_an_error(registry: Simulator, session: Session, code: int) -> None:
    registry.faults.append(Fault("GET", "tags/list", status(code), times=None))
    with pytest.raises(RegistryError):
        tags(session, Repository(HOST, "team/app"))
    assert [logged.query["n"] for logged in registry.log] == ["1000", "100"]
