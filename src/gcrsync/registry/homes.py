"""Where each registry is itself: the one host and scheme at which its credentials are shown."""

import httpx

from gcrsync.oci.name import DOCKER_HUB
from gcrsync.registry.address import is_loopback
from gcrsync.registry.transport import is_named

_DOCKER_HUB_SERVER = "registry-1.docker.io"


class Homes:
    """The homes of all registries: plain HTTP on this machine, TLS elsewhere and where the host was named insecure."""

    def __init__(self, insecure: frozenset[str]) -> None:
        """Begin with none; ``insecure`` are the hosts that may speak plain HTTP, too."""
        self._insecure = insecure
        self._urls: dict[str, httpx.URL] = {}

    def url(self, registry: str) -> httpx.URL:
        """Give the root of a registry."""
        if registry not in self._urls:
            url = httpx.URL(f"https://{_DOCKER_HUB_SERVER if registry == DOCKER_HUB else registry}/")
            is_plain = is_loopback(url.host) and not is_named(url, self._insecure)
            self._urls[registry] = url.copy_with(scheme="http") if is_plain else url
        return self._urls[registry]

    def is_at(self, registry: str, url: httpx.URL) -> bool:
        """Say whether a URL is at the registry itself; plain HTTP is too, where the host was named insecure."""
        home = self.url(registry)
        schemes = (home.scheme, "http") if is_named(home, self._insecure) else (home.scheme,)
        return url.scheme in schemes and url.netloc == home.netloc
