"""The site as a whole, from records alone."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from posixpath import dirname, join, normpath
from urllib.parse import unquote

import pytest

from gcrsync.mirror.record import Held, Record, Why
from gcrsync.mirror.span import Edit, spans
from gcrsync.oci.name import Tag
from gcrsync.site.catalogue import Contents, site
from tests.support.values import NOW, THEN, digest, record, records

HOSTILE = "<script>alert(1)</script>\"'&"


class _Links(HTMLParser):
    """What a page leads to, and the places in it that others can lead to."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.links, self.places, self.handlers = list[str](), set[str](), list[str]()
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.links += [named[name] for name in ("href", "src", "action") if name in named]
        self.places |= {named["id"]} if "id" in named else set()
        self.handlers += [tag for name in named if name.startswith("on") or name == "style"]


def _made(*each: Record, **more: object) -> dict[str, bytes]:
    return {path: make() for path, make in site(replace(Contents(records(*each)), **more)).items()}  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def odd() -> dict[str, bytes]:
    """Give the site of repositories whose names could be taken for pages, or for one another's."""
    many = {f"v{number}": f"{number}" for number in range(1001)}
    first = record("r.example:5000/a", {"v1": "one"}, held={"v1": "two", "v2": "three"}, gone={"v0": "zero"})
    each = (
        first,
        record("r.example:5000/a/index.html", many),
        record("r.example:5000/a/index.html/index.html", {"v1": "one"}),
        record("r.example:5000/a-b", {"v1": "one"}),
        record("other.example/a", {"v1": "one"}),
    )
    past = spans([Edit("c1", THEN, (), record("r.example:5000/a", {"v1": "zero"})), Edit("c2", NOW, (), first)])
    return _made(*each, pasts={first.repository: past})


def test_every_link_leads_to_a_file_of_the_site_and_to_a_place_in_it(odd: dict[str, bytes]) -> None:
    pages = {path: _Links(content) for path, content in odd.items() if path.endswith(".html")}
    followed = 0
    for path, page in pages.items():
        for link in page.links:
            target, _, place = link.partition("#")
            where = normpath(join(dirname(path), unquote(target))) if target else path
            assert where in odd, (path, link)
            assert not place or place in pages[where].places, (path, link)
            followed += 1

    assert followed > len(pages)


def test_what_the_search_leads_to_is_there_in_the_order_of_the_pages(odd: dict[str, bytes]) -> None:
    script = odd["assets/names.js"].decode()
    entries = json.loads(script.partition("gcrsyncNames = ")[2].rstrip(";\n"))
    found = {entry[0]: entry for entry in entries}

    assert len(found) == 5
    assert found["r.example:5000/a"][3].split("\n") == ["v2!", "v1", "v0~"]
    tags = found["r.example:5000/a/index.html"][3].split("\n")
    first = found["r.example:5000/a/index.html"][2]
    pages = [first, *(f"{dirname(first)}/~{number}.html" for number in (2, 3))]
    for number, page in enumerate(pages):
        shown = re.findall(r'id="tag-(.*?)"', odd[page].decode())
        assert shown == tags[500 * number :][:500]


def test_a_tag_that_is_served_and_held_has_a_row_for_each_and_tells_why(odd: dict[str, bytes]) -> None:
    page = odd["r/r.example_5000/a/index.html"].decode()
    rows = re.findall(r"<tr.*</tr>", page)[1:]

    assert [re.findall(r'<th scope="row">(\S+?)<td>|class="state (\w+)"', row) for row in rows] == [
        [("v2", ""), ("", "refused")],
        [("v1", ""), ("", "mirrored")],
        [("v1", ""), ("", "refused")],
        [("v0", ""), ("", "gone")],
    ]
    assert "not taken" in rows[0]
    assert digest("two") in rows[2]
    assert "since 2026-11-20" in rows[3]


