"""Whole calls: what is learnt, and who gets which credentials."""

import json
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import pytest

from gcrsync.errors import ProtocolError, RegistryError, StoppedError, UnauthorizedError, UnreachableError
from gcrsync.registry.answers import failure
from gcrsync.registry.credentials import basic_authorization
from gcrsync.registry.opening import Settings
from gcrsync.registry.session import Call
from tests.support.worlds import BEARER, CI, PULL, World, fine, get, guarded, sent, with_token


def test_an_open_registry_is_asked_once_and_for_nothing_else() -> None:
    world = World({"r.test": fine})

    assert sent(world.session(), get(world.session())) == (200, b"welcome")
    assert world.asked == ["GET r.test/v2/a/b/manifests/1"]
    assert world.authorizations == [None]


def test_the_first_challenge_is_met_and_remembered_without_asking_v2_first(world: World) -> None:
    session = world.session()

    assert [sent(session, get(session))[0] for _ in range(3)] == [200, 200, 200]
    assert world.asked == ["GET r.test/v2/a/b/manifests/1", "GET auth.test/token", *["GET r.test/v2/a/b/manifests/1"] * 3]
    assert world.authorizations[2:] == [f"Bearer {PULL}#1"] * 3


def test_a_token_is_for_what_the_call_needs_and_not_for_what_the_challenge_says(world: World) -> None:
    session = world.session()

    sent(session, get(session, scope="repository:a/b:pull,push repository:c:pull"))
    assert world.authorizations[-1] == "Bearer repository:a/b:pull,push+repository:c:pull#1"
    sent(session, get(session, scope="repository:other:pull"))
    assert world.authorizations[-1] == "Bearer repository:other:pull#2"
    assert world.asked.count("GET r.test/v2/a/b/manifests/1") == 3


def test_a_call_without_a_scope_takes_that_of_the_challenge(world: World) -> None:
    session = world.session()

    assert sent(session, get(session, scope=""))[0] == 200
    assert world.authorizations[-1] == f"Bearer {PULL}#1"


def test_a_host_that_stalls_keeps_no_upload_to_another_waiting(world: World) -> None:
    asked, answers = Event(), Event()

    def stalled(request: httpx.Request) -> httpx.Response:
        asked.set()
        assert answers.wait(30)
        return fine(request)

    world.hosts["slow.test"] = stalled
    session = world.session()

    def uploaded(registry: str) -> int:
        url = session.url(registry, "/v2/a/b/blobs/uploads/1")
        return sent(session, Call("PUT", url, registry, PULL, content=iter([b"content"])))[0]

    with ThreadPoolExecutor(2) as threads:
        slow = threads.submit(uploaded, "slow.test")
        assert asked.wait(30)
        try:
            assert threads.submit(uploaded, "r.test").result(timeout=10) == 200
            assert not slow.done()
        finally:
            answers.set()
        assert slow.result(timeout=30) == 200
    assert world.asked.count("GET r.test/v2/") == world.asked.count("GET slow.test/v2/") == 1


def test_what_another_call_has_met_is_kept_where_v2_asks_for_nothing(world: World) -> None:
    session, guard = world.session(), world.hosts["r.test"]

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/v2/":
            return guard(request)
        assert sent(session, get(session))[0] == 200
        return fine(request)

    world.hosts["r.test"] = handle
    url = session.url("r.test", "/v2/a/b/blobs/uploads/1")
    assert sent(session, Call("PUT", url, "r.test", PULL, content=iter([b"content"])))[0] == 200
    assert world.asked.count("PUT r.test/v2/a/b/blobs/uploads/1") == 1


def test_a_token_that_has_ended_is_renewed_before_it_is_refused(world: World) -> None:
    session = world.session()
    sent(session, get(session))
    world.clock.seconds += 60

    assert sent(session, get(session))[0] == 200
    assert world.asked[3:] == ["GET auth.test/token", "GET r.test/v2/a/b/manifests/1"]
    assert world.authorizations[-1] == f"Bearer {PULL}#2"


