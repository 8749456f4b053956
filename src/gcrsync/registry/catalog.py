"""Listing as the distribution specification has it: a catalogue of names, and the tags of each repository.

The catalogue is Docker's (distribution, "Listing Repositories"); the specification reserves its name.
"""

from collections.abc import Iterable
from dataclasses import replace

from gcrsync.errors import InvalidNameError, NotFoundError, ProtocolError
from gcrsync.oci.listing import Listing
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.registry.pages import DOING, Document, Pages, strings
from gcrsync.registry.session import Call, Session
from gcrsync.registry.vendor import Tagged

_PAGE_SIZES = (1_000, 100)
"""ECR refuses more than 1,000 entries a page, Quay more than 100."""

_DIGEST_PREFIXES = ("sha256:", "sha512:")


def catalog(session: Session, namespace: Namespace) -> tuple[tuple[Repository, ...], int]:
    """Give the repositories that are the namespace or lie below it, and how many requests that took.

    Raises RegistryError where the registry gives no catalogue, or none that can be read.
    """
    url = session.url(namespace.registry, "/v2/_catalog")
    pages = Pages(session, Call("GET", url, namespace.registry, "registry:catalog:*"), "repositories", _PAGE_SIZES)
    names = {name for page in pages for name in _names(page, "repositories", str(namespace)) if _is_below(namespace, name)}
    try:
        return tuple(Repository(namespace.registry, name) for name in sorted(names)), pages.requests
    except InvalidNameError as error:
        raise ProtocolError(DOING, str(namespace), error.message) from error


def tags(session: Session, repository: Repository) -> tuple[tuple[Tag, ...], int]:
    """Give the tags of a repository, and how many requests that took; a repository that is not found has none.

    Raises RegistryError where the registry gives no list, or none that can be read.
    """
    pages = Pages(session, tags_call(session, repository.namespace), "tags", _PAGE_SIZES)
    reading = iter(pages)
    try:
        first = next(reading)
    except NotFoundError:
        return (), pages.requests
    return merged_tags((first, *reading), repository.namespace), pages.requests


def completed(session: Session, repository: Repository, listing: Listing, requests: int) -> Tagged:
    """Give a listing with every tag that the registry itself names; what else was told in pages may lack what moved meanwhile.

    ``requests`` is what the listing took. Raises RegistryError as ``tags`` does.
    """
    names, more = tags(session, repository)
    return Tagged(replace(listing, unasked=frozenset(names).difference(listing.tags)), requests + more)


def tags_call(session: Session, namespace: Namespace) -> Call:
    """Give the request for the tags of a path; the root of a registry has a list too where it is Google's."""
    path = f"/v2/{namespace.path}/tags/list" if namespace.path else "/v2/tags/list"
    scope = f"repository:{namespace.path}:pull" if namespace.path else ""
    return Call("GET", session.url(namespace.registry, path), namespace.registry, scope)


def merged_tags(documents: Iterable[Document], namespace: Namespace) -> tuple[Tag, ...]:
    """Merge the pages of a plain list of tags, each tag once; one that is no tag raises ProtocolError.

    Artifactory lists what was pushed by digest too: those are no tags, and left out.
    """
    names = [name for document in documents for name in _names(document, "tags", str(namespace))]
    try:
        return tuple(Tag(name) for name in dict.fromkeys(names) if not name.startswith(_DIGEST_PREFIXES))
    except InvalidNameError as error:
        raise ProtocolError(DOING, str(namespace), error.message) from error


def _names(document: Document, key: str, where: str) -> tuple[str, ...]:
    """Give the names on a page; null, which Nexus says of an empty list, is none, but a page without the key is no list."""
    if key not in document:
        raise ProtocolError(DOING, where, f"the answer has no {key!r}")
    return strings(document, key, where)


def _is_below(namespace: Namespace, name: str) -> bool:
    return not namespace.path or name == namespace.path or name.startswith(f"{namespace.path}/")
