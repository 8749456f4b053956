"""The file in which Docker and Podman keep credentials: ``config.json``, ``auth.json``."""

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gcrsync.errors import InvalidConfigError
from gcrsync.oci.name import DOCKER_HUB, canonical_host
from gcrsync.registry.credential_helper import CredentialHelper
from gcrsync.registry.credentials import TOKEN, Anonymous, Basic, Credential, IdentityToken, RegistryToken

_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FIELDS = ("auth", "username", "password", "identitytoken", "registrytoken")
_OLD_PATHS = ("v1", "v2")
_HINT = "correct it there, or put it aside and log in again: docker login"


@dataclass(frozen=True, slots=True)
class DockerConfig:
    """A file that was read, and where; its ``document`` is judged as far as it is needed."""

    path: str
    text: str = field(repr=False)
    document: Mapping[str, object] = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> "DockerConfig | None":
        """Read a file, None where there is none; InvalidConfigError where it cannot be read or is no JSON object."""
        try:
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise InvalidConfigError(str(path), 0, f"cannot be read: {error.strerror}", hint=_HINT) from error
        except UnicodeDecodeError:
            raise InvalidConfigError(str(path), 0, "is not UTF-8", hint=_HINT) from None
        try:
            document: object = json.loads(text) if text.strip() else {}
        except json.JSONDecodeError as error:
            raise InvalidConfigError(str(path), error.lineno, f"is not JSON: {error.msg}", hint=_HINT) from None
        except RecursionError:
            raise InvalidConfigError(str(path), 0, "is not JSON: too deep", hint=_HINT) from None
        if not isinstance(document, dict):
            raise InvalidConfigError(str(path), 1, "expected a JSON object", hint=_HINT)
        return cls(str(path), text, document)

    def helper(self, registry: str) -> CredentialHelper | None:
        """Give the program that keeps the credentials of a registry: its own in ``credHelpers``, or that of ``credsStore``."""
        helpers = self._table("credHelpers")
        own = _matching(helpers, registry)
        name = helpers[own[0]] if own else self.document.get("credsStore") or ""
        if not isinstance(name, str) or (name and not _HELPER.fullmatch(name)):
            raise self._invalid(own[0] if own else "credsStore", "does not hold the name of a credential helper")
        return CredentialHelper(name, self.path) if name else None

    def server(self, registry: str) -> str:
        """Give the name under which a helper knows a registry: what was logged in to, as it was typed."""
        known = _matching(self._table("auths"), registry)
        return known[0] if known else _DOCKER_HUB_KEY if registry == DOCKER_HUB else registry

    def credential(self, registry: str, repository: str) -> Credential:
        """Give what ``auths`` holds for a repository, the longest name that leads to it first, as in Podman."""
        entries = self._table("auths")
        for name in _names(registry, repository):
            for key in _matching(entries, name):
                credential = self._credential(key, entries[key])
                if credential != Anonymous():
                    return credential
        return Anonymous()

    def _credential(self, key: str, entry: object) -> Credential:
        texts = {name: entry.get(name) or "" for name in _FIELDS} if isinstance(entry, dict) else {}
        if not texts or not all(isinstance(text, str) for text in texts.values()):
            raise self._invalid(key, f"expected an object of texts: {', '.join(_FIELDS)}")
        user, password = self._user_and_password(key, texts["auth"]) if texts["auth"] else (texts["username"], texts["password"])
        if not TOKEN.fullmatch(texts["registrytoken"]):
            raise self._invalid(key, "its registrytoken cannot be sent")
        if texts["identitytoken"]:
            return IdentityToken(user or "<token>", texts["identitytoken"], self.path)
        if texts["registrytoken"]:
            return RegistryToken(texts["registrytoken"], self.path)
        return Basic(user, password, self.path) if user or password else Anonymous()

    def _user_and_password(self, key: str, auth: str) -> tuple[str, str]:
        try:
            user, colon, password = b64decode(auth, validate=True).decode().partition(":")
        except (Base64Error, ValueError):
            colon = user = password = ""
        if not colon:
            raise self._invalid(key, "its auth is not base64 of user:password")
        return user, password.rstrip("\0")

    def _table(self, name: str) -> Mapping[str, object]:
        value = self.document.get(name) or {}
        if not isinstance(value, dict):
            raise self._invalid(name, "expected an object")
        return value

    def _invalid(self, key: str, reason: str) -> InvalidConfigError:
        before, found, _ = self.text.partition(json.dumps(key))
        return InvalidConfigError(self.path, before.count("\n") + 1 if found else 0, f"{key}: {reason}", hint=_HINT)


def _matching(table: Mapping[str, object], name: str) -> list[str]:
    """Give the keys for a name, written the same way first: where several fit, the choice must not change from run to run."""
    return sorted((key for key in table if _normal(key) == name), key=lambda key: (key != name, key))


def _normal(key: str) -> str:
    _, url, rest = key.rpartition("://")
    host, _, path = rest.partition("/")
    path = path.rstrip("/")
    if url or path in _OLD_PATHS:
        path = ""
    return f"{canonical_host(host)}/{path}" if path else canonical_host(host)


def _names(registry: str, repository: str) -> Iterator[str]:
    name = f"{registry}/{repository}"
    while name:
        yield name.removesuffix("/")
        name = name.rpartition("/")[0]
