import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import active_count

import pytest

from gcrsync.errors import UsageError
from gcrsync.oci.digest import Digest
from gcrsync.serve.server import serving
from tests.support.build import filler, image
from tests.support.layouts import put

CONTENT = filler("content", 3_000_000)
DIGEST = Digest.of(CONTENT)


def connected(address: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(address, timeout=10)


def raw(address: str, request: bytes) -> bytes:
    """Send bytes as they are, and give all that comes until the connection is closed."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def test_one_connection_serves_many_requests(tmp_path: Path) -> None:
    built = put(tmp_path, "a", image(), "v1")
    with serving(tmp_path) as address, closing(connected(address)) as connection:
        connection.connect()
        port = connection.sock.getsockname()
        for method, body in (("GET", None), ("HEAD", None), ("PUT", CONTENT), ("GET", None)):
            connection.request(method, "/v2/a/manifests/v1", body)
            answer = connection.getresponse()
            assert (answer.status, answer.read() == built.raw) == (405 if body else 200, method == "GET")
        assert connection.sock.getsockname() == port


def test_a_blob_is_pushed_in_chunked_transfer_encoding_and_pulled_again(tmp_path: Path) -> None:
    with serving(tmp_path, writable=True) as address, closing(connected(address)) as connection:
        connection.request("POST", "/v2/a/blobs/uploads/")
        answer = connection.getresponse()
        answer.read()
        pieces = (CONTENT[start : start + 100_000] for start in range(0, len(CONTENT), 100_000))
        connection.request("PATCH", answer.headers["Location"], pieces, encode_chunked=True)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (202, b"")
        connection.request("PUT", f"{answer.headers['Location']}?digest={DIGEST}")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (201, b"")
        connection.request("GET", f"/v2/a/blobs/{DIGEST}")
        assert connection.getresponse().read() == CONTENT


def test_a_chunked_body_that_breaks_off_is_not_stored(tmp_path: Path) -> None:
    with serving(tmp_path, writable=True) as address:
        head = f"POST /v2/a/blobs/uploads/?digest={DIGEST} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        assert b"BLOB_UPLOAD_INVALID" in raw(address, head + b"5\r\nhello\r\nzz\r\n")
    assert [path.name for path in tmp_path.rglob("*")] == [".uploads"]


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: -5",
        b"Content-Length: +5",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: identity",
    ],
)
def test_a_request_whose_end_is_not_certain_ends_the_connection(tmp_path: Path, headers: bytes) -> None:
    with serving(tmp_path) as address:
        received = raw(address, b"GET /v2/ HTTP/1.1\r\n" + headers + b"\r\n\r\n0\r\n\r\nGET /v2/ HTTP/1.1\r\n\r\n")
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["errors"][0]["code"] == "UNSUPPORTED"


def test_a_client_may_ask_whether_to_go_on(tmp_path: Path) -> None:
    path = f"/v2/a/blobs/uploads/?digest={Digest.of(b'x')}"
    headers = "Expect: 100-continue\r\nConnection: close\r\nContent-Length: 1"
    with serving(tmp_path, writable=True) as address:
        received = raw(address, f"POST {path} HTTP/1.1\r\n{headers}\r\n\r\nx".encode())
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 ")


def test_a_blob_that_is_cut_short_meanwhile_ends_the_connection(tmp_path: Path) -> None:
    built = put(tmp_path, "a", image(size=10_000_000), "v1")
    digest, content = list(built.blobs.items())[1]
    with serving(tmp_path) as address, closing(connected(address)) as connection:
        connection.request("GET", f"/v2/a/blobs/{digest}")
        answer = connection.getresponse()
        (tmp_path / "a/blobs/sha256" / digest.encoded).write_bytes(b"")
        with pytest.raises(http.client.IncompleteRead) as caught:
            answer.read()
    assert content.startswith(caught.value.partial)


def test_many_clients_are_served_at_once(tmp_path: Path) -> None:
    built = put(tmp_path, "a", image(), "v1")

    def pull(address: str) -> bytes:
        with closing(connected(address)) as connection:
            connection.request("GET", "/v2/a/manifests/v1")
            return connection.getresponse().read()

    with serving(tmp_path) as address, ThreadPoolExecutor(16) as pool:
        assert list(pool.map(pull, [address] * 64)) == [built.raw] * 64


def test_the_end_does_not_wait_for_connections_that_rest(tmp_path: Path) -> None:
    before, lines = active_count(), list[str]()
    with serving(tmp_path, log=lines.append) as address:
        resting = connected(address)
        resting.request("GET", "/v2/")
        assert resting.getresponse().read() == b"{}"
        assert active_count() > before
    assert active_count() == before
    assert resting.sock.recv(1) == b""
    resting.close()
    assert lines == ["GET /v2/ 200"]


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1:"), ("localhost", "127.0.0.1:"), ("127.8.8.8", "127.8.8.8:"), ("[::1]", "[::1]:")]
)
def test_it_listens_on_loopback(tmp_path: Path, host: str, shown: str) -> None:
    if host == "[::1]" and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6")
    with serving(tmp_path, host=host) as address, closing(connected(address)) as connection:
        assert address.startswith(shown)
        connection.request("GET", "/v2/")
        assert connection.getresponse().status == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "example.com", ""])  # noqa: S104 - just what is refused
def test_it_listens_nowhere_else(tmp_path: Path, host: str) -> None:
    with pytest.raises(UsageError, match="not a loopback address"), serving(tmp_path, host=host):
        pass


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with serving(tmp_path) as address:
        port = int(address.rpartition(":")[2])
        with (
            pytest.raises(UsageError, match=f"listening on 127.0.0.1 port {port}: .*name another --port"),
            serving(tmp_path, port=port),
        ):
            pass
    with pytest.raises(UsageError, match="port 70000"), serving(tmp_path, port=70000):
        pass
