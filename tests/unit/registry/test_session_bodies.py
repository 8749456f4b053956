"""Whole calls with a body that can be sent once only."""

from collections.abc import Iterable, Iterator

import httpx
import pytest

from gcrsync.errors import StoppedError, TokenEndedError
from gcrsync.registry.opening import Settings
from gcrsync.registry.session import Call, Session
from tests.support.worlds import BEARER, CI, PULL, World, get, guarded, sent, with_token


def streamed(session: Session, body: Iterable[bytes] | None = None) -> Call:
    content = iter([b"first", b"second"]) if body is None else body
    return Call("PUT", session.url("r.test", "/v2/a/b/blobs/uploads/1"), "r.test", "repository:a/b:pull,push", content=content)


def test_a_token_is_in_hand_before_a_body_is_streamed(world: World) -> None:
    session = world.session()

    assert [sent(session, streamed(session))[0] for _ in range(2)] == [200, 200]
    upload = "PUT r.test/v2/a/b/blobs/uploads/1"
    assert world.asked == ["GET r.test/v2/", "GET auth.test/token", upload, upload]
    assert [request.content for request in world.log if request.method == "PUT"] == [b"firstsecond"] * 2


def test_a_registry_whose_challenge_is_known_is_not_asked_before_a_body_is_streamed(world: World) -> None:
    session = world.session()
    sent(session, get(session))

    assert sent(session, streamed(session))[0] == 200
    assert "GET r.test/v2/" not in world.asked


def test_a_streamed_body_is_sent_once_and_its_401_brings_a_token_for_the_next(world: World) -> None:
    world.hosts["r.test"] = guarded(BEARER, lambda _text: False)
    opened = guarded(BEARER, with_token)
    world.hosts["r.test"] = lambda request: httpx.Response(200) if request.url.path == "/v2/" else opened(request)
    session = world.session()

    with pytest.raises(TokenEndedError, match="401 Unauthorized"):
        sent(session, streamed(session))
    assert world.asked == ["GET r.test/v2/", "PUT r.test/v2/a/b/blobs/uploads/1", "GET auth.test/token"]
    assert sent(session, streamed(session))[0] == 200
    assert world.asked[3:] == ["PUT r.test/v2/a/b/blobs/uploads/1"]


def test_a_streamed_body_is_not_worth_another_try_where_there_are_no_other_credentials(world: World) -> None:
    world.hosts["r.test"] = guarded('Basic realm="x"', lambda _text: False)
    session = world.session(Settings(destination="r.test"), CI)

    assert sent(session, streamed(session))[0] == 401
    assert world.asked == ["GET r.test/v2/", "PUT r.test/v2/a/b/blobs/uploads/1"]


@pytest.mark.parametrize(("status", "times"), [(503, 1), (307, 1)])
def test_a_streamed_body_is_never_sent_again(world: World, status: int, times: int) -> None:
    world.hosts["r.test"] = lambda request: httpx.Response(
        200 if request.url.path == "/v2/" else status, headers={"location": "/v2/elsewhere"}
    )
    session = world.session()

    assert sent(session, streamed(session))[0] == status
    assert world.asked.count("PUT r.test/v2/a/b/blobs/uploads/1") == times == len(world.log) - 1


def test_a_body_of_bytes_is_sent_again_with_a_token(world: World) -> None:
    session = world.session()
    call = Call("PUT", session.url("r.test", "/v2/a/b/manifests/1"), "r.test", PULL, {"Content-Type": "x/y"}, b"{}")

    assert sent(session, call)[0] == 200
    puts = [request for request in world.log if request.method == "PUT"]
    assert [(request.content, request.headers["content-type"]) for request in puts] == [(b"{}", "x/y")] * 2


def test_an_error_in_a_streamed_body_is_its_own(world: World) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise StoppedError

    session = world.session()
    with pytest.raises(StoppedError):
        sent(session, streamed(session, broken()))
