"""Which way of listing a registry has beside the distribution API: some are known by their host, others by what they ask for."""

from collections.abc import Callable, Mapping

from gcrsync.registry.challenge import Challenge
from gcrsync.registry.session import Session
from gcrsync.registry.vendor import Vendor

Make = Callable[[Session, str], Vendor]
"""Makes a vendor from a session and the host of the registry."""

_BY_NAME: Mapping[str, Make] = {}
_BY_HOST: Mapping[str, str] = {}

NAMES = frozenset(_BY_NAME)
"""What a configuration can call for by name."""


def known(session: Session, registry: str, name: str = "") -> Vendor | None:
    """Give the vendor that is named, or that this host is known to be; None where only its answers can tell."""
    made = _BY_NAME.get(name or _BY_HOST.get(registry, ""))
    return None if made is None else made(session, registry)


def recognised(session: Session, registry: str) -> Vendor | None:
    """Give the vendor that a registry shows itself to be by what it asks for; None where it is none of them."""
    challenge = session.challenge(registry)
    return None if challenge is None else _of(session, registry, challenge)


def _of(session: Session, registry: str, challenge: Challenge) -> Vendor | None:
    del session, registry, challenge
    return None
