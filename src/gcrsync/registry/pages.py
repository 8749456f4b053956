"""The pages of a listing, read one after another (distribution-spec, "Listing tags"; RFC 8288 for ``Link``)."""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Generic, TypeVar

import httpx

from gcrsync.errors import ProtocolError
from gcrsync.registry import answers
from gcrsync.registry.session import Call, Session

Document = Mapping[str, object]
"""One page of a listing: a JSON object."""

DOING = "listing"
"""What a listing is called in errors."""

_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_NEXT = re.compile(r";\s*rel\s*=\s*(?:next\b|\"[^\"]{0,99}\bnext\b)", re.IGNORECASE)

_SIZE_REFUSED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})
"""What registries answer to a page size that is too large for them: distribution, ECR and Quay, in this order."""


Content = TypeVar("Content")


@dataclass(frozen=True, slots=True)
class Page(Generic[Content]):
    """One answer of several: what is in it, the URL that answered, and where its link to the next page leads, None without one."""

    content: Content
    url: httpx.URL
    link: str | None

    @classmethod
    def of(cls, response: httpx.Response, content: Content) -> "Page[Content]":
        """Give the page that a response is."""
        return cls(content, response.url, _linked(response.headers.get("Link", "")))

    def next(self, asked: Container[httpx.URL]) -> httpx.URL | None:
        """Give where the link leads, None without one.

        It must stay where it came from, for credentials and the rest of the list are at stake: ProtocolError where it leads
        elsewhere or to a page that was ``asked`` already.
        """
        if self.link is None:
            return None
        try:
            url = self.url.join(self.link)
        except (httpx.InvalidURL, ValueError) as error:
            raise self.astray("it is no URL") from error
        if (url.scheme, url.netloc, url.userinfo) != (self.url.scheme, self.url.netloc, b""):
            raise self.astray(f"it is on {url.scheme}://{url.host}")
        if url in asked:
            raise self.astray("it was read before")
        return url

    def astray(self, reason: str) -> ProtocolError:
        """Give the error of a page whose link is not followed."""
        return ProtocolError(DOING, answers.where(self.url), f"the link to the next page is not followed: {reason}")


class Pages:
    """All pages of one listing; ``requests`` says how many requests it has taken so far.

    ``call`` is the request for the first page, without a page size: the ``sizes`` are tried in turn, largest first, until the
    registry takes one. ``key`` names the entries that a plain registry gives.
    """

    most = 10_000
    """After so many requests a list is taken for endless."""

    most_repeated = 16
    """After so many pages in a row with the same content, if only with nothing, a list is taken for endless, too."""

    largest = 256 * 1024 * 1024
    """The most bytes of all pages together; Google's largest page, of 10,000 manifests, has a fiftieth of that."""

    def __init__(self, session: Session, call: Call, key: str, sizes: Sequence[int]) -> None:
        """Ask nothing yet."""
        self._session, self._call, self._key, self._sizes = session, call, key, sizes
        self._asked: set[httpx.URL] = set()
        self._bytes = 0
        self._gives_links = False

    @property
    def requests(self) -> int:
        """How many requests were made."""
        return len(self._asked)

    def __iter__(self) -> Iterator[Document]:
        """Give each page; raise the RegistryError of the first that is not given, or that leads astray."""
        page, repeated = self._first(*self._sizes), 0
        yield page.content
        while url := self._next(page):
            before, page = page, self._read(url)
            repeated = repeated + 1 if page.content == before.content else 0
            if repeated > self.most_repeated:
                raise before.astray(f"it is the same page {repeated} times over")
            yield page.content

    def _first(self, size: int, *smaller: int) -> Page[Document]:
        with self._open(self._call.url.copy_set_param("n", str(size))) as response:
            if response.status_code not in _SIZE_REFUSED or not smaller:
                return self._page(response)
        return self._first(*smaller)

    def _read(self, url: httpx.URL) -> Page[Document]:
        with self._open(url) as response:
            return self._page(response)

    def _open(self, url: httpx.URL) -> AbstractContextManager[httpx.Response]:
        self._asked.add(url)
        return self._session.open(replace(self._call, url=url))

    def _page(self, response: httpx.Response) -> Page[Document]:
        if response.status_code != HTTPStatus.OK:
            raise answers.failure(response, DOING)
        content = answers.body(response, self.largest)
        self._bytes += len(content)
        if self._bytes > self.largest:
            raise ProtocolError(DOING, answers.where(response.url), f"all pages together are larger than {self.largest} bytes")
        return Page.of(response, answers.parsed(content, response, DOING))

    def _next(self, page: Page[Document]) -> httpx.URL | None:
        """Give the URL of the page after this one: where Link leads, else what comes after the last entry of a full page.

        Registries may leave Link out (distribution-spec 1.0); one that knows no ``last`` either gives the same page again, which
        leads to a URL that was asked already.
        """
        self._gives_links |= page.link is not None
        url = page.next(self._asked) or self._after_last(page)
        if url is not None and len(self._asked) >= self.most:
            raise page.astray(f"there were {self.most} before it")
        return url

    def _after_last(self, page: Page[Document]) -> httpx.URL | None:
        size, entries = page.url.params.get("n"), page.content.get(self._key)
        if self._gives_links or not isinstance(entries, list) or not entries or size != str(len(entries)):
            return None
        url = page.url.copy_set_param("last", str(entries[-1]))
        return None if url in self._asked else url


def _linked(header: str) -> str | None:
    """Give the target of the first link to a next page in a ``Link`` header, None where there is none."""
    for target, parameters in _LINK.findall(header):
        if _NEXT.search(parameters):
            return str(target)
    return None


def strings(document: Document, key: str, where: str) -> tuple[str, ...]:
    """Give a list of texts; one that is missing or null is empty, and one that is no such list raises ProtocolError."""
    entries = document.get(key)
    if entries is None:
        return ()
    if not isinstance(entries, list) or not {str}.issuperset(map(type, entries)):
        raise ProtocolError(DOING, where, f"{key!r} is not a list of strings")
    return tuple(entries)
