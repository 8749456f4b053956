"""Where credentials are looked for, and in which order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Lock

from gcrsync.errors import InputError
from gcrsync.oci.name import canonical_host
from gcrsync.registry.credential_helper import CredentialHelper
from gcrsync.registry.credentials import TOKEN, Anonymous, Basic, Credential, RegistryToken
from gcrsync.registry.docker_config import DockerConfig
from gcrsync.registry.google_credentials import GoogleCredentials
from gcrsync.registry.google_names import is_google

_HELP_LASTS = 600.0
"""For how many seconds a helper's answer is used: what Google's and Amazon's give ends while a long run goes on."""

Way = Callable[[], Credential]
"""One place where credentials are looked for; Anonymous where there are none."""


class Keychain:
    """Finds the credentials for each registry; safe to share between threads.

    GCRSYNC_USERNAME and GCRSYNC_PASSWORD come first, for the destination's host alone; then the first file that exists of
    Docker's ``config.json``, ``$REGISTRY_AUTH_FILE`` and Podman's two ``auth.json``, its helpers before what it holds itself.
    At Google its own ways follow.
    """

    def __init__(
        self, environment: Mapping[str, str], destination: str | None, now: Callable[[], float], utc: Callable[[], datetime]
    ) -> None:
        """Read nothing yet; ``now`` is in monotonic seconds, and ``utc`` the time by which the end of a token is told."""
        self._environment, self._destination, self._now = environment, destination and canonical_host(destination), now
        self._google = GoogleCredentials(environment, now, utc)
        self._lock = Lock()
        self._asking: dict[str, Lock] = {}
        self._config: DockerConfig | None = None
        self._was_read = False
        self._helped: dict[str, tuple[float, Credential]] = {}

    def credential(self, registry: str, repository: str = "") -> Credential:
        """Give the credentials for a registry, and the repository there if its path is known.

        Raises InputError where a file or a helper, or one of the two variables alone, cannot be used.
        """
        if registry == self._destination and (own := self._from_environment()):
            return own
        with self._lock:
            config, asking = self._read_config(), self._asking.setdefault(registry, Lock())
        if config is None:
            return Anonymous()
        with asking:  # one helper that takes its time holds up no other host
            helper = config.helper(registry)
            kept = self._ask(helper, registry, config.server(registry)) if helper else Anonymous()
            return config.credential(registry, repository) if kept == Anonymous() else kept

    def ways(self, registry: str, repository: str = "") -> Sequence[Way]:
        """Give where the credentials for a registry, and for the repository there, are looked for, in this order.

        What cannot be used does not keep those that come after it from being tried: only where nothing comes after it, it raises
        InputError, as ``credential`` does.
        """
        if not is_google(registry) or (registry == self._destination and self._from_environment()):
            return (partial(self.credential, registry, repository),)
        return (partial(self._configured, registry, repository), self._google.token, self._google.key, self._google.gcloud)

    def _configured(self, registry: str, repository: str) -> Credential:
        try:
            return self.credential(registry, repository)
        except InputError as error:
            return Anonymous(str(error))

    def token(self, *variables: str) -> RegistryToken | None:
        """Give the token in the first of these environment variables that holds one; InputError where it cannot be sent."""
        name = next((name for name in variables if self._environment.get(name)), None)
        if name is None:
            return None
        if not TOKEN.fullmatch(self._environment[name]):
            raise InputError(f"the token in {name} cannot be sent", hint="it may have no blanks and no line breaks")
        return RegistryToken(self._environment[name], name)

    def _from_environment(self) -> Basic | None:
        user, password = (self._environment.get(name, "") for name in ("GCRSYNC_USERNAME", "GCRSYNC_PASSWORD"))
        if bool(user) != bool(password):
            empty = "GCRSYNC_PASSWORD" if user else "GCRSYNC_USERNAME"
            raise InputError(f"{empty} is empty", hint="set GCRSYNC_USERNAME and GCRSYNC_PASSWORD, or neither")
        return Basic(user, password, "GCRSYNC_USERNAME and GCRSYNC_PASSWORD") if user else None

    def _read_config(self) -> DockerConfig | None:
        if not self._was_read:
            self._config = next(filter(None, map(DockerConfig.read, _files(self._environment))), None)
            self._was_read = True
        return self._config

    def _ask(self, helper: CredentialHelper, registry: str, server: str) -> Credential:
        asked, credential = self._helped.get(registry, (0.0, None))
        if credential is None or self._now() - asked > _HELP_LASTS:
            asked, credential = self._now(), helper.get(server, self._environment)
            self._helped[registry] = asked, credential
        return credential


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    home = environment.get("HOME")
    docker = environment.get("DOCKER_CONFIG") or (f"{home}/.docker" if home else "")
    if docker:
        yield Path(docker, "config.json")
    if named := environment.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
    if runtime := environment.get("XDG_RUNTIME_DIR"):
        yield Path(runtime, "containers", "auth.json")
    config = environment.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    if config:
        yield Path(config, "containers", "auth.json")
