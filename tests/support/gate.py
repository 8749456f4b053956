"""Who may do what at the simulated registry: Basic, or tokens of the right scope (distribution, "Token Authentication")."""

import base64
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import httpx


@dataclass(slots=True)
class Gate:
    """Open, or with a challenge of this ``scheme``.

    With an ``account`` (user and password), only it may push, and only it may pull where ``private``; otherwise everybody may do
    everything, but with a token where the scheme is bearer.
    """

    scheme: Literal["open", "basic", "bearer"] = "open"
    account: tuple[str, str] | None = None
    private: bool = False
    lasts: float = 300.0
    """How many seconds a token is good for."""
    service: str = ""
    """For which service a token is wanted; without it that of the host."""
    path: str = "/token"
    """Where tokens are given."""
    realm: str = ""
    """Where tokens are given out; without it, at the registry itself."""
    granted: dict[str, frozenset[str]] = field(default_factory=dict)
    """Tokens that were given out, and what each is good for: scopes of one action, as ``repository:a/b:pull``."""
    ends: dict[str, float] = field(default_factory=dict)

    def refusal(self, request: httpx.Request, needed: Sequence[str]) -> httpx.Response | None:
        """Give the 401 that a request gets which may not do all that it needs, None where it may."""
        authorization = request.headers.get("Authorization", "")
        if self.scheme == "open":
            return None
        if self.scheme == "basic":
            may = all(self._may(action, authorization) for action in needed)
            return None if may else _unauthorized('Basic realm="simulated"')
        token = authorization.removeprefix("Bearer ")
        if time.monotonic() < self.ends.get(token, 0) and self.granted[token].issuperset(needed):
            return None
        realm = self.realm or request.url.copy_with(path=self.path, query=None)
        challenge = f'Bearer realm="{realm}",service="{self.service or request.url.host}"'
        return _unauthorized(f'{challenge},scope="{" ".join(_joined(needed))}"' if needed else challenge)

    def token(self, request: httpx.Request) -> httpx.Response:
        """Give a token that is good for what the asker may do of what was asked for."""
        authorization = request.headers.get("Authorization", "")
        if authorization and not self.knows(authorization):
            return _unauthorized('Basic realm="simulated"')
        asked = [scope for parameter in request.url.params.get_list("scope") for scope in parameter.split()]
        scopes = frozenset(action for scope in asked for action in _actions(scope) if self._may(action, authorization))
        token = f"token-{len(self.granted) + 1}"
        self.granted[token], self.ends[token] = scopes, time.monotonic() + self.lasts
        return httpx.Response(200, json={"token": token, "expires_in": self.lasts})

    def _may(self, action: str, authorization: str) -> bool:
        is_public = not self.private and action.endswith(":pull")
        return self.account is None or is_public or self.knows(authorization)

    def knows(self, authorization: str) -> bool:
        """Say whether it is the account that is shown."""
        if self.account is None:
            return False
        return authorization == "Basic " + base64.b64encode(":".join(self.account).encode()).decode()


def needed(request: httpx.Request, name: str) -> list[str]:
    """Give the scopes that a request needs (distribution, registry/handlers/app.go): a mount must be allowed to pull too."""
    if request.url.path == "/v2/_catalog":
        return ["registry:catalog:*"]
    if not name:
        return []
    scopes = [f"repository:{name}:pull"] + ([f"repository:{name}:push"] if request.method not in {"GET", "HEAD"} else [])
    source = request.url.params.get("from")
    return [*scopes, f"repository:{source}:pull"] if source else scopes


def _actions(scope: str) -> Iterator[str]:
    """Take ``repository:a/b:pull,push`` apart into scopes of one action."""
    resource, _, actions = scope.rpartition(":")
    for action in actions.split(","):
        yield f"{resource}:{action}"


def _joined(needed: Sequence[str]) -> Iterator[str]:
    """Put scopes of one action together by what they are for, as challenges name them."""
    resources = dict.fromkeys(scope.rpartition(":")[0] for scope in needed)
    for resource in resources:
        yield f"{resource}:" + ",".join(scope.rpartition(":")[2] for scope in needed if scope.rpartition(":")[0] == resource)


def _unauthorized(challenge: str) -> httpx.Response:
    errors = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}
    return httpx.Response(401, headers={"WWW-Authenticate": challenge}, json=errors)
