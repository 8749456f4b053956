"""Requests to registries: each hop gets the credentials that are its own, and no others."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from threading import Lock
from types import MappingProxyType

import httpx

from gcrsync.errors import ProtocolError, TokenEndedError
from gcrsync.oci.name import DOCKER_HUB
from gcrsync.registry import redirect
from gcrsync.registry.address import is_loopback
from gcrsync.registry.answers import ERROR_LIMIT, SHOWN, body, failure, where
from gcrsync.registry.challenge import Challenge, chosen
from gcrsync.registry.credentials import Anonymous, Basic, RegistryToken, basic_authorization
from gcrsync.registry.keychain import Keychain
from gcrsync.registry.retry import Attempts
from gcrsync.registry.tokens import TokenRequest, Tokens
from gcrsync.registry.transport import is_named
from gcrsync.registry.wire import Wire

_DOCKER_HUB_SERVER = "registry-1.docker.io"
_BEARER = "Bearer "
_REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Call:
    """One request: method, absolute URL, the registry whose credentials it may carry, and the token scope it needs.

    Several scopes are parted by a blank. ``content`` is streamed, and never sent twice, where it is neither bytes nor None.
    """

    method: str
    url: httpx.URL
    registry: str
    scope: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | Iterable[bytes] | None = None

    @property
    def is_streamed(self) -> bool:
        """Whether the body can be sent once only."""
        return self.content is not None and not isinstance(self.content, bytes)

    @property
    def repository(self) -> str:
        """The path of the repository in the first scope, empty where it names none."""
        kind, _, rest = self.scope.partition(":")
        return rest.partition(":")[0] if kind == "repository" else ""


class Session:
    """Requests to any registry, safe to share between threads: retries, redirects, credentials.

    What a registry asks for is learnt from its first 401 and remembered, so that a token is in hand before a body is streamed.
    """

    def __init__(
        self, wire: Wire, tokens: Tokens, keychain: Keychain, insecure: frozenset[str], attempts: Callable[[], Attempts]
    ) -> None:
        """Put the parts together, as ``open_session`` does."""
        self._attempts, self._wire, self._tokens, self._keychain, self._insecure = attempts, wire, tokens, keychain, insecure
        self._homes: dict[str, httpx.URL] = {}
        self._challenges: dict[str, Challenge | None] = {}
        self._learning: dict[str, Lock] = {}

    def url(self, registry: str, path: str, query: Mapping[str, str] = _NOTHING) -> httpx.URL:
        """Give a URL of a registry: plain HTTP on this machine, TLS elsewhere and where the host was named insecure."""
        return self._home(registry).copy_with(path=path, params=query)

    @contextmanager
    def open(self, call: Call) -> Iterator[httpx.Response]:
        """Give the answer after authorization and redirects, whatever its status; its URL is the one that answered.

        Its body is not read. Raises UnreachableError where no answer comes, PullLimitError where the host gives no more for long,
        StoppedError where the run was asked to stop, UnauthorizedError or DeniedError where no token is given, TokenEndedError
        where a body would have to be sent again with the token that is in hand now, and ProtocolError for a redirect that may not
        be followed, and for a call to where the registry may not lead: an upload goes wherever its Location says.
        """
        if way := redirect.forbidden_way(self._home(call.registry), call.url, self._insecure):
            raise ProtocolError(call.method, where(call.url), f"{call.registry} leads {way}, where nothing is sent")
        response = self._authorized(call)
        try:
            self._note_refusal(call, response)
            yield response
        finally:
            response.close()

    def attempts(self) -> Attempts:
        """Give contexts to try something in that takes several requests, as often as the retry policy allows, and any time.

        Each after the first follows a pause and one that ended with an error which may be gone by now; the last error is raised.
        """
        return self._attempts()

    def close(self) -> None:
        """Close every connection, and end the reads that wait for one. Not to be called in a signal handler."""
        self._wire.close()

    def _authorized(self, call: Call) -> httpx.Response:
        scope, authorization = call.scope, self._known(call)
        response, fresh = self._followed(call, authorization), False
        for _ in range(2):
            if response.status_code != HTTPStatus.UNAUTHORIZED or not self._is_home(call, response.url):
                break
            challenge = self._challenge(call.registry, response)
            wanted = _wanted_scope(call, challenge)
            if challenge is None or (fresh and wanted == scope):
                break
            renewed = self._authorization(call, challenge, wanted, rejected=authorization)
            if renewed in ("", authorization):
                break
            self._remember(call.registry, challenge)
            if call.is_streamed:
                raise _ended(response)
            scope, authorization, fresh = wanted, renewed, True
            response.close()
            response = self._followed(call, authorization)
        return response

    def _note_refusal(self, call: Call, response: httpx.Response) -> None:
        """Note beside a refusal whose credentials it refuses, so that those can be named."""
        if response.status_code not in _REFUSALS or not self._is_home(call, response.url):
            return
        if "Authorization" in response.request.headers or chosen(response.headers.get_list("www-authenticate")):
            response.extensions[SHOWN] = self._keychain.credential(call.registry, call.repository).origin

    def _known(self, call: Call) -> str:
        """Give the authorization for a first attempt, empty where the registry has not asked for any yet."""
        if not self._is_home(call, call.url):
            return ""
        if call.is_streamed:
            self._learn(call.registry)
        challenge = self._challenges.get(call.registry)
        return self._authorization(call, challenge, call.scope) if challenge else ""

    def _learn(self, registry: str) -> None:
        """Ask what the registry asks for, before a body is sent that cannot be sent again."""
        with self._learning.setdefault(registry, Lock()):
            if registry in self._challenges:
                return
            response = self._wire.send("GET", self.url(registry, "/v2/"), {})
            with closing(response):
                body(response, ERROR_LIMIT)
            self._challenges[registry] = None
            challenge = self._challenge(registry, response)
            if response.status_code == HTTPStatus.UNAUTHORIZED and challenge is not None:
                self._remember(registry, challenge)

    def _challenge(self, registry: str, response: httpx.Response) -> Challenge | None:
        """Give the challenge of a 401; some have none, and the last one holds."""
        return chosen(response.headers.get_list("www-authenticate")) or self._challenges.get(registry)

    def _remember(self, registry: str, challenge: Challenge) -> None:
        """Keep in mind what a registry asks for. What cannot be met is not worth it: one path would shut all the others."""
        self._challenges[registry] = replace(challenge, scope="", error="")

    def _authorization(self, call: Call, challenge: Challenge, scope: str, *, rejected: str = "") -> str:
        credential = self._keychain.credential(call.registry, call.repository)
        if challenge.scheme == "basic":
            return basic_authorization(credential.user, credential.password) if isinstance(credential, Basic) else ""
        if isinstance(credential, RegistryToken):
            return _BEARER + credential.token
        wanted = TokenRequest(call.registry, self._home(call.registry), challenge, credential, tuple(scope.split()))
        return _BEARER + self._tokens.token(wanted, rejected.removeprefix(_BEARER))

    def _followed(self, call: Call, authorization: str) -> httpx.Response:
        """Send the request and follow where it is led."""
        url, seen = call.url, set[httpx.URL]()
        while True:
            seen.add(url)
            response = self._sent(call, url, authorization)
            led = None if call.is_streamed else redirect.target(response, self._insecure)
            if led is None:
                return response
            response.close()
            if led in seen or len(seen) > redirect.MOST_HOPS:
                raise ProtocolError(call.method, where(call.url), "it is redirected in a circle or too often")
            url = led

    def _sent(self, call: Call, url: httpx.URL, authorization: str) -> httpx.Response:
        """Send one hop. Another host than the registry's never gets its credentials, and is nobody's to log in to."""
        if self._is_home(call, url):
            return self._send(call, url, authorization)
        response = self._send(call, url, "")
        challenge = chosen(response.headers.get_list("www-authenticate"))
        if response.status_code != HTTPStatus.UNAUTHORIZED or challenge is None or challenge.scheme == "basic" or call.is_streamed:
            return response
        response.close()
        wanted = TokenRequest(url.netloc.decode("ascii"), url, challenge, Anonymous(), tuple(challenge.scope.split()))
        return self._send(call, url, _BEARER + self._tokens.token(wanted))

    def _send(self, call: Call, url: httpx.URL, authorization: str) -> httpx.Response:
        headers = {**call.headers, "Authorization": authorization} if authorization else call.headers
        return self._wire.send(call.method, url, headers, call.content)

    def _home(self, registry: str) -> httpx.URL:
        if registry not in self._homes:
            url = httpx.URL(f"https://{_DOCKER_HUB_SERVER if registry == DOCKER_HUB else registry}/")
            is_plain = is_loopback(url.host) and not is_named(url, self._insecure)
            self._homes[registry] = url.copy_with(scheme="http") if is_plain else url
        return self._homes[registry]

    def _is_home(self, call: Call, url: httpx.URL) -> bool:
        """Say whether a URL is at the registry itself; plain HTTP is too, where the host was named insecure."""
        home = self._home(call.registry)
        schemes = (home.scheme, "http") if is_named(home, self._insecure) else (home.scheme,)
        return url.scheme in schemes and url.netloc == home.netloc


def _ended(response: httpx.Response) -> TokenEndedError:
    with closing(response):
        error = failure(response, response.request.method)
    return TokenEndedError(error.doing, error.where, error.reason, hint=error.hint)


def _wanted_scope(call: Call, challenge: Challenge | None) -> str:
    """Give the scope to ask a token for: what the call needs, unless the registry says that it is not enough."""
    asked = challenge.scope if challenge else ""
    lacking = challenge is not None and challenge.error == "insufficient_scope"
    return asked if asked and (lacking or not call.scope) else call.scope
