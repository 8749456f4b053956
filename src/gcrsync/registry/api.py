"""What vendors tell beside the distribution API: JSON in pages, each of which leads to the next in its vendor's way."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from gcrsync.errors import DeniedError, NotFoundError, ProtocolError, RefusedError, RegistryError, UnauthorizedError
from gcrsync.registry import answers
from gcrsync.registry.fields import Entry, entries, text
from gcrsync.registry.pages import DOING, Page
from gcrsync.registry.session import Call, Session

Following = Callable[[httpx.URL, object], str | None]
"""Gives, from the URL of a page and what is in it, where the next page is (absolute or relative to it), None after the last."""

Read = Callable[[object, str], list[Entry]]
"""Gives the JSON objects in a page of what is named."""

_READINGS = 3
"""How often a list is read that changes meanwhile."""

_COUNT = re.compile(r"[0-9]{1,18}")
_TOTALS = ("X-Total-Count", "X-Total")
"""Where Harbor and GitLab say how many entries there are in all."""


class Answers:
    """All pages of one question, asked anew each time they are gone through; ``requests`` counts what that took so far.

    ``answered`` is when the last page was given, by the clock of the host, None where it does not tell.

    ``place`` names in failures what is listed, where the API is not at the host that somebody logs in to.

    Without ``following`` the ``Link`` header leads to the next page (RFC 8288). A page must be where the one before it was, and
    one that a redirect led to elsewhere is not followed by others there: an authorization is for the host that was asked.
    """

    most = 10_000
    """After so many pages a list is taken for endless."""

    most_repeated = 16
    """After so many pages in a row with the same content a list is taken for endless, too."""

    largest = 256 * 1024 * 1024
    """The most bytes of all pages together."""

    def __init__(self, session: Session, call: Call, following: Following | None = None, *, place: str = "") -> None:
        """Ask nothing yet."""
        self._session, self._call, self._following, self._place = session, call, following, place
        self._asked: dict[httpx.URL, None] = {}
        self._requests = self._bytes = 0
        self._total: int | None = None
        self.answered: datetime | None = None

    @property
    def requests(self) -> int:
        """How many requests were made."""
        return self._requests

    @property
    def in_parts(self) -> bool:
        """Whether it took more than one page, between which something may have changed."""
        return len(self._asked) > 1

    @property
    def total(self) -> int | None:
        """How many entries there are in all by the page that said most, None where none said."""
        return self._total

    def __iter__(self) -> Iterator[object]:
        """Give what is in each page; raise the RegistryError of the first that is not given, or that leads astray."""
        self._asked, self._bytes, self._total = {}, 0, None
        page, repeated = self._read(self._call.url), 0
        yield page.content
        while url := self._next(page):
            before, page = page, self._read(url)
            repeated = repeated + 1 if page.content == before.content else 0
            if repeated > self.most_repeated:
                raise before.astray(f"it is the same page {repeated} times over")
            yield page.content

    def _next(self, page: Page[object]) -> httpx.URL | None:
        url = page.next(self._asked)
        if url is None:
            return None
        if len(self._asked) >= self.most:
            raise page.astray(f"there were {self.most} before it")
        if url.netloc != self._call.url.netloc:
            raise page.astray(f"it is on {url.scheme}://{url.host}")
        return url

    def _read(self, url: httpx.URL) -> Page[object]:
        self._asked[url] = None
        self._requests += 1
        with self._session.open(replace(self._call, url=url)) as response:
            if response.status_code != HTTPStatus.OK:
                raise self._failure(response)
            self.answered = http_date(response.headers.get("date", ""))
            content = answers.body(response, self.largest)
            self._bytes += len(content)
            if self._bytes > self.largest:
                raise ProtocolError(DOING, answers.where(url), f"all pages together are larger than {self.largest} bytes")
            self._note_total(response.headers)
            page = Page[object].of(response, answers.parsed_json(content, response, DOING))
            return page if self._following is None else replace(page, link=self._following(page.url, page.content))

    def _failure(self, response: httpx.Response) -> RegistryError:
        """Give the error of a page; that there is no such thing can be said of the first alone."""
        error = answers.failure(response, DOING, place=self._place)
        if isinstance(error, NotFoundError) and self.in_parts:
            reason = f"a page of the list is not there: {error.reason}"
            return ProtocolError(DOING, error.where, reason, status=response.status_code)
        return error

    def _note_total(self, headers: httpx.Headers) -> None:
        told = next((headers[name] for name in _TOTALS if name in headers), "")
        if _COUNT.fullmatch(told):
            self._total = max(self._total or 0, int(told))


def gathered(pages: Answers, key: str, where: str, read: Read = entries) -> list[Entry]:
    """Give the JSON objects of all pages, each of another text under ``key``, the last that is told of each."""
    return list({text(each, key, where): each for page in pages for each in read(page, where)}.values())


def collected(pages: Answers, key: str, where: str, read: Read = entries) -> list[Entry]:
    """Give what is gathered from a list that is whole.

    Of what goes while pages are read, something else moves to a page that was read already, and of what comes, something is told
    twice. So a list is whole where there are as many as the vendor says that there are, and one of several pages of which it does
    not say that where it is read twice with the same names. ProtocolError where it is read again and still not whole.
    """
    before: Collection[object] = ()
    for _ in range(_READINGS):
        found = gathered(pages, key, where, read)
        names = {each[key] for each in found}
        if _is_whole(pages, names, before):
            return found
        before = names
    lack = "it changes while it is read" if pages.total is None else f"{len(before)} entries were given of {pages.total}"
    raise ProtocolError(DOING, where, f"the list is not whole: {lack}")


def _is_whole(pages: Answers, names: Collection[object], before: Collection[object]) -> bool:
    if pages.total is None:
        return not pages.in_parts or names == before
    return len(names) >= pages.total


def is_refusal(error: RegistryError) -> bool:
    """Say whether an API understood the question and declined, so that there is no use in asking it again."""
    if isinstance(error, ProtocolError):
        return HTTPStatus.BAD_REQUEST <= error.status < HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(error, DeniedError | NotFoundError | RefusedError | UnauthorizedError)


def http_date(header: str) -> datetime | None:
    """Read an HTTP date (RFC 9110, 5.6.7), None where it is none."""
    try:
        return parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
