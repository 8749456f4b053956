"""Manifests and blobs, given to who asks (distribution-spec, "Pull")."""

from contextlib import ExitStack, closing
from http import HTTPStatus

from werkzeug.datastructures import MIMEAccept
from werkzeug.wrappers import Response
from werkzeug.wsgi import FileWrapper

from gcrsync.archive.folder import LayoutFolder
from gcrsync.archive.layout import Layout
from gcrsync.serve.call import Call, Code, RequestError, parse_digest

_CHUNK = 1024 * 1024


class Pull:
    """The endpoints that read manifests and blobs."""

    def __init__(self, folder: LayoutFolder) -> None:
        """Read from a folder."""
        self._folder = folder

    def manifest(self, call: Call) -> Response:
        """Answer GET and HEAD of a manifest ("Pulling manifests"); one whose type is not accepted counts as unknown."""
        target = call.target()
        layout = self._layout(call)
        found = layout.find(target)
        if found is None:
            raise RequestError(HTTPStatus.NOT_FOUND, Code.MANIFEST_UNKNOWN, f"no {target} in {call.path}")
        if not _accepts(call.request.accept_mimetypes, found.media_type):
            message = f"{target} in {call.path} is a {found.media_type}, which the request does not accept"
            raise RequestError(HTTPStatus.NOT_FOUND, Code.MANIFEST_UNKNOWN, message)
        raw = b"" if call.is_head else layout.read_manifest(found).raw
        response = Response(raw, content_type=found.media_type, headers={"Docker-Content-Digest": found.digest.text})
        response.content_length = found.size
        return response

    def blob(self, call: Call) -> Response:
        """Answer GET, whole or a range, and HEAD of a blob ("Pulling blobs")."""
        digest = parse_digest(call.reference)
        blobs = self._layout(call).blobs
        status = blobs.status(digest)
        if status is None:
            raise RequestError(HTTPStatus.NOT_FOUND, Code.BLOB_UNKNOWN, f"no {digest} in {call.path}")
        headers = {"Docker-Content-Digest": digest.text, "Accept-Ranges": "bytes"}
        response = Response(content_type="application/octet-stream", headers=headers)
        response.content_length = status.st_size
        with ExitStack() as stack:
            if not call.is_head:
                response.response = stack.enter_context(closing(FileWrapper(blobs.open(digest), _CHUNK)))
                response.direct_passthrough = True
            response.make_conditional(call.request, accept_ranges=True, complete_length=status.st_size)
            stack.pop_all()  # from here on, whoever sends the answer closes it
        return response

    def _layout(self, call: Call) -> Layout:
        if call.path not in self._folder:
            raise RequestError(HTTPStatus.NOT_FOUND, Code.NAME_UNKNOWN, f"no repository {call.path}")
        return self._folder.layout(call.path)


def _accepts(accepted: MIMEAccept, media_type: str) -> bool:
    return not accepted.provided or accepted.quality(media_type) > 0
