"""GitLab: the repositories of a project or a group by its API; tags by the registry, for GitLab tells one digest a request.

https://docs.gitlab.com/api/container_registry/
"""

from collections.abc import Iterator
from urllib.parse import quote

from gcrsync.errors import DeniedError, InvalidNameError, NotFoundError, ProtocolError, UnauthorizedError
from gcrsync.oci.listing import Listing
from gcrsync.oci.name import Namespace, Repository
from gcrsync.registry import catalog
from gcrsync.registry.api import Answers, collected
from gcrsync.registry.credentials import Basic
from gcrsync.registry.fields import text
from gcrsync.registry.pages import DOING
from gcrsync.registry.session import Call, Session
from gcrsync.registry.vendor import Names, Tagged

SERVICE = "container_registry"
"""The service for which the registry of a GitLab wants a token."""

REALM = "/jwt/auth"
"""Where a GitLab gives tokens; what is before it in the path is where GitLab is."""

_HINT = (
    "GitLab shows it to a personal, project or group access token with the scope read_api, as the password of docker login; "
    "a deploy token opens the registry alone, and a job's token its own project"
)


class GitLab:
    """Lists the registry of a GitLab: one request for 100 repositories, one for 1,000 tags, and a HEAD for each digest."""

    name = "gitlab"

    def __init__(self, session: Session, registry: str) -> None:
        """Ask nothing yet."""
        self._session, self._registry = session, registry

    def repositories(self, namespace: Namespace) -> Names:
        """Give the repositories of a project, of all projects of a group, or below a repository of a project."""
        if not namespace.path:
            raise ProtocolError(DOING, str(namespace), "GitLab has no list of everything", hint="name a group or a project")
        requests = 0
        for place in _places(namespace.path):
            pages = self._pages(place)
            told = self._told(pages, namespace)
            requests += pages.requests
            if told is not None:
                return Names(told, requests)
        raise NotFoundError(DOING, str(namespace), "GitLab shows no project and no group of this name", hint=_HINT)

    def tags(self, repository: Repository) -> Tagged:
        """Give the names alone."""
        return catalog.completed(self._session, repository, Listing(), 0)

    def _told(self, pages: Answers, namespace: Namespace) -> tuple[Repository, ...] | None:
        """Give the repositories of a place that are below the namespace, None where there is no such place."""
        where = str(namespace)
        try:
            found = dict.fromkeys(Repository(self._registry, text(each, "path", where)) for each in collected(pages, "path", where))
        except NotFoundError:
            return None
        except (UnauthorizedError, DeniedError) as error:
            raise type(error)(error.doing, error.where, error.reason, hint=_HINT) from error
        except InvalidNameError as error:
            raise ProtocolError(DOING, where, error.message) from error
        return tuple(filter(namespace.covers, found))

    def _pages(self, place: str) -> Answers:
        realm = self._session.realm(self._registry)
        if not realm.path.endswith(REALM):
            raise ProtocolError(DOING, self._registry, "it does not say where its GitLab is")
        path = f"{realm.path.removesuffix(REALM)}/api/v4/{place}/registry/repositories"
        url = realm.copy_with(path=path, params={"per_page": "100"})
        credential = self._session.credential(self._registry)
        shown = f"Bearer {credential.password}" if isinstance(credential, Basic) else ""
        return Answers(self._session, Call("GET", url, self._registry, authorization=shown))


def _places(path: str) -> Iterator[str]:
    """Give what a path may be, in the order in which it is asked for: a project, a group, or something below a project."""
    parts = path.split("/")
    if len(parts) > 1:
        yield _place("projects", parts)
    yield _place("groups", parts)
    for count in range(len(parts) - 1, 1, -1):
        yield _place("projects", parts[:count])


def _place(kind: str, parts: list[str]) -> str:
    return f"{kind}/{quote('/'.join(parts), safe='')}"
