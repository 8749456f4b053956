"""Where a whole call may be led, and what goes along."""

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from gcrsync.errors import ProtocolError
from gcrsync.registry.opening import Settings
from gcrsync.registry.session import Call
from tests.support.worlds import BEARER, CI, PULL, Handler, TokenServer, World, fine, get, guarded, redirecting, sent, with_token


@pytest.mark.parametrize("location", ["https://store.test/x", "https://r.test:8443/x", "https://sub.r.test/x"])
@pytest.mark.parametrize("challenge", [BEARER, 'Basic realm="x"'])
def test_a_token_does_not_follow_a_redirect_to_another_host_or_port(world: World, location: str, challenge: str) -> None:
    world.hosts["r.test"] = guarded(challenge, bool, redirecting(location))
    elsewhere = httpx.URL(location).netloc.decode()
    world.hosts[elsewhere] = fine
    session = world.session(Settings(destination="r.test"), CI)

    with session.open(get(session)) as response:
        assert (response.status_code, response.read(), str(response.url)) == (200, b"welcome", location)
    assert [request.url.netloc.decode() for request in world.log][-2:] == ["r.test", elsewhere]
    assert world.authorizations[-2] is not None
    assert world.authorizations[-1] is None


def test_an_authorization_of_a_calls_own_stays_at_the_host_of_its_url_and_is_not_put_another_way(world: World) -> None:
    refusing, leading = guarded(BEARER, {"Bearer another"}.__contains__), redirecting("https://store.test/list")
    world.hosts["api.test"] = lambda request: (leading if request.url.path == "/v1" else refusing)(request)
    world.hosts["store.test"] = fine
    call = Call("GET", httpx.URL("https://api.test/v1"), "r.test", authorization="Bearer own")
    for path, status in (("/v1", 200), ("/v2", 401)):
        with world.session(environment=CI).open(replace(call, url=call.url.copy_with(path=path))) as response:
            assert response.status_code == status

    assert world.asked == ["GET api.test/v1", "GET store.test/list", "GET api.test/v2"]
    assert world.authorizations == ["Bearer own", None, "Bearer own"]
    assert "own" not in repr(call)


def test_a_call_may_show_nothing_to_a_registry_that_asks_for_something(world: World) -> None:
    session = world.session(Settings(destination="r.test"), CI)
    assert sent(session, get(session))[0] == 200
    world.log.clear()
    with session.open(replace(get(session), authorization="")) as response:
        assert response.status_code == 401

    assert (world.asked, world.authorizations) == (["GET r.test/v2/a/b/manifests/1"], [None])


def test_where_a_registry_sends_people_for_a_token_is_learnt_once_and_judged(world: World) -> None:
    session = world.session()

    assert [str(session.realm("r.test")) for _ in range(2)] == ["https://auth.test/token"] * 2
    assert world.asked == ["GET r.test/v2/"]


@pytest.mark.parametrize("challenge", ['Bearer realm="http://auth.test/token"', 'Bearer realm="https://10.0.0.1/token"', "Bearer"])
def test_a_realm_that_may_not_be_shown_credentials_is_not_told(world: World, challenge: str) -> None:
    world.hosts["r.test"] = guarded(challenge, with_token)
    with pytest.raises(ProtocolError, match=r"asking for a token for r\.test"):
        world.session().realm("r.test")

    assert world.asked == ["GET r.test/v2/"]


def test_a_redirect_within_the_registry_keeps_the_credentials_and_the_headers(world: World) -> None:
    world.hosts["r.test"] = guarded(
        BEARER, with_token, lambda request: fine(request) if request.url.path == "/moved" else redirecting("/moved")(request)
    )
    session = world.session()

    assert sent(session, replace(get(session), headers={"Accept": "x/y", "Range": "bytes=5-"}))[0] == 200
    assert world.asked[-1] == "GET r.test/moved"
    assert world.authorizations[-1] == f"Bearer {PULL}#1"
    assert (world.log[-1].headers["accept"], world.log[-1].headers["range"]) == ("x/y", "bytes=5-")


def test_a_call_to_another_host_carries_nothing(world: World) -> None:
    world.hosts["store.test"] = fine
    session = world.session(Settings(destination="r.test"), CI)
    sent(session, get(session))

    call = Call("PUT", httpx.URL("https://store.test/upload?state=x"), "r.test", PULL, content=iter([b"x"]))
    assert sent(session, call)[0] == 200
    assert world.asked[-1] == "PUT store.test/upload"
    assert world.authorizations[-1] is None
    assert world.asked.count("GET auth.test/token") == 1


