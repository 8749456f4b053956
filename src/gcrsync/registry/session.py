"""Requests to registries: each hop gets the credentials that are its own, and no others."""

from collections.abc import Iterable, Iterator, Mapping
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
from gcrsync.registry.credentials import Anonymous, Basic, Credential, RegistryToken, basic_authorization
from gcrsync.registry.keychain import Keychain
from gcrsync.registry.retry import Retries
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
    An ``authorization`` takes the place of what the registry would ask for, and is shown to the host of the URL alone.
    """

    method: str
    url: httpx.URL
    registry: str
    scope: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | Iterable[bytes] | None = None
    authorization: str = field(default="", repr=False)

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
    ``retries`` is what repeats its requests, for work that takes several of them.
    """

    def __init__(self, wire: Wire, tokens: Tokens, keychain: Keychain, insecure: frozenset[str], retries: Retries) -> None:
        """Put the parts together, as ``open_session`` does."""
        self.retries, self._wire, self._tokens, self._keychain, self._insecure = retries, wire, tokens, keychain, insecure
        self._homes: dict[str, httpx.URL] = {}
        self._challenges: dict[str, Challenge | None] = {}
        self._heard: dict[str, Challenge] = {}
        self._learning: dict[str, Lock] = {}

    def url(self, registry: str, path: str, query: Mapping[str, str] = _NOTHING) -> httpx.URL:
        """Give a URL of a registry: plain HTTP on this machine, TLS elsewhere and where the host was named insecure."""
        return self._home(registry).copy_with(path=path, params=query)

    def challenge(self, registry: str) -> Challenge | None:
        """Give what a registry has asked for before it answered, None where it has not yet; nothing is asked for this."""
        return self._heard.get(registry) or self._challenges.get(registry)

    def credential(self, registry: str, repository: str = "") -> Credential:
        """Give who we are to a registry, for what it has beside the distribution API; InputError where that cannot be read."""
        return self._keychain.credential(registry, repository)

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

    def close(self) -> None:
        """Close every connection, and end the reads that wait for one. Not to be called in a signal handler."""
        self._wire.close()

    def _authorized(self, call: Call) -> httpx.Response:
        """Send the call, and at most twice more with what a 401 asks for: after a token that ended a scope may not suffice."""
        shown = _Shown(self._remembered(call))
        response = self._followed(call, shown.authorization)
        for _ in range(2):
            renewed = self._renewed(call, shown, response)
            if renewed is None:
                break
            if call.is_streamed:
                raise _ended(response)
            response.close()
            shown, response = renewed, self._followed(call, renewed.authorization)
        return response

    def _remembered(self, call: Call) -> str:
        """Give the authorization to begin with, empty where the registry has not asked for any yet."""
        if call.authorization:
            return call.authorization
        if not self._is_home(call, call.url):
            return ""
        if call.is_streamed:
            self._learn(call.registry)
        challenge = self._challenges.get(call.registry)
        return self._authorization(call, challenge, call.scope) if challenge else ""

    def _learn(self, registry: str) -> None:
        """Ask what the registry asks for, once, before a body is sent that cannot be sent again."""
        with self._learning.setdefault(registry, Lock()):
            if registry in self._challenges:
                return
            with closing(self._wire.send("GET", self.url(registry, "/v2/"), {})) as response:
                body(response, ERROR_LIMIT)
            asks = response.status_code == HTTPStatus.UNAUTHORIZED
            challenge = chosen(response.headers.get_list("www-authenticate")) if asks else None
            self._challenges.setdefault(registry, challenge and _for_any_scope(challenge))

    def _renewed(self, call: Call, shown: "_Shown", response: httpx.Response) -> "_Shown | None":
        """Give what to show after a 401 of the registry, None where there is nothing else to show than what was shown."""
        if response.status_code != HTTPStatus.UNAUTHORIZED or not self._is_home(call, response.url) or call.authorization:
            return None
        # Some say 401 without a challenge; the last one holds.
        challenge = chosen(response.headers.get_list("www-authenticate")) or self._challenges.get(call.registry)
        if challenge is not None:
            self._heard[call.registry] = challenge
        if challenge is None or (scope := _wanted_scope(call, challenge)) == shown.scope:
            return None
        authorization = self._authorization(call, challenge, scope, rejected=shown.authorization)
        if authorization in ("", shown.authorization):
            return None
        # A challenge that cannot be met is not worth keeping: one path would shut all the others.
        self._challenges[call.registry] = _for_any_scope(challenge)
        return _Shown(authorization, scope)

    def _note_refusal(self, call: Call, response: httpx.Response) -> None:
        """Note beside a refusal whose credentials it refuses, so that those can be named."""
        if response.status_code not in _REFUSALS or not self._is_home(call, response.url):
            return
        if "Authorization" in response.request.headers or chosen(response.headers.get_list("www-authenticate")):
            response.extensions[SHOWN] = self._keychain.credential(call.registry, call.repository).origin

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
        if call.authorization:
            return (url.scheme, url.netloc) == (call.url.scheme, call.url.netloc)
        home = self._home(call.registry)
        schemes = (home.scheme, "http") if is_named(home, self._insecure) else (home.scheme,)
        return url.scheme in schemes and url.netloc == home.netloc


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a call has shown, and the scope that it was got for after a 401; None before any."""

    authorization: str
    scope: str | None = None


def _for_any_scope(challenge: Challenge) -> Challenge:
    """Give what holds of a challenge for other calls, too."""
    return replace(challenge, scope="", error="")


def _ended(response: httpx.Response) -> TokenEndedError:
    with closing(response):
        error = failure(response, response.request.method)
    return TokenEndedError(error.doing, error.where, error.reason, hint=error.hint)


def _wanted_scope(call: Call, challenge: Challenge) -> str:
    """Give the scope to ask a token for: what the call needs, unless the registry says that it is not enough."""
    lacking = not call.scope or challenge.error == "insufficient_scope"
    return challenge.scope if challenge.scope and lacking else call.scope
