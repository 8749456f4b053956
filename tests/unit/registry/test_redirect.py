"""Where redirects lead, and which are not followed."""

import httpx
import pytest

from gcrsync.errors import ProtocolError
from gcrsync.registry.redirect import target

HERE = "https://r.test/v2/a/blobs/sha256:1"


def led(
    location: str | None, method: str = "GET", url: str = HERE, status: int = 307, insecure: frozenset[str] = frozenset()
) -> str | None:
    headers = {} if location is None else {"location": location}
    found = target(httpx.Response(status, headers=headers, request=httpx.Request(method, url)), insecure)
    return None if found is None else str(found)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_follows_every_redirect(method: str, status: int) -> None:
    assert led("https://store.test/x?sig=1", method, status=status) == "https://store.test/x?sig=1"


@pytest.mark.parametrize("status", [200, 201, 202, 300, 304, 305, 306, 401])
def test_no_other_answer_is_a_redirect(status: int) -> None:
    assert led("https://store.test/x", status=status) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("status", "location", "expected"),
    [
        (307, "/v2/moved", "https://r.test/v2/moved"),
        (308, "https://r.test/v2/moved", "https://r.test/v2/moved"),
        (302, "/v2/moved", None),
        (303, "/v2/moved", None),
        (307, "https://store.test/v2/moved", None),
        (307, "https://r.test:444/v2/moved", None),
        (307, "http://r.test/v2/moved", None),
    ],
)
def test_writing_stays_on_its_host_and_keeps_its_method(method: str, status: int, location: str, expected: str | None) -> None:
    assert led(location, method, status=status) == expected


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/v2/b", "https://r.test/v2/b"),
        ("b?x=1", "https://r.test/v2/a/blobs/b?x=1"),
        ("//store.test/x", "https://store.test/x"),
        ("https://me:hunter2@store.test/x#part", "https://store.test/x"),
    ],
)
def test_a_location_counts_from_the_url_that_gave_it(location: str, expected: str) -> None:
    assert led(location) == expected


@pytest.mark.parametrize("location", [None, "", "ftp://store.test/x", "file:///etc/passwd", "https://store.test:port/", "\x00"])
def test_a_redirect_to_nowhere_is_refused(location: str | None) -> None:
    with pytest.raises(ProtocolError, match="without a usable Location"):
        led(location)


@pytest.mark.parametrize(
    "location", ["http://store.test/x?sig=hunter2", "http://r.test/x", "http://127.0.0.1/x", "http://r.test:443/x"]
)
def test_a_redirect_never_leaves_tls(location: str) -> None:
    with pytest.raises(ProtocolError, match="from TLS to plain HTTP") as caught:
        led(location)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "location",
    [
        "https://10.0.0.1/x",
        "https://localhost/x",
        "https://127.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/x",
        "https://vault/x",
    ],
)
def test_a_redirect_never_leads_from_a_public_host_into_a_private_network(location: str) -> None:
    with pytest.raises(ProtocolError, match="into the private network"):
        led(location)


@pytest.mark.parametrize(
    ("url", "location", "insecure"),
    [
        ("https://localhost/x", "http://127.0.0.1:9000/x", frozenset()),
        ("http://127.0.0.1:5000/x", "http://localhost:9000/x", frozenset()),
        ("https://10.0.0.1/x", "https://10.0.0.2/x", frozenset()),
        ("https://r.test/x", "https://10.0.0.2/x", frozenset({"r.test"})),
        ("https://r.test/x", "http://r.test/y", frozenset({"r.test"})),
        ("https://r.test/x", "http://10.0.0.2:9000/y", frozenset({"10.0.0.2:9000"})),
    ],
)
def test_within_a_private_network_redirects_are_followed(url: str, location: str, insecure: frozenset[str]) -> None:
    assert led(location, url=url, insecure=insecure) == location


@pytest.mark.parametrize(
    ("url", "location", "expected"),
    [
        ("https://r.test/v2/a/tags/list?n=10000", "https://ar.test/v2/p/a/tags/list", "https://ar.test/v2/p/a/tags/list?n=10000"),
        (
            "https://r.test/v2/a/tags/list?n=1&last=x",
            "https://ar.test/v2/p/a/tags/list",
            "https://ar.test/v2/p/a/tags/list?n=1&last=x",
        ),
        ("https://r.test/v2/a/tags/list?n=10000", "https://ar.test/v2/p/a/tags/list?n=5", "https://ar.test/v2/p/a/tags/list?n=5"),
        ("https://r.test/v2/a/tags/list?n=9", "https://ar.test/v2/p/a/tags/list?x=1", "https://ar.test/v2/p/a/tags/list?x=1&n=9"),
        ("https://r.test/v2/a/tags/list", "https://ar.test/v2/p/a/tags/list", "https://ar.test/v2/p/a/tags/list"),
        ("https://r.test/v2/a/tags/list?n=10000", "https://ar.test/login", "https://ar.test/login"),
        ("https://r.test/v2/_catalog?n=10000", "https://ar.test/v2/_catalog", "https://ar.test/v2/_catalog"),
    ],
)
def test_a_listing_keeps_the_page_size_that_a_redirect_drops(url: str, location: str, expected: str) -> None:
    assert led(location, url=url) == expected
