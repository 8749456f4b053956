"""What a registry tells before anybody logs in."""

import ssl
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from gcrsync.errors import NotARegistryError, ProtocolError
from gcrsync.registry.connections import CERTIFICATE, Connections
from gcrsync.registry.greeting import Greeting, greet
from tests.support.serving import served
from tests.support.sessions import session_to
from tests.support.tunnels import make_authority

ACCOUNT = {"GCRSYNC_USERNAME": "me", "GCRSYNC_PASSWORD": "secret"}


def test_a_registry_that_wants_credentials_has_answered_and_is_shown_none() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        headers = {"Date": "Sat, 21 Nov 2026 02:17:00 GMT", "WWW-Authenticate": 'Basic realm="here"'}
        return httpx.Response(401, headers=headers)

    with session_to(answer, ACCOUNT) as session:
        greeting = greet(session, "registry.test")

    assert greeting == Greeting("https", datetime(2026, 11, 21, 2, 17, tzinfo=UTC), None)
    assert [(each.url.path, "Authorization" in each.headers) for each in asked] == [("/v2/", False)]


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (httpx.Response(200, text="<!DOCTYPE html><html>Log in</html>"), NotARegistryError, "asking registry.test: .* HTML page"),
        (httpx.Response(501), ProtocolError, "501 Not Implemented"),
    ],
)
def test_a_page_for_people_and_a_broken_host_are_no_registry(answer: httpx.Response, error: type[Exception], words: str) -> None:
    with session_to(lambda _: answer) as session, pytest.raises(error, match=words):
        greet(session, "registry.test")


def test_a_verified_connection_tells_when_the_certificate_ends(tmp_path: Path) -> None:
    authority = make_authority(tmp_path, "localhost")
    trusting = ssl.create_default_context(cafile=authority.file)
    with (
        served(lambda _: httpx.Response(200), authority.context) as address,
        closing(Connections(trusting, 1, lambda: 0.0)) as connections,
    ):
        response = connections.handle_request(httpx.Request("GET", f"https://localhost:{address.rpartition(':')[2]}/v2/"))
        response.close()

    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(response.extensions[CERTIFICATE]["notAfter"]), UTC)
    assert timedelta(days=29) < ends - datetime.now(UTC) <= timedelta(days=30)
