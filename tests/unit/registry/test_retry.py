"""What is asked again, how often, with what pauses, and what never is."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import httpx
import pytest

from gcrsync.errors import (
    DeniedError,
    GcrsyncError,
    NotFoundError,
    ProtocolError,
    PullLimitError,
    RateLimitedError,
    RefusedError,
    StoppedError,
    UnreachableError,
)
from gcrsync.registry.hosts import Hosts
from gcrsync.registry.retry import Retries, RetryPolicy, RetryTransport
from tests.support.clock import SteppedClock

POLICY = RetryPolicy(tries=4, first_pause=1, longest_pause=60, total=300)
WHERE = ("reading", "registry.test/v2/")
DATE = "Sat, 21 Nov 2026 02:00:00 GMT"

Answer = httpx.Response | httpx.TransportError


class Script:
    """A transport that answers from a list, the last answer for ever, and counts how often it was asked."""

    def __init__(self, *answers: Answer | Callable[[], Answer]) -> None:
        """Keep the answers; a function makes a new one each time."""
        self.answers, self.asked = answers, 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Read the body, as a server would, and give the next answer."""
        request.read()
        given = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        answer = given if isinstance(given, httpx.Response | httpx.TransportError) else given()
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer


def sent(script: Script, clock: SteppedClock, request: httpx.Request | None = None, policy: RetryPolicy = POLICY) -> httpx.Response:
    transport = RetryTransport(httpx.MockTransport(script), Retries(policy, clock.clock), Hosts())
    return transport.handle_request(request or httpx.Request("GET", "https://registry.test/v2/"))


def answer(status: int, code: str = "", message: str = "", **headers: str) -> httpx.Response:
    body = json.dumps({"errors": [{"code": code, "message": message}]}) if code else ""
    return httpx.Response(status, text=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_trouble_is_asked_again_until_it_is_gone(status: int) -> None:
    script, clock = Script(partial(answer, status), partial(answer, status), partial(answer, 200)), SteppedClock()

    assert sent(script, clock).status_code == 200
    assert script.asked == 3
    assert 0 < sum(clock.slept) <= 1 + 2


def test_a_403_that_asks_for_patience_is_too_many_requests() -> None:
    script, clock = Script(partial(answer, 403, retry_after="20"), partial(answer, 200)), SteppedClock()

    assert sent(script, clock).status_code == 200
    assert (script.asked, 20 <= sum(clock.slept) <= 22) == (2, True)
    assert sent(Script(partial(answer, 403, retry_after="7200")), clock).status_code == 429


@pytest.mark.parametrize("status", [200, 201, 307, 400, 401, 403, 404, 405, 413, 415, 416, 501])
def test_a_settled_answer_is_asked_for_once(status: int) -> None:
    script, clock = Script(partial(answer, status)), SteppedClock()

    assert sent(script, clock).status_code == status
    assert (script.asked, clock.slept) == (1, [])


@pytest.mark.parametrize(
    "error",
    [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("gone"), httpx.WriteError("broken")],
)
def test_a_broken_connection_is_tried_again(error: httpx.TransportError) -> None:
    script = Script(error, partial(answer, 200))

    assert sent(script, SteppedClock()).status_code == 200
    assert script.asked == 2


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"),
        httpx.UnsupportedProtocol("gopher"),
        httpx.LocalProtocolError("illegal header"),
    ],
)
def test_a_failure_that_will_not_pass_is_tried_once(error: httpx.TransportError) -> None:
    script = Script(error)

    with pytest.raises(type(error)):
        sent(script, SteppedClock())
    assert script.asked == 1


def test_the_last_answer_and_the_last_failure_are_given_when_the_tries_are_used_up() -> None:
    refusing, failing = Script(partial(answer, 503, "UNAVAILABLE", "later")), Script(httpx.ReadError("broken"))

    response = sent(refusing, SteppedClock())
    assert (refusing.asked, response.status_code) == (4, 503)
    assert b"later" in response.read()
    with pytest.raises(httpx.ReadError, match="broken"):
        sent(failing, SteppedClock())
    assert failing.asked == 4


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": "0"}, 0),
        ({"Retry_After": "299"}, 299),
        ({"Retry_After": "Sat, 21 Nov 2026 02:00:30 GMT", "Date": DATE}, 30),
        ({"Retry_After": "Sat, 21 Nov 2026 01:00:00 GMT", "Date": DATE}, 0),
    ],
)
def test_the_pause_that_a_registry_asks_for_is_made_whole_and_does_not_end_for_all_threads_at_once(
    headers: dict[str, str], pause: float
) -> None:
    ends = []
    for _ in range(20):
        script, clock = Script(partial(answer, 429, **headers), partial(answer, 200)), SteppedClock()
        assert sent(script, clock).status_code == 200
        ends.append(sum(clock.slept))

    assert len(set(ends)) > 10
    assert pause < min(ends) < max(ends) < pause + 1.001


