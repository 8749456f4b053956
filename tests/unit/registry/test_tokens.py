"""Access tokens: how they are asked for, how long they hold, and whom they are never asked from."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Barrier
from urllib.parse import parse_qs

import httpx
import pytest

from gcrsync.errors import DeniedError, ProtocolError, RateLimitedError, RegistryError, UnauthorizedError
from gcrsync.registry.challenge import Challenge
from gcrsync.registry.credentials import Anonymous, Basic, Credential, IdentityToken, basic_authorization
from gcrsync.registry.tokens import TokenRequest, Tokens
from gcrsync.registry.wire import Wire
from tests.support.clock import SteppedClock

REALM = "https://auth.test/token"
WANTED = TokenRequest(
    "r.test",
    httpx.URL("https://r.test/"),
    Challenge("bearer", REALM, "r.test"),
    Anonymous(),
    ("repository:a:pull,push", "repository:b:pull"),
)


@dataclass
class Server:
    """A token server: it gives ``answer``, or a new token each time."""

    answer: Callable[[httpx.Request], httpx.Response] | None = None
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Log the request and answer it."""
        self.requests.append(request)
        return self.answer(request) if self.answer else httpx.Response(200, json={"token": f"t{len(self.requests)}"})


def tokens(server: Server, clock: SteppedClock | None = None, insecure: frozenset[str] = frozenset()) -> Tokens:
    clock = clock or SteppedClock()
    return Tokens(Wire(httpx.MockTransport(server), clock.clock), clock.now, insecure)


def challenged(realm: str, registry: str = "https://r.test/") -> TokenRequest:
    return replace(WANTED, challenge=replace(WANTED.challenge, realm=realm), challenged=httpx.URL(registry))


def test_a_token_is_asked_for_with_its_service_and_each_scope() -> None:
    server = Server()

    assert tokens(server).token(WANTED) == "t1"
    [request] = server.requests
    assert (request.method, request.url.copy_with(query=None)) == ("GET", httpx.URL(REALM))
    assert request.url.params.multi_items() == [
        ("service", "r.test"),
        ("scope", "repository:a:pull,push"),
        ("scope", "repository:b:pull"),
    ]
    assert "authorization" not in request.headers


def test_what_is_not_known_is_left_out_and_what_the_realm_has_is_kept() -> None:
    server = Server()

    tokens(server).token(replace(WANTED, challenge=Challenge("bearer", "https://auth.test/token?tenant=1"), scopes=()))
    assert server.requests[0].url == "https://auth.test/token?tenant=1"


def test_an_identity_token_alone_is_enough_to_post() -> None:
    server = Server()

    tokens(server).token(
        replace(WANTED, challenge=Challenge("bearer", REALM), scopes=(), credential=IdentityToken("me", "refresh"))
    )
    assert set(parse_qs(server.requests[0].content.decode())) == {"grant_type", "refresh_token", "client_id"}


def test_a_user_and_password_go_to_the_token_server() -> None:
    server = Server()

    tokens(server).token(replace(WANTED, credential=Basic("me", "hunter2")))
    assert server.requests[0].headers["authorization"] == basic_authorization("me", "hunter2")


def test_an_identity_token_is_posted_and_never_in_the_url() -> None:
    server = Server()

    assert tokens(server).token(replace(WANTED, credential=IdentityToken("me", "refresh/1"))) == "t1"
    [request] = server.requests
    assert (request.method, request.url) == ("POST", httpx.URL(REALM))
    assert parse_qs(request.content.decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["refresh/1"],
        "client_id": ["gcrsync"],
        "service": ["r.test"],
        "scope": ["repository:a:pull,push repository:b:pull"],
    }


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_without_oauth_is_asked_in_the_old_way(status: int) -> None:
    server = Server(lambda request: httpx.Response(status if request.method == "POST" else 200, json={"token": "old"}))

    assert tokens(server).token(replace(WANTED, credential=IdentityToken("me", "refresh"))) == "old"
    assert [request.method for request in server.requests] == ["POST", "GET"]
    assert server.requests[1].headers["authorization"] == basic_authorization("me", "refresh")


@pytest.mark.parametrize(
    ("document", "token"),
    [
        ({"token": "a"}, "a"),
        ({"access_token": "b"}, "b"),
        ({"token": "", "access_token": "b"}, "b"),
        ({"token": "a", "access_token": "a"}, "a"),
    ],
)
def test_a_token_has_two_names(document: dict[str, str], token: str) -> None:
    assert tokens(Server(lambda _request: httpx.Response(200, json=document))).token(WANTED) == token


@pytest.mark.parametrize(
    ("expires_in", "holds", "ended"),
    [
        ("300", 294, 296),
        ("5", 54, 56),
        ("-1", 54, 56),
        ("null", 54, 56),
        ('"300"', 54, 56),
        ("NaN", 54, 56),
        ("43200", 43194, 43196),
        ("1" + "0" * 400, 86394, 86396),
        ("Infinity", 86394, 86396),
    ],
)
def test_a_token_is_renewed_shortly_before_it_ends(expires_in: str, holds: float, ended: float) -> None:
    server, clock = Server(), SteppedClock()
    server.answer = lambda _request: httpx.Response(200, text=f'{{"token": "t{len(server.requests)}", "expires_in": {expires_in}}}')
    given = tokens(server, clock)

    assert given.token(WANTED) == "t1"
    clock.seconds += holds
    assert given.token(WANTED) == "t1"
    clock.seconds += ended - holds
    assert given.token(WANTED) == "t2"


