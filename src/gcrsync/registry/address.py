"""What kind of place a host is, told from its name alone; nothing is resolved."""

import socket
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_PRIVATE_SUFFIXES = (".home.arpa", ".internal", ".lan", ".local", ".localhost")
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""The addresses whose last 32 bits are the IPv4 address that a translator sends to (RFC 6052, 2.1)."""


def is_loopback(host: str) -> bool:
    """Say whether a host (no port, an IPv6 address with or without brackets) is this machine."""
    name = _name(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and address.is_loopback


def is_private(host: str) -> bool:
    """Say whether a host can be no public one: an address outside the internet, or a name that only a private network knows.

    A public registry that leads there would have us ask a machine behind our own firewall in its place.
    """
    name = _name(host)
    address = _address(name)
    if address is None:
        return "." not in name or name.endswith(_PRIVATE_SUFFIXES)
    carried = _carried(address)
    return not address.is_global or (carried is not None and not carried.is_global)


def _name(host: str) -> str:
    return host.lower().strip("[]").removesuffix(".")


@lru_cache(maxsize=1024)
def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(name)
    except ValueError:
        return _old_spelling(name)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _carried(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """Give the IPv4 address to which a translator (NAT64) or a tunnel (6to4, RFC 3056) takes what is sent here."""
    if not isinstance(address, IPv6Address):
        return None
    return IPv4Address(address.packed[-4:]) if address in _TRANSLATED else address.sixtofour


def _old_spelling(name: str) -> IPv4Address | None:
    """Read ``127.1``, ``0x7f000001`` and the like, which resolvers still take for addresses."""
    try:
        return IPv4Address(socket.inet_aton(name))
    except (OSError, UnicodeError):
        return None
