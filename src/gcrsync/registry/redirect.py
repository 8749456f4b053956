"""Where a redirect leads, and where it may not: each hop is judged on its own (RFC 9110, 15.4)."""

from http import HTTPStatus

import httpx

from gcrsync.errors import ProtocolError
from gcrsync.registry.address import is_loopback, is_private
from gcrsync.registry.answers import where
from gcrsync.registry.transport import is_named

MOST_HOPS = 5
"""How many redirects are followed for one call."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEPING = frozenset({307, 308})
_LIST = "/tags/list"


def target(response: httpx.Response, insecure: frozenset[str]) -> httpx.URL | None:
    """Give the URL that the answer leads to, None where it is to be taken as it is.

    Reading follows every redirect; what writes follows 307 and 308 on the same host alone. Raises ProtocolError for a redirect
    that has no Location, leaves TLS, or leads from a public host into a private network.
    """
    if response.status_code not in _REDIRECTS:
        return None
    reads = response.request.method in ("GET", "HEAD")
    if not reads and response.status_code not in _KEEPING:
        return None
    url = _location(response)
    if not reads and (url.scheme, url.netloc) != (response.url.scheme, response.url.netloc):
        return None
    _check(response, url, insecure)
    return _with_page(response.url, url)


def forbidden_way(source: httpx.URL, url: httpx.URL, insecure: frozenset[str]) -> str:
    """Say where a host leads that may not lead there, by a redirect or an upload's Location; empty where it may."""
    if is_named(url, insecure):
        return ""
    if (source.scheme, url.scheme) == ("https", "http") and not (is_loopback(source.host) and is_loopback(url.host)):
        return f"from TLS to plain HTTP on {url.host}"
    if is_private(url.host) and not is_private(source.host) and not is_named(source, insecure):
        return f"into the private network of {url.host}"
    return ""


def _location(response: httpx.Response) -> httpx.URL:
    location = response.headers.get("location", "")
    try:
        url = response.url.join(location).copy_with(userinfo=b"", fragment=None)
    except httpx.InvalidURL:
        url = httpx.URL()
    if not location or url.scheme not in ("https", "http") or not url.host:
        raise _refused(response, "a redirect without a usable Location")
    return url


def _check(response: httpx.Response, url: httpx.URL, insecure: frozenset[str]) -> None:
    if way := forbidden_way(response.url, url, insecure):
        raise _refused(response, f"a redirect {way} is not followed")


def _with_page(source: httpx.URL, url: httpx.URL) -> httpx.URL:
    """Give a redirect of a tag listing what it lost of the query, as registry.k8s.io's do: without it, lists are cut."""
    lost = {key: value for key, value in source.params.items() if key not in url.params}
    is_list = source.path.endswith(_LIST) and url.path.endswith(_LIST)
    return url.copy_merge_params(lost) if lost and is_list else url


def _refused(response: httpx.Response, reason: str) -> ProtocolError:
    return ProtocolError(response.request.method, where(response.url), reason, status=HTTPStatus(response.status_code))
