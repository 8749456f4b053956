"""Which way of listing a registry has beside the distribution API: some are known by their host, others by what they ask for."""

from collections.abc import Callable, Mapping

from gcrsync.oci.name import DOCKER_HUB, Namespace
from gcrsync.registry import github, gitlab, harbor
from gcrsync.registry.challenge import Challenge
from gcrsync.registry.github import GitHub
from gcrsync.registry.gitlab import GitLab
from gcrsync.registry.harbor import Harbor
from gcrsync.registry.hub import Hub
from gcrsync.registry.quay import Quay
from gcrsync.registry.session import Session
from gcrsync.registry.vendor import Vendor

Make = Callable[[Session, str], Vendor]
"""Makes a vendor from a session and the host of the registry."""

_BY_NAME: Mapping[str, Make] = {each.name: each for each in (GitHub, GitLab, Harbor, Hub, Quay)}
_BY_HOST: Mapping[str, str] = {DOCKER_HUB: Hub.name, github.HOST: GitHub.name, "quay.io": Quay.name}

NAMES = frozenset(_BY_NAME)
"""What a configuration can call for by name."""


def fits(name: str, registry: str) -> bool:
    """Say whether a vendor can be that of a host: of some there is one alone, and a host that is known has no other."""
    own = _BY_HOST.get(registry)
    return name == own if own or name in (GitHub.name, Hub.name) else True


def known(session: Session, registry: str, name: str = "") -> Vendor | None:
    """Give the vendor that is named, or that this host is known to be; None where only its answers can tell."""
    made = _BY_NAME.get(name or _BY_HOST.get(registry, ""))
    return None if made is None else made(session, registry)


def recognised(session: Session, namespace: Namespace) -> Vendor | None:
    """Give the vendor that a registry shows itself to be by what it asks for; None where it is none of them.

    What it asks for is known from its answer about the namespace. The root of a registry is no name of the distribution API: it is
    not found before anything is asked for.
    """
    registry = namespace.registry
    challenge = session.challenges.last(registry) if namespace.path else session.challenges.learned(registry)
    made = None if challenge is None else _shown_by(challenge)
    return None if made is None else made(session, registry)


def _shown_by(challenge: Challenge) -> Make | None:
    if challenge.service == harbor.SERVICE:
        return Harbor
    is_gitlab = challenge.service == gitlab.SERVICE and challenge.realm.endswith(gitlab.REALM)
    return GitLab if is_gitlab else None
