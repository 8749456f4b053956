"""Listing Quay by its own API, which tells digests, sizes and times (docs.quay.io/api).

The API knows OAuth tokens alone: of the accounts that ``docker login`` takes, the one of user ``$oauthtoken`` is such a token, and
the password of a robot or a person opens the registry only.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeGuard

import httpx

from gcrsync.errors import InvalidNameError, ProtocolError, RefusedError, RegistryError
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.name import Namespace, Repository
from gcrsync.registry import api, catalog, fields
from gcrsync.registry.api import Answers
from gcrsync.registry.credentials import Anonymous, Basic, Credential
from gcrsync.registry.fields import Entry
from gcrsync.registry.pages import DOING
from gcrsync.registry.session import Call, Session
from gcrsync.registry.vendor import Names, Tagged

_PATH = "/api/v1/repository"
_TOKEN_USER = "$oauthtoken"  # noqa: S105 - the name of a user
_PAGE_SIZES = (100, 50, 10)
"""Quay gives at most 100 on a page, and what is before it may take less."""

_LOGIN = f"docker login with the user {_TOKEN_USER} and an OAuth token as its password"


class Quay:
    """Quay, at quay.io or elsewhere: a user or an organisation has repositories, in whose names there may be more slashes."""

    name = "quay"

    def __init__(self, session: Session, registry: str) -> None:
        """Ask nothing yet."""
        self._session, self._registry = session, registry

    def repositories(self, namespace: Namespace) -> Names:
        """Give the repositories that are the namespace or lie below it.

        Where nothing is listed of a namespace of several components, it names itself: a login may open it in the registry alone.
        """
        owner, _, below = namespace.path.partition("/")
        if not owner:
            raise ProtocolError(
                DOING, self._registry, "Quay has no list of all that it has", hint=f"name one: {self._registry}/USER"
            )
        pages = Answers(self._session, self._call(_PATH, {"namespace": owner, "public": "true"}), _next_repositories)
        try:
            told = api.collected(pages, "name", str(namespace), _repositories)
        except RegistryError as error:
            raise self._unlisted(namespace, error) if api.is_refusal(error) else error from error
        paths = {f"{owner}/{each['name']}" for each in told}
        here = sorted(path for path in paths if f"{path}/".startswith(f"{namespace.path}/"))
        try:
            repositories = tuple(Repository(self._registry, path) for path in here or ([namespace.path] if below else []))
        except InvalidNameError as error:
            raise ProtocolError(DOING, str(namespace), error.message) from error
        return Names(repositories, pages.requests, self._unseen())

    def tags(self, repository: Repository) -> Tagged:
        """Give the tags with their digests; without, by the registry's own list, where the API does not show the repository.

        That list names those, too, that moved between pages: a tag that is pushed anew is told first, and all others move.
        """
        requests = 0
        for size in _PAGE_SIZES:
            query = {"limit": str(size), "page": "1", "onlyActiveTags": "true"}
            pages = Answers(self._session, self._call(f"{_PATH}/{repository.path}/tag/", query), _next_tags)
            try:
                listing = _listing(pages, str(repository))
            except RegistryError as error:
                if not api.is_refusal(error):
                    raise
                requests += pages.requests
                if not isinstance(error, ProtocolError | RefusedError):  # it is about the repository, and no page size
                    break
            else:
                requests += pages.requests
                return (
                    catalog.completed(self._session, repository, listing, requests) if pages.in_parts else Tagged(listing, requests)
                )
        return catalog.completed(self._session, repository, Listing(), requests)

    def _call(self, path: str, query: Mapping[str, str]) -> Call:
        """Give a call of the API, which shows nothing where there is no token: what the registry takes is refused here."""
        account = self._session.credential(self._registry)
        authorization = f"Bearer {account.password}" if _is_token(account) else ""
        return Call("GET", self._session.url(self._registry, path, query), self._registry, authorization=authorization)

    def _unseen(self) -> str:
        """Say what an account hides that the API does not know; empty where nobody has logged in, or with a token."""
        account = self._session.credential(self._registry)
        if isinstance(account, Anonymous) or _is_token(account):
            return ""
        return f"the account from {account.origin} opens the registry, not its API, which lists only what is public: {_LOGIN}"

    def _unlisted(self, namespace: Namespace, error: RegistryError) -> RegistryError:
        hint = f"name its repositories one by one, or let the API list them: {_LOGIN}"
        return type(error)(DOING, str(namespace), f"the API of {self._registry} does not list it: {error.reason}", hint=hint)


def _is_token(account: Credential) -> TypeGuard[Basic]:
    return isinstance(account, Basic) and account.user == _TOKEN_USER


def _repositories(page: object, where: str) -> list[Entry]:
    return fields.listed(page, "repositories", where)


def _next_repositories(url: httpx.URL, page: object) -> str | None:
    token = fields.optional_text(fields.entry(page, url.path), "next_page", url.path)
    return str(url.copy_set_param("next_page", token)) if token else None


def _next_tags(url: httpx.URL, page: object) -> str | None:
    document = fields.entry(page, url.path)
    if document.get("has_additional") is not True:
        return None
    return str(url.copy_set_param("page", str((fields.number(document, "page") or 0) + 1)))


def _listing(pages: Answers, where: str) -> Listing:
    entries = [each for page in pages for each in fields.listed(page, "tags", where)]
    return fields.listing((_told(each, where) for each in _active(entries, pages.answered, where)), where)


def _active(entries: Iterable[Entry], now: datetime | None, where: str) -> Iterable[Entry]:
    """Give of each tag the newest entry, unless it has ended: a Quay that does not know ``onlyActiveTags`` gives the whole past.

    An end to come is that of a tag that expires.
    """
    newest = {
        fields.text(each, "name", where): each for each in sorted(entries, key=lambda each: fields.number(each, "start_ts") or 0)
    }
    for each in newest.values():
        end = fields.moment(fields.number(each, "end_ts"))
        if end is None or now is None or end > now:
            yield each


def _told(entry: Entry, where: str) -> tuple[str, str, Described]:
    """Read one tag; the size of an index is not told."""
    size = None if entry.get("is_manifest_list") is True else fields.number(entry, "size")
    described = Described(size=size, uploaded=fields.moment(fields.number(entry, "start_ts")))
    return fields.text(entry, "name", where), fields.optional_text(entry, "manifest_digest", where), described
