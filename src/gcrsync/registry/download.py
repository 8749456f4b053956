"""One blob, read to its end although the connection breaks: what has come is not asked for again (RFC 9110, 14)."""

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus

import httpx

from gcrsync.errors import ProtocolError, RegistryError, UnreachableError
from gcrsync.registry import answers
from gcrsync.registry.session import Call, Session

DOING = "reading blob"
"""What a download is called in errors."""

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)", re.IGNORECASE)


class Download:
    """The bytes of a blob of known size, by a GET that is repeated for the rest as often as the session's policy allows.

    The tries count anew from each piece that has come.
    """

    def __init__(self, session: Session, call: Call, size: int) -> None:
        """Ask nothing yet; ``size`` is in bytes."""
        self._session, self._call, self._size = session, call, size
        self._came = 0
        self._arriving = self._rest()

    @contextmanager
    def opened(self) -> Iterator[Iterator[bytes]]:
        """Open the blob and give its bytes as they arrive, not verified.

        Raises before the first byte where the registry does not give the blob, or announces another size. Each time that it is
        opened again the redirect of the registry is followed anew, for those that are signed end after a while.
        """
        first = self._session.retries.call(self._arrived)
        try:
            yield self._pieces(first)
        finally:
            self._arriving.close()

    def _pieces(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            yield piece
            piece = self._session.retries.advance(self._arrived)

    def _arrived(self) -> bytes:
        """Give the next piece, and nothing at the end; where that fails the next call asks for the rest anew."""
        try:
            piece = next(self._arriving, b"")
        except RegistryError:
            self._arriving = self._rest()
            raise
        self._came += len(piece)
        return piece

    def _rest(self) -> Generator[bytes]:
        """Ask for the part of the blob that is missing, and give it; a registry that knows no ranges gives all of it again."""
        if self._came == self._size > 0:  # what broke was only the end of the answer
            return
        headers = {**self._call.headers, "Range": f"bytes={self._came}-"} if self._came else self._call.headers
        with self._session.open(replace(self._call, headers=headers)) as response:
            if response.status_code == HTTPStatus.PARTIAL_CONTENT and self._came:
                self._check_range(response)
                yield from response.iter_raw()
            elif response.status_code == HTTPStatus.OK:
                self._check_announced(response)
                yield from _without(response.iter_raw(), self._came)
            else:
                raise answers.failure(response, DOING)
            self._check_whole(response.url)

    def _check_announced(self, response: httpx.Response) -> None:
        length = answers.content_length(response)
        if length not in (None, self._size):
            reason = f"the registry announces {length} bytes, the manifest {self._size}"
            raise ProtocolError(DOING, answers.where(response.url), reason)

    def _check_range(self, response: httpx.Response) -> None:
        told = response.headers.get("Content-Range", "")
        match = _CONTENT_RANGE.fullmatch(told)
        if match is None or int(match[1]) != self._came or match[2] not in {"*", str(self._size)}:
            reason = f"asked for what comes after {self._came} of {self._size} bytes, the registry gives {told or 'some part'}"
            raise ProtocolError(DOING, answers.where(response.url), reason)

    def _check_whole(self, url: httpx.URL) -> None:
        """Take an end that came early for a broken connection: an answer without a length cannot tell."""
        if self._came < self._size:
            reason = f"the connection ended {self._size - self._came} bytes before the end of the blob"
            raise UnreachableError(DOING, answers.where(url), reason)


def _without(pieces: Iterator[bytes], beginning: int) -> Iterator[bytes]:
    """Leave out so many bytes at the beginning."""
    for piece in pieces:
        if len(piece) > beginning:
            yield piece[beginning:]
        beginning = max(0, beginning - len(piece))
