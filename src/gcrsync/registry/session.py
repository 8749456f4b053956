"""Requests to registries: each hop gets the credentials that are its own, and no others."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from types import MappingProxyType

import httpx

from gcrsync.errors import DeniedError, GcrsyncError, ProtocolError, TokenEndedError, UnauthorizedError
from gcrsync.registry import redirect
from gcrsync.registry.accounts import Account, Accounts, Place
from gcrsync.registry.answers import REFUSAL, failure, where
from gcrsync.registry.challenge import Challenge, chosen
from gcrsync.registry.challenges import Challenges
from gcrsync.registry.credentials import Anonymous, Basic, Credential, RegistryToken, basic_authorization
from gcrsync.registry.elsewhere import Elsewhere
from gcrsync.registry.homes import Homes
from gcrsync.registry.retry import Retries
from gcrsync.registry.tokens import TokenRequest, Tokens
from gcrsync.registry.wire import Wire

_BEARER = "Bearer "
_REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_NoToken = UnauthorizedError | DeniedError
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Call:
    """One request: method, absolute URL, the registry whose credentials it may carry, and the token scope it needs.

    Several scopes are parted by a blank. ``content`` is streamed, and never sent twice, where it is neither bytes nor None.
    An ``authorization`` takes the place of what the registry would ask for, and is shown to the host of the URL alone; an empty one
    shows nothing.
    """

    method: str
    url: httpx.URL
    registry: str
    scope: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | Iterable[bytes] | None = None
    authorization: str | None = field(default=None, repr=False)

    @property
    def is_streamed(self) -> bool:
        """Whether the body can be sent once only."""
        return self.content is not None and not isinstance(self.content, bytes)

    @property
    def place(self) -> Place:
        """Where it asks, by its first scope, and whether it only reads there."""
        kind, _, rest = self.scope.partition(":")
        reads = all(scope.endswith(":pull") for scope in self.scope.split())
        return Place(self.registry, rest.partition(":")[0] if kind == "repository" else "", reads)


class Session:
    """Requests to any registry, safe to share between threads: retries, redirects, credentials.

    What a registry asks for is learnt from its first 401 and remembered, so that a token is in hand before a body is streamed.
    ``retries`` is what repeats its requests, for work that takes several of them; ``accounts`` and ``challenges`` are who asks and
    what registries ask for, for what they have beside the distribution API.
    """

    def __init__(self, wire: Wire, tokens: Tokens, accounts: Accounts, insecure: frozenset[str], retries: Retries) -> None:
        """Put the parts together, as ``open_session`` does."""
        self.retries, self._wire, self._tokens, self.accounts, self._insecure = retries, wire, tokens, accounts, insecure
        self._homes = Homes(insecure)
        self.challenges, self._elsewhere = Challenges(wire, self._homes), Elsewhere(tokens)

    def url(self, registry: str, path: str, query: Mapping[str, str] = _NOTHING) -> httpx.URL:
        """Give a URL of a registry: plain HTTP on this machine, TLS elsewhere and where the host was named insecure."""
        return self._homes.url(registry).copy_with(path=path, params=query)

    def realm(self, registry: str) -> httpx.URL:
        """Give where a registry sends people for a token, if it is a place that may be shown its credentials.

        Raises ProtocolError where it is not, or where the registry sends nobody anywhere.
        """
        challenge = self.challenges.learned(registry) or Challenge("bearer")
        return self._tokens.realm(TokenRequest(registry, self._homes.url(registry), challenge, Anonymous(), ()))

    def credential(self, registry: str, repository: str = "") -> Credential:
        """Give who we are to a registry, for what it has beside the distribution API; InputError where that cannot be read."""
        return self.accounts.credential(registry, repository)

    @contextmanager
    def open(self, call: Call) -> Iterator[httpx.Response]:
        """Give the answer after authorization and redirects, whatever its status; its URL is the one that answered.

        Its body is not read. Raises UnreachableError where no answer comes, PullLimitError where the host gives no more for long,
        StoppedError where the run was asked to stop, UnauthorizedError or DeniedError where no token is given, TokenEndedError
        where a body would have to be sent again with the token that is in hand now, and ProtocolError for a redirect that may not
        be followed, and for a call to where the registry may not lead: an upload goes wherever its Location says.
        """
        if way := redirect.forbidden_way(self._homes.url(call.registry), call.url, self._insecure):
            raise ProtocolError(call.method, where(call.url), f"{call.registry} leads {way}, where nothing is sent")
        response = self._authorized(call)
        try:
            yield response
        finally:
            response.close()

    def close(self) -> None:
        """Close every connection, and end the reads that wait for one. Not to be called in a signal handler."""
        self._wire.close()

    def _authorized(self, call: Call) -> httpx.Response:
        """Send the call as whoever's turn it is there; one that is refused makes way for the next."""
        account = Account() if call.authorization == "" else self.accounts.at(call.place)
        while True:
            answer = self._answered(call, account)
            if isinstance(answer, httpx.Response) and not self._is_refusal(call, answer):
                if answer.is_success:
                    self.accounts.opened(call.place, account)
                return answer
            is_final = call.is_streamed or call.authorization is not None
            after = account if is_final else self.accounts.refused(call.place, account)
            if after.turn == account.turn:
                return _final(answer, after)
            if isinstance(answer, httpx.Response):
                answer.close()
            account = after

    def _answered(self, call: Call, account: Account) -> httpx.Response | _NoToken:
        """Send the call as an account; that the registry's token server refuses it is an answer, too."""
        try:
            return self._tried(call, account)
        except (UnauthorizedError, DeniedError) as error:
            if error.where != call.registry:
                raise
            return error

    def _tried(self, call: Call, account: Account) -> httpx.Response:
        """Send the call, and at most twice more with what a 401 asks for: after a token that ended a scope may not suffice."""
        shown = _Shown(account, self._remembered(call, account))
        response = self._followed(call, shown.authorization)
        for _ in range(2 if call.authorization is None else 0):
            try:
                renewed = self._renewed(call, shown, response)
            except GcrsyncError:
                response.close()
                raise
            if renewed is None:
                break
            if call.is_streamed:
                raise _ended(response)
            response.close()
            shown, response = renewed, self._followed(call, renewed.authorization)
        return response

    def _remembered(self, call: Call, account: Account) -> str:
        """Give the authorization to begin with, empty where the registry has not asked for any yet."""
        if call.authorization is not None:
            return call.authorization
        if not self._is_home(call, call.url):
            return ""
        if call.is_streamed:
            self.challenges.learn(call.registry)
        challenge = self.challenges.met(call.registry)
        return self._authorization(call, challenge, _Shown(account, scope=call.scope)) if challenge else ""

    def _renewed(self, call: Call, shown: "_Shown", response: httpx.Response) -> "_Shown | None":
        """Give what to show after a 401 of the registry, None where there is nothing else to show than what was shown."""
        if response.status_code != HTTPStatus.UNAUTHORIZED or not self._is_home(call, response.url):
            return None
        challenge = self.challenges.heard(call.registry, response)
        if challenge is None or (scope := challenge.wanted_scope(call.scope)) == shown.scope:
            return None
        authorization = self._authorization(call, challenge, replace(shown, scope=scope))
        if authorization in ("", shown.authorization):
            return None
        self.challenges.meet(call.registry, challenge)
        return _Shown(shown.account, authorization, scope)

    def _is_refusal(self, call: Call, response: httpx.Response) -> bool:
        """Say whether the registry refuses whoever has asked: some refuse an address, or everybody, and want no credentials."""
        if response.status_code not in _REFUSALS or not self._is_home(call, response.url):
            return False
        return "Authorization" in response.request.headers or bool(chosen(response.headers.get_list("www-authenticate")))

    def _authorization(self, call: Call, challenge: Challenge, wanted: "_Shown") -> str:
        """Give what meets a challenge, other than the authorization that was in vain; empty where nothing does."""
        credential, scopes = wanted.account.credential, tuple((wanted.scope or "").split())
        if challenge.scheme == "basic":
            return basic_authorization(credential.user, credential.password) if isinstance(credential, Basic) else ""
        if isinstance(credential, RegistryToken):
            return _BEARER + credential.token
        request = TokenRequest(call.registry, self._homes.url(call.registry), challenge, credential, scopes)
        return _BEARER + self._tokens.token(request, wanted.authorization.removeprefix(_BEARER))

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
        """Send one hop. Another host than the registry's never gets its credentials."""
        if self._is_home(call, url):
            return self._send(call, url, authorization)
        if call.is_streamed:
            return self._send(call, url, "")
        return self._elsewhere.answer(url, call.scope, lambda token: self._send(call, url, token and _BEARER + token))

    def _send(self, call: Call, url: httpx.URL, authorization: str) -> httpx.Response:
        headers = {**call.headers, "Authorization": authorization} if authorization else call.headers
        return self._wire.send(call.method, url, headers, call.content)

    def _is_home(self, call: Call, url: httpx.URL) -> bool:
        """Say whether a URL is where the authorization of a call is shown: at the registry itself, unless the call has its own."""
        if call.authorization is not None:
            return (url.scheme, url.netloc) == (call.url.scheme, call.url.netloc)
        return self._homes.is_at(call.registry, url)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a call has shown as an account, and the scope that it was got for after a 401; None before any."""

    account: Account
    authorization: str = ""
    scope: str | None = None


def _final(answer: httpx.Response | _NoToken, account: Account) -> httpx.Response:
    """Give a refusal, with what is known of the credentials that were refused; one of the token server is raised."""
    if isinstance(answer, httpx.Response):
        answer.extensions[REFUSAL] = account.refusal
        return answer
    hint = f"{account.refusal}; {answer.hint}"
    raise type(answer)(answer.doing, answer.where, answer.reason, hint=hint) from answer


def _ended(response: httpx.Response) -> TokenEndedError:
    with closing(response):
        error = failure(response, response.request.method)
    return TokenEndedError(error.doing, error.where, error.reason, hint=error.hint)
