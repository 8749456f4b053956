"""What a download makes of each answer, and how it goes on after one that breaks."""

from collections.abc import Callable

import httpx
import pytest

from gcrsync.errors import NotFoundError, ProtocolError, RegistryError, UnreachableError
from gcrsync.registry.download import Download
from gcrsync.registry.session import Call
from tests.support.faults import InPieces
from tests.support.sessions import session_to

CONTENT = b"0123456789"
CALL = Call("GET", httpx.URL("https://registry.test/v2/team/app/blobs/sha256:0"), "registry.test", "repository:team/app:pull")

Answer = Callable[[httpx.Request], httpx.Response]


def broken(come: int) -> Answer:
    """Give so many bytes, and break off; an answer without a length is not short, and handed on as it comes."""
    return lambda _: httpx.Response(200, stream=InPieces(CONTENT[:come], lambda: httpx.ReadError("reset")))


def ended(come: int) -> Answer:
    """Give so many bytes, and end as if this were all."""
    return lambda _: httpx.Response(200, stream=InPieces(CONTENT[:come]))


def rest(content_range: str | None = None, content: bytes | None = None) -> Answer:
    """Give what was asked for, or other bytes, as this range."""

    def answer(request: httpx.Request) -> httpx.Response:
        start = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        told = f"bytes {start}-9/10" if content_range is None else content_range
        stream = InPieces(CONTENT[start:] if content is None else content)
        return httpx.Response(206, headers={"Content-Range": told}, stream=stream)

    return answer


def status(code: int) -> Answer:
    return lambda _: httpx.Response(code, stream=httpx.ByteStream(b""))


def whole(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, stream=InPieces(CONTENT))


def read(*answers: Answer) -> tuple[bytes, list[str | None]]:
    """Read the blob from a registry that answers so, one after the other; give its bytes, and the ranges that were asked for."""
    ranges: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        ranges.append(request.headers.get("Range"))
        return answers[len(ranges) - 1](request)

    with session_to(answer) as session, Download(session, CALL, len(CONTENT)).opened() as chunks:
        return b"".join(chunks), ranges


@pytest.mark.parametrize(
    ("answers", "ranges"),
    [
        ((whole,), [None]),
        ((broken(4), rest()), [None, "bytes=4-"]),
        ((broken(4), rest("BYTES 4-9/*")), [None, "bytes=4-"]),
        ((ended(4), rest()), [None, "bytes=4-"]),
        ((broken(0), whole), [None, None]),
        ((broken(4), whole), [None, "bytes=4-"]),
        ((broken(4), broken(7), broken(2), rest()), [None, "bytes=4-", "bytes=7-", "bytes=7-"]),
        ((broken(4), status(503), rest()), [None, "bytes=4-", "bytes=4-"]),
        ((broken(10),), [None]),
    ],
)
def test_no_byte_is_lost_or_doubled_and_what_has_come_is_not_asked_for(
    answers: tuple[Answer, ...], ranges: list[str | None]
) -> None:
    assert read(*answers) == (CONTENT, ranges)


@pytest.mark.parametrize(
    ("answers", "error", "says"),
    [
        ((status(404),), NotFoundError, "404 Not Found"),
        ((lambda _: httpx.Response(200, headers={"Content-Length": "11"}, stream=InPieces(b"")),), ProtocolError, "announces 11"),
        ((broken(4), status(404)), NotFoundError, "404 Not Found"),
        ((broken(4), status(416)), ProtocolError, "416"),
        ((broken(4), rest("")), ProtocolError, "the registry gives some part"),
        ((broken(4), rest("bytes 3-9/10")), ProtocolError, "the registry gives bytes 3-9/10"),
        ((broken(4), rest("bytes 4-9/11")), ProtocolError, "the registry gives bytes 4-9/11"),
        ((broken(4), rest("4-9/10")), ProtocolError, "the registry gives 4-9/10"),
        ((ended(4), ended(4), ended(4), ended(4)), UnreachableError, "6 bytes before the end of the blob"),
    ],
)
def test_what_does_not_go_on_there_ends_the_download(answers: tuple[Answer, ...], error: type[RegistryError], says: str) -> None:
    with pytest.raises(error, match=says):
        read(*answers)


def test_a_part_that_is_longer_than_asked_for_is_left_to_whoever_verifies() -> None:
    assert read(broken(4), rest(content=b"456789abc"))[0] == CONTENT + b"abc"