def test_a_token_that_is_refused_before_its_time_is_renewed_once(world: World) -> None:
    session = world.session()
    sent(session, get(session))
    world.hosts["r.test"] = guarded(
        'Bearer realm="https://auth.test/token",error="invalid_token"', lambda text: text.endswith("#2")
    )

    assert sent(session, get(session))[0] == 200
    assert world.authorizations[-1] == f"Bearer {PULL}#2"


def test_a_scope_that_is_not_enough_is_widened_once_to_what_the_registry_asks_for(world: World) -> None:
    challenge = 'Bearer realm="https://auth.test/token",scope="repository:a/b:pull,delete",error="insufficient_scope"'
    world.hosts["r.test"] = guarded(challenge, lambda text: "delete" in text)
    session = world.session()

    assert sent(session, get(session))[0] == 200
    assert world.authorizations[-1] == "Bearer repository:a/b:pull,delete#1"


def test_a_registry_that_is_never_content_is_not_asked_for_ever(world: World) -> None:
    for challenge in (
        BEARER,
        BEARER + ',error="insufficient_scope"',
        BEARER.replace("a/b", "other") + ',error="insufficient_scope"',
    ):
        world.log.clear()
        world.hosts["r.test"] = guarded(challenge, lambda _text: False)
        session = world.session()

        status, content = sent(session, get(session))
        assert (status, json.loads(content)) == (401, {"errors": [{"code": "UNAUTHORIZED"}]})
        assert world.asked == ["GET r.test/v2/a/b/manifests/1", "GET auth.test/token", "GET r.test/v2/a/b/manifests/1"]


def test_a_registry_that_asks_for_another_scope_each_time_is_asked_three_times(world: World) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        challenge = f'Bearer realm="https://auth.test/token",scope="s{len(world.log)}",error="insufficient_scope"'
        return guarded(challenge, lambda _text: False)(request)

    world.hosts["r.test"] = answer
    session = world.session()

    assert sent(session, get(session))[0] == 401
    assert world.asked == [*["GET r.test/v2/a/b/manifests/1", "GET auth.test/token"] * 2, "GET r.test/v2/a/b/manifests/1"]


def test_a_bad_token_is_renewed_where_the_401_has_no_challenge(world: World) -> None:
    challenge = 'Bearer realm="https://auth.test/token",scope="registry:catalog:*",error="insufficient_scope"'
    world.hosts["r.test"] = guarded(challenge, with_token)
    session = world.session()
    assert sent(session, get(session, scope=""))[0] == 200

    world.hosts["r.test"] = lambda request: httpx.Response(200 if request.headers["authorization"].endswith("#3") else 401)
    assert sent(session, get(session))[0] == 200
    assert world.authorizations[-1] == f"Bearer {PULL}#3"


@pytest.mark.parametrize("challenge", ["", "Negotiate", 'Digest realm="d"'])
def test_a_challenge_that_cannot_be_met_is_given_back(world: World, challenge: str) -> None:
    world.hosts["r.test"] = guarded(challenge, lambda _text: False)
    session = world.session(Settings(destination="r.test"), CI)

    assert sent(session, get(session))[0] == 401
    assert world.asked == ["GET r.test/v2/a/b/manifests/1"]


def test_the_first_challenge_of_several_headers_is_met(world: World) -> None:
    headers = [("www-authenticate", "Negotiate"), ("www-authenticate", 'Basic realm="x", ' + BEARER)]
    world.hosts["r.test"] = lambda request: httpx.Response(200 if "authorization" in request.headers else 401, headers=headers)
    session = world.session(Settings(destination="r.test"), CI)

    assert sent(session, get(session))[0] == 200
    assert world.authorizations == [None, basic_authorization("ci", "hunter2")]


def test_basic_credentials_go_with_each_request_to_the_registry_once_it_has_asked(world: World) -> None:
    world.hosts["r.test"] = guarded('Basic realm="x"', lambda text: text == basic_authorization("ci", "hunter2"))
    session = world.session(Settings(destination="r.test"), CI)

    assert [sent(session, get(session))[0] for _ in range(2)] == [200, 200]
    assert world.authorizations == [None, *[basic_authorization("ci", "hunter2")] * 2]


