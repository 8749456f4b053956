"""How a pull limit is told from a request to wait a little."""

import httpx
import pytest

from gcrsync.registry.limits import Allowance, allowance, is_limit, pull_limit, retry_after, span

WORDS = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your unauthenticated pull rate limit."}]}'
OTHER = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"retry-after: 752us, allowed: 44000/minute"}]}'
HOUR = 3600.0


@pytest.mark.parametrize(
    ("headers", "content", "seconds"),
    [
        ({}, WORDS, 6 * HOUR),
        ({"ratelimit-limit": "100;w=7200", "ratelimit-remaining": "0;w=7200"}, WORDS, 2 * HOUR),
        ({"ratelimit-limit": "100;w=7200", "ratelimit-remaining": "0;w=7200"}, b"", 2 * HOUR),
        ({"Retry-After": "3600"}, WORDS, HOUR),
        ({"Retry-After": "60"}, WORDS, None),
        ({"Retry-After": "60"}, b"Too Many Requests (HAP429).", None),
        ({}, b"Too Many Requests", None),
        ({}, OTHER, None),
        ({"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "20;w=21600"}, OTHER, None),
        ({"ratelimit-limit": "100;w=60", "ratelimit-remaining": "0;w=60"}, b"", None),
    ],
)
def test_a_pull_limit_is_used_up_pulls_that_do_not_come_back_soon(
    headers: dict[str, str], content: bytes, seconds: float | None
) -> None:
    assert pull_limit(httpx.Headers(headers), content) == seconds


@pytest.mark.parametrize(
    ("most", "left", "expected"),
    [
        ("100;w=21600", "20;w=21600", Allowance(20, 100, 21600)),
        ("100", "0", Allowance(0, 100, 0)),
        ("", "20", None),
        ("100;w=21600", "-1", None),
        ("100, 100;w=60", "20", None),
        ("1" * 10, "20", None),
    ],
)
def test_what_is_left_is_read_only_where_the_headers_make_sense(most: str, left: str, expected: Allowance | None) -> None:
    assert allowance(httpx.Headers({"ratelimit-limit": most, "ratelimit-remaining": left})) == expected
    assert allowance(httpx.Headers({"ratelimit-limit": most})) is None


@pytest.mark.parametrize(
    ("status", "headers", "limit"),
    [
        (429, {}, True),
        (403, {"Retry-After": "60"}, True),
        (403, {"x-ratelimit-remaining": "0"}, True),
        (403, {"x-ratelimit-remaining": "1"}, False),
        (403, {}, False),
        (401, {"Retry-After": "60"}, False),
        (200, {"x-ratelimit-remaining": "0"}, False),
    ],
)
def test_github_says_by_403_that_too_much_was_asked(status: int, headers: dict[str, str], limit: bool) -> None:  # noqa: FBT001
    assert is_limit(status, httpx.Headers(headers)) == limit


@pytest.mark.parametrize(
    ("left", "reset", "seconds"),
    [("0", "1763690520", 120.0), ("0", "1763690000", 0.0), ("1", "1763690520", None), ("0", "soon", None), ("0", "9" * 11, None)],
)
def test_what_is_used_up_comes_back_when_github_says(left: str, reset: str, seconds: float | None) -> None:
    told = {"Date": "Fri, 21 Nov 2025 02:00:00 GMT", "x-ratelimit-remaining": left, "x-ratelimit-reset": reset}

    assert retry_after(httpx.Headers(told)) == seconds


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.5, "1 minute"), (61, "2 minutes"), (5400, "90 minutes"), (5401, "2 hours"), (21600, "6 hours"), (21601, "7 hours")],
)
def test_a_time_to_come_back_is_never_told_too_short(seconds: float, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1715065744"}, 55.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1715065000"}, 0.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1715065744", "retry-after": "9"}, 9.0),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": "1715065744"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, None),
        ({"x-ratelimit-remaining": "0"}, None),
        ({"retry-after": "1715065744", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1715065744"}, 55.0),
        ({"retry-after": "1715065744"}, 55.0),
        ({"retry-after": "1715065000"}, 0.0),
        ({"retry-after": "1715065744", "date": ""}, None),
        ({"retry-after": "999999999"}, 999999999.0),
    ],
)
def test_an_allowance_that_is_used_up_says_when_there_is_a_new_one(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(httpx.Headers({"date": "Tue, 07 May 2024 07:08:09 GMT", **headers})) == seconds
