"""Where the files of the site stand, as paths with ``/`` between the components, and how its pages link to one another."""

from urllib.parse import quote

from gcrsync.metadata import paths
from gcrsync.oci.name import Repository

FRONT = "index.html"
"""The page that a person sees first."""

NAMES = "assets/names.js"
"""What the search looks through, loaded once somebody searches."""

_REPOSITORIES = "r"
_OWN = "~"
"""Begins the names of pages that stand among folders of repositories, of which none begins so."""


def page_of(repository: Repository, number: int = 1) -> str:
    """Give the path of a page of a repository's tags. No two repositories share one, also where letters have no case."""
    components = (repository.registry.replace(":", "_"), *map(_apart, repository.path.split("/")))
    return f"{_REPOSITORIES}/{'/'.join(components)}/{_numbered(number)}"


def history_of(repository: Repository) -> str:
    """Give the path of the page that tells the history of a repository."""
    return f"{page_of(repository).removesuffix(FRONT)}{_OWN}history.html"


def namespace_page(folder: str, number: int = 1) -> str:
    """Give the path of the page of a folder of the metadata: a registry, or what is below one."""
    return paths.site_page_of(folder, _numbered(number))


def root_from(path: str) -> str:
    """Give what leads from a page to the root of the site: ``../../``, and ``./`` from one that stands there."""
    return "../" * path.count("/") or "./"


def address(path: str) -> str:
    """Give a path as it stands in an address."""
    return quote(path)


def _numbered(number: int) -> str:
    return FRONT if number == 1 else f"{_OWN}{number}.html"


def _apart(component: str) -> str:
    """Give a component of a name that cannot be taken for a page."""
    return f"{_OWN}{component}" if component == FRONT else component
