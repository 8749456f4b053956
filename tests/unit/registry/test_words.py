"""What a registry says, made fit to be quoted."""

import json
from base64 import b64encode

import httpx
import pytest

from gcrsync.registry.words import error_codes, quotation

REQUEST = httpx.Request("GET", "https://registry.test/v2/")


def errors(*entries: object) -> bytes:
    return json.dumps({"errors": entries}).encode()


@pytest.mark.parametrize(
    ("content", "quoted"),
    [
        (errors({"code": "DENIED", "message": "no entry"}), "DENIED: no entry"),
        (errors({"code": "DENIED", "message": "no", "detail": "for you"}), "DENIED: no: for you"),
        (errors({"code": "A", "message": "b"}, {"code": "C", "detail": {"Tag": "x"}}), "A: b; C"),
        (b'{"details": "exists already"}', "exists already"),
        (b'{"error": "invalid_grant", "error_description": "it is over"}', "invalid_grant: it is over"),
        (b'{"message": "not found"}', "not found"),
        (b"Too Many Requests (HAP429).\n", "Too Many Requests (HAP429)."),
        (b"<html><body>secret login page</body></html>", "an HTML page"),
        (b"\n <!doctype HTML><title>x</title>", "an HTML page"),
        (
            b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
            "AccessDenied: Request has expired",
        ),
        (b"<feed/>", "an XML document"),
        (b'{"errors": "none"}', ""),
        (b'{"errors": [1, null, {"code": 5}]}', ""),
        (b'["DENIED"]', '["DENIED"]'),
        (b"", ""),
        (b"two\r\nlines \x1b[31mred\x00", "two lines [31mred"),
        (b"[" * 100, "[" * 100),
    ],
)
def test_the_words_are_found_in_every_form(content: bytes, quoted: str) -> None:
    assert quotation(content, REQUEST) == quoted


def test_long_words_are_cut() -> None:
    assert len(quotation(b"word " * 10_000, REQUEST)) <= 400


def test_a_signed_url_is_quoted_without_its_signature() -> None:
    said = quotation(b"cannot read https://store.test/blob?X-Amz-Signature=abc&x=1 now", REQUEST)

    assert said == "cannot read https://store.test/blob now"


@pytest.mark.parametrize(
    ("request_", "secret"),
    [
        (httpx.Request("POST", "https://r.test/", json={"identifier": "me", "secret": "hunter2.x"}), "hunter2.x"),
        (httpx.Request("GET", "https://r.test/", headers={"authorization": "Bearer hunter2.x"}), "hunter2.x"),
        (
            httpx.Request("GET", "https://r.test/", headers={"authorization": "Basic " + b64encode(b"me:hunter2").decode()}),
            "hunter2",
        ),
        (httpx.Request("POST", "https://r.test/", data={"refresh_token": "hunter/2", "scope": "x"}), "hunter/2"),
    ],
)
def test_a_secret_of_ours_is_not_quoted_back(request_: httpx.Request, secret: str) -> None:
    said = quotation(errors({"code": "UNAUTHORIZED", "message": f"'{secret}' is wrong"}), request_)

    assert said == "UNAUTHORIZED: '***' is wrong"


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (errors({"code": "DENIED"}, {"code": "toomanyrequests"}), ("DENIED", "TOOMANYREQUESTS")),
        (errors({"code": "two words"}, {"code": "x" * 65}, {"code": None}, {}, "DENIED"), ()),
        (errors(*[{"code": "A"}] * 1000), ("A",) * 16),
        (b'{"errors": {"code": "DENIED"}}', ()),
        (b"DENIED", ()),
    ],
)
def test_codes_are_upper_case_words(content: bytes, codes: tuple[str, ...]) -> None:
    assert error_codes(content) == codes
