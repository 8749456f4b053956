"""What a way of listing a registry gives: the repositories of a namespace, and what is told of each; one module a vendor."""

from dataclasses import dataclass
from typing import Protocol

from gcrsync.errors import DeniedError, NotFoundError, UnauthorizedError
from gcrsync.oci.listing import Listing
from gcrsync.oci.name import Namespace, Repository

NOT_SHOWN = (UnauthorizedError, DeniedError, NotFoundError)
"""What a vendor answers about what is not there, or not for whoever asks: the registry itself may show it."""


@dataclass(frozen=True, slots=True)
class Names:
    """The repositories that are a namespace or lie below it, each once, and how many requests it took to learn them.

    ``unseen`` says why there may be more than these, empty where these are all.
    """

    repositories: tuple[Repository, ...]
    requests: int
    unseen: str = ""


@dataclass(frozen=True, slots=True)
class Tagged:
    """What is told of one repository, and how many requests that took.

    The listing names every tag: those whose digest is not told are ``unasked`` in it.
    """

    listing: Listing
    requests: int


class Vendor(Protocol):
    """A way of listing; safe to share between threads. Both methods raise RegistryError where no whole answer can be had."""

    @property
    def name(self) -> str:
        """What it is called in reports: ``catalog``, ``hub``."""
        ...

    def repositories(self, namespace: Namespace) -> Names:
        """Give the repositories of a namespace."""
        ...

    def tags(self, repository: Repository) -> Tagged:
        """Give the tags of a repository; one that is not found has none."""
        ...
