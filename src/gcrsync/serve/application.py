"""The embedded registry as a WSGI application: which request goes to which endpoint, and how errors are answered."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from gcrsync.archive.folder import LayoutFolder
from gcrsync.errors import GcrsyncError, one_line
from gcrsync.serve.call import Call, Code, RequestError, json_response
from gcrsync.serve.listing import Listing
from gcrsync.serve.pages import Pages, answer, is_page
from gcrsync.serve.pull import Pull
from gcrsync.serve.push import Push
from gcrsync.serve.uploads import Uploads

Endpoint = Callable[[Call], Response]
"""Answers one kind of request."""

_MANIFEST = "/v2/<path:path>/manifests/<reference>"
_BLOB = "/v2/<path:path>/blobs/<reference>"
_REFERRERS = "/v2/<path:path>/referrers/<reference>"
_UPLOADS = "/v2/<path:path>/blobs/uploads/"
_UPLOAD = "/v2/<path:path>/blobs/uploads/<reference>"
_KEPT_HEADERS = ("Allow", "Content-Range")


class RegistryApplication:
    """A folder of image layouts over the distribution API, with Google's list; threads may call it at once."""

    def __init__(self, folder: LayoutFolder, *, writable: bool, log: Callable[[str], None], pages: Pages | None = None) -> None:
        """Serve a folder, for reading or also for writing, and pages beside it; ``log`` gets a line for each request."""
        self._log, self._pages = log, pages
        self._uploads = Uploads(folder.staging)
        self._routes = _routes(Pull(folder), Listing(folder), Push(folder, self._uploads), writable=writable)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        request = Request(environ)
        response = self._answer(request)
        response.headers["Docker-Distribution-API-Version"] = "registry/2.0"
        self._log(one_line(f"{request.method} {request.full_path.removesuffix('?')} {response.status_code}"))
        return response(environ, start_response)

    def close(self) -> None:
        """Forget the uploads under way."""
        self._uploads.close()

    def _answer(self, request: Request) -> Response:
        try:
            if self._pages is not None and is_page(request):
                return answer(self._pages, request)
            endpoint, values = self._routes.bind("localhost").match(request.path, request.method)
            answered: Response = endpoint(Call.of(request, values))
        except RequestError as error:
            return error.response()
        except HTTPException as error:
            return _translated(error, request).response()
        except GcrsyncError as error:
            self._log(str(error))
            return RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, Code.UNKNOWN, error.message).response()
        except Exception as error:  # noqa: BLE001 - a defect ends its request, not the server
            self._log(one_line(f"{type(error).__name__}: {error}"))
            return RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, Code.UNKNOWN, "a defect of the registry").response()
        return answered


def _routes(pull: Pull, listing: Listing, push: Push, *, writable: bool) -> Map:
    """Give the endpoints (distribution-spec, "Endpoints"); where nothing may be written, those that write refuse."""
    reads: list[tuple[str, str, Endpoint]] = [
        ("/v2/", "GET", _ping),
        ("/v2/_catalog", "GET", listing.catalog),
        ("/v2/tags/list", "GET", listing.tags),
        ("/v2/<path:path>/tags/list", "GET", listing.tags),
        (_MANIFEST, "GET", pull.manifest),
        (_BLOB, "GET", pull.blob),
        (_REFERRERS, "GET", listing.referrers),
    ]
    writes: list[tuple[str, str, Endpoint]] = [
        (_MANIFEST, "PUT", push.put_manifest),
        (_MANIFEST, "DELETE", push.delete_manifest),
        (_UPLOADS, "POST", push.start),
        (_UPLOAD, "PATCH", push.append),
        (_UPLOAD, "PUT", push.finish),
        (_UPLOAD, "GET", push.status),
        (_UPLOAD, "DELETE", push.cancel),
    ]
    allowed = writes if writable else [(path, method, _read_only) for path, method, _ in writes]
    rules = [Rule(path, methods=[method], endpoint=endpoint) for path, method, endpoint in (*reads, *allowed)]
    return Map(rules, strict_slashes=False, merge_slashes=False)


def _ping(_: Call) -> Response:
    """Say that this is a registry ("Determining Support")."""
    return json_response({})


def _read_only(_: Call) -> Response:
    message = "this registry is read-only: start it with --writable to push to it"
    raise RequestError(HTTPStatus.METHOD_NOT_ALLOWED, Code.UNSUPPORTED, message, {"Allow": "GET, HEAD"})


def _translated(error: HTTPException, request: Request) -> RequestError:
    """Give werkzeug's error as one of the specification's."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    code = Code.RANGE_INVALID if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE else Code.UNSUPPORTED
    headers = {name: value for name, value in error.get_headers(request.environ) if name in _KEPT_HEADERS}
    return RequestError(status, code, f"{request.method} {request.path}: {status.phrase}", headers)
