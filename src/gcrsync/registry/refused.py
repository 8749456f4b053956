"""A registry that is listed as its vendor can, and in the ordinary way where the vendor's interface is refused."""

from dataclasses import replace

from gcrsync.errors import ProtocolError, PullLimitError, RegistryError
from gcrsync.oci.name import Namespace, Repository
from gcrsync.registry.pages import DOING
from gcrsync.registry.vendor import NOT_SHOWN, Names, Tagged, Vendor


class UnlessRefused:
    """Lists by ``first``, and by ``second`` from when ``first`` is refused: an account may open the registry alone."""

    def __init__(self, first: Vendor, second: Vendor) -> None:
        """Ask nothing yet."""
        self._used, self._second = first, second

    @property
    def name(self) -> str:
        """What the way is called that was taken."""
        return self._used.name

    def repositories(self, namespace: Namespace) -> Names:
        """Give the repositories of a namespace; where both ways are refused the error has the words of both."""
        try:
            return self._used.repositories(namespace)
        except NOT_SHOWN as refusal:
            return self._otherwise(namespace, refusal)

    def tags(self, repository: Repository) -> Tagged:
        """Give the tags of a repository."""
        try:
            return self._used.tags(repository)
        except NOT_SHOWN:
            return self._second.tags(repository)

    def _otherwise(self, namespace: Namespace, refusal: RegistryError) -> Names:
        try:
            names = self._second.repositories(namespace)
        except PullLimitError:
            raise
        except RegistryError as error:
            reason = f"{refusal.message}; and {error.message}"
            raise ProtocolError(DOING, str(namespace), reason, hint=refusal.hint) from error
        self._used = self._second
        return replace(names, unseen=f"{refusal}; {names.unseen}") if names.unseen else names
