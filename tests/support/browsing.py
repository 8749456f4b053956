"""Debian's Chromium looking at the site: what it complains of, and what it asks for elsewhere, fails the test."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page


@contextmanager
def looking(browser: Browser, address: str, **how: object) -> Iterator[Page]:
    """Open a page at an address below which everything has to be; ``how`` are options of a context."""
    context = browser.new_context(**how)  # type: ignore[arg-type]  # as the caller has them
    page = context.new_page()
    complaints, asked = list[str](), list[str]()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}index.html")
    try:
        yield page
        assert asked
        assert [url for url in asked if not url.startswith(address)] == []
        assert complaints == []
    finally:
        context.close()
