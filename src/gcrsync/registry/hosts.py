"""What each host has said of how much it gives, heeded by all sessions and threads of a run."""

import random
from collections.abc import Callable
from http import HTTPStatus
from math import inf
from threading import Lock
from typing import cast

import httpx

from gcrsync.errors import PullLimitError, RateLimitedError
from gcrsync.oci.name import canonical_host
from gcrsync.registry.clock import Clock
from gcrsync.registry.limits import SHORT, Allowance, allowance, pull_limit, retry_after, span
from gcrsync.registry.pace import Pace
from gcrsync.registry.words import quotation

_SPREAD = 1.0
"""Over how many seconds those who wait for the same host come back."""

Told = Callable[[str, Allowance], None]
"""Hears the name of a host, and what is left there."""

Paused = Callable[[str, float], None]
"""Hears the name of a host, and for how many seconds it wants to be left alone."""


def _nobody(host: str, rest: object) -> None:
    del host, rest


class Host:
    """One host, by its name and port; safe to share between threads."""

    def __init__(self, name: str, told: Told, paused: Paused) -> None:
        """Begin with nothing heard."""
        self._name, self._told, self._paused = name, told, paused
        self._left: int | None = None
        self._exhausted: tuple[str, float] | None = None
        self._open_at = -inf
        self._pace = Pace()
        self._lock = Lock()

    def send(self, request: httpx.Request, clock: Clock, sent: Callable[[], httpx.Response]) -> httpx.Response:
        """Give the answer, in the host's own time: it may ask for a pause, and for fewer requests at a time.

        Raises StoppedError where the run is asked to stop meanwhile, PullLimitError where no more is given for long, and
        RateLimitedError where the host has asked for a longer pause than is worth it.
        """
        self._check(request, clock)
        self._wait(clock)
        began = self._pace.begin(clock.stopped)
        if not isinstance(request.stream, httpx.ByteStream):
            # A body that comes from another request must not be waited for by that request, which may be to this host.
            self._pace.end()
            return self._heard(request, sent(), began, clock)
        try:
            return self._heard(request, sent(), began, clock)
        finally:
            self._pace.end()

    def _wait(self, clock: Clock) -> None:
        while (left := self._open_at - clock.now()) > 0:
            if left > SHORT:
                hint = f"run again in {span(left)}"
                raise RateLimitedError("asking", self._name, "it wants to be left alone", retry_after=left, hint=hint)
            clock.wait(left + random.uniform(0, _SPREAD))  # noqa: S311 - it keeps threads apart and nothing secret

    def _heard(self, request: httpx.Request, response: httpx.Response, began: int, clock: Clock) -> httpx.Response:
        self._tell(allowance(response.headers))
        if response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
            self._pace.quicken()
            return response
        content, now = b"".join(cast("httpx.ByteStream", response.stream)), clock.now()
        self._heed(request, response, content, now)
        self._pause(now, retry_after(response.headers) or 0.0)
        self._pace.slow(began)
        return response

    def _tell(self, rest: Allowance | None) -> None:
        if rest is None:
            return
        with self._lock:
            changed, self._left = rest.left != self._left, rest.left
        if changed:
            self._told(self._name, rest)

    def _pause(self, now: float, seconds: float) -> None:
        """Ask nothing more for so long, or for longer where another answer has asked for that."""
        with self._lock:
            longer, self._open_at = now + seconds > self._open_at, max(self._open_at, now + seconds)
        if longer and seconds:
            self._paused(self._name, seconds)

    def _check(self, request: httpx.Request, clock: Clock) -> None:
        """Refuse a request that would count where no more are given; HEAD and blobs do not count."""
        if self._exhausted is not None and request.method == "GET" and "/manifests/" in request.url.path:
            words, until = self._exhausted
            if (left := until - clock.now()) > 0:
                raise self._limited(words, left)

    def _heed(self, request: httpx.Request, response: httpx.Response, content: bytes, now: float) -> None:
        seconds = pull_limit(response.headers, content)
        if seconds is not None:
            words = quotation(content, request)
            self._exhausted = words, now + seconds
            raise self._limited(words, seconds)

    def _limited(self, words: str, seconds: float) -> PullLimitError:
        hint = f"run again in {span(seconds)}, or log in for a higher limit"
        reason = f"all pulls are used up: {words}" if words else "all pulls are used up"
        return PullLimitError("asking", self._name, reason, retry_after=seconds, hint=hint)


class Hosts:
    """The hosts that a run speaks to; one is shared by all its sessions."""

    def __init__(self, told: Told = _nobody, paused: Paused = _nobody) -> None:
        """Begin with none; ``told`` hears what is left of an allowance as it changes, ``paused`` of pauses, from any thread."""
        self._told, self._paused = told, paused
        self._hosts: dict[bytes, Host] = {}

    def at(self, url: httpx.URL) -> Host:
        """Give the host of a URL, always the same one."""
        host = self._hosts.get(url.netloc)
        return host or self._hosts.setdefault(url.netloc, Host(_named(url), self._told, self._paused))


def _named(url: httpx.URL) -> str:
    return canonical_host(url.netloc.decode("ascii"))
