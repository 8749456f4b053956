"""What a browser is shown beside the registry."""

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from gcrsync.serve.pages import answer, is_page

FILES = {"index.html": b"front", "r/gcr.io/a b/index.html": b"a page", "assets/style.css": b"css"}


def request(path: str, method: str = "GET") -> Request:
    """Give a request for a path, as it is, whatever URL it might be taken for."""
    return Request(EnvironBuilder(method=method).get_environ() | {"PATH_INFO": path})


def asked(path: str, method: str = "GET") -> tuple[int, str, str]:
    """Give the status, where it leads, and what is said."""
    response = answer(FILES.get, request(path, method))
    return response.status_code, response.headers.get("Location", ""), response.get_data(as_text=True)


def test_a_folder_is_its_index_and_leads_there_without_its_slash() -> None:
    assert asked("/") == (200, "", "front")
    assert asked("/r/gcr.io/a b/") == (200, "", "a page")
    assert asked("/r/gcr.io/a b")[:2] == (308, "/r/gcr.io/a%20b/")
    assert asked("/assets/style.css") == (200, "", "css")


@pytest.mark.parametrize("path", ["/r", "/r/gcr.io/", "//evil.test", "//evil.test/", "/r/gcr.io/a b//", "/../index.html"])
def test_what_is_no_page_leads_nowhere(path: str) -> None:
    assert asked(path)[:2] == (404, "")


def test_pages_are_read_only_and_beside_the_registry() -> None:
    assert asked("/", "POST")[0] == 405
    paths = ("/v2", "/v2/", "/v2/a/tags/list", "/v22")
    assert [is_page(request(path)) for path in paths] == [False, False, False, True]