def test_wrong_basic_credentials_are_sent_once(world: World) -> None:
    world.hosts["r.test"] = guarded('Basic realm="x"', lambda _text: False)
    session = world.session(Settings(destination="r.test"), CI)

    assert sent(session, get(session))[0] == 401
    assert world.authorizations == [None, basic_authorization("ci", "hunter2")]


def test_nobody_has_no_basic_credentials(world: World) -> None:
    world.hosts["r.test"] = guarded('Basic realm="x"', lambda _text: False)
    session = world.session()

    assert sent(session, get(session))[0] == 401
    assert world.authorizations == [None]


def test_the_variables_of_the_destination_never_go_to_a_source(world: World) -> None:
    world.hosts["source.test"] = guarded('Basic realm="x"', lambda _text: False)
    world.hosts["other.test"] = guarded(BEARER, with_token)
    session = world.session(Settings(destination="r.test"), CI)

    for host in ("source.test", "other.test", "r.test"):
        sent(session, get(session, host))
    sent_to = [request.url.host for request in world.log if request.headers.get("authorization", "").startswith("Basic")]
    assert sent_to == ["auth.test"]
    assert world.asked[-3:] == ["GET r.test/v2/a/b/manifests/1", "GET auth.test/token", "GET r.test/v2/a/b/manifests/1"]


def test_a_registry_token_is_used_as_it_is_and_the_longest_name_of_a_repository_finds_it(world: World, tmp_path: Path) -> None:
    auths = {"r.test": {"auth": b64encode(b"me:x").decode()}, "r.test/a": {"registrytoken": "ready"}}
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths}))
    session = world.session(environment={"DOCKER_CONFIG": str(tmp_path)})

    assert sent(session, get(session))[0] == 200
    assert world.authorizations == [None, "Bearer ready"]


def test_a_token_that_is_not_given_names_the_registry_and_what_to_do(world: World) -> None:
    world.hosts["auth.test"] = lambda _request: httpx.Response(401, json={"errors": [{"code": "UNAUTHORIZED", "message": "no"}]})
    session = world.session()

    with pytest.raises(UnauthorizedError, match=r"for r.test: 401 Unauthorized: UNAUTHORIZED: no") as caught:
        sent(session, get(session))
    assert "docker login r.test" in caught.value.hint


ORIGINS = {
    "variables": ({}, "the credentials from GCRSYNC_USERNAME and GCRSYNC_PASSWORD do not open it; "),
    "file": ({"auths": {"r.test": {"auth": b64encode(b"me:hunter2").decode()}}}, "the credentials from {0}/config.json do not"),
    "helper": ({"credsStore": "test"}, "the credentials from docker-credential-test (named in {0}/config.json) do not open it; "),
    "nobody": ({}, "no credentials for it were found; "),
}


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("challenge", ['Basic realm="r"', BEARER])
@pytest.mark.parametrize("origin", ORIGINS)
def test_a_refusal_says_where_the_credentials_came_from_and_never_what_they_are(
    world: World, tmp_path: Path, origin: str, challenge: str, status: int
) -> None:
    config, says = ORIGINS[origin]
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "docker-credential-test").write_text('#!/bin/sh\necho \'{"Username": "me", "Secret": "hunter2"}\'\n')
    (tmp_path / "docker-credential-test").chmod(0o755)
    environment = {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"}
    if origin == "variables":
        environment |= {"GCRSYNC_USERNAME": "me", "GCRSYNC_PASSWORD": "hunter2"}
    headers = {"www-authenticate": challenge}
    world.hosts["r.test"] = lambda request: httpx.Response(status if "authorization" in request.headers else 401, headers=headers)
    world.hosts["auth.test"] = lambda _request: httpx.Response(status)
    session = world.session(Settings(destination="r.test"), environment)

    with pytest.raises(RegistryError) as caught, session.open(get(session)) as response:
        raise failure(response, "reading")
    assert caught.value.hint.startswith(says.format(tmp_path))
    assert "docker login r.test" in caught.value.hint
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("registry", "path", "query", "url"),
    [
        ("gcr.io", "/v2/a/tags/list", {"n": "10000"}, "https://gcr.io/v2/a/tags/list?n=10000"),
        ("gcr.io", "/v2/", {}, "https://gcr.io/v2/"),
        ("docker.io", "/v2/a/b/manifests/x", {}, "https://registry-1.docker.io/v2/a/b/manifests/x"),
        ("localhost:5000", "/v2/", {}, "http://localhost:5000/v2/"),
        ("127.9.9.9:5000", "/v2/", {}, "http://127.9.9.9:5000/v2/"),
        ("[::1]:5000", "/v2/", {}, "http://[::1]:5000/v2/"),
        ("10.0.0.1:5000", "/v2/", {}, "https://10.0.0.1:5000/v2/"),
        ("insecure.test", "/v2/", {}, "https://insecure.test/v2/"),
        ("localhost:5443", "/v2/", {}, "https://localhost:5443/v2/"),
        ("gcr.io", "/v2/a/b", {"digest": "sha256:1", "from": "a/b"}, "https://gcr.io/v2/a/b?digest=sha256%3A1&from=a%2Fb"),
    ],
)
def test_urls_are_tls_but_for_this_machine(registry: str, path: str, query: dict[str, str], url: str) -> None:
    session = World().session(Settings(insecure=frozenset({"insecure.test", "localhost:5443"})))

    assert str(session.url(registry, path, query)) == url


