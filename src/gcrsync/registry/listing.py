"""What a registry says of one path: Google's listing, which is whole, or a plain list of tags."""

from dataclasses import dataclass
from http import HTTPStatus

from gcrsync.errors import DeniedError, NotFoundError, ProtocolError, RefusedError, RegistryError, UnauthorizedError
from gcrsync.oci.listing import Listing
from gcrsync.oci.name import Namespace, Tag
from gcrsync.registry import catalog, google
from gcrsync.registry.google_names import is_google, is_too_short
from gcrsync.registry.pages import DOING, Pages
from gcrsync.registry.session import Session

_PAGE_SIZES = (google.MOST_ENTRIES, 1_000, 100)
"""Google cuts at 1,000 entries without a sign unless more are asked for."""


@dataclass(frozen=True, slots=True)
class GoogleAnswer:
    """Google's listing of a path, and how many requests it took."""

    listing: Listing
    requests: int


@dataclass(frozen=True, slots=True)
class PlainAnswer:
    """What a registry without Google's listing says of a path, and how many requests it took.

    ``tags`` is None where the path is no repository that can be read; ``error`` then says what the registry answered. The
    catalogue may still name repositories below the path; where it does not, the error stands.
    """

    tags: tuple[Tag, ...] | None
    requests: int
    error: RegistryError | None = None


def ask(session: Session, namespace: Namespace) -> GoogleAnswer | PlainAnswer:
    """Ask a registry for everything at one path, and tell by the answer which kind of registry it is.

    Raises RegistryError where no answer came, where the registry broke down or asks for patience, where Google refuses the path,
    and for a list that cannot be understood whole.
    """
    pages = Pages(session, catalog.tags_call(session, namespace), "tags", _PAGE_SIZES)
    reading = iter(pages)
    try:
        first = next(reading)
    except RegistryError as error:
        if is_too_short(namespace.registry, namespace.path):
            raise _too_short(namespace, error) from error
        # What Google's list refuses, its catalogue does not name.
        if not _is_about_the_path(error) or (is_google(namespace.registry) and namespace.path):
            raise
        return PlainAnswer(None, pages.requests, error)
    documents = (first, *reading)
    if any(map(google.is_google, documents)):
        return GoogleAnswer(google.listing(documents, namespace), pages.requests)
    return PlainAnswer(catalog.merged_tags(documents, namespace), pages.requests)


def _too_short(namespace: Namespace, error: RegistryError) -> ProtocolError:
    hint = f"Artifact Registry lists what is in one of its repositories: name {namespace.registry}/PROJECT/REPOSITORY"
    return ProtocolError(DOING, str(namespace), error.reason, hint=hint)


def _is_about_the_path(error: RegistryError) -> bool:
    """Say whether the registry understood the question and declined: a namespace that is no repository gets 400 to 405."""
    if isinstance(error, ProtocolError):
        return error.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.METHOD_NOT_ALLOWED)
    return isinstance(error, NotFoundError | UnauthorizedError | DeniedError | RefusedError)
