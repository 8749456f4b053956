"""What a registry's answer means: its body within a limit, its JSON, and its failure as one of our errors.

Every byte here comes from outside: no more is read than a limit allows, and nothing is quoted that ``words`` has not made fit.
"""

import json
import re
from collections.abc import Sequence
from http import HTTPStatus

import httpx

from gcrsync.errors import (
    DeniedError,
    NotARegistryError,
    NotFoundError,
    ProtocolError,
    RateLimitedError,
    RefusedError,
    RegistryError,
    UnauthorizedError,
    one_line,
)
from gcrsync.oci import media_types
from gcrsync.oci.name import canonical_host
from gcrsync.registry import words
from gcrsync.registry.limits import retry_after, span

ERROR_LIMIT = 64 * 1024
"""The most bytes that are read of an answer that says no."""

REFUSAL = "gcrsync.refusal"
"""The extension of a response in which it stands what is known of the credentials that did not open what was asked for."""

_BLOB_UNKNOWN = "MANIFEST_BLOB_UNKNOWN"
_REFUSALS = frozenset({"UNSUPPORTED", "MANIFEST_INVALID"})
_REFUSING_STATUSES = frozenset({400, 404, 405, 500})
_LENGTH = re.compile(r"[0-9]{1,18}")
_QUOTA = re.compile(r"quota|storage limit|upper limit", re.IGNORECASE)


def body(response: httpx.Response, limit: int) -> bytes:
    """Give the whole body of a streamed response; ProtocolError where it is larger than ``limit`` bytes or cannot be decoded."""
    content = bytearray()
    try:
        for part in response.iter_bytes():
            content += part
            if len(content) > limit:
                raise ProtocolError("reading", where(response.url), f"larger than {limit} bytes", status=response.status_code)
    except httpx.DecodingError as error:
        raise ProtocolError("reading", where(response.url), "its encoding is broken", status=response.status_code) from error
    return bytes(content)


def json_object(response: httpx.Response, doing: str, limit: int) -> dict[str, object]:
    """Give the JSON object in a streamed response; ProtocolError for anything else and for more than ``limit`` bytes."""
    return parsed(body(response, limit), response, doing)


def parsed(content: bytes, response: httpx.Response, doing: str) -> dict[str, object]:
    """Give the JSON object that the body of a response is; ProtocolError for anything else."""
    value = parsed_json(content, response, doing)
    if not isinstance(value, dict):
        raise ProtocolError(doing, where(response.url), "the answer is no JSON object", status=response.status_code)
    return value


def parsed_json(content: bytes, response: httpx.Response, doing: str) -> object:
    """Give the JSON that the body of a response is, of whatever type; ProtocolError for anything else."""
    try:
        value: object = json.loads(content)
    except (ValueError, RecursionError) as error:
        what = "an HTML page" if media_types.is_html(content) else "not JSON"
        raise ProtocolError(doing, where(response.url), f"the answer is {what}", status=response.status_code) from error
    return value


def refuse_page(content: bytes, response: httpx.Response, what: str, *, doing: str = "reading manifest") -> None:
    """Raise NotARegistryError where a page for people came, with success, in place of the manifest ``what`` or another answer."""
    if media_types.bare(response.headers.get("Content-Type")) not in media_types.MANIFESTS and media_types.is_html(content):
        hint = "what answers there is no registry: look at the address, and at what is in between (a proxy, a login page)"
        raise NotARegistryError(doing, what, "the answer is an HTML page", hint=hint)


def failure(response: httpx.Response, doing: str, *, place: str = "") -> RegistryError:
    """Give the error that says why ``doing`` failed, in the registry's own words; at most 64 KiB of them are read.

    ``place`` names what was asked where the URL does not: a token server is asked for the sake of a registry.
    """
    content = _beginning(response)
    said = words.quotation(content, response.request)
    status, at = response.status_code, place or where(response.url)
    parts = (doing, at, _reason(status, said))
    login = f"docker login {canonical_host(at.partition('/')[0])}, or GCRSYNC_USERNAME and GCRSYNC_PASSWORD for the destination"
    if status == HTTPStatus.UNAUTHORIZED:
        return UnauthorizedError(*parts, hint=f"{_refused(response)}log in: {login}")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        told = retry_after(response.headers)
        hint = "wait, or log in for a higher limit" if told is None else f"run again in {span(told)}, or log in for a higher limit"
        return RateLimitedError(*parts, retry_after=told, hint=hint)
    if _QUOTA.search(said):
        return DeniedError(*parts, hint="make room there or raise the quota, then run again")
    if status == HTTPStatus.FORBIDDEN:
        return DeniedError(*parts, hint=f"{_refused(response)}it may not exist, or need another account: {login}")
    if unfollowed := _unfollowed(response):
        return ProtocolError(*parts, status=status, hint=unfollowed)
    absent = "" if response.request.method in {"GET", "HEAD"} else "there is no such repository or project: create it there"
    return _other_failure(status, words.error_codes(content), parts, absent)


def content_length(response: httpx.Response) -> int | None:
    """Give the size in bytes that an answer announces, None where it announces none that makes sense (RFC 9110, 8.6)."""
    text = response.headers.get("Content-Length", "")
    return int(text) if _LENGTH.fullmatch(text) else None


def where(url: httpx.URL) -> str:
    """Give host and path of a URL: the query may hold a signature and is never told."""
    return one_line(f"{url.netloc.decode('ascii')}{url.path}")


def _refused(response: httpx.Response) -> str:
    """Begin a hint with what is known of the credentials that did not open what was asked for."""
    told = response.extensions.get(REFUSAL)
    return f"{told}; " if told else ""


def _unfollowed(response: httpx.Response) -> str:
    """Say where an answer leads to which nothing was sent on, and why not; empty where it leads nowhere."""
    try:
        url = response.url.join(response.headers["Location"]) if response.has_redirect_location else httpx.URL()
    except (httpx.InvalidURL, ValueError):
        return ""
    if not url.host:
        return ""
    if (url.scheme, url.netloc) == (response.url.scheme, response.url.netloc):
        return f"it leads to {where(url)}, and this request is not sent on: look at the address"
    host = url.netloc.decode("ascii")
    why = "nothing is sent but to the host and port that were named"
    return one_line(f"it leads to {url.scheme}://{host}, and {why}: name {host} if it is yours")


def _other_failure(status: int, codes: Sequence[str], parts: tuple[str, str, str], hint: str) -> RegistryError:
    if _BLOB_UNKNOWN not in codes:
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return RefusedError(*parts, hint="it is larger than the registry takes")
        if status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE or (status in _REFUSING_STATUSES and not _REFUSALS.isdisjoint(codes)):
            return RefusedError(*parts)
        if status == HTTPStatus.NOT_FOUND:
            return NotFoundError(*parts, hint=hint)
    return ProtocolError(*parts, status=status, codes=codes)


def _reason(status: int, said: str) -> str:
    phrase = HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else "unknown status"
    return f"{status} {phrase}: {said}" if said else f"{status} {phrase}"


def _beginning(response: httpx.Response) -> bytes:
    content = bytearray()
    try:
        for part in response.iter_bytes():
            content += part
            if len(content) >= ERROR_LIMIT:
                break
    except httpx.DecodingError:
        return b""  # what the status says is worth more than its explanation
    return bytes(content[:ERROR_LIMIT])
