"""Harbor: projects, their repositories, and the artifacts of each with their tags (its API, v2.0).

https://goharbor.io/docs/main/build-customize-contribute/configure-swagger/
"""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from gcrsync.errors import InvalidNameError, ProtocolError
from gcrsync.oci import media_types
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.name import Namespace, Repository
from gcrsync.registry import catalog, versions
from gcrsync.registry.api import Answers, collected, gathered
from gcrsync.registry.credentials import Basic, basic_authorization
from gcrsync.registry.fields import Entry, entries, number, text, time
from gcrsync.registry.pages import DOING
from gcrsync.registry.session import Call, Session
from gcrsync.registry.vendor import Names, Tagged
from gcrsync.registry.versions import Version

SERVICE = "harbor-registry"
"""The service for which a Harbor wants a token."""

_API = "/api/v2.0/projects"
_PAGE = {"page": "1", "page_size": "100"}


class Harbor:
    """Lists a Harbor: one request for 100 repositories, and one for 100 artifacts, whose digests and times it tells."""

    name = "harbor"

    def __init__(self, session: Session, registry: str) -> None:
        """Ask nothing yet."""
        self._session, self._registry = session, registry

    def repositories(self, namespace: Namespace) -> Names:
        """Give the repositories of a project, or of all projects that can be seen, that are below the namespace."""
        projects, requests = ([namespace.path.partition("/")[0]], 0) if namespace.path else self._projects()
        found: dict[Repository, None] = {}
        for project in projects:
            told = self._pages(f"{_API}/{quote(project, safe='')}/repositories")
            found.update(dict.fromkeys(_repositories(self._registry, collected(told, "name", str(namespace)), str(namespace))))
            requests += told.requests
        return Names(tuple(filter(namespace.covers, found)), requests)

    def tags(self, repository: Repository) -> Tagged:
        """Give the tags of a repository; those of artifacts that are not told are known by name alone.

        Such are artifacts that belong to others, as signatures do, and what moves between pages.
        """
        names, requests = catalog.tags(self._session, repository)
        if not names:
            return Tagged(Listing(), requests)
        project, _, name = repository.path.partition("/")
        # The API decodes a name twice: a blank or a slash in it would end it else.
        told = self._pages(f"{_API}/{quote(project, safe='')}/repositories/{quote(quote(name, safe=''), safe='')}/artifacts")
        where = str(repository)
        listing = versions.listing((_version(artifact, where) for artifact in gathered(told, "digest", where)), where)
        return Tagged(replace(listing, unasked=frozenset(names).difference(listing.tags)), requests + told.requests)

    def _projects(self) -> tuple[list[str], int]:
        told = self._pages(_API)
        return [text(project, "name", self._registry) for project in collected(told, "name", self._registry)], told.requests

    def _pages(self, path: str) -> Answers:
        credential = self._session.credential(self._registry)
        shown = basic_authorization(credential.user, credential.password) if isinstance(credential, Basic) else ""
        return Answers(
            self._session, Call("GET", self._session.url(self._registry, path, _PAGE), self._registry, authorization=shown)
        )


def _repositories(registry: str, told: list[Entry], where: str) -> Iterator[Repository]:
    for repository in told:
        try:
            yield Repository(registry, text(repository, "name", where))
        except InvalidNameError as error:
            raise ProtocolError(DOING, where, error.message) from error


def _version(artifact: Entry, where: str) -> Version:
    """Read an artifact; the size of an index is left out, for it is that of its children or its own by the version of Harbor."""
    media_type = media_types.parsed(artifact.get("manifest_media_type"))
    size = None if media_type in media_types.INDEXES else number(artifact, "size")
    told = artifact.get("tags")
    tags = tuple(text(tag, "name", where) for tag in ([] if told is None else entries(told, where)))
    return Version(text(artifact, "digest", where), tags, Described(media_type, size, time(artifact, "push_time")))
