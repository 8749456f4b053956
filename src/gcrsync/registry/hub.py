"""Listing Docker Hub by its own API, which tells digests, sizes and times (docs.docker.com/reference/api/hub).

Where it gives a part of a repository only, as it does to those who have not logged in, the names come whole from the registry.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import httpx

from gcrsync.errors import InvalidNameError, NotFoundError, ProtocolError, RegistryError, UnauthorizedError
from gcrsync.oci import media_types
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.name import DOCKER_HUB, Namespace, Repository, Tag
from gcrsync.registry import api, catalog, fields
from gcrsync.registry.api import Answers
from gcrsync.registry.fields import Entry
from gcrsync.registry.hub_login import HubLogin
from gcrsync.registry.pages import DOING
from gcrsync.registry.session import Call, Session
from gcrsync.registry.vendor import Names, Tagged

_REPOSITORIES = httpx.URL("https://hub.docker.com/v2/namespaces/")
_PAGE: Mapping[str, str] = {"page_size": "100"}
"""The most that the API gives on a page."""

_COMPONENTS = 2


class Hub:
    """Docker Hub, where a name has two components: a user or an organisation, and a repository."""

    name = "hub"

    def __init__(self, session: Session, registry: str) -> None:
        """Ask nothing yet."""
        self._session, self._registry, self._login = session, registry, HubLogin(session)

    def repositories(self, namespace: Namespace) -> Names:
        """Give the repositories of a user or an organisation; a namespace that is a repository names itself."""
        self._check(namespace)
        if "/" in namespace.path:
            return Names((Repository(namespace.registry, namespace.path),), 0)
        given = self._login.call(lambda shown: self._given(shown, f"{namespace.path}/repositories", str(namespace)))
        if given.refusal is not None:
            hint = "is its name right? what is not public is listed after docker login docker.io"
            raise type(given.refusal)(DOING, str(namespace), given.refusal.reason, hint=hint)
        names = {fields.text(each, "name", str(namespace)) for each in given.entries}
        counted = "does not say how many repositories it has" if given.count is None else f"has {given.count} repositories"
        unseen = "" if given.has_all(names) else f"Docker Hub {counted} here, and lists {len(names)}"
        try:
            return Names(
                tuple(Repository(DOCKER_HUB, f"{namespace.path}/{name}") for name in sorted(names)), given.requests, unseen
            )
        except InvalidNameError as error:
            raise ProtocolError(DOING, str(namespace), error.message) from error

    def tags(self, repository: Repository) -> Tagged:
        """Give the tags with their digests, as far as those are told; the registry's own list where the API gives no whole one."""
        self._check(repository.namespace)
        owner, _, name = repository.path.partition("/")
        given = self._login.call(lambda shown: self._given(shown, f"{owner}/repositories/{name}/tags", str(repository)))
        listing = fields.listing((_told(each, str(repository)) for each in given.entries), str(repository))
        if given.refusal is None and given.has_all([*listing.tags, *listing.unasked]):
            return Tagged(listing, given.requests)
        names, requests = catalog.tags(self._session, repository)
        return Tagged(_only(listing, names), given.requests + requests)

    def _check(self, namespace: Namespace) -> None:
        """Refuse what is no place at Docker Hub where something can be listed."""
        if self._registry != DOCKER_HUB:
            raise ProtocolError(DOING, str(namespace), "the API of Docker Hub knows docker.io alone", hint="leave vendor out")
        if not namespace.path:
            raise ProtocolError(DOING, DOCKER_HUB, "Docker Hub has no list of all that it has", hint="name one: docker.io/USER")
        if namespace.path.count("/") >= _COMPONENTS:
            raise NotFoundError(DOING, str(namespace), "Docker Hub has no names of more than two components")

    def _given(self, shown: str, path: str, where: str) -> "_Given":
        """Read a list up to its end, or to where the API gives no more of it."""
        url = _REPOSITORIES.join(path).copy_with(params=_PAGE)
        pages = Answers(self._session, Call("GET", url, self._registry, authorization=shown), _next, place=where)
        entries: list[Entry] = []
        counts: list[int | None] = []
        try:
            for page in pages:
                entries += fields.listed(page, "results", where)
                counts.append(_count(fields.entry(page, where)))
        except RegistryError as error:
            if not api.is_refusal(error) or (shown and isinstance(error, UnauthorizedError)):
                raise
            return _Given(entries, _largest(counts), pages.requests, error)
        return _Given(entries, _largest(counts), pages.requests)


@dataclass(frozen=True, slots=True)
class _Given:
    """What the API gave of a list, how many there are as it says, None where it does not, and its ``refusal`` to give more."""

    entries: Collection[Entry]
    count: int | None
    requests: int
    refusal: RegistryError | None = None

    def has_all(self, names: Collection[object]) -> bool:
        """Say whether these are as many as there are; of how many is not known, none are all."""
        return self.count is not None and len(names) >= self.count


def _count(page: Entry) -> int | None:
    """Read how many there are in all, None where a page does not tell."""
    value = page.get("count")
    return 0 if type(value) is int and value == 0 else fields.number(page, "count")


def _largest(counts: Collection[int | None]) -> int | None:
    """Give the largest count: of what goes while it is read, something else moves to a page that was read already."""
    known = [count for count in counts if count is not None]
    return max(known) if known and len(known) == len(counts) else None


def _next(url: httpx.URL, page: object) -> str | None:
    return fields.optional_text(fields.entry(page, url.path), "next", url.path) or None


def _told(entry: Entry, where: str) -> tuple[str, str, Described]:
    """Read one tag: old ones have no digest, and what is told as the size of an index is that of one image in it."""
    digest = fields.optional_text(entry, "digest", where)
    media_type = media_types.parsed(entry.get("media_type"))
    size = None if media_type in media_types.INDEXES else fields.number(entry, "full_size")
    return fields.text(entry, "name", where), digest, Described(media_type, size, fields.time(entry, "tag_last_pushed"))


def _only(listing: Listing, names: Collection[Tag]) -> Listing:
    """Give the listing of exactly these tags, with what is told of them."""
    tags = {tag: listing.tags[tag] for tag in names if tag in listing.tags}
    manifests = {digest: listing.manifests[digest] for digest in tags.values()}
    uploaded = {tag: listing.uploaded[tag] for tag in names if tag in listing.uploaded}
    return replace(listing, tags=tags, manifests=manifests, unasked=frozenset(names).difference(tags), uploaded=uploaded)
