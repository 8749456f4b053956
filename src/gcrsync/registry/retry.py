"""What is asked again, how often and until when: one policy, for single requests and for whole blobs."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar, cast

import httpx
from tenacity import Future, RetryCallState, Retrying, wait_random_exponential

from gcrsync.errors import ProtocolError, PullLimitError, RateLimitedError, TokenEndedError, UnreachableError
from gcrsync.registry.answers import ERROR_LIMIT, content_length
from gcrsync.registry.clock import Clock
from gcrsync.registry.hosts import Hosts
from gcrsync.registry.limits import SHORT, retry_after
from gcrsync.registry.proxied import ProxyLoginError
from gcrsync.registry.words import error_codes

Result = TypeVar("Result")

RETRYABLE_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""The statuses that may be gone a moment later."""

Attempts = Iterable[AbstractContextManager[object]]
"""Contexts to try something in: each after the first follows one that ended with a temporary error, and a pause."""

_FINAL_CODES = "MANIFEST_"
_LASTING = httpx.UnsupportedProtocol | httpx.LocalProtocolError | ProxyLoginError
_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often something is tried and how long the pauses are, in seconds.

    A pause is chosen by chance below a bound that doubles from ``first_pause`` to ``longest_pause``, or is what the registry asks
    for: to come sooner would be in vain. No pause begins that would end later than ``total`` after the first attempt, and what asks
    for more than five minutes is not tried again.
    """

    tries: int = 4
    first_pause: float = 1.0
    longest_pause: float = 60.0
    total: float = 300.0

    def call(self, function: Callable[[], Result], clock: Clock) -> Result:
        """Call the function until it neither raises an error nor gives an answer that may be gone a moment later.

        A token that ended on the way is no failure: the next call has a fresh one, and comes at once, but only once in a row.
        Raises the last error of the function, or StoppedError where the run is asked to stop during a pause.
        """
        start = clock.now()

        def attempt() -> Result:
            return _renewed(function)

        first: Future = Future(1)
        try:
            first.set_result(attempt())
        except Exception as error:  # noqa: BLE001 - it is raised again, here or when enough was tried
            first.set_exception(error)
        if not _is_temporary(first):
            return cast("Result", first.result())
        return self._call_again(attempt, first, clock, start)

    def attempts(self, clock: Clock) -> Attempts:
        """Give contexts to try something in, until one ends without an error; the last error comes out of the iteration."""
        return self._retrying(clock, clock.now())

    def _call_again(self, function: Callable[[], Result], first: Future, clock: Clock, start: float) -> Result:
        """Go on after a first call that came to nothing; most calls need none of this, and there are thousands."""
        calls: list[Callable[[], Result]] = [function] * (self.tries - 1) + [first.result]

        def call() -> Result:
            return calls.pop()()

        return self._retrying(clock, start)(call)

    def _retrying(self, clock: Clock, start: float) -> Retrying:
        by_chance = wait_random_exponential(multiplier=self.first_pause, max=self.longest_pause)

        def pause(state: RetryCallState) -> float:
            told = _told(_outcome(state))
            return by_chance(state) if told is None else told

        def is_enough(state: RetryCallState) -> bool:
            return state.attempt_number >= self.tries or clock.now() - start + state.upcoming_sleep > self.total

        return Retrying(
            sleep=clock.wait,
            wait=pause,
            stop=is_enough,
            retry=lambda state: _is_temporary(_outcome(state)),
            retry_error_callback=lambda state: _outcome(state).result(),
        )


class RetryTransport(httpx.BaseTransport):
    """A transport that sends a request again as the policy says, if its body can be sent again.

    A streamed body never is, nor a PATCH, nor the PUT that ends an upload: the registry may have taken its bytes. An answer is read
    at once where it is short, so that its connection is free again; of one that is an error or a redirect no more is read than a
    message needs.
    """

    def __init__(self, inner: httpx.BaseTransport, policy: RetryPolicy, clock: Clock, hosts: Hosts) -> None:
        """Send through ``inner`` as far as the ``hosts`` give more."""
        self._inner, self._policy, self._clock, self._hosts = inner, policy, clock, hosts

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Give the last answer, or raise the last failure of ``inner``, or PullLimitError where the host gives no more for long."""
        ends_upload = request.method == "PUT" and "digest" in request.url.params
        if request.method == "PATCH" or ends_upload or not isinstance(request.stream, httpx.ByteStream):
            return self._attempt(request)
        return self._policy.call(lambda: self._attempt(request), self._clock)

    def close(self) -> None:
        """Close the transport below."""
        self._inner.close()

    def _attempt(self, request: httpx.Request) -> httpx.Response:
        return self._hosts.at(request.url).send(request, self._clock, lambda: self._answer(request))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        if response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            with suppress(httpx.TransportError):  # what the status says is worth more than its explanation
                return _held(response)
            return httpx.Response(response.status_code, headers=response.headers)
        return _held(response) if request.method != "GET" or _is_short(response) else response


def _is_short(response: httpx.Response) -> bool:
    length = content_length(response)
    return "transfer-encoding" not in response.headers and length is not None and length <= ERROR_LIMIT


def _held(response: httpx.Response) -> httpx.Response:
    content = bytearray()
    with closing(response):
        for part in cast("httpx.SyncByteStream", response.stream):
            content += part
            if len(content) >= ERROR_LIMIT:
                break
    stream = httpx.ByteStream(bytes(content[:ERROR_LIMIT]))
    return httpx.Response(response.status_code, headers=response.headers, stream=stream, extensions=response.extensions)


def _renewed(function: Callable[[], Result]) -> Result:
    try:
        return function()
    except TokenEndedError:
        return function()


def _outcome(state: RetryCallState) -> Future:
    if state.outcome is None:  # pragma: no cover - tenacity asks about pauses after an attempt only
        raise RuntimeError
    return state.outcome


def _told(outcome: Future) -> float | None:
    if outcome.failed:
        error = outcome.exception()
        return error.retry_after if isinstance(error, RateLimitedError) else None
    return retry_after(outcome.result().headers)


def _is_temporary(outcome: Future) -> bool:
    if not outcome.failed:
        return _is_temporary_answer(outcome.result())
    error = outcome.exception()
    return error is not None and _is_temporary_error(error)


def _is_temporary_error(error: BaseException) -> bool:
    match error:
        case UnreachableError() | httpx.TransportError():
            return _UNTRUSTED not in str(error) and not isinstance(error, _LASTING)
        case RateLimitedError():
            return not isinstance(error, PullLimitError) and (error.retry_after or 0.0) <= SHORT
        case ProtocolError():
            return error.status in RETRYABLE_STATUSES and not _are_final(error.codes)
        case _:
            return False


def _is_temporary_answer(answer: object) -> bool:
    if not isinstance(answer, httpx.Response) or answer.status_code not in RETRYABLE_STATUSES:
        return False
    if (retry_after(answer.headers) or 0.0) > SHORT:
        return False
    return not _are_final(error_codes(_content(answer)))


def _content(response: httpx.Response) -> bytes:
    return b"".join(response.stream) if isinstance(response.stream, httpx.ByteStream) else b""


def _are_final(codes: tuple[str, ...]) -> bool:
    return any(code.startswith(_FINAL_CODES) for code in codes)