def test_a_pause_that_is_too_long_is_not_made_and_keeps_everything_else_from_that_host() -> None:
    script, clock = Script(partial(answer, 429, Retry_After="86400")), SteppedClock()
    transport = RetryTransport(httpx.MockTransport(script), Retries(POLICY, clock.clock), Hosts())
    request = httpx.Request("GET", "https://registry.test/v2/")

    assert transport.handle_request(request).status_code == 429
    with pytest.raises(RateLimitedError, match="run again in 24 hours"):
        transport.handle_request(request)
    assert (script.asked, clock.slept) == (1, [])


@pytest.mark.parametrize("text", ["soon", "-5", "1e3", "Sat, 21 Nov 2026 02:00:30 GMT", "\u0663"])
def test_a_pause_that_cannot_be_read_is_chosen_by_chance(text: str) -> None:
    raw = httpx.Response(429, headers=[(b"retry-after", text.encode())])
    script, clock = Script(raw, partial(answer, 200)), SteppedClock()

    assert sent(script, clock).status_code == 200
    assert 0 < sum(clock.slept) <= 1


def test_pauses_double_up_to_the_longest_and_are_chosen_by_chance_below_that() -> None:
    policy = RetryPolicy(tries=200, first_pause=1, longest_pause=4, total=1e9)
    ends: list[float] = []
    clock = SteppedClock()

    def failing() -> httpx.Response:
        ends.append(clock.now())
        return answer(503)

    sent(Script(failing), clock, policy=policy)
    pauses = [after - before for before, after in pairwise(ends)]

    assert len(pauses) == 199
    assert pauses[0] <= 1 < max(pauses)
    assert pauses[1] <= 2
    assert 3 < max(pauses) <= 4
    assert min(pauses) < 1


def test_no_pause_begins_that_would_end_after_the_whole_time() -> None:
    script, clock = Script(partial(answer, 503, Retry_After="40")), SteppedClock()

    assert sent(script, clock, policy=replace(POLICY, tries=100, total=100)).status_code == 503
    assert script.asked == 3
    assert sum(clock.slept) == pytest.approx(81, abs=1)


@pytest.mark.parametrize("code", ["MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID", "manifest_unknown"])
def test_a_manifest_that_is_judged_is_not_sent_again_whatever_the_status(code: str) -> None:
    script = Script(partial(answer, 500, code, "no"))

    response = sent(script, SteppedClock(), httpx.Request("PUT", "https://registry.test/v2/a/manifests/1", content=b"{}"))

    assert (script.asked, response.status_code) == (1, 500)
    assert code.encode() in response.read()


def test_a_pull_limit_that_lasts_for_hours_is_not_waited_for() -> None:
    script = Script(partial(answer, 429, "TOOMANYREQUESTS", "You have reached your pull rate limit."))

    with pytest.raises(PullLimitError, match="pull rate limit"):
        sent(script, SteppedClock())
    assert script.asked == 1


def chunks() -> Iterator[bytes]:
    yield b"first"
    yield b"second"


@pytest.mark.parametrize(
    ("request_", "times"),
    [
        (httpx.Request("POST", "https://registry.test/v2/a/blobs/uploads/"), 4),
        (httpx.Request("PUT", "https://registry.test/v2/a/manifests/1", content=b"{}"), 4),
        (httpx.Request("PUT", "https://registry.test/upload", content=chunks()), 1),
        (httpx.Request("PUT", "https://registry.test/upload?_state=a&digest=sha256:0", content=b"blob"), 1),
    ],
)
def test_only_a_body_that_can_be_sent_again_is(request_: httpx.Request, times: int) -> None:
    script = Script(partial(answer, 503))

    assert sent(script, SteppedClock(), request_).status_code == 503
    assert script.asked == times


