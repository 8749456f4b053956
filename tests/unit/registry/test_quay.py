"""Quay's own API: what it tells, which pages it gives, and who asks."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from gcrsync.errors import ProtocolError, RateLimitedError, RegistryError
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.registry import catalog
from gcrsync.registry.quay import Quay
from gcrsync.registry.session import Session
from tests.support.faults import Answer, Change, Fault, document, page, status
from tests.support.sessions import NO_ENVIRONMENT, session_to
from tests.support.vendors import Site

DIGEST, INDEX, PAST = Digest.of(b"image"), Digest.of(b"index"), Digest.of(b"past")
ACME, APP, NESTED = Namespace("quay.io", "acme"), Repository("quay.io", "acme/app"), Repository("quay.io", "acme/group/deep")
TOKEN = "hunter2hunter2"
START, END, LATER = 1715065689, 1715069289, 4102444800
"""2024-05-07T07:08:09Z, an hour after it, and the year 2100."""


def tag(name: str, digest: Digest, **more: object) -> dict[str, Any]:
    """Give a tag as the API tells it."""
    modified = "Tue, 07 May 2024 07:08:09 -0000"
    told = {"name": name, "reversion": False, "start_ts": START, "manifest_digest": str(digest), "last_modified": modified}
    return {**told, "is_manifest_list": False, "size": 1234, **more}


@dataclass(slots=True)
class QuayIo(Site):
    """The API and the registry, which are on one host; ``private`` are the names that the registry alone shows."""

    repositories: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    private: dict[str, list[str]] = field(default_factory=dict)
    most: int = 100

    def __post_init__(self) -> None:
        """Lay the routes, and fill two repositories."""
        self.repositories["app"] = [tag("1", DIGEST), tag("all", INDEX, is_manifest_list=True)]
        self.repositories["group/deep"] = [tag("2", DIGEST)]
        self.routes = {
            r"GET /api/v1/repository": self._repositories,
            r"GET /api/v1/repository/acme/(.+)/tag/": self._tags,
            r"GET /v2/acme/(.+)/tags/list": self._names,
        }

    def _repositories(self, request: httpx.Request) -> httpx.Response:
        start = int(request.url.params.get("next_page", "page-0").removeprefix("page-"))
        names = list(self.repositories)[start : start + 1]
        more = {"next_page": f"page-{start + 1}"} if start + 1 < len(self.repositories) else {}
        told = [{"namespace": "acme", "name": name, "is_public": True, "kind": "image"} for name in names]
        return httpx.Response(200, json={"repositories": told, **more})

    def _tags(self, request: httpx.Request, name: str) -> httpx.Response:
        if name not in self.repositories:
            return httpx.Response(404, json={"error_type": "not_found", "detail": "Not Found"})
        number, size = int(request.url.params["page"]), int(request.url.params["limit"])
        if size > self.most:
            return httpx.Response(413)
        told = self.repositories[name]
        shown, more = told[(number - 1) * size : number * size], len(told) > number * size
        headers = {"Date": "Tue, 07 May 2024 09:00:00 GMT"}
        return httpx.Response(200, headers=headers, json={"tags": shown, "page": number, "has_additional": more})

    def _names(self, _request: httpx.Request, name: str) -> httpx.Response:
        return httpx.Response(200, json={"name": name, "tags": self._named(name)})

    def _named(self, name: str) -> list[str]:
        return self.private[name] if name in self.private else [each["name"] for each in self.repositories[name]]


@pytest.fixture
def quay() -> QuayIo:
    return QuayIo()


@pytest.fixture
def session(quay: QuayIo) -> Iterator[Session]:
    with session_to(quay) as session:
        yield session


@pytest.fixture
def vendor(session: Session) -> Quay:
    return Quay(session, "quay.io")


@pytest.fixture
def logged_in(quay: QuayIo, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Quay]:
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"quay.io": {"username": request.param, "password": TOKEN}}}))
    with session_to(quay, {**NO_ENVIRONMENT, "DOCKER_CONFIG": str(tmp_path)}) as session:
        yield Quay(session, "quay.io")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("acme", (APP, NESTED)),
        ("acme/app", (APP,)),
        ("acme/group", (NESTED,)),
        ("acme/ap", (Repository("quay.io", "acme/ap"),)),
    ],
)
def test_repositories_are_read_page_by_page_and_nested_ones_too(
    quay: QuayIo, vendor: Quay, path: str, found: tuple[Repository, ...]
) -> None:
    names = vendor.repositories(Namespace("quay.io", path))

    assert (names.repositories, names.requests, names.unseen) == (found, 4, "")
    assert [logged.query.get("next_page") for logged in quay.log] == [None, "page-1"] * 2
    assert {(logged.query["namespace"], logged.query["public"]) for logged in quay.log} == {("acme", "true")}


def test_a_repository_that_goes_between_two_pages_does_not_hide_another(quay: QuayIo, vendor: Quay) -> None:
    def gone(request: httpx.Request, answer: Answer) -> httpx.Response:
        del quay.repositories["app"]
        return answer(request)

    quay.faults.append(Fault("GET", "next_page=page-1", gone))

    assert vendor.repositories(ACME).repositories == (NESTED,)
    assert quay.faults[0].struck


def test_a_namespace_that_changes_each_time_it_is_listed_is_an_error_in_words(quay: QuayIo, vendor: Quay) -> None:
    def moved(request: httpx.Request, answer: Answer) -> httpx.Response:
        quay.repositories[f"new{len(quay.log)}"] = quay.repositories.pop(next(iter(quay.repositories)))
        return answer(request)

    quay.faults.append(Fault("GET", "next_page=page-1", moved, times=None))

    with pytest.raises(ProtocolError, match=r"listing quay\.io/acme: the list is not whole: it changes while it is read"):
        vendor.repositories(ACME)


def test_tags_come_with_digests_sizes_and_times(vendor: Quay) -> None:
    told = vendor.tags(APP)

    assert told.listing.tags == {Tag("1"): DIGEST, Tag("all"): INDEX}
    uploaded = datetime(2024, 5, 7, 7, 8, 9, tzinfo=UTC)
    assert told.listing.manifests == {DIGEST: Described(None, 1234, uploaded), INDEX: Described(None, None, uploaded)}
    assert told.requests == 1


@pytest.mark.parametrize("names", [("1.0", "latest"), ("latest", "1.0")])
def test_tags_of_one_digest_have_each_its_own_time(quay: QuayIo, vendor: Quay, names: tuple[str, str]) -> None:
    quay.repositories["app"] = [tag(name, DIGEST, start_ts={"1.0": START, "latest": END}[name]) for name in names]
    listing = vendor.tags(APP).listing

    first, last = datetime(2024, 5, 7, 7, 8, 9, tzinfo=UTC), datetime(2024, 5, 7, 8, 8, 9, tzinfo=UTC)
    assert listing.uploaded == {Tag("1.0"): first, Tag("latest"): last}
    assert listing.manifests == {DIGEST: Described(None, 1234, first)}


def test_a_nested_repository_is_asked_for_by_its_whole_name(vendor: Quay) -> None:
    assert vendor.tags(NESTED).listing.tags == {Tag("2"): DIGEST}


def test_pages_of_a_hundred_tags_are_followed(quay: QuayIo, vendor: Quay) -> None:
    quay.repositories["app"] = [tag(f"v{number}", DIGEST) for number in range(250)]
    told = vendor.tags(APP)

    assert (len(told.listing.tags), told.requests) == (250, 4)
    asked = [(logged.query["limit"], logged.query["page"]) for logged in quay.requests("GET", "/api/")]
    assert asked == [("100", "1"), ("100", "2"), ("100", "3")]


def test_a_tag_that_moves_between_two_pages_is_named_by_the_registry(quay: QuayIo, vendor: Quay) -> None:
    tags = quay.repositories["app"] = [tag(f"v{number}", DIGEST) for number in range(250)]

    def changed(request: httpx.Request, answer: Answer) -> httpx.Response:
        tags.remove(tag("v0", DIGEST))  # what is first on page 2 moves to page 1
        tags.insert(0, tag("v249", INDEX, start_ts=END))  # what is last is pushed anew
        tags.pop()
        del tags[1:3]
        return answer(request)

    quay.faults.append(Fault("GET", "page=2", changed))
    listing = vendor.tags(APP).listing

    assert listing.unasked == {Tag("v249"), Tag("v100"), Tag("v101")}
    assert len(listing.tags) == 247


@pytest.mark.parametrize("code", [400, 413])
def test_smaller_pages_are_asked_for_where_large_ones_are_refused(quay: QuayIo, vendor: Quay, code: int) -> None:
    quay.faults.append(Fault("GET", "limit=(100|50)", status(code), times=None))
    quay.repositories["app"] = [tag(f"v{number}", DIGEST) for number in range(15)]
    told = vendor.tags(APP)

    assert (len(told.listing.tags), told.requests) == (15, 5)
    assert [logged.query["limit"] for logged in quay.requests("GET", "/api/")] == ["100", "50", "10", "10"]


def test_where_every_page_is_refused_the_names_come_from_the_registry(quay: QuayIo, vendor: Quay) -> None:
    quay.most, quay.private["app"] = 5, ["1", "all"]
    told = vendor.tags(APP)

    assert told.listing.unasked == {Tag("1"), Tag("all")}
    assert told.requests == 4


@pytest.mark.parametrize("code", [401, 403, 404])
def test_where_the_api_shows_no_repository_the_names_come_from_the_registry(quay: QuayIo, vendor: Quay, code: int) -> None:
    quay.faults.append(Fault("GET", "/tag/", status(code), times=None))
    quay.private["app"] = ["secret"]
    told = vendor.tags(APP)

    assert told.listing.unasked == {Tag("secret")}
    assert not told.listing.tags
    assert told.requests == 2


def test_of_a_tag_with_a_past_the_newest_digest_counts_unless_it_has_ended(quay: QuayIo, vendor: Quay) -> None:
    quay.repositories["app"] = [
        tag("moved", DIGEST, start_ts=END),
        tag("moved", PAST, end_ts=END),
        tag("deleted", PAST, end_ts=END),
        tag("expires", INDEX, end_ts=LATER, expiration="Fri, 01 Jan 2100 00:00:00 -0000"),
        tag("returned", PAST, end_ts=START + 9),
        tag("returned", DIGEST, start_ts=END, reversion=True),
    ]

    assert vendor.tags(APP).listing.tags == {Tag("moved"): DIGEST, Tag("expires"): INDEX, Tag("returned"): DIGEST}


def test_a_namespace_that_the_api_does_not_list_is_an_error_in_words(quay: QuayIo, vendor: Quay) -> None:
    quay.faults.append(Fault("GET", "/api/v1/repository", status(403), times=None))

    with pytest.raises(RegistryError) as raised:
        vendor.repositories(ACME)
    assert str(raised.value) == (
        "listing quay.io/acme: the API of quay.io does not list it: 403 Forbidden: name its repositories one by one, "
        "or let the API list them: docker login with the user $oauthtoken and an OAuth token as its password"
    )


def test_the_root_is_refused_in_words(quay: QuayIo, vendor: Quay) -> None:
    with pytest.raises(ProtocolError) as raised:
        vendor.repositories(Namespace("quay.io"))
    assert "name one: quay.io/USER" in str(raised.value)
    assert not quay.log


def test_success_with_nothing_is_told_as_nothing(quay: QuayIo, vendor: Quay) -> None:
    quay.repositories = {"app": []}
    assert vendor.tags(APP).listing.blank

    quay.repositories = {}
    assert vendor.repositories(ACME).repositories == ()


@pytest.mark.parametrize(
    "change",
    [
        page(),
        document([]),
        document({"page": 1}),
        document({"repositories": [{"name": 5}], "tags": [{"name": 5}]}),
        document({"repositories": [{"name": "../up"}], "tags": [{"name": "../up", "manifest_digest": str(DIGEST)}]}),
        document({"repositories": [], "tags": [{"name": "1", "manifest_digest": "md5:1"}], "next_page": 5}),
        document({"repositories": [], "next_page": "again", "tags": [], "page": 0, "has_additional": True}),
        status(500),
    ],
)
@pytest.mark.parametrize("ask", [lambda vendor: vendor.repositories(ACME), lambda vendor: vendor.tags(APP)])
def test_what_is_not_understood_or_leads_astray_is_an_error(
    quay: QuayIo, vendor: Quay, change: Change, ask: Callable[[Quay], object]
) -> None:
    quay.faults.append(Fault("GET", "/api/", change, times=None))

    with pytest.raises(ProtocolError):
        ask(vendor)
    assert not quay.requests("GET", "/v2/")


def test_a_list_that_is_never_given_for_too_many_requests_is_no_part_of_one(quay: QuayIo, vendor: Quay) -> None:
    quay.repositories["app"] = [tag(f"v{number}", DIGEST) for number in range(150)]
    quay.faults.append(Fault("GET", "page=2", status(429, headers={"Retry-After": "60"}), times=None))

    with pytest.raises(RateLimitedError):
        vendor.tags(APP)


@pytest.mark.parametrize("logged_in", ["$oauthtoken"], indirect=True)
def test_an_oauth_token_opens_the_api(quay: QuayIo, logged_in: Quay) -> None:
    assert logged_in.repositories(ACME).unseen == ""
    assert logged_in.tags(APP).listing.tags
    assert {logged.headers["Authorization"] for logged in quay.log} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("logged_in", ["acme+robot"], indirect=True)
def test_a_robot_is_not_shown_to_the_api_and_what_is_private_is_unseen(quay: QuayIo, logged_in: Quay) -> None:
    names = logged_in.repositories(ACME)

    assert names.repositories == (APP, NESTED)
    assert "opens the registry, not its API, which lists only what is public" in names.unseen
    assert not [logged for logged in quay.log if "Authorization" in logged.headers]


def test_what_the_registry_asks_for_is_not_shown_to_the_api_on_its_host(quay: QuayIo, session: Session, vendor: Quay) -> None:
    challenge = {"WWW-Authenticate": 'Bearer realm="https://quay.io/v2/auth",service="quay.io",scope="repository:acme/app:pull"'}
    quay.routes["GET /v2/auth"] = lambda _request: httpx.Response(200, json={"token": "of-the-registry"})
    quay.faults.append(Fault("GET", "/v2/acme", status(401, headers=challenge)))
    quay.private["app"] = ["1"]
    assert catalog.tags(session, APP)[0] == (Tag("1"),)

    assert vendor.tags(APP).listing.tags
    assert [logged.headers.get("Authorization") for logged in quay.requests("GET", "/api/")] == [None]
