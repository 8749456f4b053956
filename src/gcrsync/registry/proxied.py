"""Connections through a proxy: httpx's own, which knows every kind of tunnel, made so that a stop ends what waits on them."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from threading import Lock
from typing import Protocol, cast
from weakref import WeakSet

import httpx

from gcrsync.errors import InputError, UnreachableError
from gcrsync.registry.proxy import Proxy

_LOGIN = f"{HTTPStatus.PROXY_AUTHENTICATION_REQUIRED} {HTTPStatus.PROXY_AUTHENTICATION_REQUIRED.phrase}"
_KEPT_SECONDS = 30.0
_PORTS = {"http": 80, "https": 443}
_CONNECTED = (".connect_tcp.complete", ".start_tls.complete")


class ProxyLoginError(httpx.ProxyError):
    """The proxy wants credentials, or others than it was shown (407); ``hint`` says where to give them."""

    def __init__(self, proxy: Proxy) -> None:
        """Name the host of the proxy and the variable, and nothing of what that holds beside it."""
        super().__init__(f"the proxy {proxy.host} wants credentials, or others than it was shown ({_LOGIN})")
        self.hint = f"give its user and password in {proxy.variable}, as {proxy.scheme}://USER:PASSWORD@{proxy.host}"


class Proxied(httpx.BaseTransport):
    """Connections through one proxy, safe to share between threads."""

    def __init__(self, proxy: Proxy, context: ssl.SSLContext, idle: int) -> None:
        """Keep at most ``idle`` unused connections; raises InputError where the URL of the proxy cannot be used."""
        # No limit on busy connections: the threads are one, and a copy that waits for a second connection would never end.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=idle, keepalive_expiry=_KEPT_SECONDS)
        try:
            self._inner = httpx.HTTPTransport(verify=context, trust_env=False, limits=limits, proxy=proxy.url)
        except (ValueError, ImportError, httpx.InvalidURL):
            hint = f"{proxy.variable} takes http:// and https:// URLs"
            raise InputError("the proxy in the environment cannot be used", hint=hint) from None  # its URL may hold a password
        self._proxy, self._opened = proxy, WeakSet[_Opened]()
        self._lock = Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request and give the answer, its body unread; raises httpx.TransportError where none comes.

        What the proxy itself has refused is told as its own: a tunnel, and any request without credentials that it takes.
        """
        request.extensions = {**request.extensions, "trace": self._trace}
        with self._refusals():
            response = self._inner.handle_request(request)
        if request.url.scheme == "http" and response.status_code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            response.close()
            raise ProxyLoginError(self._proxy)
        return response

    def close(self) -> None:
        """End every connection, those in use as well. Closing one does not wake who waits for its bytes: shutting it down does."""
        with self._lock:
            opened = list(self._opened)
        for connection in opened:
            plain = connection.get_extra_info("socket")
            if isinstance(plain, socket.socket):
                with suppress(OSError):
                    plain.shutdown(socket.SHUT_RDWR)
        self._inner.close()

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except httpx.ProxyError as error:
            if str(error).startswith(str(int(HTTPStatus.PROXY_AUTHENTICATION_REQUIRED))):
                raise ProxyLoginError(self._proxy) from error
            said = f"the proxy {self._proxy.host}, from {self._proxy.variable}, opens no tunnel: {error}"
            raise httpx.ProxyError(said) from error

    def _trace(self, event: str, info: Mapping[str, object]) -> None:
        if event.endswith(_CONNECTED):
            with self._lock:
                self._opened.add(cast("_Opened", info["return_value"]))


def reach(proxy: Proxy, seconds: float) -> None:
    """Connect to a proxy and leave it; what it makes of requests is seen from those.

    Raises InputError where its URL cannot be used, and UnreachableError where nothing listens there within so many seconds.
    """
    Proxied(proxy, ssl.create_default_context(), 1).close()
    url = httpx.URL(proxy.url)
    try:
        socket.create_connection((url.host, url.port or _PORTS[url.scheme]), timeout=seconds).close()
    except (OSError, UnicodeError) as error:
        reason = f"{getattr(error, 'strerror', '') or error}"
        hint = f"see that the proxy runs, or set {proxy.variable} to another one, or to nothing"
        raise UnreachableError("connecting to the proxy", proxy.host, reason, hint=hint) from error


class _Opened(Protocol):
    def get_extra_info(self, info: str) -> object: ...
