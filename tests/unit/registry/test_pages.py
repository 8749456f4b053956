"""The pages of a listing: how much of them is read."""

import httpx
import pytest

from gcrsync.errors import ProtocolError
from gcrsync.registry.pages import Pages
from gcrsync.registry.session import Call
from tests.support.sessions import session_to

FIRST, SECOND = b'{"tags": ["a"]}', b'{"tags": ["b"]}'


def answer(request: httpx.Request) -> httpx.Response:
    """Give two pages."""
    if "last" in request.url.params:
        return httpx.Response(200, content=SECOND)
    return httpx.Response(200, content=FIRST, headers={"Link": '</v2/a/tags/list?last=a>; rel="next"'})


@pytest.mark.parametrize("missing", [0, 1, len(SECOND)])
def test_the_pages_of_a_list_have_one_limit_together(missing: int) -> None:
    class Short(Pages):
        largest = len(FIRST + SECOND) - missing

    with session_to(answer) as session:
        pages = Short(session, Call("GET", session.url("r.test", "/v2/a/tags/list"), "r.test"), "tags", (100,))
        reading = iter(pages)
        assert next(reading) == {"tags": ["a"]}
        if missing:
            with pytest.raises(ProtocolError, match=f"all pages together are larger than {Short.largest} bytes"):
                next(reading)
        else:
            assert list(reading) == [{"tags": ["b"]}]
    assert pages.requests == 2
