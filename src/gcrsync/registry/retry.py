"""What is asked again, how often and until when: one policy, and one count for all that belongs to one piece of work."""

import random
from collections.abc import Callable
from contextlib import closing, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeGuard, TypeVar, cast

import httpx

from gcrsync.errors import ProtocolError, PullLimitError, RateLimitedError, RegistryError, TokenEndedError, UnreachableError
from gcrsync.registry.answers import ERROR_LIMIT, content_length
from gcrsync.registry.clock import Clock
from gcrsync.registry.hosts import Hosts
from gcrsync.registry.limits import SHORT, is_limit, retry_after
from gcrsync.registry.proxied import ProxyLoginError
from gcrsync.registry.words import error_codes

Result = TypeVar("Result")

RETRYABLE_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""The statuses that may be gone a moment later."""

_FINAL_CODES = "MANIFEST_"
_LASTING = httpx.UnsupportedProtocol | httpx.LocalProtocolError | ProxyLoginError
_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often something is tried and how long the pauses are, in seconds.

    A pause is chosen by chance below a bound that doubles from ``first_pause`` to ``longest_pause``. Where the registry asks for
    one it is that, for to come sooner would be in vain, and up to ``first_pause`` more, for it asks all threads alike. No pause
    begins that would end later than ``total`` after the first attempt or the last progress, and what asks for more than five
    minutes is not tried again.
    """

    tries: int = 4
    first_pause: float = 1.0
    longest_pause: float = 60.0
    total: float = 300.0

    def pause(self, failures: int, told: float | None) -> float:
        """Give the pause after so many failures in a row, the last of which told how long it should be, or did not."""
        bound = min(self.longest_pause, self.first_pause * 2.0 ** (failures - 1)) if told is None else self.first_pause
        return (told or 0.0) + random.uniform(0, bound)  # noqa: S311 - it keeps threads apart and nothing secret


@dataclass(slots=True)
class _Count:
    """How often a piece of work has failed, and since when it has not come further, in monotonic seconds."""

    since: float
    failures: int = 0


_current: ContextVar[_Count | None] = ContextVar("count", default=None)
"""The count of the piece of work that this thread is at."""


@dataclass(frozen=True, slots=True)
class Retries:
    """A policy in the time of a run; safe to share between threads.

    What is called in the course of another call has its failures counted there: a blob that is copied once more, and each single
    request of that, have the tries and the time of that blob together, so that they do not multiply.
    """

    policy: RetryPolicy
    clock: Clock

    def call(self, function: Callable[[], Result]) -> Result:
        """Call the function until it neither raises an error nor gives an answer that may be gone a moment later.

        A token that ended on the way is no failure: the next call has a fresh one, and comes at once, but only once in a row.
        Raises the last error of the function, or StoppedError where the run is asked to stop during a pause.
        """
        count = _current.get()
        if count is not None:
            return self._repeated(function, count)
        outside = _current.set(count := _Count(self.clock.now()))
        try:
            return self._repeated(function, count)
        finally:
            _current.reset(outside)

    def advance(self, function: Callable[[], Result]) -> Result:
        """Call a function, to come further where some progress was made: with all tries and all time, as if nothing had failed.

        Where it succeeds the earlier failures count again, or what is brought anew with each try would give more of them for ever.
        Where it has failed in all of its tries, none is left for the work around it.
        """
        count = _current.get()
        if count is None:
            return self.call(function)
        before, count.failures, count.since = count.failures, 0, self.clock.now()
        result = self.call(function)
        count.failures = before
        return result

    def _repeated(self, function: Callable[[], Result], count: _Count) -> Result:
        while True:
            try:
                result = _renewed(function)
            except (RegistryError, httpx.TransportError) as error:
                told = error.retry_after if isinstance(error, RateLimitedError) else None
                if not (_is_temporary_error(error) and self._goes_on(count, told)):
                    raise
            else:
                if not (_is_temporary_answer(result) and self._goes_on(count, retry_after(result.headers))):
                    return result

    def _goes_on(self, count: _Count, told: float | None) -> bool:
        """Count a failure, and say after a pause that there is another try, or at once that there is none, which stays so."""
        count.failures += 1
        pause = self.policy.pause(count.failures, told)
        if count.failures >= self.policy.tries or self.clock.now() - count.since + pause > self.policy.total:
            count.failures = self.policy.tries
            return False
        self.clock.wait(pause)
        return True


class RetryTransport(httpx.BaseTransport):
    """A transport that sends a request again as the policy says, if its body can be sent again.

    A streamed body never is, nor the PUT that ends an upload: the registry may have taken its bytes. An answer is read at once
    where it is short, so that its connection is free again; of one that is an error or a redirect no more is read than a message
    needs.
    """

    def __init__(self, inner: httpx.BaseTransport, retries: Retries, hosts: Hosts) -> None:
        """Send through ``inner`` as far as the ``hosts`` give more."""
        self._inner, self._retries, self._hosts = inner, retries, hosts

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Give the last answer, or raise the last failure of ``inner``, or PullLimitError where the host gives no more for long."""
        ends_upload = request.method == "PUT" and "digest" in request.url.params
        if ends_upload or not isinstance(request.stream, httpx.ByteStream):
            return self._sent(request)
        return self._retries.call(lambda: self._sent(request))

    def close(self) -> None:
        """Close the transport below."""
        self._inner.close()

    def _sent(self, request: httpx.Request) -> httpx.Response:
        return self._hosts.at(request.url).send(request, self._retries.clock, lambda: self._answer(request))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        if is_limit(response.status_code, response.headers):
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
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


def _is_temporary_error(error: RegistryError | httpx.TransportError) -> bool:
    match error:
        case UnreachableError() | httpx.TransportError():
            return _UNTRUSTED not in str(error) and not isinstance(error, _LASTING)
        case RateLimitedError():
            return not isinstance(error, PullLimitError) and (error.retry_after or 0.0) <= SHORT
        case ProtocolError():
            return error.status in RETRYABLE_STATUSES and not _are_final(error.codes)
        case _:
            return False


def _is_temporary_answer(answer: object) -> TypeGuard[httpx.Response]:
    if not isinstance(answer, httpx.Response) or answer.status_code not in RETRYABLE_STATUSES:
        return False
    if (retry_after(answer.headers) or 0.0) > SHORT:
        return False
    return not _are_final(error_codes(_content(answer)))


def _content(response: httpx.Response) -> bytes:
    return b"".join(response.stream) if isinstance(response.stream, httpx.ByteStream) else b""


def _are_final(codes: tuple[str, ...]) -> bool:
    return any(code.startswith(_FINAL_CODES) for code in codes)