def test_what_each_night_changed_is_told_newest_first(odd: dict[str, bytes]) -> None:
    page = odd["r/r.example_5000/a/index.html"].decode()

    assert re.findall(r'<time datetime="(.*?)"|<b>(\w+)</b> (\w+)', page) == [
        ("2026-11-21T02:17:00Z", "", ""),
        ("", "gone", "v0"),
        ("", "moved", "v1"),
        ("", "held", "v1"),
        ("", "held", "v2"),
        ("2026-11-20T02:17:00Z", "", ""),
        ("", "added", "v1"),
    ]


@pytest.mark.parametrize(("count", "has_more"), [(8, False), (9, True)])
def test_a_history_of_more_nights_than_a_page_tells_of_has_a_page_of_its_own(count: int, *, has_more: bool) -> None:
    each = [record("r.example/a", {"v1": f"{night}"}) for night in range(count)]
    edits = [Edit(f"c{night}", THEN + timedelta(night), (), made) for night, made in enumerate(each)]
    made = _made(each[-1], pasts={each[-1].repository: spans(edits)})

    assert made["r/r.example/a/index.html"].count(b"<h3>") == 8
    assert (b"~history.html" in made["r/r.example/a/index.html"]) is has_more
    assert made.get("r/r.example/a/~history.html", b"").count(b"<h2>") == (count if has_more else 0)


def test_nothing_that_a_registry_says_becomes_markup() -> None:
    held = Held(digest("one"), THEN, Why.REFUSED, HOSTILE)
    hostile = replace(record("r.example/a", {"v1": "one"}), held={Tag("v2"): held}, mirror="oci:./a\"'><b>/a")
    edits = [Edit(f"c{day}", THEN + timedelta(day), (), replace(hostile, tags={Tag("v1"): digest(f"{day}")})) for day in range(9)]
    past = spans([*edits, Edit("c9", THEN + timedelta(9), (), hostile)])

    made = _made(hostile, pasts={hostile.repository: past}, note=HOSTILE)

    assert b"&lt;script&gt;alert(1)" in made["r/r.example/a/index.html"]
    assert b"&lt;script&gt;alert(1)" in made["r/r.example/a/~history.html"]
    for path, content in made.items():
        assert b"<script>alert" not in content, path
        assert b"<b>/a" not in content or path == "assets/names.js", path
        assert not path.endswith(".html") or not _Links(content).handlers, path


def test_no_page_asks_for_anything_of_another_host_and_each_says_so_to_the_browser(odd: dict[str, bytes]) -> None:
    pages = [content.decode() for path, content in odd.items() if path.endswith(".html")]

    assert pages
    assert [page for page in pages if "default-src 'none'; script-src 'self'" not in page] == []
    assert [link for page in pages for link in _Links(page.encode()).links if ":" in link.partition("/")[0]] == []


def test_of_a_mirror_that_is_a_folder_no_pull_is_shown() -> None:
    made = _made(record("r.example/a", {"v1": "one"}, mirror="oci:./images/a"), record("r.example/b", {"v1": "one"}))

    assert b"docker pull mirror.example/b:v1" in made["r/r.example/b/index.html"]
    assert b"docker pull" not in made["r/r.example/a/index.html"]
    assert b"gcrsync serve" in made["r/r.example/a/index.html"]


def test_the_same_records_give_the_same_bytes_in_whatever_order_they_come() -> None:
    one, two = record("r.example/a", {"v1": "one", "v2": "two"}), record("r.example/b/c", {"v1": "one"})

    assert _made(one, two) == _made(two, one)


def test_a_record_of_nothing_is_a_site_that_says_so() -> None:
    assert b"Nothing is on record yet" in _made()["index.html"]


def test_the_first_page_of_a_large_mirror_is_as_short_as_any_and_leads_to_the_rest() -> None:
    made = _made(*(record(f"r.example/a{number}", {"v1": "one"}) for number in range(501)), record("r.example/b/c", {"v1": "one"}))

    front = made["index.html"].decode()
    assert front.count("<tr>") == 501
    assert ">r.example/b</a> <small>1 repository</small>" in front
    assert ">All 502 of r.example</a>" in front
    assert made["n/r.example/~2.html"].decode().count("<tr>") == 3
