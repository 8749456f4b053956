"""What a browser is shown beside the registry: files by their paths, which somebody else makes."""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import PurePosixPath
from urllib.parse import quote

from werkzeug.wrappers import Request, Response

from gcrsync.errors import GcrsyncError

Pages = Callable[[str], bytes | None]
"""Gives the content of the file at a path (``assets/style.css``), None where there is none; from many threads at once."""

_REGISTRY = "/v2"
_INDEX = "index.html"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def is_page(request: Request) -> bool:
    """Say whether a request is for a page, and not for the registry, to which belongs what is below ``/v2``."""
    return request.path != _REGISTRY and not request.path.startswith(f"{_REGISTRY}/")


def answer(pages: Pages, request: Request) -> Response:
    """Answer a request for a page; a folder is its index, and leads there without its slash too."""
    if request.method not in ("GET", "HEAD"):
        return _told(HTTPStatus.METHOD_NOT_ALLOWED, "Pages can be read only.", {"Allow": "GET, HEAD"})
    path = request.path.removeprefix("/")
    path = f"{path}{_INDEX}" if not path or path.endswith("/") else path
    try:
        content = pages(path)
        leads = content is None and pages(f"{path}/{_INDEX}") is not None
    except GcrsyncError as error:
        return _told(HTTPStatus.INTERNAL_SERVER_ERROR, str(error), {})
    if leads:
        return _told(HTTPStatus.PERMANENT_REDIRECT, "It is a folder.", {"Location": quote(f"/{path}/")})
    kind = _TYPES.get(PurePosixPath(path).suffix)
    if content is None or kind is None:
        return _told(HTTPStatus.NOT_FOUND, "There is no such page.", {})
    return Response(content, HTTPStatus.OK, _HEADERS, content_type=f"{kind}; charset=utf-8")


def _told(status: HTTPStatus, text: str, headers: dict[str, str]) -> Response:
    return Response(f"{text}\n", status, {**_HEADERS, **headers}, content_type="text/plain; charset=utf-8")
