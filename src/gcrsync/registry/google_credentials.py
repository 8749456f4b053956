"""Google's own ways to say who asks: an access token, the key of a service account, and whoever gcloud is logged in as.

Each gives credentials for the token server of Container Registry and Artifact Registry, or Anonymous with the reason.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from gcrsync.errors import InputError
from gcrsync.registry import program
from gcrsync.registry.credentials import Anonymous, Basic, Credential

_TOKENS = ("CLOUDSDK_AUTH_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN")
_KEY_FILE = "GOOGLE_APPLICATION_CREDENTIALS"
_KEY = "service_account"
_TOKEN_USER, _KEY_USER = "oauth2accesstoken", "_json_key"
_LARGEST_KEY = 64 * 1024

# Forced, as an access token that gcloud has kept may end within the minute.
_GCLOUD = ("gcloud", "config", "config-helper", "--force-auth-refresh", "--format=json(credential)")
_SILENT = {"CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}
_EARLY, _SHORTEST, _LONGEST = 300.0, 60.0, 3600.0
"""How many seconds before its end a token is renewed, and how long it is used at least and at most; Google's last an hour."""

_NO_EXPIRY_LASTS = 600.0


class GoogleCredentials:
    """What the environment and gcloud have; safe to share between threads."""

    def __init__(self, environment: Mapping[str, str], now: Callable[[], float], utc: Callable[[], datetime]) -> None:
        """Look for nothing yet; ``now`` is in monotonic seconds, and ``utc`` what the end of a token is compared with."""
        self._environment, self._now, self._utc = environment, now, utc
        self._lock = Lock()
        self._key: Credential | None = None
        self._gcloud: tuple[Credential, float] | None = None

    def token(self) -> Credential:
        """Give the access token that a variable of Google's tools holds."""
        for name in _TOKENS:
            if token := self._environment.get(name, "").strip():
                return Basic(_TOKEN_USER, token, name)
        return Anonymous()

    def key(self) -> Credential:
        """Give the key of the service account that GOOGLE_APPLICATION_CREDENTIALS names, which is read once."""
        with self._lock:
            if self._key is None:
                path = self._environment.get(_KEY_FILE)
                self._key = _read_key(Path(path)) if path else Anonymous()
            return self._key

    def gcloud(self) -> Credential:
        """Give an access token of the account that gcloud is logged in to; a new one before it ends."""
        with self._lock:
            if self._gcloud is None or self._now() >= self._gcloud[1]:
                credential, lasts = self._asked()
                self._gcloud = credential, self._now() + lasts
            return self._gcloud[0]

    def _asked(self) -> tuple[Credential, float]:
        try:
            answer = program.ask(_GCLOUD, {**self._environment, **_SILENT})
        except InputError as error:
            return _no_gcloud(error.message), _NO_EXPIRY_LASTS
        if answer.status:
            return _no_gcloud(f"it ended with {answer.status}: try gcloud auth login"), _NO_EXPIRY_LASTS
        token, expiry = _token(answer.output)
        if not token:
            return _no_gcloud("its answer holds no access token: try gcloud config config-helper"), _NO_EXPIRY_LASTS
        return Basic(_TOKEN_USER, token, "gcloud"), self._lasts(expiry)

    def _lasts(self, expiry: str) -> float:
        try:
            ends = datetime.fromisoformat(expiry)
        except ValueError:
            return _NO_EXPIRY_LASTS
        left = (ends if ends.tzinfo else ends.replace(tzinfo=UTC)) - self._utc()
        return min(_LONGEST, max(_SHORTEST, left.total_seconds() - _EARLY))


def _read_key(path: Path) -> Credential:
    """Read a key; what else the variable may name (a federation, a person's account) is nothing that a registry takes."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_KEY + 1).decode()
        document: object = json.loads(text) if len(text) <= _LARGEST_KEY else None
    except OSError as error:
        return Anonymous(f"{_KEY_FILE} names {path}, which cannot be read: {error.strerror}")
    except (ValueError, RecursionError):
        return Anonymous(f"{_KEY_FILE} names {path}, which is not JSON")
    if not isinstance(document, dict) or document.get("type") != _KEY:
        return Anonymous(f"{_KEY_FILE} names {path}, which is no key of a service account: log gcloud in with it")
    return Basic(_KEY_USER, text, f"{path} ({_KEY_FILE})")


def _no_gcloud(reason: str) -> Anonymous:
    return Anonymous(f"asking gcloud for an access token: {reason}")


def _token(output: bytes) -> tuple[str, str]:
    """Give the access token that gcloud wrote and when it ends, each empty where it is missing."""
    try:
        answer: object = json.loads(output)
    except (ValueError, RecursionError):
        answer = None
    credential = answer.get("credential") if isinstance(answer, dict) else None
    found = credential if isinstance(credential, dict) else {}
    token, expiry = (str(found.get(key) or "") for key in ("access_token", "token_expiry"))
    return token, expiry
