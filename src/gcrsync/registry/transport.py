"""The way to a host: directly or through a proxy, with or without a look at its certificate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock

import httpx

from gcrsync.registry.connections import Connections
from gcrsync.registry.proxied import Proxied, ProxyLoginError
from gcrsync.registry.proxy import Proxies, Proxy
from gcrsync.registry.trust import verifying


@dataclass(frozen=True, slots=True)
class Way:
    """How a host is reached: the proxy, None for none, and whether its certificate is verified."""

    proxy: Proxy | None
    verified: bool


class Routes(httpx.BaseTransport):
    """A transport that chooses the way to each host.

    A host named insecure is asked by TLS that is not verified; one that has never answered so is asked by plain HTTP.
    """

    def __init__(self, proxies: Proxies, insecure: frozenset[str], connect: Callable[[Way], httpx.BaseTransport]) -> None:
        """Make a transport for each proxy now, so that one that cannot be used is told at once, and for direct ways when needed."""
        self._proxies, self._insecure, self._connect = proxies, insecure, connect
        ways = {Way(proxy, verified) for proxy in (proxies.http, proxies.https) if proxy for verified in (True, not insecure)}
        self._ways = {way: connect(way) for way in ways}
        self._lock = Lock()
        self._speaks_tls: dict[bytes, bool] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request on its way."""
        if request.url.scheme == "https" and is_named(request.url, self._insecure):
            return self._insecurely(request)
        return self._send(request, verified=True)

    def close(self) -> None:
        """Close every connection."""
        for transport in self._ways.values():
            transport.close()

    def _send(self, request: httpx.Request, *, verified: bool) -> httpx.Response:
        proxy = self._proxies.chosen(request.url)
        # Reading all certificates takes longer than many a run over plain HTTP, which has no use for them.
        way = Way(proxy, verified and (bool(proxy) or request.url.scheme == "https"))
        with self._lock:
            if way not in self._ways:
                self._ways[way] = self._connect(way)
        return self._ways[way].handle_request(request)

    def _insecurely(self, request: httpx.Request) -> httpx.Response:
        host = request.url.netloc
        speaks_tls = self._speaks_tls.get(host)
        if speaks_tls is not False:
            try:
                response = self._send(request, verified=False)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
                if speaks_tls or isinstance(error, ProxyLoginError):
                    raise
            else:
                self._speaks_tls[host] = True
                return response
        response = self._send(_plain(request), verified=True)
        self._speaks_tls.setdefault(host, False)
        return response


def open_routes(environment: Mapping[str, str], insecure: frozenset[str], connections: int, now: Callable[[], float]) -> Routes:
    """Open the ways that the environment gives, and keep at most ``connections`` idle ones for each; ``now`` is monotonic.

    SSL_CERT_FILE and SSL_CERT_DIR take the place of the certificates that are trusted otherwise: certifi's and the machine's.
    Raises InputError where a proxy or the certificates cannot be used.
    """

    def connect(way: Way) -> httpx.BaseTransport:
        context = verifying(environment) if way.verified else httpx.create_ssl_context(verify=False, trust_env=False)
        return Proxied(way.proxy, context, connections) if way.proxy else Connections(context, connections, now)

    return Routes(Proxies.read(environment), insecure, connect)


def is_named(url: httpx.URL, hosts: frozenset[str]) -> bool:
    """Say whether the host of a URL is among the hosts, with its port or for all its ports."""
    return url.netloc.decode("ascii") in hosts or url.host in hosts


def _plain(request: httpx.Request) -> httpx.Request:
    url = request.url.copy_with(scheme="http")
    return httpx.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions)
