"""Connections through a proxy: httpx's own, which knows every kind of tunnel, made so that a stop ends what waits on them."""

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from threading import Lock
from typing import Protocol, cast
from weakref import WeakSet

import httpx

from gcrsync.errors import InputError

_KEPT_SECONDS = 30.0
_CONNECTED = (".connect_tcp.complete", ".start_tls.complete")


class Proxied(httpx.BaseTransport):
    """Connections through one proxy, safe to share between threads."""

    def __init__(self, proxy: str, context: ssl.SSLContext, idle: int) -> None:
        """Keep at most ``idle`` unused connections; raises InputError where the URL of the proxy cannot be used."""
        # No limit on busy connections: the threads are one, and a copy that waits for a second connection would never end.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=idle, keepalive_expiry=_KEPT_SECONDS)
        try:
            self._inner = httpx.HTTPTransport(verify=context, trust_env=False, limits=limits, proxy=proxy)
        except (ValueError, ImportError, httpx.InvalidURL):
            hint = "HTTPS_PROXY, HTTP_PROXY and ALL_PROXY take http:// and https:// URLs"
            raise InputError("the proxy in the environment cannot be used", hint=hint) from None  # its URL may hold a password
        self._opened: WeakSet[_Opened] = WeakSet()
        self._lock = Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request and give the answer, its body unread; raises httpx.TransportError where none comes."""
        request.extensions = {**request.extensions, "trace": self._trace}
        return self._inner.handle_request(request)

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

    def _trace(self, event: str, info: Mapping[str, object]) -> None:
        if event.endswith(_CONNECTED):
            with self._lock:
                self._opened.add(cast("_Opened", info["return_value"]))


class _Opened(Protocol):
    def get_extra_info(self, info: str) -> object: ...
