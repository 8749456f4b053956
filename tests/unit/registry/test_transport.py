"""Which way a request takes to its host."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import monotonic

import httpx
import pytest

from gcrsync.errors import InputError
from gcrsync.registry.proxy import Proxies, Proxy
from gcrsync.registry.transport import Routes, Way, is_named, open_routes

PROXY = Proxy("http://proxy.test:3128", "HTTPS_PROXY")


@dataclass
class Network:
    """Hosts that speak TLS, hosts that speak plain HTTP, and a log of who was asked how."""

    tls: set[str] = field(default_factory=set)
    plain: set[str] = field(default_factory=set)
    log: list[tuple[str, str, Way]] = field(default_factory=list)

    def connect(self, way: Way) -> httpx.BaseTransport:
        """Give a transport that answers for the hosts of the scheme, and refuses the connection for others."""

        def answer(request: httpx.Request) -> httpx.Response:
            self.log.append((request.url.scheme, request.url.host, way))
            if request.url.host not in (self.tls if request.url.scheme == "https" else self.plain):
                raise httpx.ConnectError("refused")
            return httpx.Response(200, content=request.read())

        return httpx.MockTransport(answer)

    def routes(self, proxy: Proxy | None = None, insecure: frozenset[str] = frozenset()) -> Routes:
        """Give the routes through this network."""
        return Routes(Proxies(proxy, proxy, ("direct.test",)), insecure, self.connect)


def get(url: str) -> httpx.Request:
    return httpx.Request("GET", url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://gcr.io/v2/", ("https", "gcr.io", Way(PROXY, verified=True))),
        ("https://direct.test/v2/", ("https", "direct.test", Way(None, verified=True))),
        ("http://127.0.0.2:5000/v2/", ("http", "127.0.0.2", Way(None, verified=False))),
        ("https://insecure.test/v2/", ("https", "insecure.test", Way(PROXY, verified=False))),
    ],
)
def test_each_host_is_reached_on_its_own_way(url: str, expected: tuple[str, str, Way]) -> None:
    network = Network(tls={"gcr.io", "direct.test", "insecure.test"}, plain={"127.0.0.2"})

    assert network.routes(PROXY, frozenset({"insecure.test"})).handle_request(get(url)).status_code == 200
    assert network.log == [expected]


def test_an_insecure_host_without_tls_is_asked_by_plain_http_from_then_on() -> None:
    network = Network(plain={"insecure.test"})
    routes = network.routes(insecure=frozenset({"insecure.test"}))
    request = httpx.Request("PUT", "https://insecure.test/v2/", content=iter([b"streamed"]))

    assert routes.handle_request(request).read() == b"streamed"
    routes.handle_request(get("https://insecure.test/v2/"))

    assert [scheme for scheme, _, _ in network.log] == ["https", "http", "http"]


def test_an_insecure_host_that_has_spoken_tls_is_never_asked_by_plain_http() -> None:
    network = Network(tls={"insecure.test"}, plain={"insecure.test"})
    routes = network.routes(insecure=frozenset({"insecure.test"}))

    routes.handle_request(get("https://insecure.test/v2/"))
    network.tls.clear()
    with pytest.raises(httpx.ConnectError):
        routes.handle_request(get("https://insecure.test/v2/"))

    assert [scheme for scheme, _, _ in network.log] == ["https", "https"]


def test_an_insecure_host_that_does_not_answer_at_all_is_tried_both_ways_again() -> None:
    network = Network()
    routes = network.routes(insecure=frozenset({"insecure.test"}))

    for _ in range(2):
        with pytest.raises(httpx.ConnectError):
            routes.handle_request(get("https://insecure.test/v2/"))
    assert [scheme for scheme, _, _ in network.log] == ["https", "http"] * 2


def test_no_other_host_falls_back_to_plain_http() -> None:
    network = Network(plain={"gcr.io"})

    with pytest.raises(httpx.ConnectError):
        network.routes(insecure=frozenset({"insecure.test"})).handle_request(get("https://gcr.io/v2/"))
    assert [scheme for scheme, _, _ in network.log] == ["https"]


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://r.test/", False),
        ("https://r.test:5000/", True),
        ("https://r.test:5001/", False),
        ("http://all.test:1/", True),
        ("https://all.test/", True),
        ("https://sub.all.test/", False),
    ],
)
def test_a_host_is_named_with_its_port_or_for_all_its_ports(url: str, named: bool) -> None:  # noqa: FBT001
    assert is_named(httpx.URL(url), frozenset({"r.test:5000", "all.test"})) is named


@pytest.mark.parametrize(
    "proxy", ["ftp://me:hunter2@proxy.test", "http://me:hunter2@proxy.test:port", "socks5://me:hunter2@proxy.test"]
)
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(proxy: str) -> None:
    with pytest.raises(InputError, match="proxy") as caught:
        open_routes({"HTTPS_PROXY": proxy}, frozenset(), 4, monotonic)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_certificates_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    missing, rubbish = tmp_path / "missing.pem", tmp_path / "rubbish.pem"
    rubbish.write_text("no certificate")

    for file in (missing, rubbish):
        routes = open_routes({"SSL_CERT_FILE": str(file)}, frozenset(), 4, monotonic)
        with pytest.raises(InputError, match=file.name):
            routes.handle_request(get("https://gcr.io/v2/"))


class _Proxy(BaseHTTPRequestHandler):
    """A proxy that opens no tunnels, and answers in the place of every plain host."""

    log: list[tuple[str, str, str | None]]

    def do_CONNECT(self) -> None:
        self._answer(405)

    def do_GET(self) -> None:
        self._answer(200)

    def _answer(self, status: int) -> None:
        self.log.append((self.command, self.path, self.headers["Proxy-Authorization"]))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[tuple[str, str, str | None]]]]:
    log: list[tuple[str, str, str | None]] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Proxy", (_Proxy,), {"log": log})) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://me:hunter2@127.0.0.1:{server.server_port}", log
        server.shutdown()
        thread.join()


def test_a_real_proxy_is_asked_for_a_tunnel_and_for_plain_pages(proxy: tuple[str, list[tuple[str, str, str | None]]]) -> None:
    url, log = proxy
    with closing(open_routes({"ALL_PROXY": url}, frozenset({"insecure.test"}), 4, monotonic)) as routes:
        with pytest.raises(httpx.ProxyError):
            routes.handle_request(get("https://registry.test/v2/"))
        assert routes.handle_request(get("https://insecure.test/v2/")).status_code == 200

    mine = "Basic bWU6aHVudGVyMg=="
    assert log == [
        ("CONNECT", "registry.test:443", mine),
        ("CONNECT", "insecure.test:443", mine),
        ("GET", "http://insecure.test/v2/", mine),
    ]
