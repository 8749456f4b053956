"""One HTTP request and its answer: no redirect, no cookie, no credentials of its own, and our errors in place of httpx's."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from importlib.metadata import version
from typing import cast

import httpx

from gcrsync.errors import StoppedError, UnreachableError
from gcrsync.registry.answers import where
from gcrsync.registry.clock import Clock
from gcrsync.registry.proxied import ProxyLoginError

_LONGEST_CONNECT = 10.0

PATIENCE = 60.0
"""How many seconds a host may take for each piece of what it takes or gives, unless it is told otherwise."""


class Wire:
    """Requests through a transport, safe to share between threads."""

    def __init__(self, transport: httpx.BaseTransport, clock: Clock, patience: float = PATIENCE) -> None:
        """Send through the transport until the clock says that the run was asked to stop; ``patience`` is in seconds."""
        self._transport, self._clock = transport, clock
        timeout = httpx.Timeout(patience, connect=min(patience, _LONGEST_CONNECT), pool=None)
        self._extensions = {"timeout": timeout.as_dict()}
        self._headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": f"gcrsync/{version('gcrsync')}"}

    def send(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes | Iterable[bytes] | None = None
    ) -> httpx.Response:
        """Give the answer, its body unread; raises UnreachableError where none comes, and StoppedError where the run is to stop.

        Reading the body raises the same errors. A user and a password in the URL are not sent.
        """
        if self._clock.stopped():
            raise StoppedError
        bare = url.copy_with(userinfo=b"") if url.userinfo else url
        request = httpx.Request(method, bare, headers={**self._headers, **headers}, content=content, extensions=self._extensions)
        translated = partial(self._translated, method, bare)
        with translated():
            response = self._transport.handle_request(request)
        response.request = request
        response.stream = _Stream(cast("httpx.SyncByteStream", response.stream), translated)
        return response

    def close(self) -> None:
        """Close every connection, and end the reads that wait for one: after a stop they raise StoppedError."""
        self._transport.close()

    @contextmanager
    def _translated(self, method: str, url: httpx.URL) -> Iterator[None]:
        try:
            yield
        except httpx.LocalProtocolError:  # it quotes the header that cannot be sent, which may be a secret
            raise UnreachableError(method, where(url), "the request cannot be written as HTTP") from None
        except httpx.TransportError as error:
            raise StoppedError if self._clock.stopped() else _unreachable(method, url, error) from error
        except (UnicodeError, OverflowError) as error:  # from the resolver: a registry may have named the host
            raise UnreachableError(method, where(url), "no host has such a name and port") from error
        except RuntimeError as error:  # what httpx raises when the session is closed meanwhile
            if not self._clock.stopped():
                raise
            raise StoppedError from error


class _Stream(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream, translated: Callable[[], AbstractContextManager[None]]) -> None:
        self._inner, self._translated = inner, translated

    def __iter__(self) -> Iterator[bytes]:
        with self._translated():
            yield from self._inner

    def close(self) -> None:
        self._inner.close()


def _unreachable(method: str, url: httpx.URL, error: httpx.TransportError) -> UnreachableError:
    reason = str(error) or type(error).__name__
    hint = ""
    if "certificate has expired" in reason:
        hint = "see that the clock of this machine is right; if it is, whoever keeps the registry has to renew its certificate"
    elif "CERTIFICATE_VERIFY_FAILED" in reason:
        hint = f"trust its certificate with SSL_CERT_FILE, or do without with --insecure {url.netloc.decode('ascii')}"
    elif isinstance(error, ProxyLoginError):
        hint = error.hint
    elif isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        hint = "check the name, the network and the proxy"
    return UnreachableError(method, where(url), reason, hint=hint)
