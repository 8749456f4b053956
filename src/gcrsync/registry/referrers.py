"""What refers to a manifest, by the registry's own list of it (distribution-spec, "Listing Referrers")."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from http import HTTPStatus

import httpx

from gcrsync.errors import ProtocolError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import LARGEST_MANIFEST, Descriptor, Index, parse_manifest
from gcrsync.registry import answers
from gcrsync.registry.pages import Page
from gcrsync.registry.session import Call, Session

MOST_PAGES = 100
"""After so many pages a list of referrers is taken for endless."""

ENOUGH_DENIALS = 3
"""So often a registry has to say that it keeps no lists."""

_PAGE_FOR_PEOPLE = "text/html"
_NO_API = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_ACCEPTABLE})
"""What registries without such lists answer: the specification's is 404."""


class ReferrersApi:
    """Asks registries for their lists, as long as they do not say that they have none. Threads may share it.

    A host that has given a list keeps such lists; one that has said several times that there are none, and never gave one, does
    not: a single such answer may be of something between, or of one repository.
    """

    def __init__(self, session: Session) -> None:
        """Begin with nothing learnt."""
        self._session = session
        self._keeping: set[str] = set()
        self._denials: Counter[str] = Counter()

    def lists(self, call: Call) -> bool:
        """Say whether the registry keeps such lists; it is asked, with this request, unless that is known."""
        return self._first(call, _ignore) is not None if call.registry not in self._keeping else True

    def referrers(self, call: Call, count: Callable[[int], None]) -> tuple[Descriptor, ...] | None:
        """Give what the registry lists, each once; None where it keeps no such lists. ``count`` the requests.

        Raises RegistryError and InvalidManifestError for an answer that is no list, and for a list without end.
        """
        first = self._first(call, count)
        if first is None:
            return None
        found: dict[Digest, Descriptor] = {}
        for page in self._pages(call, first, count):
            found |= {entry.digest: entry for entry in page.content.manifests}
        return tuple(found.values())

    def _first(self, call: Call, count: Callable[[int], None]) -> Page[Index] | None:
        """Give the first page, None where the registry keeps no lists."""
        host = call.registry
        if host not in self._keeping and self._denials[host] >= ENOUGH_DENIALS:
            return None
        count(1)
        page = self._read(call, call.url)
        if page is not None:
            self._keeping.add(host)
        elif host in self._keeping:
            where = answers.where(call.url)
            raise ProtocolError("listing referrers", where, "the registry says that it keeps no such lists, and has given some")
        else:
            self._denials[host] += 1
        return page

    def _pages(self, call: Call, page: Page[Index], count: Callable[[int], None]) -> Iterator[Page[Index]]:
        asked = {call.url}
        yield page
        while url := page.next(asked):
            if len(asked) >= MOST_PAGES:
                raise page.astray(f"there were {MOST_PAGES} before it")
            asked.add(url)
            count(1)
            following = self._read(call, url)
            if following is None:
                raise page.astray("there is no list behind it")
            page = following
            yield page

    def _read(self, call: Call, url: httpx.URL) -> Page[Index] | None:
        """Give one page, None where the answer is that of a registry without lists."""
        with self._session.open(replace(call, url=url)) as response:
            if response.status_code in _NO_API:
                return None
            if response.status_code != HTTPStatus.OK:
                raise answers.failure(response, "listing referrers")
            where, media_type = answers.where(response.url), media_types.bare(response.headers.get("Content-Type"))
            if media_type == _PAGE_FOR_PEOPLE:
                raise ProtocolError("listing referrers", where, "the answer is an HTML page")
            if media_type != media_types.OCI_INDEX:
                return None
            index = parse_manifest(answers.body(response, LARGEST_MANIFEST), media_types.OCI_INDEX, where)
            if not isinstance(index, Index):
                raise ProtocolError("listing referrers", where, "the answer is no index")
            return Page.of(response, index)


def _ignore(requests: int) -> None:
    del requests


def subject_of(response: httpx.Response) -> str:
    """Give what a registry says that a manifest refers to which it has stored; empty where it took no note of that."""
    return str(response.headers.get("OCI-Subject", "")).strip()
