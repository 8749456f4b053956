"""What a registry says of how much it gives: Docker Hub's pull limit, and the headers that tell what is left of it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from math import ceil

import httpx

SHORT = 300.0
"""Up to so many seconds it is better to wait for a registry than to go on without it."""

_WINDOW = 6 * 3600
"""Docker Hub counts pulls over six hours, where its headers do not tell."""

_EARLIEST = 10**9
"""A ``Retry-After`` from here on is a time since 1970, as Docker Hub says it: so many seconds would be thirty years."""

_MOST_MINUTES = 90
_QUANTITY = re.compile(r"([0-9]{1,9})(?:;w=([0-9]{1,9}))?")
_SECONDS = re.compile(r"[0-9]{1,10}")
_WORDS = b"pull rate limit"


@dataclass(frozen=True, slots=True)
class Allowance:
    """``left`` of the ``most`` pulls that a registry gives in ``window`` seconds, 0 where it does not tell how long that is."""

    left: int
    most: int
    window: int


def allowance(headers: httpx.Headers) -> Allowance | None:
    """Read ``ratelimit-limit`` and ``ratelimit-remaining``, as ``100;w=21600``; None where they do not both make sense."""
    if "ratelimit-remaining" not in headers:
        return None
    left = _QUANTITY.fullmatch(headers["ratelimit-remaining"])
    most = _QUANTITY.fullmatch(headers.get("ratelimit-limit", ""))
    return Allowance(int(left[1]), int(most[1]), int(most[2] or left[2] or 0)) if left and most else None


def pull_limit(headers: httpx.Headers, content: bytes) -> float | None:
    """Give the seconds until a registry gives manifests again, by a 429 that says that all pulls are used up.

    None for a 429 of another kind, and where the registry is back so soon that it is waited for. HEAD has no content, and is told
    by the headers alone.
    """
    rest = allowance(headers)
    if _WORDS not in content.lower() and (rest is None or rest.left):
        return None
    told = retry_after(headers)
    seconds = float((rest and rest.window) or _WINDOW) if told is None else told
    return seconds if seconds > SHORT else None


def retry_after(headers: httpx.Headers) -> float | None:
    """Give the seconds that ``Retry-After`` asks for (RFC 9110, 10.2.3), None where it does not say.

    Docker Hub gives a time there, in seconds since 1970. Without it, an allowance that is used up says when there is a new one:
    ``X-RateLimit-Reset``, in seconds since 1970, as the APIs of Docker Hub and GitHub do. A time counts from the ``Date`` of the
    same answer, so that an error of our clock does not matter.
    """
    text = headers.get("retry-after", "").strip()
    seconds = int(text) if _SECONDS.fullmatch(text) else None
    if seconds is not None and seconds < _EARLIEST:
        return float(seconds)
    try:
        until = _moment(seconds) or _reset(headers) or parsedate_to_datetime(text)
        pause = until - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, pause.total_seconds())


def is_limit(status: int, headers: httpx.Headers) -> bool:
    """Say whether an answer means that too much was asked: 429, or GitHub's 403, which tells itself apart by its headers."""
    if status != HTTPStatus.FORBIDDEN:
        return status == HTTPStatus.TOO_MANY_REQUESTS
    return "retry-after" in headers or _is_used_up(headers)


def _is_used_up(headers: httpx.Headers) -> bool:
    return str(headers.get("x-ratelimit-remaining")) == "0"


def _reset(headers: httpx.Headers) -> datetime | None:
    """Give the time at which there is more again, where nothing is left."""
    text = headers.get("x-ratelimit-reset", "")
    return _moment(int(text)) if _is_used_up(headers) and _SECONDS.fullmatch(text) else None


def _moment(seconds: int | None) -> datetime | None:
    """Give the time so many seconds after 1970."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def span(seconds: float) -> str:
    """Say how long a time is that does not come to seconds: ``6 hours``, ``20 minutes``; never less than it is."""
    minutes = max(1, ceil(seconds / 60))
    count, unit = (minutes, "minute") if minutes <= _MOST_MINUTES else (ceil(minutes / 60), "hour")
    return f"{count} {unit}{'' if count == 1 else 's'}"
