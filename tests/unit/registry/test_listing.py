"""What a registry says of one path: which kind of registry it is, and how its pages are followed."""

from collections.abc import Callable

import httpx
import pytest

from gcrsync.errors import NotFoundError, ProtocolError, RateLimitedError, RegistryError, UnauthorizedError, UnreachableError
from gcrsync.oci.name import Namespace
from gcrsync.registry.catalog import tags_call
from gcrsync.registry.listing import GoogleAnswer, PlainAnswer, ask
from gcrsync.registry.pages import Pages
from tests.support import build
from tests.support.faults import Fault, corrupted, document, page, redirect, status, truncated, unreachable
from tests.support.gate import Gate
from tests.support.sessions import session_to
from tests.support.simulator import Simulator, network

HOST = "registry.test"
APP = Namespace(HOST, "team/app")
TAGS = ("v1", "v2", "v3", "v4", "v5")


@pytest.fixture
def google() -> Simulator:
    simulator = Simulator(HOST, google=True)
    for tag in TAGS:
        simulator.add("team/app", build.image(tag), tag)
    simulator.add("team/app/debug", build.image(), "latest")
    return simulator


@pytest.fixture
def plain(google: Simulator) -> Simulator:
    return Simulator(HOST, repositories=google.repositories)


def asked(*simulators: Simulator, namespace: Namespace = APP) -> GoogleAnswer | PlainAnswer:
    with session_to(network(*simulators)) as session:
        return ask(session, namespace)


def names(answer: GoogleAnswer | PlainAnswer) -> list[str]:
    tags = answer.listing.tags if isinstance(answer, GoogleAnswer) else answer.tags
    assert tags is not None
    return sorted(tag.name for tag in tags)


def test_google_is_known_by_its_answer(google: Simulator) -> None:
    answer = asked(google)
    assert isinstance(answer, GoogleAnswer)
    assert (names(answer), set(answer.listing.children), answer.requests) == (list(TAGS), {"debug"}, 1)
    assert {tag.name: str(digest) for tag, digest in answer.listing.tags.items()} == google.repositories["team/app"].tags


def test_the_root_of_a_registry_is_asked_by_the_empty_name(google: Simulator) -> None:
    answer = asked(google, namespace=Namespace(HOST))
    assert isinstance(answer, GoogleAnswer)
    assert answer.listing.children == {"team"}
    assert [logged.path for logged in google.log] == ["/v2/tags/list"]


def test_google_is_asked_for_more_than_the_thousand_that_it_gives_unasked(google: Simulator) -> None:
    for number in range(1_001):
        google.add("team/many", build.Built(build.image().raw + b" " * number, build.image().media_type), f"t{number}")
    answer = asked(google, namespace=Namespace(HOST, "team/many"))
    assert len(names(answer)) == 1_001
    assert google.log[0].query == {"n": "10000"}