def test_a_streamed_body_is_not_sent_again_to_another_host_that_challenges(world: World) -> None:
    world.hosts["store.test"] = guarded(BEARER, with_token)
    session = world.session()

    assert sent(session, Call("PUT", httpx.URL("https://store.test/upload"), "r.test", PULL, content=iter([b"x"])))[0] == 401
    assert world.asked == ["PUT store.test/upload"]


def test_a_challenge_after_a_redirect_is_met_by_nobody_at_the_realm_of_that_host(world: World) -> None:
    challenge = 'Bearer realm="https://ar.test/v2/token",service="ar.test",scope="repository:p/a/b:pull"'
    tokens = TokenServer()
    guard = guarded(challenge, lambda text: text == "Bearer repository:p/a/b:pull#1")
    world.hosts["ar.test"] = lambda request: tokens(request) if request.url.path == "/v2/token" else guard(request)
    world.hosts["r.test"] = redirecting("https://ar.test/v2/p/a/b/manifests/1")
    session = world.session(Settings(destination="ar.test"), CI)

    assert [sent(session, get(session)) for _ in range(2)] == [(200, b"welcome")] * 2
    assert tokens.given == 1
    assert all(request.headers.get("authorization") is None for request in world.log if request.url.path == "/v2/token")


@pytest.mark.parametrize("challenge", [BEARER, 'Basic realm="x"'])
def test_a_redirected_host_that_stays_unwilling_is_not_taken_for_the_registry(world: World, challenge: str) -> None:
    world.hosts["store.test"] = guarded(challenge, lambda _text: False)
    world.hosts["r.test"] = redirecting("https://store.test/x")
    session = world.session(Settings(destination="r.test"), CI)

    with session.open(get(session)) as response:
        assert (response.status_code, response.url.host) == (401, "store.test")
    assert all(text is None or text == f"Bearer {PULL}#1" for text in world.authorizations)
    assert world.asked.count("GET r.test/v2/a/b/manifests/1") == 1


def test_the_page_size_survives_the_redirect_of_registry_k8s_io(world: World) -> None:
    world.hosts["r.test"] = redirecting("https://ar.test/v2/p/a/b/tags/list")
    world.hosts["ar.test"] = fine
    session = world.session()
    url = session.url("r.test", "/v2/a/b/tags/list", {"n": "10000"})

    assert sent(session, Call("GET", url, "r.test", PULL))[0] == 200
    assert str(world.log[-1].url) == "https://ar.test/v2/p/a/b/tags/list?n=10000"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        (lambda path: path, "in a circle"),
        (lambda path: f"{path}0", "in a circle or too often"),
        (lambda _path: "http://r.test/x?sig=hunter2", "from TLS to plain HTTP"),
        (lambda _path: "https://127.0.0.1/x?sig=hunter2", "into the private network"),
        (lambda _path: "", "without a usable Location"),
    ],
)
def test_a_redirect_that_leads_nowhere_good_is_an_error_without_its_query(
    world: World, location: Callable[[str], str], reason: str
) -> None:
    world.hosts["r.test"] = lambda request: redirecting(location(request.url.path))(request)
    session = world.session()

    with pytest.raises(ProtocolError, match=reason) as caught:
        sent(session, get(session))
    assert "hunter2" not in str(caught.value)
    assert 1 <= len(world.log) <= 6


def stepping(hops: int) -> Handler:
    return lambda request: (
        fine(request) if request.url.path == f"/{hops}" else redirecting(f"/{int(request.url.path[1:]) + 1}")(request)
    )


def test_five_redirects_are_followed_and_a_sixth_is_not(world: World) -> None:
    session = world.session()

    world.hosts["r.test"] = stepping(5)
    assert sent(session, get(session, path="/0")) == (200, b"welcome")
    world.hosts["r.test"] = stepping(6)
    with pytest.raises(ProtocolError, match="too often"):
        sent(session, get(session, path="/0"))
    assert world.asked == [f"GET r.test/{step}" for step in range(6)] * 2


def test_a_redirect_of_what_writes_is_followed_on_its_host_alone(world: World) -> None:
    session = world.session()
    call = Call("POST", session.url("r.test", "/v2/a/b/blobs/uploads/"), "r.test", PULL)
    world.hosts["r.test"] = lambda request: fine(request) if request.url.path == "/moved" else redirecting("/moved")(request)
    assert sent(session, call)[0] == 200
    assert world.asked[-1] == "POST r.test/moved"

    world.hosts["r.test"] = redirecting("https://store.test/x")
    assert sent(session, call)[0] == 307
    assert world.asked[-1] == "POST r.test/v2/a/b/blobs/uploads/"
