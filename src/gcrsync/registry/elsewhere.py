"""Hosts to which a registry leads: nobody there, with a token of their own where they want one."""

from collections.abc import Callable
from http import HTTPStatus

import httpx

from gcrsync.registry.challenge import Challenge, chosen
from gcrsync.registry.credentials import Anonymous
from gcrsync.registry.tokens import TokenRequest, Tokens

Send = Callable[[str], httpx.Response]
"""Sends a request with a token, or without one where that is empty."""


class Elsewhere:
    """What other hosts ask for; safe to share between threads.

    It is remembered for each scope at the registry that leads there: what is behind registry.k8s.io asks for a token each time.
    """

    def __init__(self, tokens: Tokens) -> None:
        """Know of nothing yet."""
        self._tokens = tokens
        self._challenges: dict[tuple[bytes, str], Challenge] = {}

    def answer(self, url: httpx.URL, scope: str, send: Send) -> httpx.Response:
        """Give the answer of another host, also where it wants a token first, or another one than it was shown.

        Raises UnauthorizedError or DeniedError where it gives no token.
        """
        kept = self._challenges.get((url.netloc, scope))
        shown = self._token(url, kept) if kept else ""
        response = send(shown)
        # Some say 401 to a bad token without a challenge; the last one holds.
        challenge = chosen(response.headers.get_list("www-authenticate")) or kept
        if response.status_code != HTTPStatus.UNAUTHORIZED or challenge is None or challenge.scheme == "basic":
            return response
        response.close()
        token = self._token(url, challenge, shown)
        self._challenges[url.netloc, scope] = challenge
        return send(token)

    def _token(self, url: httpx.URL, challenge: Challenge, rejected: str = "") -> str:
        wanted = TokenRequest(url.netloc.decode("ascii"), url, challenge, Anonymous(), tuple(challenge.scope.split()))
        return self._tokens.token(wanted, rejected)
