"""What refers to a manifest, by the registry's own list of it (distribution-spec, "Listing Referrers")."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus

import httpx

from gcrsync.errors import ProtocolError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import LARGEST_MANIFEST, Descriptor, Index, parse_manifest
from gcrsync.registry import answers
from gcrsync.registry.pages import astray, followed, linked
from gcrsync.registry.session import Call, Session

MOST_PAGES = 100
"""After so many pages a list of referrers is taken for endless."""

_NO_API = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_ACCEPTABLE})
"""What registries without such lists answer: the specification's is 404."""


@dataclass(frozen=True, slots=True)
class _Page:
    """One answer: its list, the URL that answered, and its Link header."""

    index: Index
    url: httpx.URL
    link: str


class ReferrersApi:
    """Asks registries for their lists, each host that turns out to have none once. Threads may share it."""

    def __init__(self, session: Session) -> None:
        """Begin with nothing learnt."""
        self._session = session
        self._keeps: dict[str, bool] = {}

    def lists(self, call: Call) -> bool:
        """Say whether the registry keeps such lists; it is asked once, with this request."""
        if call.registry not in self._keeps:
            self._keeps[call.registry] = self._read(call, call.url) is not None
        return self._keeps[call.registry]

    def referrers(self, call: Call) -> tuple[Descriptor, ...] | None:
        """Give what the registry lists, each once; None where it keeps no such lists.

        Raises RegistryError and InvalidManifestError for an answer that is no list, and for a list without end.
        """
        if not self._keeps.get(call.registry, True):
            return None
        first = self._read(call, call.url)
        self._keeps.setdefault(call.registry, first is not None)
        if first is None:
            return None
        found: dict[Digest, Descriptor] = {}
        for page in self._pages(call, first):
            found |= {entry.digest: entry for entry in page.index.manifests}
        return tuple(found.values())

    def _pages(self, call: Call, page: _Page) -> Iterator[_Page]:
        asked = {call.url}
        yield page
        while target := linked(page.link):
            url = followed(page.url, target, asked)
            if len(asked) >= MOST_PAGES:
                raise astray(page.url, f"there were {MOST_PAGES} before it")
            asked.add(url)
            following = self._read(call, url)
            if following is None:
                raise astray(page.url, "there is no list behind it")
            page = following
            yield page

    def _read(self, call: Call, url: httpx.URL) -> _Page | None:
        """Give one page, None where the answer is that of a registry without lists."""
        with self._session.open(replace(call, url=url)) as response:
            if response.status_code in _NO_API:
                return None
            if response.status_code != HTTPStatus.OK:
                raise answers.failure(response, "listing referrers")
            if media_types.bare(response.headers.get("Content-Type")) != media_types.OCI_INDEX:
                return None
            where = answers.where(response.url)
            index = parse_manifest(answers.body(response, LARGEST_MANIFEST), media_types.OCI_INDEX, where)
            if not isinstance(index, Index):
                raise ProtocolError("listing referrers", where, "the answer is no index")
            return _Page(index, response.url, response.headers.get("Link", ""))


def subject_of(response: httpx.Response) -> str:
    """Give what a registry says that a manifest refers to which it has stored; empty where it took no note of that."""
    return str(response.headers.get("OCI-Subject", "")).strip()
