"""What vendors tell beside the distribution API, page by page, and what of it is believed."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import httpx
import pytest

from gcrsync.errors import NotFoundError, ProtocolError, RateLimitedError, RegistryError
from gcrsync.oci.digest import Digest
from gcrsync.registry import api, fields
from gcrsync.registry.api import Answers, collected
from gcrsync.registry.session import Call
from tests.support.sessions import session_to

URL = "https://api.test/things"
PAGE = httpx.URL("https://hub.test/list?page=1")
DIGEST = Digest.of(b"image")
THINGS = ["1a", "1b", "2a", "2b", "3a", "3b", "4a", "4b"]


class Api:
    """Gives pages of two things each, linked as RFC 8288 has it; ``change`` makes another answer of one."""

    def __init__(self, pages: int, change: Callable[[int, httpx.Response], httpx.Response] | None = None) -> None:
        self.pages, self.change, self.log = pages, change, list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.log.append(request)
        page = int(request.url.params.get("page", "1"))
        headers = {"Link": f'<{URL}?page={page + 1}>; rel="next"'} if page < self.pages else {}
        response = httpx.Response(200, headers=headers, json=[{"name": f"{page}{letter}"} for letter in "ab"])
        return self.change(page, response) if self.change else response


class Changing(Api):
    """Gives what is there at the time, two things on a page; after the requests of these numbers it changes."""

    def __init__(self, changes: Mapping[int, Callable[[list[str]], object]]) -> None:
        super().__init__(4)
        self.changes, self.things = changes, list(THINGS)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        page = int(request.url.params.get("page", "1"))
        self.pages = -(-len(self.things) // 2)
        link = super().__call__(request).headers.get("Link")
        told = [{"name": each} for each in self.things[2 * page - 2 : 2 * page]]
        response = httpx.Response(200, headers={"Link": link} if link else {}, json=told)
        self.changes.get(len(self.log), len)(self.things)
        return response


def total(name: str, text: str) -> Callable[[int, httpx.Response], httpx.Response]:
    def told(_page: int, response: httpx.Response) -> httpx.Response:
        response.headers[name] = text
        return response

    return told


def instead(page: int, *answer: httpx.Response) -> Callable[[int, httpx.Response], httpx.Response]:
    given = iter(answer)
    return lambda at, response: next(given, response) if at == page else response


@pytest.fixture
def opened() -> Iterator[Callable[[Api], Answers]]:
    with ExitStack() as stack:

        def answers(vendor: Api) -> Answers:
            session = stack.enter_context(session_to(vendor))
            return Answers(session, Call("GET", httpx.URL(URL), "r.test", authorization="Bearer own"))

        yield answers


def test_every_page_is_read_and_shown_the_authorization(opened: Callable[[Api], Answers]) -> None:
    vendor = Api(3)
    pages = opened(vendor)

    assert [found["name"] for found in collected(pages, "name", "things")] == ["1a", "1b", "2a", "2b", "3a", "3b"]
    assert pages.requests == len(vendor.log) == 6
    assert {request.headers["Authorization"] for request in vendor.log} == {"Bearer own"}


@pytest.mark.parametrize("name", ["X-Total-Count", "X-Total"])
def test_fewer_things_than_are_counted_are_not_the_whole_list(opened: Callable[[Api], Answers], name: str) -> None:
    assert len(collected(opened(Api(2, total(name, "4"))), "name", "things")) == 4
    with pytest.raises(ProtocolError, match="not whole: 4 entries were given of 5"):
        collected(opened(Api(2, total(name, "5"))), "name", "things")


def test_what_goes_between_two_pages_does_not_hide_what_moves_to_the_first(opened: Callable[[Api], Answers]) -> None:
    def fewer(page: int, response: httpx.Response) -> httpx.Response:
        return total("X-Total", str(6 - page))(page, response)

    with pytest.raises(ProtocolError, match="not whole: 4 entries were given of 5"):
        collected(opened(Api(2, fewer)), "name", "things")


@pytest.mark.parametrize("gone", ["1a", "2a", "2b"])
def test_what_goes_where_nothing_is_counted_does_not_hide_what_moves(opened: Callable[[Api], Answers], gone: str) -> None:
    vendor = Changing({2: lambda things: things.remove(gone)})
    found = [each["name"] for each in collected(opened(vendor), "name", "things")]

    assert len(vendor.log) > 8
    assert found == vendor.things == [name for name in THINGS if name != gone]


def test_what_is_put_first_where_nothing_is_counted_is_not_missed(opened: Callable[[Api], Answers]) -> None:
    vendor = Changing({1: lambda things: things.insert(0, things.pop())})

    assert [each["name"] for each in collected(opened(vendor), "name", "things")] == vendor.things == ["4b", *THINGS[:-1]]


def test_a_list_that_changes_each_time_it_is_read_is_no_list(opened: Callable[[Api], Answers]) -> None:
    vendor = Changing({number: lambda things: things.pop(0) for number in (2, 5, 8)})
    with pytest.raises(ProtocolError, match="listing things: the list is not whole: it changes while it is read"):
        collected(opened(vendor), "name", "things")

    assert len(vendor.things) == 5


def test_a_single_page_is_whole(opened: Callable[[Api], Answers]) -> None:
    vendor = Api(1)

    assert len(collected(opened(vendor), "name", "things")) == 2
    assert len(vendor.log) == 1


def test_what_is_told_twice_is_counted_once(opened: Callable[[Api], Answers]) -> None:
    def again(page: int, response: httpx.Response) -> httpx.Response:
        told = response if page == 1 else httpx.Response(200, json=[{"name": "1b", "pulls": 7}, {"name": "2a"}])
        return total("X-Total", "4")(page, told)

    with pytest.raises(ProtocolError, match="not whole: 3 entries were given of 4"):
        collected(opened(Api(2, again)), "name", "things")


@pytest.mark.parametrize("text", ["", "-1", "four", "9" * 5000])
def test_a_count_that_makes_no_sense_counts_nothing(opened: Callable[[Api], Answers], text: str) -> None:
    pages = opened(Api(1, total("X-Total", text)))

    assert len(collected(pages, "name", "things")) == 2
    assert pages.total is None


def test_that_there_is_no_such_thing_is_said_by_the_first_page_alone(opened: Callable[[Api], Answers]) -> None:
    with pytest.raises(NotFoundError):
        collected(opened(Api(2, instead(1, httpx.Response(404)))), "name", "things")
    with pytest.raises(ProtocolError, match="a page of the list is not there: 404"):
        collected(opened(Api(2, instead(2, httpx.Response(404)))), "name", "things")


def test_too_many_requests_in_the_middle_of_a_list_are_waited_for(opened: Callable[[Api], Answers]) -> None:
    vendor = Api(2, instead(2, httpx.Response(429, headers={"Retry-After": "20"})))

    assert len(collected(opened(vendor), "name", "things")) == 4
    assert len(vendor.log) == 2 + 1 + 2
    with pytest.raises(RateLimitedError, match="run again in 2 hours"):
        collected(opened(Api(2, instead(2, *[httpx.Response(429, headers={"Retry-After": "7200"})] * 9))), "name", "things")


@pytest.mark.parametrize("target", ["https://evil.test/things?page=2", "http://api.test/things?page=2", URL, "https://[broken"])
def test_a_link_that_leads_elsewhere_or_in_a_circle_is_not_followed(opened: Callable[[Api], Answers], target: str) -> None:
    vendor = Api(1, lambda _page, response: httpx.Response(200, headers={"Link": f"<{target}>; rel=next"}, json=response.json()))
    with pytest.raises(ProtocolError, match="the link to the next page is not followed"):
        collected(opened(vendor), "name", "things")

    assert len(vendor.log) == 1


def test_a_list_without_an_end_is_left(opened: Callable[[Api], Answers]) -> None:
    vendor = Api(1_000_000)
    pages = opened(vendor)
    pages.most = 5
    with pytest.raises(ProtocolError, match="there were 5 before it"):
        collected(pages, "name", "things")

    assert len(vendor.log) == 5


def test_pages_that_are_too_large_together_are_left(opened: Callable[[Api], Answers]) -> None:
    pages = opened(Api(4))
    pages.largest = 50
    with pytest.raises(ProtocolError, match="all pages together are larger than 50 bytes"):
        collected(pages, "name", "things")


@pytest.mark.parametrize("content", [b"", b"{", b"<html>", b"[" * 100_000, b"{}", b"null", b"[[]]", b'["a"]', b"\xff"])
def test_what_is_no_list_of_objects_is_no_list(opened: Callable[[Api], Answers], content: bytes) -> None:
    with pytest.raises(ProtocolError):
        collected(opened(Api(1, instead(1, httpx.Response(200, content=content)))), "name", "things")


def following(url: httpx.URL, page: object) -> str | None:
    """Lead where a page says."""
    return fields.optional_text(fields.entry(page, url.path), "next", url.path) or None


class Few(Answers):
    """Pages, of which thirty are taken for endless."""

    most = 30


def read(answer: Callable[[httpx.Request], httpx.Response], *, authorization: str = "") -> list[object]:
    """Read all pages."""
    with session_to(answer) as session:
        return list(Answers(session, Call("GET", PAGE, "hub.test", authorization=authorization), following))


def page(number: int, link: str | None) -> httpx.Response:
    return httpx.Response(200, json={"number": number, "next": link})


def test_pages_are_read_up_to_the_last() -> None:
    pages = {"1": page(1, "?page=2"), "2": page(2, "https://hub.test/list?page=3"), "3": page(3, None)}
    read_pages = read(lambda request: pages[request.url.params["page"]])

    assert [fields.number(fields.entry(each, ""), "number") for each in read_pages] == [1, 2, 3]


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("https://other.test/list?page=2", "it is on https://other.test"),
        ("http://hub.test/list?page=2", "it is on http://hub.test"),
        ("https://hub.test:8443/list?page=2", "it is on"),
        ("https://me:secret@hub.test/list?page=2", "it is on"),
        ("https://hub.test/list?page=1", "it was read before"),
        ("\x00", "it is no URL"),
    ],
)
def test_a_link_that_leads_astray_is_not_followed(link: str, reason: str) -> None:
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return page(1, link)

    with pytest.raises(ProtocolError, match=reason):
        read(answer)
    assert asked == [PAGE]


def test_an_authorization_does_not_follow_to_where_a_redirect_led() -> None:
    shown: dict[str, str | None] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        shown[str(request.url)] = request.headers.get("Authorization")
        if request.url.host == "hub.test":
            return httpx.Response(302, headers={"Location": "https://other.test/list"})
        return page(1, "https://other.test/more")

    with pytest.raises(ProtocolError, match="it is on https"):
        read(answer, authorization="Bearer hunter2")
    assert shown == {str(PAGE): "Bearer hunter2", "https://other.test/list": None}


@pytest.mark.parametrize(("step", "most"), [(0, 18), (1, 30)])
def test_a_list_without_an_end_is_given_up(step: int, most: int) -> None:
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        link = f"?page={len(asked) + 1}"
        return httpx.Response(200, headers={"Link": f'<{link}>; rel="next"'}, json={"number": step * len(asked)})

    with session_to(answer) as session, pytest.raises(ProtocolError, match="the link to the next page is not followed"):
        list(Few(session, Call("GET", PAGE, "hub.test", authorization="")))
    assert len(asked) == most


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (ProtocolError("listing", "", "", status=400), True),
        (ProtocolError("listing", "", "", status=503), False),
        (ProtocolError("listing", "", "not JSON"), False),
        (RateLimitedError("listing", "", ""), False),
    ],
)
def test_a_refusal_is_an_answer_that_stays_the_same(error: RegistryError, *, refusal: bool) -> None:
    assert api.is_refusal(error) == refusal
