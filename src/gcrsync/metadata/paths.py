"""Where things stand in the metadata repository, as paths relative to its root with ``/`` between the components."""

import re

from gcrsync.oci.name import Repository

ROOT = "metadata"
"""The folder that holds everything recorded."""

README = f"{ROOT}/README.md"
"""What a person who browses the metadata repository sees first."""

OFFICIAL_IMAGES = f"{ROOT}/docker.io/library/_official-images.json"
"""What was read of official-images: no repository has such a name."""

CHANGELOG = "CHANGELOG.md"
"""What each run changed."""

CHANGELOGS = "changelog"
"""The folder of what earlier runs changed, a file for each year."""

_YEAR = re.compile(rf"{CHANGELOGS}/([0-9]{{4}})\.md")

_PORT = re.compile(r"_([0-9]+)\Z")
"""How the port of a host is written: no host has a ``_`` of its own."""

_DOCUMENT_ENDING = ".json"
_PAGE_NAME = "README.md"
_FEWEST_COMPONENTS = 3


def path_of(repository: Repository) -> str:
    """Give the path of the document that records a repository: ``metadata/<registry>/<path>.json``.

    No two repositories share a path, no document is another's folder or page (on no file system, whatever it makes of case),
    and nothing leads out of ``metadata/``.
    """
    return f"{_below_registry(repository, repository.path.split('/'))}{_DOCUMENT_ENDING}"


def changelog_of(year: int) -> str:
    """Give the path of the changelog of a year."""
    return f"{CHANGELOGS}/{year:04}.md"


def year_of(path: str) -> int | None:
    """Give the year whose changelog stands at a path, None for any other path."""
    found = _YEAR.fullmatch(path)
    return int(found[1]) if found else None


def is_document(path: str) -> bool:
    """Say whether a path is one that a document may have."""
    components = path.split("/")
    if path == OFFICIAL_IMAGES:
        return False
    return components[0] == ROOT and len(components) >= _FEWEST_COMPONENTS and path.endswith(_DOCUMENT_ENDING)


def name_of(path: str) -> str:
    """Give the name of the repository that the document at a path records: what ``path_of`` was given."""
    host, *components = path.removeprefix(f"{ROOT}/").removesuffix(_DOCUMENT_ENDING).replace("%2E", ".").split("/")
    return "/".join((host.replace("_", ":") if host.startswith("[") else _PORT.sub(r":\1", host), *components))


def folders_of(repository: Repository) -> tuple[str, ...]:
    """Give the folders whose pages show a repository: its registry's, and below that the top one of its path if it has more."""
    components = repository.path.split("/")
    registry = _below_registry(repository, [])
    return (registry, _below_registry(repository, components[:1])) if len(components) > 1 else (registry,)


def page_of(folder: str) -> str:
    """Give the path of a folder's page."""
    return f"{folder}/{_PAGE_NAME}"


def site_page_of(folder: str, page: str = "index.html") -> str:
    """Give the path that a folder's page has in the site, or another page beside it; no folder there is taken for a page."""
    components = (f"~{component}" if component == "index.html" else component for component in folder.split("/")[1:])
    return f"n/{'/'.join(components)}/{page}"


def _below_registry(repository: Repository, components: list[str]) -> str:
    host = repository.registry.replace(":", "_")
    return "/".join((ROOT, *(_escaped(component) for component in (host, *components))))


def _escaped(component: str) -> str:
    """Write a component so that as a folder it cannot be taken for a document or a page: names hold no ``%`` of their own."""
    if component.endswith(_DOCUMENT_ENDING) or component == _PAGE_NAME.lower():
        stem, _, ending = component.rpartition(".")
        return f"{stem}%2E{ending}"
    return component
