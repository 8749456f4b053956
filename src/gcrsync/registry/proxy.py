"""Which proxy a request goes through, as the environment says (the rules of curl and of Go)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

import httpx

from gcrsync.registry.address import is_loopback

_EXCEPTION = re.compile(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxies:
    """The URLs of the proxies for each scheme, empty for none, and the hosts that are asked directly."""

    http: str = field(repr=False)
    https: str = field(repr=False)
    exceptions: tuple[str, ...]

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Proxies":
        """Read HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; those in lower case win."""
        every = _value(environment, "all_proxy")
        http, https = (_url(_value(environment, name) or every) for name in ("http_proxy", "https_proxy"))
        exceptions = (entry.strip().lower() for entry in _value(environment, "no_proxy").split(","))
        return cls(http, https, tuple(entry for entry in exceptions if entry))

    def chosen(self, url: httpx.URL) -> str:
        """Give the URL of the proxy for a request; empty where it goes directly, as to this machine it always does."""
        if is_loopback(url.host) or any(_covers(exception, url) for exception in self.exceptions):
            return ""
        return self.https if url.scheme == "https" else self.http


def _value(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.upper(), "")


def _url(text: str) -> str:
    return text if not text or "://" in text else f"http://{text}"


def _covers(exception: str, url: httpx.URL) -> bool:
    with_port = _EXCEPTION.fullmatch(exception)
    if with_port and int(with_port[2]) != (url.port or _PORTS[url.scheme]):
        return False
    host = (with_port[1] if with_port else exception).strip("[]")
    try:
        return ip_address(url.host) in ip_network(host, strict=False)
    except ValueError:
        domain = host.removeprefix("*").removeprefix(".")
        return host == "*" or url.host.endswith(f".{domain}") or url.host == host