@pytest.mark.parametrize("size", [1, 2, 5])
def test_googles_pages_are_followed_and_counted(google: Simulator, size: int) -> None:
    google.page = size
    answer = asked(google)
    assert isinstance(answer, GoogleAnswer)
    assert names(answer) == list(TAGS)
    assert answer.requests == len(google.log) == -(-len(TAGS) // size)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_plain_list_of_tags_is_followed_and_counted(plain: Simulator, size: int) -> None:
    plain.page = size
    answer = asked(plain)
    assert isinstance(answer, PlainAnswer)
    assert (names(answer), answer.error) == (list(TAGS), None)
    assert answer.requests == len(plain.log) == -(-len(TAGS) // size)


def test_one_token_serves_all_pages(plain: Simulator) -> None:
    plain.page, plain.gate = 2, Gate("bearer")
    assert names(asked(plain)) == list(TAGS)
    assert [logged.query["scope"] for logged in plain.requests("GET", "/token")] == ["repository:team/app:pull"]


def test_tags_that_are_null_are_none(plain: Simulator) -> None:
    plain.faults.append(Fault("GET", "tags/list", document({"name": "team/app", "tags": None})))
    assert names(asked(plain)) == []


def test_what_was_pushed_by_digest_is_no_tag(plain: Simulator) -> None:
    listed = ["v1", str(build.image().digest), "v1"]
    plain.faults.append(Fault("GET", "tags/list", document({"tags": listed})))
    assert names(asked(plain)) == ["v1"]


@pytest.mark.parametrize(
    ("refusals", "sizes"),
    [
        ([status(400, "PAGINATION_NUMBER_INVALID")], ["10000", "1000"]),
        ([status(405, "UNSUPPORTED")], ["10000", "1000"]),
        ([status(413), status(413)], ["10000", "1000", "100"]),
    ],
    ids=["distribution", "ECR", "Quay"],
)
def test_smaller_pages_are_asked_for_where_large_ones_are_refused(
    plain: Simulator, refusals: list[Callable[..., httpx.Response]], sizes: list[str]
) -> None:
    plain.faults += [Fault("GET", "tags/list", refusal) for refusal in refusals]
    answer = asked(plain)
    assert names(answer) == list(TAGS)
    assert [logged.query["n"] for logged in plain.log] == sizes
    assert answer.requests == len(sizes)


@pytest.mark.parametrize(
    ("code", "kind"), [(404, NotFoundError), (401, UnauthorizedError), (403, RegistryError), (400, ProtocolError)]
)
def test_a_path_that_is_no_repository_is_told_with_its_error(plain: Simulator, code: int, kind: type[RegistryError]) -> None:
    plain.faults.append(Fault("GET", "tags/list", status(code), times=None))
    answer = asked(plain)
    assert isinstance(answer, PlainAnswer)
    assert answer.tags is None
    assert isinstance(answer.error, kind)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (status(500), ProtocolError),
        (status(429), RateLimitedError),
        (unreachable(), UnreachableError),
        (truncated(), RegistryError),
        (page(), ProtocolError),
        (corrupted(), ProtocolError),
        (document(["v1"]), ProtocolError),
        (document({"name": "team/app"}), ProtocolError),
        (document({"tags": ["v1", "not a tag"]}), ProtocolError),
        (document({"tags": {"v1": 1}}), ProtocolError),
    ],
)
@pytest.mark.parametrize("first", [1, 2])
def test_a_list_that_does_not_come_whole_is_no_list(
    plain: Simulator, change: Callable[..., httpx.Response], kind: type[RegistryError], first: int
) -> None:
    plain.page = 2
    plain.faults.append(Fault("GET", "tags/list", change, first=first, times=None))
    with pytest.raises(kind):
        asked(plain)


@pytest.mark.parametrize("code", [400, 401, 403, 404])
def test_a_later_page_that_is_refused_is_a_failure(google: Simulator, code: int) -> None:
    google.page = 2
    google.faults.append(Fault("GET", "tags/list", status(code), first=2, times=None))
    with pytest.raises(RegistryError):
        asked(google)


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ('<https://elsewhere.test/v2/team/app/tags/list?last=v1>; rel="next"', "it is on https://elsewhere.test"),
        ('<http://registry.test/v2/team/app/tags/list?last=v1>; rel="next"', "it is on http://registry.test"),
        ('<https://registry.test:444/v2/team/app/tags/list>; rel="next"', "it is on https://registry.test"),
        ('<https://user@registry.test/v2/team/app/tags/list>; rel="next"', "it is on https://registry.test"),
        ('<//elsewhere.test/v2/>; rel="next"', "it is on https://elsewhere.test"),
        ('<https://registry.test:port/>; rel="next"', "it is no URL"),
        ('<?n=10000>; rel="next"', "it was read before"),
    ],
)
def test_a_link_that_leads_astray_is_not_followed(plain: Simulator, link: str, reason: str) -> None:
    elsewhere = Simulator("elsewhere.test", repositories=plain.repositories)
    plain.faults.append(Fault("GET", "tags/list", document({"tags": ["v1"]}, {"Link": link})))
    with pytest.raises(ProtocolError, match=reason):
        asked(plain, elsewhere)
    assert (len(plain.log), elsewhere.log) == (1, [])


def test_links_that_go_round_in_a_circle_end(plain: Simulator) -> None:
    first, second = '<?last=v1>; rel="next"', '<?last=v2>; rel="next"'
    for link in (first, second, first):
        plain.faults.append(Fault("GET", "tags/list", document({"tags": ["v1"]}, {"Link": link})))
    with pytest.raises(ProtocolError, match="it was read before"):
        asked(plain)
    assert len(plain.log) == 3


