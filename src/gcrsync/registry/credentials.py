"""Who we are to a registry. What is secret in these values is never shown; ``origin`` says where they were found."""

import re
from base64 import b64encode
from dataclasses import dataclass, field

TOKEN = re.compile(r"[\x21-\x7e]*")
"""What can be sent as a token (RFC 9110, 5.5): nothing that would end or divide a header."""


@dataclass(frozen=True, slots=True)
class Basic:
    """A user and a password."""

    user: str
    password: str = field(repr=False)
    origin: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class IdentityToken:
    """A refresh token, for which a token server gives access tokens (distribution's oauth.md)."""

    user: str
    token: str = field(repr=False)
    origin: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class RegistryToken:
    """An access token, which the registry takes as it is."""

    token: str = field(repr=False)
    origin: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Nobody; ``trouble`` says what kept credentials that there may be from being found."""

    trouble: str = field(default="", compare=False)


Credential = Basic | IdentityToken | RegistryToken | Anonymous
"""One of the four ways to present oneself."""


def basic_authorization(user: str, password: str) -> str:
    """Give the value of an ``Authorization`` header (RFC 7617, in UTF-8)."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"
