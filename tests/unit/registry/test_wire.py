"""One request and its answer: our errors, no cookies, no secrets, and an end when the run is to stop."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from threading import Event, Thread
from time import monotonic

import httpx
import pytest

from gcrsync.errors import StoppedError, UnreachableError
from gcrsync.registry.transport import open_routes
from gcrsync.registry.wire import Wire
from tests.support.clock import SteppedClock

URL = httpx.URL("https://registry.test/v2/a?sig=hunter2")


def wire_to(answer: Callable[[httpx.Request], httpx.Response], clock: SteppedClock | None = None) -> Wire:
    return Wire(httpx.MockTransport(answer), (clock or SteppedClock()).clock)


def test_requests_say_who_asks_and_ask_for_bytes_as_they_are() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(302, headers={"location": "/elsewhere", "set-cookie": "sid=1"})

    wire = wire_to(answer)
    assert wire.send("GET", httpx.URL("https://me:hunter2@registry.test/v2/"), {"Accept": "x/y"}).status_code == 302
    wire.send("GET", httpx.URL("https://registry.test/v2/"), {})

    assert len(seen) == 2
    for request in seen:
        assert request.headers["user-agent"].startswith("gcrsync/")
        assert request.headers["accept-encoding"] == "identity"
        assert not {"authorization", "cookie"} & set(request.headers)
    assert seen[0].headers["accept"] == "x/y"


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("[Errno -2] Name or service not known"),
        httpx.ReadTimeout(""),
        httpx.ProxyError("407 Proxy Authentication Required"),
        UnicodeError("label too long"),
        OverflowError("port must be 0-65535"),
    ],
)
def test_no_answer_is_an_unreachable_host_and_the_query_is_not_told(error: Exception) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(UnreachableError, match=r"GET registry.test/v2/a: .+") as caught:
        wire_to(answer).send("GET", URL, {})
    assert "hunter2" not in str(caught.value)


def test_a_certificate_that_is_not_trusted_says_what_to_do() -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate")

    with pytest.raises(UnreachableError) as caught:
        wire_to(answer).send("GET", URL, {})
    assert "SSL_CERT_FILE" in caught.value.hint
    assert "--insecure registry.test" in caught.value.hint


def test_a_header_that_cannot_be_sent_is_not_told_even_in_the_chain() -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise httpx.LocalProtocolError("Illegal header value b'Bearer hunter2\\n'")

    with pytest.raises(UnreachableError) as caught:
        wire_to(answer).send("GET", URL, {})
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_body_that_breaks_off_is_the_fault_of_the_host_that_sends_it() -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise httpx.ReadError("connection reset")

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=broken()) if request.method == "GET" else httpx.Response(201, content=request.read())

    wire = wire_to(answer)
    source = wire.send("GET", httpx.URL("https://source.test/blob"), {})

    with pytest.raises(UnreachableError, match=r"GET source.test/blob: connection reset"):
        wire.send("PUT", httpx.URL("https://destination.test/upload"), {}, source.iter_raw())


def test_nothing_is_sent_after_a_stop_and_no_failure_is_told() -> None:
    clock = SteppedClock()
    asked = 0

    def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        clock.stop_after = clock.seconds
        raise httpx.ReadError("closed by us")

    wire = wire_to(answer, clock)
    for _ in range(2):
        with pytest.raises(StoppedError):
            wire.send("GET", URL, {})
    assert asked == 1


def test_a_session_that_is_closed_under_a_request_is_a_stop_and_without_one_a_defect() -> None:
    clock = SteppedClock()

    def closed(_request: httpx.Request) -> httpx.Response:
        raise RuntimeError("The connection pool was closed while 1 HTTP requests/responses were still in-flight.")

    def closed_by_a_stop(request: httpx.Request) -> httpx.Response:
        clock.stop_after = clock.seconds
        return closed(request)

    with pytest.raises(RuntimeError):
        wire_to(closed, clock).send("GET", URL, {})
    with pytest.raises(StoppedError):
        wire_to(closed_by_a_stop, clock).send("GET", URL, {})


@pytest.mark.parametrize("answered", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhalf"])
def test_a_stop_ends_a_read_that_waits_for_a_stalled_host(answered: bytes) -> None:
    clock, stalled, ended = SteppedClock(), Event(), Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def stall() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answered)
                stalled.set()
                ended.wait(30)

        wire = Wire(open_routes({}, frozenset(), 4, monotonic), clock.clock)
        failures: list[BaseException] = []

        def read() -> None:
            try:
                wire.send("GET", httpx.URL(f"http://127.0.0.1:{server.getsockname()[1]}/"), {}).read()
            except StoppedError as error:
                failures.append(error)

        host, reader = Thread(target=stall, daemon=True), Thread(target=read, daemon=True)
        host.start()
        reader.start()
        assert stalled.wait(30)
        clock.stop_after = clock.seconds
        wire.close()
        reader.join(30)
        ended.set()
        host.join(30)

    assert not reader.is_alive()
    assert len(failures) == 1


def test_a_host_that_says_nothing_for_longer_than_it_may_is_unreachable() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server, closing(open_routes({}, frozenset(), 4, monotonic)) as routes:
        wire = Wire(routes, SteppedClock().clock, patience=0.1)

        with pytest.raises(UnreachableError, match="timed out"):
            wire.send("GET", httpx.URL(f"http://127.0.0.1:{server.getsockname()[1]}/"), {})
