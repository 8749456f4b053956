"""Access tokens, asked for once and kept until they end (distribution's token.md and oauth.md)."""

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Lock
from urllib.parse import urlencode

import httpx

from gcrsync.errors import ProtocolError
from gcrsync.registry.address import is_loopback, is_private
from gcrsync.registry.answers import failure, json_object
from gcrsync.registry.challenge import Challenge
from gcrsync.registry.credentials import Basic, Credential, IdentityToken, basic_authorization
from gcrsync.registry.transport import is_named
from gcrsync.registry.wire import Wire

_LIMIT = 64 * 1024
_SHORTEST, _LONGEST = 60, 86_400
_EARLY = 5
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_NO_POST = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
_Key = tuple[str, str, Credential, frozenset[str]]


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a token is wanted for: the registry by name, the URL that challenged, the challenge, who we are and the scopes."""

    registry: str
    challenged: httpx.URL
    challenge: Challenge
    credential: Credential
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    ends: float


class Tokens:
    """Tokens for every registry, account and set of scopes; where several threads want one, one asks and the others wait."""

    def __init__(self, wire: Wire, now: Callable[[], float], insecure: frozenset[str]) -> None:
        """Ask over the wire; hosts named insecure may be asked by plain HTTP."""
        self._wire, self._now, self._insecure = wire, now, insecure
        self._tokens: dict[_Key, _Token] = {}
        self._locks: dict[_Key, Lock] = {}
        self._lock = Lock()

    def token(self, wanted: TokenRequest, rejected: str = "") -> str:
        """Give a token that still holds for a while and is not the one that was ``rejected``.

        Raises UnauthorizedError or DeniedError where the token server says no, ProtocolError where it may not be asked at all
        or its answer is no token.
        """
        challenge = wanted.challenge
        key = (challenge.realm, challenge.service, wanted.credential, frozenset(wanted.scopes))
        with self._lock:
            lock = self._locks.setdefault(key, Lock())
        with lock:
            token = self._tokens.get(key)
            if token is None or token.text == rejected or token.ends <= self._now():
                token = self._tokens[key] = self._fetch(wanted)
            return token.text

    def realm(self, wanted: TokenRequest) -> httpx.URL:
        """Give the URL of the token server, if it is one that credentials may be sent to; ProtocolError where it is not."""
        try:
            realm = httpx.URL(wanted.challenge.realm)
        except httpx.InvalidURL:
            realm = httpx.URL()
        reason = ""
        if not wanted.challenge.realm:
            reason = "the challenge names no realm to ask for a token"
        elif realm.scheme not in ("https", "http") or not realm.host:
            reason = "the realm of the challenge is no URL"
        elif realm.scheme == "http" and not (is_loopback(realm.host) or is_named(realm, self._insecure)):
            reason = f"the token server {realm.host} is plain HTTP: no credentials are sent there without --insecure {realm.host}"
        elif is_private(realm.host) and not (is_private(wanted.challenged.host) or is_named(wanted.challenged, self._insecure)):
            reason = f"the token server {realm.host} is in a private network, but the registry is not"
        if reason:
            raise ProtocolError("asking for a token for", wanted.registry, reason, status=HTTPStatus.UNAUTHORIZED)
        return realm

    def _fetch(self, wanted: TokenRequest) -> _Token:
        realm = self.realm(wanted)
        doing = f"asking {realm.host} for a token for"
        began = self._now()
        with closing(self._ask(realm, wanted)) as response:
            if response.status_code != HTTPStatus.OK:
                raise failure(response, doing, place=wanted.registry)
            document = json_object(response, doing, _LIMIT)
        text = document.get("token") or document.get("access_token")
        if not isinstance(text, str) or not _VISIBLE.fullmatch(text):
            raise ProtocolError(doing, wanted.registry, "the answer holds no token")
        seconds = document.get("expires_in")
        lasts = min(_LONGEST, max(_SHORTEST, seconds)) if isinstance(seconds, int | float) else _SHORTEST
        return _Token(text, began + lasts - _EARLY)

    def _ask(self, realm: httpx.URL, wanted: TokenRequest) -> httpx.Response:
        if not isinstance(wanted.credential, IdentityToken):
            return self._get(realm, wanted, wanted.credential)
        response = self._post(realm, wanted, wanted.credential)
        if response.status_code not in _NO_POST:
            return response
        response.close()
        return self._get(realm, wanted, Basic(wanted.credential.user, wanted.credential.token))

    def _get(self, realm: httpx.URL, wanted: TokenRequest, credential: Credential) -> httpx.Response:
        service = [("service", wanted.challenge.service)] if wanted.challenge.service else []
        scopes = [("scope", scope) for scope in wanted.scopes]
        url = realm.copy_with(params=[*realm.params.multi_items(), *service, *scopes])
        headers = {}
        if isinstance(credential, Basic):
            headers["Authorization"] = basic_authorization(credential.user, credential.password)
        return self._wire.send("GET", url, headers)

    def _post(self, realm: httpx.URL, wanted: TokenRequest, credential: IdentityToken) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": credential.token, "client_id": "gcrsync"}
        if wanted.challenge.service:
            form["service"] = wanted.challenge.service
        if wanted.scopes:
            form["scope"] = " ".join(wanted.scopes)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._wire.send("POST", realm, headers, urlencode(form).encode())
