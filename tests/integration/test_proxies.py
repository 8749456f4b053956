"""Proxies and certificates as the environment names them, with a real proxy, real TLS and names that only the proxy knows."""

import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from gcrsync.errors import UnreachableError
from gcrsync.registry.opening import Settings
from gcrsync.registry.session import Call
from tests.support.sessions import NO_ENVIRONMENT, session_to
from tests.support.tunnels import Proxy, can_make_certificates, make_authority, proxy

HOST = "registry.test"
ANSWER = b"registry of a test"


@dataclass(frozen=True, slots=True)
class Network:
    """A proxy that alone knows ``registry.test``, once with TLS and once without, and the authority of its certificate."""

    proxy: Proxy
    authority: Path


class _Registry(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer anything."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Write nothing."""


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    if not can_make_certificates():
        if "CI" in os.environ:
            pytest.fail("openssl is missing")
        pytest.skip("openssl makes the certificates of this test")
    authority, certificate = make_authority(tmp_path, HOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Registry) as safe, ThreadingHTTPServer(("127.0.0.1", 0), _Registry) as plain:
        safe.socket = context.wrap_socket(safe.socket, server_side=True, do_handshake_on_connect=False)
        threads = [Thread(target=each.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True) for each in (safe, plain)]
        for thread in threads:
            thread.start()
        with proxy({f"{HOST}:443": safe.server_port, f"{HOST}:80": plain.server_port}) as running:
            yield Network(running, authority)
        safe.shutdown()
        plain.shutdown()


def answer(environment: dict[str, str], insecure: frozenset[str] = frozenset()) -> bytes:
    with session_to(None, {**NO_ENVIRONMENT, **environment}, Settings(insecure=insecure)) as session:
        url = session.url(HOST, "/v2/")
        with session.open(Call("GET", url, HOST)) as response:
            return response.read()


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_registry_with_a_certificate_of_ones_own_answers_through_a_tunnel(network: Network, name: str) -> None:
    told = {name: f"http://{network.proxy.address}", "SSL_CERT_FILE": str(network.authority)}
    assert answer(told) == ANSWER
    assert network.proxy.asked == [("CONNECT", f"{HOST}:443", False)]


def test_a_certificate_that_nobody_vouches_for_is_refused_inside_the_tunnel(network: Network) -> None:
    with pytest.raises(UnreachableError) as caught:
        answer({"HTTPS_PROXY": f"http://{network.proxy.address}"})
    assert network.proxy.methods() == {"CONNECT"}
    assert "SSL_CERT_FILE" in caught.value.hint


def test_plain_http_asks_the_proxy_in_absolute_form(network: Network) -> None:
    told = {"HTTP_PROXY": f"http://{network.proxy.address}"}
    with session_to(None, {**NO_ENVIRONMENT, **told}, Settings(insecure=frozenset({HOST}))) as session:
        url = session.url(HOST, "/v2/").copy_with(scheme="http")
        with session.open(Call("GET", url, HOST)) as response:
            assert response.read() == ANSWER
    assert [(method, target.rstrip("/")) for method, target, _ in network.proxy.asked] == [("GET", f"http://{HOST}/v2")]


def test_a_host_in_no_proxy_is_not_asked_through_the_proxy(network: Network) -> None:
    told = {"HTTPS_PROXY": f"http://{network.proxy.address}", "SSL_CERT_FILE": str(network.authority)}
    assert answer(told) == ANSWER
    asked = list(network.proxy.asked)
    with pytest.raises(UnreachableError):  # nobody but the proxy knows the name
        answer({**told, "NO_PROXY": HOST})
    assert network.proxy.asked == asked
