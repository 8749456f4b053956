"""Connections to real sockets: kept, dropped, broken and shut."""

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from threading import Semaphore, Thread
from time import monotonic

import httpx
import pytest

from gcrsync.registry.connections import Connections
from tests.support.clock import SteppedClock

HEAD = b"HTTP/1.1 200 OK\r\n"
SHORT = HEAD + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


@dataclass
class Host:
    """Answers the requests of each connection with the answers of the script, in turn, and then closes it."""

    script: Sequence[Sequence[bytes]]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    closed: Semaphore = field(default_factory=lambda: Semaphore(0))

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v2/?n=1"

    def close(self) -> None:
        self._listener.close()

    def wait(self) -> None:
        """Wait until the script is at its end."""
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        with suppress(OSError):  # the client is gone, or the test is over
            self._answer()

    def _answer(self) -> None:
        for answers in self.script:
            connection, _ = self._listener.accept()
            self.connections += 1
            with connection:
                for answer in answers:
                    request = _request(connection)
                    if not request:
                        break
                    self.requests.append(request)
                    connection.sendall(answer)
            self.closed.release()


def _request(connection: socket.socket) -> bytes:
    """Read a request; empty where the connection ends instead."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = next((int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def connections(clock: SteppedClock) -> Iterator[Connections]:
    with closing(Connections(ssl.create_default_context(), 4, lambda: clock.seconds)) as opened:
        yield opened


def read(connections: Connections, url: str, method: str = "GET", content: bytes | Iterator[bytes] | None = None) -> bytes:
    headers = {"Content-Length": "10"} if content is not None and not isinstance(content, bytes) else {}
    with closing(connections.handle_request(httpx.Request(method, url, headers=headers, content=content))) as response:
        return response.read()


@pytest.mark.parametrize("answer", [SHORT, CHUNKED])
def test_a_connection_carries_one_request_after_another(connections: Connections, answer: bytes) -> None:
    with closing(Host([[answer, answer]])) as host:
        assert [read(connections, host.url), read(connections, host.url)] == [b"hello", b"hello"]
        host.wait()
    assert host.connections == 1
    assert all(request.startswith(b"GET /v2/?n=1 HTTP/1.1\r\nHost: 127.0.0.1") for request in host.requests)


@pytest.mark.parametrize(
    "answer",
    [HEAD + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello", HEAD + b"\r\nhello", b"HTTP/1.0 200 OK\r\n\r\nhello"],
)
def test_a_connection_that_its_host_closes_is_not_used_again(connections: Connections, answer: bytes) -> None:
    with closing(Host([[answer], [SHORT]])) as host:
        assert [read(connections, host.url), read(connections, host.url)] == [b"hello", b"hello"]
        host.wait()
    assert host.connections == 2


def test_a_connection_that_was_closed_while_nobody_used_it_is_not_used_again(connections: Connections) -> None:
    with closing(Host([[SHORT], [SHORT]])) as host:
        assert read(connections, host.url) == b"hello"
        assert host.closed.acquire(timeout=30)
        assert read(connections, host.url) == b"hello"
    assert host.connections == 2


def test_a_connection_that_was_long_unused_is_not_used_again(connections: Connections, clock: SteppedClock) -> None:
    with closing(Host([[SHORT, SHORT], [SHORT]])) as host:
        assert read(connections, host.url) == b"hello"
        clock.seconds += 31
        assert read(connections, host.url) == b"hello"
    assert host.connections == 2


def test_a_body_that_nobody_reads_to_its_end_ends_its_connection(connections: Connections) -> None:
    with closing(Host([[HEAD + b"Content-Length: 1000000\r\n\r\nhell"], [SHORT]])) as host:
        with closing(connections.handle_request(httpx.Request("GET", host.url))) as response:
            assert response.status_code == 200
        assert read(connections, host.url) == b"hello"
    assert host.connections == 2


def test_a_head_has_no_body_whatever_length_it_tells(connections: Connections) -> None:
    with closing(Host([[HEAD + b"Content-Length: 5\r\n\r\n", SHORT]])) as host:
        assert read(connections, host.url, "HEAD") == b""
        assert read(connections, host.url) == b"hello"
    assert host.connections == 1


@pytest.mark.parametrize("content", [b"0123456789", iter([b"01234", b"56789"])])
def test_a_body_is_sent_whole(connections: Connections, content: bytes | Iterator[bytes]) -> None:
    with closing(Host([[SHORT]])) as host:
        assert read(connections, host.url, "PUT", content) == b"hello"
    assert len(host.requests) == 1
    assert host.requests[0].endswith(b"\r\n\r\n0123456789")


def test_a_host_that_refuses_a_body_while_it_is_sent_is_understood(connections: Connections) -> None:
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        connection, _ = listener.accept()
        connection.recv(10)
        connection.sendall(refusal)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
        connection.close()

    thread = Thread(target=refuse, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    request = httpx.Request("PUT", url, headers={"Content-Length": "8388608"}, content=iter([bytes(1 << 20)] * 8))
    with closing(listener), closing(connections.handle_request(request)) as response:
        assert response.status_code == 413
    thread.join(30)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", httpx.RemoteProtocolError),
        (b"SSH-2.0-OpenSSH\r\n\r\n", httpx.RemoteProtocolError),
        (HEAD + b"Content-Length: 9\r\n\r\nhello", httpx.RemoteProtocolError),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nhello", httpx.RemoteProtocolError),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello", httpx.RemoteProtocolError),
        (HEAD + b"A: b\r\n" * 200 + b"\r\n", httpx.RemoteProtocolError),
        (HEAD + b"A: " + b"b" * 100_000 + b"\r\n\r\n", httpx.RemoteProtocolError),
    ],
)
def test_an_answer_that_is_not_whole_or_no_http_is_an_error(
    connections: Connections, answer: bytes, error: type[httpx.TransportError]
) -> None:
    with closing(Host([[answer]])) as host, pytest.raises(error, match=r".+"):
        read(connections, host.url)
    assert len(host.requests) == 1


def test_a_host_that_takes_no_connection_is_an_error(connections: Connections) -> None:
    with closing(Host([])) as host:
        url = host.url
    with pytest.raises(httpx.ConnectError, match="refused"):
        read(connections, url)


def test_a_host_that_says_nothing_is_given_up(connections: Connections) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        request = httpx.Request("GET", url, extensions={"timeout": {"connect": 5, "read": 0.2}})
        started = monotonic()
        with pytest.raises(httpx.ReadTimeout):
            connections.handle_request(request)
    assert 0.2 <= monotonic() - started < 5


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer hunter2\n"}, {"Bad\nname": "x"}])
def test_a_header_that_cannot_be_sent_is_an_error_that_does_not_tell_it(connections: Connections, headers: dict[str, str]) -> None:
    with closing(Host([[SHORT]])) as host, pytest.raises(httpx.LocalProtocolError) as caught:
        connections.handle_request(httpx.Request("GET", host.url, headers=headers))
    assert "hunter2" not in str(caught.value)


def test_nothing_is_connected_once_the_connections_are_closed(connections: Connections) -> None:
    with closing(Host([[SHORT]])) as host:
        connections.close()
        with pytest.raises(httpx.ConnectError, match="closed"):
            read(connections, host.url)
