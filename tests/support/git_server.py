"""A server of git repositories over HTTP: git's own ``http-backend`` behind a password."""

import subprocess
from base64 import b64encode
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from http import HTTPStatus
from pathlib import Path

import httpx

from tests.support.serving import Answer


@dataclass(frozen=True, slots=True)
class GitServer:
    """Serves the repositories in ``folder`` to the ``account`` alone; where they are ``public`` everybody may read them."""

    folder: Path
    account: str = "ann:s3cret"
    public: bool = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer as a git host does."""
        expected = "Basic " + b64encode(self.account.encode()).decode()
        writing = b"receive-pack" in request.url.raw_path
        if request.headers.get("Authorization") != expected and (writing or not self.public):
            refusal = _response(HTTPStatus.UNAUTHORIZED, b"")
            refusal.headers["WWW-Authenticate"] = 'Basic realm="git"'
            return refusal
        environment = {
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "REQUEST_METHOD": request.method,
            "PATH_INFO": request.url.path,
            "QUERY_STRING": request.url.query.decode(),
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "REMOTE_USER": self.account.partition(":")[0],
            "PATH": "/usr/bin:/bin",
        }
        backend = subprocess.run(
            ["git", "http-backend"], input=request.read(), env=environment, capture_output=True, check=True, timeout=60
        )
        head, _, body = backend.stdout.partition(b"\r\n\r\n")
        headers = BytesHeaderParser().parsebytes(head)
        return _response(int(headers.get("Status", "200").split()[0]), body, headers.get("Content-Type", ""))


def files_below(folder: Path) -> Answer:
    """Serve files as they lie there."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = folder / request.url.path.lstrip("/")
        return _response(HTTPStatus.OK, path.read_bytes()) if path.is_file() else _response(HTTPStatus.NOT_FOUND, b"")

    return answer


def _response(status: int, body: bytes, kind: str = "application/octet-stream") -> httpx.Response:
    headers = {"Content-Type": kind, "Content-Length": str(len(body))}
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))