class Endless(httpx.SyncByteStream):
    """An answer that never ends, and knows how much of it was read and whether it was closed."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self.read, self.closed = 0, False

    def __iter__(self) -> Iterator[bytes]:
        """Give the next part, for ever."""
        while True:
            self.read += 1024
            yield b"x" * 1024

    def close(self) -> None:
        """Remember."""
        self.closed = True


class Empty(httpx.SyncByteStream):
    """An answer without content, that knows whether it was read to its end and closed."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self.read = self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        """Give nothing."""
        self.read = True
        yield from ()

    def close(self) -> None:
        """Remember."""
        self.closed = True


@pytest.mark.parametrize("status", [302, 404, 500])
def test_no_more_of_an_error_is_read_than_is_quoted(status: int) -> None:
    streams: list[Endless] = []

    def endless() -> httpx.Response:
        streams.append(Endless())
        return httpx.Response(status, stream=streams[-1])

    response = sent(Script(endless), SteppedClock())

    assert len(response.read()) == 64 * 1024
    assert all(stream.closed and stream.read == 64 * 1024 for stream in streams)


def test_an_error_that_breaks_off_still_has_its_status() -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise httpx.ReadError("gone")

    response = sent(Script(lambda: httpx.Response(404, content=broken())), SteppedClock())

    assert (response.status_code, response.read()) == (404, b"")


def broken_once(length: str, **more: str) -> Script:
    def breaking() -> Iterator[bytes]:
        yield b"ha"
        raise httpx.ReadError("gone")

    headers = {"content-length": length} | more
    return Script(lambda: httpx.Response(200, headers=headers, content=breaking()), lambda: httpx.Response(200, content=b"half"))


def test_a_short_answer_that_breaks_off_is_asked_for_again() -> None:
    script = broken_once("4")

    assert sent(script, SteppedClock()).read() == b"half"
    assert script.asked == 2


@pytest.mark.parametrize(
    "script",
    [
        *map(broken_once, ["65537", "99999999999", f"{4:019}", "four", ""]),
        broken_once("4", **{"transfer-encoding": "chunked"}),
    ],
)
def test_an_answer_that_may_be_long_is_left_to_be_streamed(script: Script) -> None:
    with pytest.raises(httpx.ReadError):
        sent(script, SteppedClock()).read()
    assert script.asked == 1


@pytest.mark.parametrize(
    ("method", "headers"), [("HEAD", {"content-length": "5000000"}), ("PUT", {}), ("POST", {"content-length": "0"})]
)
def test_what_is_no_content_is_read_at_once_so_that_its_connection_is_free(method: str, headers: dict[str, str]) -> None:
    stream = Empty()

    response = sent(
        Script(httpx.Response(201, headers=headers, stream=stream)), SteppedClock(), httpx.Request(method, "https://r.test/")
    )

    assert (response.status_code, response.read(), stream.read, stream.closed) == (201, b"", True, True)


def test_a_stop_ends_a_pause_at_once() -> None:
    clock = SteppedClock()
    clock.stop_after = clock.seconds + 2
    script = Script(partial(answer, 503, Retry_After="60"))

    with pytest.raises(StoppedError):
        sent(script, clock)
    assert script.asked == 1
    assert sum(clock.slept) < 3


def failing(errors: Sequence[GcrsyncError]) -> tuple[Callable[[], str], list[GcrsyncError]]:
    raised: list[GcrsyncError] = []

    def function() -> str:
        if len(raised) == len(errors):
            return "done"
        raised.append(errors[len(raised)])
        raise raised[-1]

    return function, raised


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError(*WHERE, "broke off"),
        RateLimitedError(*WHERE, "429", retry_after=5),
        ProtocolError(*WHERE, "503", status=503),
        ProtocolError(*WHERE, "500", status=500, codes=["UNKNOWN"]),
    ],
)
def test_a_whole_piece_of_work_is_done_again_after_a_passing_trouble(error: GcrsyncError) -> None:
    function, raised = failing([error])
    clock = SteppedClock()

    assert Retries(POLICY, clock.clock).call(function) == "done"
    assert raised == [error]
    assert sum(clock.slept) == pytest.approx(5.5 if isinstance(error, RateLimitedError) else 0.5, abs=0.5)


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError(*WHERE, "CERTIFICATE_VERIFY_FAILED"),
        PullLimitError(*WHERE, "TOOMANYREQUESTS: You have reached your unauthenticated pull rate limit."),
        ProtocolError(*WHERE, "500", status=500, codes=["MANIFEST_BLOB_UNKNOWN"]),
        ProtocolError(*WHERE, "400", status=400),
        ProtocolError(*WHERE, "nonsense"),
        DeniedError(*WHERE, "403"),
        NotFoundError(*WHERE, "404"),
        RefusedError(*WHERE, "415"),
        StoppedError(),
    ],
)
def test_what_will_not_pass_is_not_done_again(error: GcrsyncError) -> None:
    function, raised = failing([error, error])

    with pytest.raises(type(error)):
        Retries(POLICY, SteppedClock().clock).call(function)
    assert raised == [error]


def test_work_that_never_succeeds_ends_with_its_own_error() -> None:
    function, raised = failing([UnreachableError(*WHERE, f"attempt {number}") for number in range(1, 10)])

    with pytest.raises(UnreachableError, match="attempt 4"):
        Retries(POLICY, SteppedClock().clock).call(function)
    assert len(raised) == 4


@pytest.mark.parametrize("policy", [POLICY, replace(POLICY, tries=100, total=30)], ids=["tries", "time"])
def test_work_and_the_requests_that_belong_to_it_have_their_tries_and_their_time_together(policy: RetryPolicy) -> None:
    script, clock = Script(partial(answer, 503, Retry_After="9")), SteppedClock()
    retries, began = Retries(policy, clock.clock), clock.now()
    transport = RetryTransport(httpx.MockTransport(script), retries, Hosts())

    def work() -> None:
        response = transport.handle_request(httpx.Request("GET", "https://registry.test/v2/"))
        raise ProtocolError(*WHERE, "in vain", status=response.status_code)

    with pytest.raises(ProtocolError, match="in vain"):
        retries.call(work)
    assert script.asked == 4
    assert clock.now() - began <= 30
    assert transport.handle_request(httpx.Request("GET", "https://registry.test/v2/")).status_code == 503
    assert script.asked == 8
