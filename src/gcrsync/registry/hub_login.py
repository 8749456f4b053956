"""Who we are to the API of Docker Hub: a user and a password, or a token in place of it, get a token for the API alone."""

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from threading import Lock
from typing import TypeVar

import httpx

from gcrsync.errors import ProtocolError, UnauthorizedError
from gcrsync.oci.name import DOCKER_HUB
from gcrsync.registry import answers
from gcrsync.registry.accounts import Account
from gcrsync.registry.credentials import Basic
from gcrsync.registry.session import Call, Session

Result = TypeVar("Result")

_URL = httpx.URL("https://hub.docker.com/v2/auth/token")
_DOING = "asking hub.docker.com for a token for"
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_LIMIT = 64 * 1024


class HubLogin:
    """What calls show to the API; safe to share between threads: one asks for a token, and the others wait."""

    def __init__(self, session: Session) -> None:
        """Ask nothing yet."""
        self._session = session
        self._lock = Lock()
        self._authorization: str | None = None

    def call(self, function: Callable[[str], Result]) -> Result:
        """Call a function with an authorization, empty where nobody has logged in; anew where a token has ended meanwhile.

        Raises what the function raises, UnauthorizedError where the account is not known, and ProtocolError where the answer to it
        is no token.
        """
        shown = self._current("")
        try:
            return function(shown)
        except UnauthorizedError:
            if not shown:
                raise
        return function(self._current(shown))

    def _current(self, ended: str) -> str:
        """Give an authorization that is not the one that ended."""
        with self._lock:
            if self._authorization is None or self._authorization == ended != "":
                credential = self._session.credential(DOCKER_HUB)
                self._authorization = self._token(credential) if isinstance(credential, Basic) else ""
            return self._authorization

    def _token(self, account: Basic) -> str:
        content = json.dumps({"identifier": account.user, "secret": account.password}).encode()
        call = Call("POST", _URL, DOCKER_HUB, headers={"Content-Type": "application/json"}, content=content)
        with self._session.open(call) as response:
            if response.status_code != HTTPStatus.OK:
                response.extensions[answers.REFUSAL] = Account(account, origins=(account.origin,)).refusal
                raise answers.failure(response, _DOING, place=DOCKER_HUB)
            try:
                token = answers.json_object(response, _DOING, _LIMIT).get("access_token")
            except ProtocolError as error:  # it names the URL, which says twice where the token was asked for
                raise ProtocolError(_DOING, DOCKER_HUB, error.reason, status=error.status) from error
        if not isinstance(token, str) or not _VISIBLE.fullmatch(token):
            raise ProtocolError(_DOING, DOCKER_HUB, "the answer holds no token")
        return f"Bearer {token}"
