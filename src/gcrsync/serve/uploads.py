"""Uploads under way: each is an unfinished file, known by a name that the client keeps (distribution-spec, "Pushing blobs")."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from threading import Lock
from typing import NoReturn

from gcrsync.archive.staging import StagedFile, Staging
from gcrsync.serve.call import Code, RequestError

_MOST = 256
"""How many uploads may be under way; clients abandon some without a word, and each keeps a file open."""


class Upload:
    """One upload to a repository; ``identifier`` is its name. Who holds its ``lock`` uses it."""

    def __init__(self, path: str, staged: StagedFile) -> None:
        """Begin with a new file."""
        self.path, self.staged = path, staged
        self.lock = Lock()

    @property
    def identifier(self) -> str:
        """The random name of the upload."""
        return self.staged.path.name

    def append(self, chunks: Iterable[bytes], content_range: str | None) -> None:
        """Add a body to what came before; RequestError where its Content-Range does not follow, or is not what came.

        What came before a client broke off stays, so that it can go on from there.
        """
        before = self.staged.size
        last = None if content_range is None else self._last(content_range)
        for chunk in chunks:
            self.staged.write(chunk)
        if last is not None and last + 1 != self.staged.size:
            self.staged.truncate(before)
            self._refuse(f"{content_range} came with another number of bytes")

    def _last(self, content_range: str) -> int:
        """Give the last position of a range that begins where the upload has got to ("Pushing a blob in chunks")."""
        first, _, last = content_range.partition("-")
        if not (content_range.isascii() and first.isdigit() and last.isdigit()) or int(first) != self.staged.size:
            self._refuse(f"{content_range} does not follow the {self.staged.size} bytes that are here")
        return int(last)

    def _refuse(self, message: str) -> NoReturn:
        raise RequestError(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, Code.RANGE_INVALID, message, self.headers())

    def headers(self) -> dict[str, str]:
        """Give what an answer says of the upload: where it goes on, and how far it has got."""
        return {
            "Location": f"/v2/{self.path}/blobs/uploads/{self.identifier}",
            "Range": f"0-{max(self.staged.size - 1, 0)}",
            "Docker-Upload-UUID": self.identifier,
        }


class Uploads:
    """All uploads under way; they are forgotten with the process."""

    def __init__(self, staging: Staging) -> None:
        """Keep the unfinished files in a staging folder."""
        self._staging = staging
        self._lock = Lock()
        self._open: OrderedDict[str, Upload] = OrderedDict()

    def start(self, path: str) -> Upload:
        """Begin an upload to a repository; where there are too many, those that nobody has touched for longest are dropped."""
        upload = Upload(path, self._staging.create())
        with self._lock:
            self._drop_idle()
            self._open[upload.identifier] = upload
        return upload

    @contextmanager
    def use(self, path: str, identifier: str) -> Iterator[Upload]:
        """Give an upload to a repository to one request at a time, or raise RequestError."""
        upload = self._get(path, identifier)
        with upload.lock:
            yield self._get(path, identifier)  # again, since the request before this one may have ended it

    def drop(self, upload: Upload) -> None:
        """Forget an upload that the caller has in use, and remove its file, unless that was stored as a blob."""
        with self._lock:
            self._open.pop(upload.identifier, None)
        upload.staged.discard()

    def close(self) -> None:
        """Forget all uploads."""
        for upload in tuple(self._open.values()):
            self.drop(upload)

    def _get(self, path: str, identifier: str) -> Upload:
        with self._lock:
            upload = self._open.get(identifier)
            if upload is None or upload.path != path:
                message = f"no upload {identifier} to {path}: begin again"
                raise RequestError(HTTPStatus.NOT_FOUND, Code.BLOB_UPLOAD_UNKNOWN, message)
            self._open.move_to_end(identifier)
            return upload

    def _drop_idle(self) -> None:
        """Make room for one more: forget the oldest uploads that are not in use. The caller holds the lock."""
        for upload in tuple(self._open.values()):
            if len(self._open) < _MOST:
                return
            if upload.lock.acquire(blocking=False):
                del self._open[upload.identifier]
                upload.staged.discard()
                upload.lock.release()  # a request may be waiting for it, to learn that the upload is gone
