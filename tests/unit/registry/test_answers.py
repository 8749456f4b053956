"""Bodies within limits, JSON that is an object, and failures in the registry's own words."""

import gzip
from collections.abc import Iterator, Mapping, Sequence

import httpx
import pytest

from gcrsync.errors import (
    DeniedError,
    NotFoundError,
    ProtocolError,
    RateLimitedError,
    RefusedError,
    RegistryError,
    UnauthorizedError,
)
from gcrsync.registry.answers import ERROR_LIMIT, body, content_length, failure, json_object, where
from gcrsync.registry.limits import retry_after

URL = "https://registry.test:5000/v2/team/app/manifests/1?X-Signature=hunter2"
PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>"


def answer(status: int = 200, content: bytes | str = b"", headers: Mapping[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, content=content, headers=headers, request=httpx.Request("GET", URL))


def refusal(status: int, *codes: str, message: str = "no") -> httpx.Response:
    errors = [{"code": code, "message": message} for code in codes]
    return httpx.Response(status, json={"errors": errors}, request=httpx.Request("GET", URL))


def test_a_body_is_read_up_to_its_limit_and_no_further() -> None:
    assert body(answer(content=b"12345"), 5) == b"12345"
    with pytest.raises(ProtocolError, match="larger than 4 bytes"):
        body(answer(content=b"12345"), 4)


def test_a_small_answer_that_unpacks_to_a_large_one_is_not_unpacked_to_its_end() -> None:
    packed, taken = gzip.compress(b"\0" * 5_000_000), 0

    def parts() -> Iterator[bytes]:
        nonlocal taken
        for taken in range(0, len(packed), 100):
            yield packed[taken : taken + 100]

    response = httpx.Response(200, headers={"content-encoding": "gzip"}, content=parts(), request=httpx.Request("GET", URL))

    with pytest.raises(ProtocolError, match="larger than 1000000 bytes"):
        body(response, 1_000_000)
    assert 0 < taken < len(packed) / 2


def test_a_body_that_cannot_be_unpacked_is_no_answer() -> None:
    response = httpx.Response(
        200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"plain"), request=httpx.Request("GET", URL)
    )

    with pytest.raises(ProtocolError, match="its encoding is broken"):
        body(response, 100)


@pytest.mark.parametrize(
    ("told", "size"),
    [("0", 0), ("12", 12), ("9" * 18, 10**18 - 1), ("9" * 19, None), ("-1", None), ("1, 1", None), ("\u0661", None), ("", None)],
)
def test_a_length_that_makes_no_sense_is_none(told: str, size: int | None) -> None:
    response = httpx.Response(200, headers={b"Content-Length": told.encode()}, stream=httpx.ByteStream(b""))
    assert content_length(response) == size


def test_a_failure_that_cannot_be_unpacked_still_has_its_status() -> None:
    response = httpx.Response(
        404, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"x"), request=httpx.Request("GET", URL)
    )

    assert failure(response, "reading").message.endswith("404 Not Found")


@pytest.mark.parametrize(
    ("location", "hint"),
    [
        ("https://registry.test:444/v2/?sig=hunter2", "it leads to https://registry.test:444, and nothing is sent but to"),
        ("http://registry.test:5000/v2/", "it leads to http://registry.test:5000, and nothing is sent"),
        ("//me:hunter2@store.test/x", "name store.test if it is yours"),
        ("/login?next=hunter2", "it leads to registry.test:5000/login, and this request is not sent on"),
        ("https://registry.test:port/", ""),
        ("mailto:hunter2", ""),
    ],
)
def test_a_redirect_that_was_not_followed_says_where_it_leads_and_why_not(location: str, hint: str) -> None:
    request = httpx.Request("POST", "https://registry.test:5000/v2/a/blobs/uploads/")
    found = failure(httpx.Response(307, headers={"Location": location}, request=request), "opening an upload at")

    assert found.message == "opening an upload at registry.test:5000/v2/a/blobs/uploads/: 307 Temporary Redirect"
    assert hint in found.hint
    assert bool(found.hint) is bool(hint)
    assert "hunter2" not in str(found)


def test_a_json_object_is_given() -> None:
    assert json_object(answer(content='{"tags": ["ä"]}'), "listing", 100) == {"tags": ["ä"]}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (PAGE, "an HTML page"),
        ("", "not JSON"),
        ("{", "not JSON"),
        (b"\xff\xfe{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("1" * 10_000, "not JSON"),
        ("[]", "no JSON object"),
        ("null", "no JSON object"),
    ],
)
def test_anything_else_is_told_apart(content: str | bytes, reason: str) -> None:
    with pytest.raises(ProtocolError, match=f"listing registry.test:5000/v2/team/app/manifests/1: the answer is {reason}"):
        json_object(answer(content=content), "listing", 200_000)


