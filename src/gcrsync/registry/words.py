"""What a registry says in its own words, made fit to be quoted: one line, no page of HTML, no secret of ours."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from urllib.parse import parse_qs

import httpx

from gcrsync.errors import one_line
from gcrsync.oci import media_types

_LONGEST = 400
_MOST_ERRORS = 16
_SHORTEST_SECRET = 4
_CODE = re.compile(r"[A-Z0-9_]{1,64}")
_XML = re.compile(r"\s*<")
_XML_PARTS = re.compile(r"<(?:Code|Message)>([^<]{1,200})</")
_SIGNED_URL = re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*", re.IGNORECASE)


def error_codes(content: bytes) -> tuple[str, ...]:
    """Give the codes in an error body (distribution-spec, "Error Codes") in upper case, as far as there are any."""
    codes = (code.upper() for error in _errors(content) for code in _text(error, "code"))
    return tuple(code for code in codes if _CODE.fullmatch(code))


def quotation(content: bytes, request: httpx.Request) -> str:
    """Give the words of an error body on one line, without what the ``request`` kept secret and without queries of URLs."""
    words = _SIGNED_URL.sub(r"\1", _words(content))
    for secret in _secrets(request):
        words = words.replace(secret, "***")
    return one_line(words, _LONGEST)


def _words(content: bytes) -> str:
    if media_types.is_html(content):
        return "an HTML page"
    text = content.decode(errors="replace")
    if _XML.match(text):
        return ": ".join(_XML_PARTS.findall(text)) or "an XML document"
    errors = [": ".join(_text(error, "code", "message", "detail")) for error in _errors(content)]
    document = _document(content)
    if document is None:
        return text
    return "; ".join(filter(None, errors)) or ": ".join(_text(document, "error", "error_description", "message", "details"))


def _text(document: dict[str, object], *keys: str) -> list[str]:
    return [value for key in keys if isinstance(value := document.get(key), str) and value]


def _errors(content: bytes) -> list[dict[str, object]]:
    errors = (_document(content) or {}).get("errors")
    return [error for error in errors[:_MOST_ERRORS] if isinstance(error, dict)] if isinstance(errors, list) else []


def _document(content: bytes) -> dict[str, object] | None:
    try:
        value: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _secrets(request: httpx.Request) -> Iterator[str]:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    found = [secret]
    if scheme == "Basic":
        found += b64decode(secret).decode(errors="replace").split(":", 1)[1:]
    content_type = request.headers.get("content-type")
    if content_type == "application/x-www-form-urlencoded":
        found += parse_qs(request.content.decode()).get("refresh_token", [])
    if content_type == "application/json":
        found += _text(_document(request.content) or {}, "secret")
    return (text for text in found if len(text) >= _SHORTEST_SECRET)
