"""Hosts to which a registry leads, and the tokens that they give to nobody."""

from dataclasses import dataclass, field

import httpx
import pytest

from gcrsync.errors import DeniedError
from gcrsync.registry.session import Call, Session
from tests.support.sessions import session_to


@dataclass
class Behind:
    """A registry that leads to a store, which takes the tokens that were given last, and a log of what the store was shown."""

    valid: set[str] = field(default_factory=set)
    given: int = 0
    shown: list[str] = field(default_factory=list)
    refuses: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if request.url.host == "front.test":
            return httpx.Response(307, headers={"Location": f"https://store.test{request.url.path}"})
        if request.url.path == "/token":
            return self._token()
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.shown.append(shown)
        if shown in self.valid:
            return httpx.Response(200)
        challenge = 'Bearer realm="https://store.test/token",service="store.test",scope="repository:a:pull"'
        return httpx.Response(401, headers={} if shown else {"WWW-Authenticate": challenge})

    def _token(self) -> httpx.Response:
        if self.refuses:
            return httpx.Response(self.refuses)
        self.given += 1
        self.valid = {f"token-{self.given}"}
        return httpx.Response(200, json={"token": f"token-{self.given}", "expires_in": 43200})


def read(session: Session) -> int:
    call = Call("GET", session.url("front.test", "/v2/a/manifests/1"), "front.test", "repository:a:pull")
    with session.open(call) as response:
        return response.status_code


def test_the_token_of_another_host_is_shown_at_once_from_the_second_call_on() -> None:
    behind = Behind()
    with session_to(behind) as session:
        assert [read(session) for _ in range(3)] == [200] * 3
    assert behind.shown == ["", "token-1", "token-1", "token-1"]


def test_a_token_of_another_host_that_has_ended_early_is_renewed_also_where_the_401_has_no_challenge() -> None:
    behind = Behind()
    with session_to(behind) as session:
        assert read(session) == 200
        behind.valid.clear()
        assert read(session) == read(session) == 200
    assert behind.shown == ["", "token-1", "token-1", "token-2", "token-2"]


def test_another_host_that_takes_none_of_its_own_tokens_is_not_asked_for_ever() -> None:
    behind = Behind()
    with session_to(lambda request: behind(request) if request.url.path == "/token" else spoilt(behind, request)) as session:
        assert [read(session) for _ in range(2)] == [401] * 2
    assert behind.shown == ["", "token-1", "token-1", "token-2"]


def test_a_token_that_another_host_refuses_is_told_as_its_own_doing() -> None:
    behind = Behind(refuses=403)
    with (
        session_to(behind) as session,
        pytest.raises(DeniedError, match=r"asking store\.test for a token for store\.test: 403") as caught,
    ):
        read(session)
    assert "credentials for it were found" not in caught.value.hint


def spoilt(behind: Behind, request: httpx.Request) -> httpx.Response:
    behind.valid.clear()
    return behind(request)