@pytest.mark.parametrize(
    ("status", "codes", "kind"),
    [
        (401, [], UnauthorizedError),
        (401, ["UNSUPPORTED"], UnauthorizedError),
        (403, ["DENIED"], DeniedError),
        (404, ["MANIFEST_UNKNOWN"], NotFoundError),
        (404, [], NotFoundError),
        (404, ["UNSUPPORTED"], RefusedError),
        (404, ["MANIFEST_BLOB_UNKNOWN"], ProtocolError),
        (413, [], RefusedError),
        (415, [], RefusedError),
        (400, ["MANIFEST_INVALID"], RefusedError),
        (405, ["unsupported"], RefusedError),
        (500, ["MANIFEST_INVALID"], RefusedError),
        (400, ["MANIFEST_INVALID", "MANIFEST_BLOB_UNKNOWN"], ProtocolError),
        (400, ["NAME_INVALID"], ProtocolError),
        (405, [], ProtocolError),
        (429, ["TOOMANYREQUESTS"], RateLimitedError),
        (502, ["UNSUPPORTED"], ProtocolError),
        (500, [], ProtocolError),
        (307, [], ProtocolError),
        (799, [], ProtocolError),
    ],
)
def test_status_and_codes_choose_the_error(status: int, codes: Sequence[str], kind: type[RegistryError]) -> None:
    error = failure(refusal(status, *codes), "writing")

    assert type(error) is kind
    assert str(status) in error.message
    assert error.where == "registry.test:5000/v2/team/app/manifests/1"
    if isinstance(error, ProtocolError):
        assert (error.status, error.codes) == (status, tuple(codes))


@pytest.mark.parametrize("status", [400, 403, 405, 413, 500, 507])
def test_a_full_registry_is_no_refusal_of_the_manifest(status: int) -> None:
    error = failure(refusal(status, "MANIFEST_INVALID", message="it would exceed the storage quota of 5 GiB"), "writing")

    assert type(error) is DeniedError
    assert "storage quota of 5 GiB" in error.message
    assert "make room" in error.hint


def test_what_cannot_be_written_because_there_is_no_place_for_it_says_what_to_do() -> None:
    errors = {"errors": [{"code": "NAME_UNKNOWN", "message": "no such project"}]}
    hints = [
        failure(httpx.Response(404, json=errors, request=httpx.Request(method, URL)), "doing").hint for method in ("POST", "GET")
    ]

    assert hints == ["there is no such repository or project: create it there", ""]


def test_a_rate_limit_that_speaks_of_a_quota_is_a_rate_limit() -> None:
    response = httpx.Response(
        429,
        headers={"retry-after": "12"},
        json={"errors": [{"code": "TOOMANYREQUESTS", "message": "Quota exceeded"}]},
        request=httpx.Request("GET", URL),
    )

    error = failure(response, "reading")

    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 12


def test_an_error_that_can_be_mended_by_logging_in_says_how() -> None:
    response = httpx.Response(401, request=httpx.Request("GET", "https://registry-1.docker.io/v2/a/b/manifests/1"))

    assert "docker login docker.io" in failure(response, "reading").hint
    assert "docker login ghcr.io" in failure(response, "asking for a token for", place="ghcr.io").hint
    assert "GCRSYNC_USERNAME" in failure(refusal(403, "DENIED"), "reading").hint


def test_no_more_of_a_failure_is_read_than_can_be_told() -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1000
            yield b"x" * 1000

    error = failure(httpx.Response(500, content=endless(), request=httpx.Request("GET", URL)), "reading")

    assert ERROR_LIMIT <= read < ERROR_LIMIT + 1000
    assert len(error.message) < 700


def test_a_url_is_told_without_its_query_and_its_user() -> None:
    assert where(httpx.URL("https://me:secret@registry.test:5000/v2/a%20b?sig=1#f")) == "registry.test:5000/v2/a b"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "60"}, 60),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": "Sat, 21 Nov 2026 02:10:00 GMT", "date": "Sat, 21 Nov 2026 02:00:00 GMT"}, 600),
        ({"retry-after": "Sat, 21 Nov 2026 02:10:00 GMT"}, None),
        ({"retry-after": "Sat, 21 Nov 2026 02:10:00 -0000", "date": "Sat, 21 Nov 2026 02:00:00 GMT"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "in a while"}, None),
        ({}, None),
    ],
)
def test_the_time_to_wait_is_read_in_both_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(httpx.Headers(headers)) == seconds
