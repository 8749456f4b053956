"""A real proxy on loopback that knows where names lead, and a certificate authority of our own."""

import base64
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from tests.support.programs import needed

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
_OF_THE_LEG = frozenset({"connection", "keep-alive", "proxy-authorization", "proxy-connection", "transfer-encoding"})
"""Headers that are for the next machine alone (RFC 9110, 7.6.1 and 11.7.2)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the proxy saw it: the credentials are those for a registry, and those for the proxy."""

    method: str
    target: str
    authorization: str
    proxy_authorization: str


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that runs: its address, the ``user:password`` that it asks for, empty for none, and what it was asked."""

    address: str
    names: dict[str, int]
    account: str
    asked: list[Asked] = field(default_factory=list)

    @property
    def authorization(self) -> str:
        """What a request has to show to the proxy; empty for nothing."""
        return "Basic " + base64.b64encode(self.account.encode()).decode() if self.account else ""

    @property
    def tunnels(self) -> set[str]:
        """Where tunnels were wanted to."""
        return {asked.target for asked in self.asked if asked.method == "CONNECT"}


@contextmanager
def proxy(names: dict[str, int], account: str = "") -> Iterator[Proxy]:
    """Run a proxy; ``names`` are the host:port that it knows and the ports on loopback that they lead to."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        running = Proxy(f"127.0.0.1:{server.server_port}", names, account)
        server.RequestHandlerClass = type("Handler", (_Handler,), {"proxy": running})
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy

    def do_CONNECT(self) -> None:
        """Open a tunnel, and carry bytes until either end closes it."""
        port = self._port(self.path)
        if port is None:
            return
        with socket.create_connection(("127.0.0.1", port)) as far:
            self.send_response(200)
            self.end_headers()
            back = Thread(target=_carry, args=(far, self.connection), daemon=True)
            back.start()
            _carry(self.connection, far)
            back.join()
        self.close_connection = True

    def _forward(self) -> None:
        """Ask the origin for a target in absolute form (RFC 9112, 3.2.2)."""
        target = urlsplit(self.path)
        port = self._port(f"{target.hostname}:{target.port or 80}" if target.scheme == "http" else "")
        if port is None:
            return
        content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_THE_LEG}
        with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as origin:
            origin.request(self.command, target._replace(scheme="", netloc="").geturl(), content or None, headers)
            answer = origin.getresponse()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _OF_THE_LEG:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.read())

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = _forward  # noqa: N815 - the library looks for these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Write nothing."""

    def _port(self, name: str) -> int | None:
        """Note what is asked, and give the port that the name leads to; None where the request was refused."""
        shown = self.headers.get("Proxy-Authorization", "")
        self.proxy.asked.append(Asked(self.command, self.path, self.headers.get("Authorization", ""), shown))
        if shown != self.proxy.authorization:
            self.send_error(407)
            return None
        if name not in self.proxy.names:
            self.send_error(502)
        return self.proxy.names.get(name)


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):  # the other direction was ended first
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority of our own: the file of its certificate, a folder of it as OpenSSL looks it up, and TLS that it vouches for."""

    file: Path
    folder: Path
    context: ssl.SSLContext


def make_authority(folder: Path, *hosts: str, days: int = 30) -> Authority:
    """Make an authority, and a certificate of it for hosts: names or addresses; both are good for so many days."""
    file, authority_key, certificate, key = (folder / name for name in ("ca.pem", "ca.key", "host.pem", "host.key"))
    _request(
        days, "-subj", "/CN=Test authority", "-addext", "keyUsage=critical,keyCertSign", "-keyout", authority_key, "-out", file
    )
    names = "subjectAltName=" + ",".join(map(_alternative, hosts))
    extensions = ("-addext", names, "-addext", "basicConstraints=critical,CA:FALSE")
    _request(
        days, "-subj", f"/CN={hosts[0]}", *extensions, "-CA", file, "-CAkey", authority_key, "-keyout", key, "-out", certificate
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    (folder / "trusted").mkdir()
    (folder / "trusted" / f"{_openssl('x509', '-noout', '-subject_hash', '-in', file)}.0").write_bytes(file.read_bytes())
    return Authority(file, folder / "trusted", context)


_BOOK = """
[ca]
default_ca = own
[own]
database = {folder}/index
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = names
copy_extensions = copy
[names]
commonName = supplied
"""


def ended_certificate(folder: Path, host: str) -> ssl.SSLContext:
    """Give TLS with a certificate that ended in 2020, of the authority that ``make_authority`` has made in the folder."""
    request, certificate, key, book = (folder / name for name in ("old.csr", "old.pem", "old.key", "book"))
    book.write_text(_BOOK.format(folder=folder), encoding="utf-8")
    (folder / "index").touch()
    (folder / "serial").write_text("01\n", encoding="utf-8")
    names = ("-subj", f"/CN={host}", "-addext", f"subjectAltName={_alternative(host)}")
    _openssl("req", "-new", *_KEY, *names, "-keyout", key, "-out", request)
    signed = ("-cert", folder / "ca.pem", "-keyfile", folder / "ca.key", "-in", request, "-out", certificate)
    _openssl("ca", "-batch", "-config", book, *signed, "-startdate", "20200101000000Z", "-enddate", "20200102000000Z")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _alternative(host: str) -> str:
    try:
        return f"IP:{ip_address(host)}"
    except ValueError:
        return f"DNS:{host}"


def _request(days: int, *arguments: str | Path) -> None:
    _openssl("req", "-x509", *_KEY, "-days", str(days), *arguments)


def _openssl(*arguments: str | Path) -> str:
    return subprocess.run([needed("openssl"), *arguments], check=True, capture_output=True, text=True).stdout.strip()
