"""A real proxy on loopback that knows where names lead, and a certificate authority of our own."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that runs: its address, and what it was asked: method, target and whether credentials were shown to it."""

    address: str
    asked: list[tuple[str, str, bool]] = field(default_factory=list)

    def methods(self) -> set[str]:
        """Give the methods that it was asked for."""
        return {method for method, _, _ in self.asked}


@contextmanager
def proxy(names: dict[str, int]) -> Iterator[Proxy]:
    """Run a proxy; ``names`` are the host:port that it knows and the ports on loopback that they lead to."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        running = Proxy(f"127.0.0.1:{server.server_port}")
        server.RequestHandlerClass = type("Handler", (_Handler,), {"names": names, "asked": running.asked})
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    names: dict[str, int]
    asked: list[tuple[str, str, bool]]

    def do_CONNECT(self) -> None:
        """Open a tunnel, and carry bytes until either end closes it."""
        self._note()
        port = self.names.get(self.path)
        if port is None:
            self.send_error(502)
            return
        with socket.create_connection(("127.0.0.1", port)) as far:
            self.send_response(200)
            self.end_headers()
            back = Thread(target=_carry, args=(far, self.connection), daemon=True)
            back.start()
            _carry(self.connection, far)
            back.join()
        self.close_connection = True

    def do_GET(self) -> None:
        """Ask the origin for a target in absolute form."""
        self._note()
        host, _, path = self.path.removeprefix("http://").partition("/")
        port = self.names.get(host if ":" in host else f"{host}:80")
        if not self.path.startswith("http://") or port is None:
            self.send_error(502)
            return
        origin = HTTPConnection("127.0.0.1", port, timeout=5)
        origin.request("GET", f"/{path}", headers={"Host": host})
        answer = origin.getresponse()
        content = answer.read()
        origin.close()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Write nothing."""

    def _note(self) -> None:
        self.asked.append((self.command, self.path, "Authorization" in self.headers))


def _carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # the other direction was ended first
        return


def can_make_certificates() -> bool:
    """Say whether openssl is here."""
    return shutil.which("openssl") is not None


def make_authority(folder: Path, host: str) -> tuple[Path, Path]:
    """Make an authority and a certificate of it for the host: gives the authority's file, and the file of certificate and key."""
    authority, authority_key, certificate, key = (folder / name for name in ("ca.pem", "ca.key", "host.pem", "host.key"))
    _openssl("-subj", "/CN=Test authority", "-addext", "keyUsage=critical,keyCertSign", "-keyout", authority_key, "-out", authority)
    name = ("-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-addext", "basicConstraints=critical,CA:FALSE")
    _openssl(*name, "-CA", authority, "-CAkey", authority_key, "-keyout", key, "-out", certificate)
    both = folder / "both.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    return authority, both


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", "req", "-x509", *_KEY, *arguments], check=True, capture_output=True)
