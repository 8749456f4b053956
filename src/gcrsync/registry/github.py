"""GitHub's container registry: the packages of an owner and their versions, by the GitHub Packages API.

https://docs.github.com/en/rest/packages/packages. It wants a token even for what everybody may pull.
"""

from collections.abc import Callable
from urllib.parse import quote

import httpx

from gcrsync.errors import DeniedError, InvalidNameError, NotFoundError, ProtocolError, UnauthorizedError
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.name import Namespace, Repository
from gcrsync.registry import catalog, versions
from gcrsync.registry.api import Answers, collected, gathered
from gcrsync.registry.credentials import Basic, RegistryToken
from gcrsync.registry.fields import Entry, entry, text, time
from gcrsync.registry.pages import DOING, strings
from gcrsync.registry.session import Call, Session
from gcrsync.registry.vendor import NOT_SHOWN, Names, Tagged
from gcrsync.registry.versions import Version

HOST = "ghcr.io"
"""The registry."""

Reading = Callable[[Answers, str, str], list[Entry]]
"""Reads all pages of a list."""

_API = httpx.URL("https://api.github.com")
_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_VARIABLES = ("GH_TOKEN", "GITHUB_TOKEN")
_OWNERS = ("orgs", "users")
_SCOPE = "a classic personal access token with the scope read:packages, or the GITHUB_TOKEN of a workflow that has packages: read"
_HINT = f"set GITHUB_TOKEN, or docker login {HOST}, with {_SCOPE}"


class GitHub:
    """Lists packages, 100 a request, and of each its versions with their tags and times, 100 a request.

    Where there is no token, or it does not open what is asked for, a single package is listed by the registry itself, and what may
    be below it is not seen.
    """

    name = "github"

    def __init__(self, session: Session, registry: str) -> None:
        """Ask nothing yet."""
        self._session, self._registry = session, registry

    def repositories(self, namespace: Namespace) -> Names:
        """Give the packages of an owner that are the namespace or lie below it."""
        owner, _, name = namespace.path.partition("/")
        where = str(namespace)
        if not owner:
            raise ProtocolError(DOING, where, "GitHub has no list of everything", hint="name an owner, or a package")
        try:
            packages, _, requests = self._told(collected, f"{owner}/packages", where, package_type="container")
            found = dict.fromkeys(Repository(namespace.registry, f"{owner}/{text(each, 'name', where)}") for each in packages)
        except NOT_SHOWN as error:
            if not name:
                raise
            return Names((Repository(namespace.registry, namespace.path),), 0, str(error))
        except InvalidNameError as error:
            raise ProtocolError(DOING, where, error.message) from error
        return Names(tuple(filter(namespace.covers, found)), requests)

    def tags(self, repository: Repository) -> Tagged:
        """Give the tags of a package; one that is not found is an error, for it may be a name above packages.

        Of several pages the registry itself names the tags too: a version that is pushed is told first, and all others move.
        """
        owner, _, name = repository.path.partition("/")
        where = str(repository)
        try:
            told, pages, requests = self._told(gathered, f"{owner}/packages/container/{quote(name, safe='')}/versions", where)
        except NOT_SHOWN as error:
            tags, requests = catalog.tags(self._session, repository)
            if not tags:
                raise NotFoundError(DOING, where, f"there is no such package; and {error.message}", hint=error.hint) from error
            return Tagged(Listing(unasked=frozenset(tags)), requests)
        listing = versions.listing((_version(each, where) for each in told), where)
        return catalog.completed(self._session, repository, listing, requests) if pages.in_parts else Tagged(listing, requests)

    def _told(self, read: Reading, path: str, where: str, **query: str) -> tuple[list[Entry], Answers, int]:
        """Give what is told of an organisation, or of a user where there is no such organisation, and the requests it took."""
        token = self._token()
        if token is None:
            raise UnauthorizedError(DOING, where, "GitHub lists packages to a token alone, those that are public too", hint=_HINT)
        requests = 0
        for kind in _OWNERS:
            url = _API.copy_with(path=f"/{kind}/{path}", params={**query, "per_page": "100"})
            call = Call("GET", url, self._registry, headers=_HEADERS, authorization=f"Bearer {token.token}")
            pages = Answers(self._session, call)
            try:
                return read(pages, "name", where), pages, requests + pages.requests
            except NotFoundError:
                requests += pages.requests
            except (UnauthorizedError, DeniedError) as error:
                hint = f"the token from {token.origin} does not open it: it takes {_SCOPE}"
                raise type(error)(error.doing, error.where, error.reason, hint=hint) from error
        reason = f"GitHub knows nothing of this name, or does not show it to the token from {token.origin}"
        raise NotFoundError(DOING, where, reason, hint=f"it takes {_SCOPE}")

    def _token(self) -> RegistryToken | None:
        """Give the token of the environment, or the one with which somebody has logged in to the registry."""
        found = self._session.accounts.token(*_VARIABLES)
        credential = self._session.credential(HOST)
        kept = RegistryToken(credential.password, credential.origin) if isinstance(credential, Basic) else None
        return found or kept


def _version(told: Entry, where: str) -> Version:
    """Read a version: its name is a digest, and it was made when that was pushed first."""
    container = entry(entry(told.get("metadata"), where).get("container"), where)
    return Version(text(told, "name", where), strings(container, "tags", where), Described(uploaded=time(told, "created_at")))