def test_links_that_never_end_are_given_up() -> None:
    class FewPages(Pages):
        most = 5

    def endless(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("last", "0")) + 1
        content = httpx.ByteStream(b'{"tags": []}')
        return httpx.Response(200, headers={"Link": f'<?last={number}>; rel="next"'}, stream=content)

    with session_to(endless) as session:
        pages = FewPages(session, tags_call(session, APP), "tags", (10,))
        with pytest.raises(ProtocolError, match="5 before it"):
            list(pages)
        assert pages.requests == 5


@pytest.mark.parametrize("content", [b'{"tags": []}', b'{"tags": ["a", "b"]}'])
def test_a_page_that_comes_again_and_again_is_given_up_long_before(content: bytes) -> None:
    asked: list[httpx.URL] = []

    def endless(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, headers={"Link": f'<?last={len(asked)}>; rel="next"'}, stream=httpx.ByteStream(content))

    with session_to(endless) as session, pytest.raises(ProtocolError, match="it is the same page 17 times over"):
        list(Pages(session, tags_call(session, APP), "tags", (10,)))
    assert len(asked) == 18


@pytest.mark.parametrize(
    "link",
    [
        "</v2/team/app/tags/list?last=a;b>; rel=next",
        '<https://registry.test/v2/other>; rel="prev", <?last=a;b>; title="x"; rel="next"',
        '<?last=a;b>; REL="next last"',
    ],
)
def test_a_link_is_found_however_it_is_written(plain: Simulator, link: str) -> None:
    plain.faults.append(Fault("GET", "tags/list", document({"tags": ["a"]}, {"Link": link})))
    plain.faults.append(Fault("GET", "last=a;b", document({"tags": ["z"]}, {"Link": '<?last=0>; rel="prev"'})))
    assert names(asked(plain)) == ["a", "z"]


def test_a_full_page_without_a_link_is_asked_for_what_comes_after_it(plain: Simulator) -> None:
    full, rest = [f"a{number:05}" for number in range(10_000)], ["b"]
    plain.faults += [Fault("GET", "tags/list", document({"tags": full})), Fault("GET", "tags/list", document({"tags": rest}))]
    assert len(names(asked(plain))) == 10_001
    assert plain.log[1].query == {"n": "10000", "last": "a09999"}


def test_a_registry_that_gives_the_same_page_again_is_asked_no_more(plain: Simulator) -> None:
    full = [f"a{number:05}" for number in range(10_000)]
    plain.faults.append(Fault("GET", "tags/list", document({"tags": full}), times=None))
    assert len(names(asked(plain))) == 10_000
    assert len(plain.log) == 2


def test_pages_are_followed_where_a_redirect_led(google: Simulator) -> None:
    front = Simulator("front.test")
    front.faults.append(Fault("GET", "tags/list", redirect(f"https://{HOST}/v2/team/app/tags/list"), times=None))
    google.page = 2
    answer = asked(front, google, namespace=Namespace("front.test", "team/app"))
    assert names(answer) == list(TAGS)
    assert (answer.requests, len(front.log), len(google.log)) == (3, 1, 3)


def test_a_list_behind_a_redirect_that_drops_the_page_size_is_not_cut(google: Simulator) -> None:
    front = Simulator("front.test")
    front.faults.append(Fault("GET", "tags/list", redirect(f"https://{HOST}/v2/team/many/tags/list"), times=None))
    for number in range(1_001):
        google.add("team/many", build.Built(build.image().raw + b" " * number, build.image().media_type), f"t{number}")
    assert len(names(asked(front, google, namespace=Namespace("front.test", "team/many")))) == 1_001
    assert len(front.log) == 1


def test_a_list_that_is_nested_beyond_reason_is_refused(plain: Simulator) -> None:
    nested = b"[" * 200_000 + b"]" * 200_000
    plain.faults.append(Fault("GET", "tags/list", lambda _request, _answer: httpx.Response(200, content=nested)))
    with pytest.raises(ProtocolError):
        asked(plain)
    assert len(plain.log) == 1