def test_an_insecure_registry_that_names_itself_by_plain_http_is_still_itself(world: World) -> None:
    session = world.session(Settings(insecure=frozenset({"r.test"})))
    sent(session, get(session))

    assert sent(session, Call("PUT", httpx.URL("http://r.test/upload?state=1"), "r.test", PULL, content=iter([b"x"])))[0] == 200
    assert world.authorizations[-1] == f"Bearer {PULL}#1"


def test_nothing_goes_by_plain_http_to_any_other_registry(world: World) -> None:
    session = world.session()
    sent(session, get(session))
    before = list(world.log)

    with pytest.raises(ProtocolError, match=r"r\.test leads from TLS to plain HTTP on r\.test, where nothing is sent"):
        sent(session, Call("PUT", httpx.URL("http://r.test/upload"), "r.test", PULL, content=iter([b"x"])))
    assert world.log == before


@pytest.mark.parametrize("host", ["169.254.169.254", "vault", "10.0.0.1:9000"])
@pytest.mark.parametrize(
    ("registry", "insecure", "followed"),
    [("r.test", "", False), ("r.test", "r.test", True), ("10.0.0.9", "", True), ("localhost:5000", "", True)],
)
def test_an_upload_into_a_private_network_is_for_registries_there(
    world: World,
    host: str,
    registry: str,
    insecure: str,
    followed: bool,  # noqa: FBT001
) -> None:
    session = world.session(Settings(insecure=frozenset({insecure})))
    world.hosts[host] = fine
    call = Call("PUT", httpx.URL(f"https://{host}/latest/x?sig=hunter2"), registry, PULL, content=b"x")

    if followed:
        assert sent(session, call)[0] == 200
    else:
        with pytest.raises(ProtocolError, match=r"r\.test leads into the private network of") as caught:
            sent(session, call)
        assert "hunter2" not in str(caught.value)
    assert world.asked == [f"PUT {host}/latest/x"] * followed


def test_a_host_that_does_not_answer_is_tried_again_and_then_unreachable(world: World) -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    world.hosts["r.test"] = refuse
    session = world.session()

    with pytest.raises(UnreachableError, match=r"GET r.test/v2/a/b/manifests/1: connection refused"):
        sent(session, get(session))
    assert len(world.log) == 4
    assert world.clock.slept


def test_a_stop_ends_the_pause_before_the_next_try(world: World) -> None:
    world.hosts["r.test"] = lambda _request: httpx.Response(429, headers={"retry-after": "50"})
    world.clock.stop_after = world.clock.seconds + 1
    session = world.session()

    with pytest.raises(StoppedError):
        sent(session, get(session))
    assert len(world.log) == 1


def test_a_session_that_was_closed_after_a_stop_says_that_it_was_stopped(world: World) -> None:
    world.hosts["r.test"] = fine
    session = world.session()
    assert sent(session, get(session))[0] == 200

    session.close()
    world.clock.stop_after = world.clock.seconds
    with pytest.raises(StoppedError):
        sent(session, get(session))
    assert len(world.log) == 1
