"""Which proxy a request goes through, as the environment says (the rules of curl and of Go)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

import httpx

from gcrsync.registry.address import is_loopback

_EXCEPTION = re.compile(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})")
_EXPECTED = re.compile(r"\*|(\*?\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?(:[0-9]{1,5})?|\[[0-9a-f:.]+\](:[0-9]{1,5})?")
"""A name or an IPv4 address, and an IPv6 address in brackets, with a port or without."""

_CREDENTIALS = re.compile(r"(?<=://).*@|^[^/]*@")
"""What stands before the host where somebody has written a URL."""

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """The URL of a proxy, which may hold a password, and the variable that names it."""

    url: str = field(repr=False)
    variable: str

    @property
    def scheme(self) -> str:
        """The scheme of the URL."""
        return self.url.partition(":")[0]

    @property
    def host(self) -> str:
        """The host of the URL, with its port where it has one; raises httpx.InvalidURL for what is no URL."""
        return httpx.URL(self.url).netloc.decode("ascii")


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies for each scheme, None for none, and the hosts that are asked directly."""

    http: Proxy | None
    https: Proxy | None
    exceptions: tuple[str, ...]

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Proxies":
        """Read HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; those in lower case win."""
        http, https = (_proxy(environment, name) or _proxy(environment, "all_proxy") for name in ("http_proxy", "https_proxy"))
        exceptions = (entry.strip().lower() for entry in environment.get(_variable(environment, "no_proxy"), "").split(","))
        return cls(http, https, tuple(entry for entry in exceptions if entry))

    def chosen(self, url: httpx.URL) -> Proxy | None:
        """Give the proxy for a request; None where it goes directly, as to this machine it always does."""
        if is_loopback(url.host) or any(_covers(exception, url) for exception in self.exceptions):
            return None
        return self.https if url.scheme == "https" else self.http

    @property
    def misread(self) -> tuple[str, ...]:
        """The exceptions that no host can fit: they are no names, addresses or networks. Credentials in them are left out."""
        unfit = (exception for exception in self.exceptions if not _EXPECTED.fullmatch(exception) and not _is_network(exception))
        return tuple(_CREDENTIALS.sub("…@", exception) for exception in unfit)


def _variable(environment: Mapping[str, str], name: str) -> str:
    return name if environment.get(name) else name.upper()


def _proxy(environment: Mapping[str, str], name: str) -> Proxy | None:
    variable = _variable(environment, name)
    text = environment.get(variable, "")
    return Proxy(text if "://" in text else f"http://{text}", variable) if text else None


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


def _is_network(exception: str) -> bool:
    try:
        ip_network(exception, strict=False)
    except ValueError:
        return False
    return True
