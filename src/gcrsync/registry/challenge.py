"""What a registry asks for before it answers: the ``WWW-Authenticate`` header (RFC 9110, 11.6.1; distribution's token.md)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self

_ACCEPTED = ("bearer", "basic")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PART = re.compile(
    rf"""
    (?P<name>{_NAME}) [ \t]*=[ \t]* (?:
        "(?P<quoted>(?:[^"\\]|\\.)*) (?:"|\\?\Z)                    # commas inside; one that never ends takes the rest
      | (?P<plain>[^\s,"]*)                                         # wider than a token: URLs come without quotes
    )
    | (?P<scheme>{_NAME}) (?:[ \t]+[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|\Z)))?     # with its token68, as Negotiate has
    """,
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge: its scheme in lower case, and its parameters, empty where the registry gave none."""

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""
    error: str = ""

    def for_any_scope(self) -> Self:
        """Give what holds of it for other calls, too."""
        return replace(self, scope="", error="")

    def wanted_scope(self, needed: str) -> str:
        """Give the scope to ask a token for: what a call has ``needed``, unless the registry says that it is not enough."""
        is_lacking = not needed or self.error == "insufficient_scope"
        return self.scope if self.scope and is_lacking else needed


def chosen(headers: Iterable[str]) -> Challenge | None:
    """Give the first challenge that can be met, Bearer or Basic; None where there is none."""
    return next((challenge for challenge in parse(headers) if challenge.scheme in _ACCEPTED), None)


def parse(headers: Iterable[str]) -> Iterator[Challenge]:
    """Give every challenge in order; a header may hold several, and what is no challenge is passed over."""
    for header in headers:
        scheme, parameters = "", dict[str, str]()
        for part in _PART.finditer(header):
            if part["scheme"] is None:
                parameters.setdefault(part["name"].lower(), _value(part))
                continue
            if scheme:
                yield _challenge(scheme, parameters)
            scheme, parameters = part["scheme"].lower(), {}
        if scheme:
            yield _challenge(scheme, parameters)


def _value(part: re.Match[str]) -> str:
    plain: str | None = part["plain"]
    return _ESCAPED.sub(r"\1", part["quoted"]) if plain is None else plain


def _challenge(scheme: str, parameters: dict[str, str]) -> Challenge:
    known = {name: parameters.get(name, "") for name in ("realm", "service", "scope", "error")}
    return Challenge(scheme, **known)
