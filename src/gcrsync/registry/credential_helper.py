"""Docker's credential helpers: programs that keep credentials outside of the configuration file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from gcrsync.errors import InputError
from gcrsync.registry import program
from gcrsync.registry.credentials import Anonymous, Basic, Credential, IdentityToken

_IDENTITY = "<token>"
_NOT_FOUND = b"credentials not found in native keychain"


@dataclass(frozen=True, slots=True)
class CredentialHelper:
    """One program, ``docker-credential-`` and its ``name``; ``config`` is the file that names it."""

    name: str
    config: str

    def get(self, server: str, environment: Mapping[str, str]) -> Credential:
        """Ask for the credentials of a server, Anonymous where there are none.

        Raises InputError where the program is missing or fails. What it wrote is never quoted: it may be a secret.
        """
        try:
            answer = program.ask([self._program, "get"], environment, server.encode())
        except InputError as error:
            raise self._failure(server, error.message) from error
        if answer.status == 0:
            return self._credential(server, answer.output)
        if _NOT_FOUND in answer.output + answer.words:
            return Anonymous()
        raise self._failure(server, f"it ended with {answer.status}")

    def _credential(self, server: str, output: bytes) -> Credential:
        try:
            answer: object = json.loads(output)
        except (ValueError, RecursionError):
            raise self._failure(server, "its answer is not JSON") from None
        user, secret = (answer.get("Username"), answer.get("Secret")) if isinstance(answer, dict) else (None, None)
        if not isinstance(user, str) or not isinstance(secret, str):
            raise self._failure(server, "its answer has no Username and Secret")
        if user == _IDENTITY:
            return IdentityToken(user, secret, self._origin)
        return Basic(user, secret, self._origin) if user or secret else Anonymous()

    @property
    def _program(self) -> str:
        return f"docker-credential-{self.name}"

    @property
    def _origin(self) -> str:
        return f"{self._program} (named in {self.config})"

    def _failure(self, server: str, reason: str) -> InputError:
        message = f"asking {self._origin} for the credentials of {server}: {reason}"
        return InputError(message, hint=f"try echo {server} | {self._program} get, or take the helper out of that file")