@pytest.mark.parametrize(
    "other",
    [
        replace(WANTED, challenge=replace(WANTED.challenge, realm="https://other.test/token")),
        replace(WANTED, challenge=replace(WANTED.challenge, service="other")),
        replace(WANTED, credential=Basic("me", "hunter2")),
        replace(WANTED, scopes=("repository:a:pull,push",)),
    ],
)
def test_a_token_is_good_for_one_realm_service_account_and_set_of_scopes(other: TokenRequest) -> None:
    server = Server()
    given = tokens(server)

    assert [given.token(wanted) for wanted in (WANTED, other, WANTED, other)] == ["t1", "t2", "t1", "t2"]
    assert given.token(replace(WANTED, scopes=tuple(reversed(WANTED.scopes)))) == "t1"


def test_a_token_that_was_rejected_is_asked_for_again_and_one_that_was_renewed_meanwhile_is_not() -> None:
    server = Server()
    given = tokens(server)

    assert given.token(WANTED) == "t1"
    assert given.token(WANTED, rejected="t1") == "t2"
    assert given.token(WANTED, rejected="t1") == "t2"


def test_one_thread_asks_while_the_others_wait() -> None:
    server, barrier = Server(), Barrier(8)
    given = tokens(server)

    def ask(_number: int) -> str:
        barrier.wait(30)
        return given.token(WANTED)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {"t1"}
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "codes", "kind"),
    [
        (401, ["UNAUTHORIZED"], UnauthorizedError),
        (403, ["DENIED"], DeniedError),
        (429, [], RateLimitedError),
        (302, [], ProtocolError),
        (500, [], ProtocolError),
    ],
)
def test_a_token_that_is_not_given_is_told_of_the_registry_and_how_to_log_in(
    status: int, codes: Sequence[str], kind: type[RegistryError]
) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        errors = [{"code": code, "message": "authentication failed"} for code in codes]
        return httpx.Response(status, json={"errors": errors}, headers={"location": "https://elsewhere.test/"})

    server = Server(answer)
    with pytest.raises(kind, match=f"asking auth.test for a token for r.test: {status}") as caught:
        tokens(server).token(replace(WANTED, credential=Basic("me", "hunter2")))
    assert len(server.requests) == 1
    assert "hunter2" not in str(caught.value)
    assert status not in (401, 403) or "docker login r.test" in caught.value.hint


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=["token"]),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"token": ""}),
        httpx.Response(200, json={"token": 5}),
        httpx.Response(200, json={"token": "two words"}),
        httpx.Response(200, json={"token": "t\r\nX-Injected: 1"}),
        httpx.Response(200, json={"token": "x" * 65_536}),
    ],
)
def test_an_answer_that_is_no_token_is_refused(response: httpx.Response) -> None:
    with pytest.raises(ProtocolError):
        tokens(Server(lambda _request: response)).token(WANTED)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (challenged(""), "names no realm"),
        (challenged("Registry Realm"), "no URL"),
        (challenged("//auth.test/token"), "no URL"),
        (challenged("ftp://auth.test/token"), "no URL"),
        (challenged("https://auth.test:port/token"), "no URL"),
        (challenged("http://auth.test/token"), "plain HTTP"),
        (challenged("http://auth.test/token", "http://localhost:5000/"), "plain HTTP"),
        (challenged("http://r.test/token"), "plain HTTP"),
        (challenged("https://10.0.0.1/token"), "private network"),
        (challenged("https://localhost/token"), "private network"),
        (challenged("http://127.0.0.1:8080/token"), "private network"),
        (challenged("http://2130706433/token"), "private network"),
        (challenged("https://169.254.169.254/token"), "private network"),
        (challenged("https://[::ffff:10.0.0.1]/token"), "private network"),
        (challenged("https://metadata.google.internal/token"), "private network"),
    ],
)
@pytest.mark.parametrize("credential", [Anonymous(), Basic("me", "hunter2"), IdentityToken("me", "hunter2")])
def test_a_realm_that_may_not_be_asked_gets_no_request_at_all(wanted: TokenRequest, reason: str, credential: Credential) -> None:
    server = Server()

    with pytest.raises(ProtocolError, match=f"asking for a token for r.test: .*{reason}"):
        tokens(server).token(replace(wanted, credential=credential))
    assert server.requests == []


@pytest.mark.parametrize(
    ("wanted", "insecure"),
    [
        (challenged("http://localhost:5001/token", "http://localhost:5000/"), frozenset()),
        (challenged("http://127.0.0.1:5001/token", "http://[::1]:5000/"), frozenset()),
        (challenged("https://10.0.0.2/token", "https://10.0.0.1/"), frozenset()),
        (challenged("https://10.0.0.2/token", "https://registry/"), frozenset()),
        (challenged("https://10.0.0.2/token", "https://r.test/"), frozenset({"r.test"})),
        (challenged("http://r.test/token", "https://r.test/"), frozenset({"r.test"})),
    ],
)
def test_in_a_private_network_a_private_realm_is_asked(wanted: TokenRequest, insecure: frozenset[str]) -> None:
    server = Server()

    assert tokens(server, insecure=insecure).token(wanted) == "t1"
    assert len(server.requests) == 1
