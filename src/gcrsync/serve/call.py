"""What a request asks for, read from its path and its body, and the errors that answer it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wrappers import Request, Response

from gcrsync.archive.folder import PATH_RULE, is_repository_path
from gcrsync.errors import InvalidNameError, one_line
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import LARGEST_MANIFEST
from gcrsync.oci.name import Tag

_CHUNK = 1024 * 1024


class Code(StrEnum):
    """Error codes (distribution-spec, "Error Codes"), and the three that the distribution project adds for what they lack."""

    BLOB_UNKNOWN = "BLOB_UNKNOWN"
    BLOB_UPLOAD_INVALID = "BLOB_UPLOAD_INVALID"
    BLOB_UPLOAD_UNKNOWN = "BLOB_UPLOAD_UNKNOWN"
    DIGEST_INVALID = "DIGEST_INVALID"
    MANIFEST_BLOB_UNKNOWN = "MANIFEST_BLOB_UNKNOWN"
    MANIFEST_INVALID = "MANIFEST_INVALID"
    MANIFEST_UNKNOWN = "MANIFEST_UNKNOWN"
    NAME_INVALID = "NAME_INVALID"
    NAME_UNKNOWN = "NAME_UNKNOWN"
    UNSUPPORTED = "UNSUPPORTED"
    PAGINATION_NUMBER_INVALID = "PAGINATION_NUMBER_INVALID"
    RANGE_INVALID = "RANGE_INVALID"
    UNKNOWN = "UNKNOWN"


class RequestError(Exception):
    """A request that is answered by an error."""

    def __init__(self, status: HTTPStatus, code: Code, message: str, headers: Mapping[str, str] | None = None) -> None:
        """Keep what the answer will say; the message becomes one line."""
        self.status, self.code, self.message = status, code, one_line(message)
        self.headers = dict(headers or {})
        super().__init__(self.message)

    def response(self) -> Response:
        """Give the answer, an error envelope (distribution-spec, "Error Codes")."""
        body = {"errors": [{"code": self.code, "message": self.message}]}
        return json_response(body, self.status, self.headers)


@dataclass(frozen=True, slots=True)
class Call:
    """One request: ``path`` is the repository's, valid or empty; ``reference`` is the last part of the URL's path."""

    request: Request
    path: str
    reference: str

    @classmethod
    def of(cls, request: Request, values: Mapping[str, str]) -> "Call":
        """Take what the route has found in the URL; RequestError where it holds no valid name of a repository."""
        path = values.get("path", "")
        if path:
            check_path(path)
        return cls(request, path, values.get("reference", ""))

    @property
    def is_head(self) -> bool:
        """Whether only the head of the answer is wanted."""
        return self.request.method == "HEAD"

    def target(self) -> Tag | Digest:
        """Give the tag or the digest that is asked for."""
        if ":" in self.reference:
            return parse_digest(self.reference)
        try:
            return Tag(self.reference)
        except InvalidNameError as error:
            raise RequestError(HTTPStatus.BAD_REQUEST, Code.MANIFEST_INVALID, error.message) from error

    def chunks(self) -> Iterator[bytes]:
        """Give the body, piece by piece; RequestError where the client breaks off."""
        while True:
            try:
                chunk = self.request.stream.read(_CHUNK)
            except (OSError, ClientDisconnected) as error:
                message = "the body ended before its end"
                raise RequestError(HTTPStatus.BAD_REQUEST, Code.BLOB_UPLOAD_INVALID, message) from error
            if not chunk:
                return
            yield chunk

    def manifest(self) -> bytes:
        """Give a body that is a manifest, and may not be larger than one."""
        raw = bytearray()
        for chunk in self.chunks():
            raw += chunk
            if len(raw) > LARGEST_MANIFEST:
                message = f"larger than the {LARGEST_MANIFEST} bytes of a manifest"
                raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Code.MANIFEST_INVALID, message)
        return bytes(raw)


def check_path(path: str) -> None:
    """Refuse a path that cannot be a repository's with RequestError."""
    if not is_repository_path(path):
        raise RequestError(HTTPStatus.BAD_REQUEST, Code.NAME_INVALID, f"{path!r}: {PATH_RULE}")


def parse_digest(text: str) -> Digest:
    """Read a digest, or refuse it with RequestError."""
    try:
        return Digest(text)
    except InvalidNameError as error:
        raise RequestError(HTTPStatus.BAD_REQUEST, Code.DIGEST_INVALID, error.message) from error


def json_response(body: object, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """Give an answer in JSON."""
    return Response(json.dumps(body), status, headers, content_type="application/json")
