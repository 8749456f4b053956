"""Listing a registry that has nothing but the distribution API: its catalogue, and the tags of each repository."""

from gcrsync.errors import ProtocolError, PullLimitError, RegistryError
from gcrsync.oci.listing import Listing
from gcrsync.oci.name import Namespace, Repository
from gcrsync.registry import catalog
from gcrsync.registry.listing import PlainAnswer
from gcrsync.registry.pages import DOING
from gcrsync.registry.session import Session
from gcrsync.registry.vendor import Names, Tagged


class Plain:
    """The ordinary way of listing a namespace; ``root`` is what the registry has said of its own path already."""

    name = "catalog"

    def __init__(self, session: Session, namespace: Namespace, root: PlainAnswer) -> None:
        """Ask nothing yet."""
        self._session, self._namespace, self._root = session, namespace, root

    def repositories(self, namespace: Namespace) -> Names:
        """Give what the catalogue names, and the namespace itself where it is a repository."""
        root = self._root
        itself = () if root.tags is None or not namespace.path else (Repository(namespace.registry, namespace.path),)
        try:
            below, requests = catalog.catalog(self._session, namespace)
        except PullLimitError:
            raise
        except RegistryError as error:
            if root.tags is None:
                raise _neither(namespace, str(error), root) from error
            unseen = f"the registry has no catalogue that can be read, so nothing below is seen ({error.message})"
            return Names(itself, 1, unseen)
        if not below and root.tags is None and root.error is not None:
            raise _neither(namespace, "the catalogue names nothing here", root)
        return Names((*itself, *(repository for repository in below if repository not in itself)), requests)

    def tags(self, repository: Repository) -> Tagged:
        """Give the names alone: nothing here tells a digest."""
        if self._root.tags is not None and repository.namespace == self._namespace:
            return Tagged(Listing(unasked=frozenset(self._root.tags)), 0)
        tags, requests = catalog.tags(self._session, repository)
        return Tagged(Listing(unasked=frozenset(tags)), requests)


def _neither(namespace: Namespace, reason: str, root: PlainAnswer) -> RegistryError:
    """Give the error of a namespace that is neither in the catalogue nor a repository."""
    hint = "" if root.error is None else root.error.hint
    return ProtocolError(DOING, str(namespace), f"{reason}; and {root.error}" if root.error else reason, hint=hint)
