"""``gcrsync site`` and the catalogue of ``gcrsync serve``: real runs, real git, and a real browser."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import httpx
import pytest
from playwright.sync_api import Browser

from benchmarks.browser import browser as started
from gcrsync.mirror.record import Held, Why
from gcrsync.mirror.span import Edit, spans
from gcrsync.oci.name import Tag
from gcrsync.site.catalogue import Contents, site
from gcrsync.store.folder import remake
from tests.support.browsing import looking
from tests.support.build import image, index
from tests.support.layouts import put
from tests.support.mirrors import Mirror
from tests.support.programs import needed
from tests.support.serving import served
from tests.support.simulator import Simulator
from tests.support.values import NOW, THEN, digest, record, records

ONE, TWO = image("one"), image("two")
DATES = ("2026-11-20T02:17:00Z", "2026-11-21T02:17:00Z")
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
HOSTILE = f"<img src=x onerror=alert(1)><script>alert(2)</script>{'x' * 200}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    needed("chromium")
    with started() as running:
        yield running


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the address, on the disk, of a site with a long repository, a held tag, one that is gone, and a hostile reason."""
    folder = tmp_path_factory.mktemp("site")
    held = Held(digest("three"), THEN, Why.REFUSED, HOSTILE)
    tool = replace(record("r.example/team/tool", {"latest": "two", "v1": "one"}, gone={"v0": "zero"}), held={Tag("v2"): held})
    long = record("r.example/long", {f"v1.{number}": f"{number}" for number in range(501)})
    other = record("r.example/other-tool", {"latest": "other"}, mirror="oci:./images/other")
    past = spans([Edit("c1", THEN, (), record("r.example/team/tool", {"latest": "one"})), Edit("c2", NOW, (), tool)])
    remake(folder, site(Contents(records(tool, long, other), {tool.repository: past}, HOSTILE)))
    return f"{folder.as_uri()}/"


def test_a_key_each_finds_images_and_the_keyboard_goes_through_them(browser: Browser, address: str) -> None:
    with looking(browser, address) as page:
        page.keyboard.press("/")
        page.keyboard.type("tool:l")
        page.wait_for_selector("#results a")
        assert page.locator("#answer").inner_text() == "2 repositories, 2 tags"
        assert page.locator("#results > ul > li > a").all_inner_texts() == ["r.example/team/tool", "r.example/other-tool"]

        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement.textContent") == "latest"
        page.keyboard.press("Enter")
        page.wait_for_url("**/team/tool/index.html#tag-latest")
        assert page.locator("tr:target th").inner_text() == "latest"


def test_what_is_typed_is_answered_in_fifty_milliseconds_and_with_no_letter_by_nothing(browser: Browser, address: str) -> None:
    with looking(browser, address) as page:
        for text in ("v1", "nothing like it", "team/tool:v2", "  "):
            page.fill("#q", text)
        page.wait_for_function("document.querySelector('#answer').textContent === ''")
        assert page.locator("#results").is_hidden()
        page.fill("#q", "V0 gone")
        page.wait_for_function("document.querySelector('#answer').textContent === 'Nothing on record fits.'")
        page.fill("#q", "V0")
        page.wait_for_selector("#results li li a")
        assert page.locator("#results li li").all_inner_texts() == ["v0 gone"]
        assert median(page.evaluate("performance.getEntriesByName('search').map(each => each.duration)")) < 50


def test_a_tag_on_a_later_page_is_found_there(browser: Browser, address: str) -> None:
    with looking(browser, address) as page:
        page.fill("#q", "long v1.0")
        page.wait_for_selector("#results li li a")
        page.locator("#q").press("ArrowDown")
        page.get_by_role("link", name="v1.0", exact=True).click()
        page.wait_for_url("**/long/~2.html#tag-v1.0")
        assert page.locator("tr:target").count() == 1


def test_the_digest_of_the_tag_that_was_looked_for_is_shown_whole_and_covers_nothing(browser: Browser, address: str) -> None:
    with looking(browser, address) as page:
        for window in (1280, 960, 768, 360):
            page.set_viewport_size({"width": window, "height": 800})
            page.goto(f"{address}r/r.example/team/tool/index.html#tag-latest")
            shown, cell = (page.locator(f"tr:target {each}").bounding_box() for each in ("code", "td:nth-child(2)"))
            assert shown is not None
            assert cell is not None
            assert shown["x"] + shown["width"] <= cell["x"] + cell["width"], window
            assert page.locator("tr:target code").evaluate("each => each.scrollWidth <= each.clientWidth"), window


def test_who_comes_back_from_what_was_found_finds_the_search_again(browser: Browser, address: str) -> None:
    with looking(browser, address) as page:
        page.keyboard.press("/")
        page.keyboard.type("other-tool:l")
        page.wait_for_selector("#results a")
        assert page.locator("#answer").inner_text() == "1 repository, 1 tag"
        page.keyboard.press("Enter")
        page.wait_for_url("**/other-tool/index.html")
        page.go_back()
        page.get_by_role("link", name="latest", exact=True).wait_for()
        assert page.url.endswith("index.html?q=other-tool%3Al")
        page.keyboard.press("/")
        page.keyboard.press("Escape")
        assert page.url.endswith("index.html")


def test_buttons_copy_the_command_of_a_pull_by_tag_and_pinned(browser: Browser, address: str) -> None:
    with looking(browser, address, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.get_by_role("link", name="r.example/team/tool", exact=True).click()
        page.get_by_role("button", name="Copy the pull command of v1", exact=True).click()
        page.get_by_text("Copied: docker pull mirror.example/team/tool:v1", exact=True).wait_for()
        page.get_by_role("button", name="Copy the pull command of v1, pinned by its digest").click()
        pinned = f"docker pull mirror.example/team/tool@{digest('one')}"
        page.get_by_text(f"Copied: {pinned}", exact=True).wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == pinned
        assert page.locator("tr", has_text="refused").get_by_role("button").count() == 0


def test_without_javascript_everything_can_be_read_and_nothing_is_offered_that_would_not_work(
    browser: Browser, address: str
) -> None:
    with looking(browser, address, java_script_enabled=False) as page:
        assert page.locator("noscript .note").is_visible()
        assert not page.locator("#q").is_visible()
        page.get_by_role("link", name="r.example/team/tool", exact=True).click()
        assert page.locator("tbody tr th").all_inner_texts() == ["v2", "v1", "v0", "latest"]
        assert digest("one") in page.locator("tr", has_text="v1").first.inner_text()
        assert HOSTILE in page.locator("tr", has_text="v2").inner_text()
        assert page.locator(".nights b").all_inner_texts() == ["moved", "gone", "added", "held", "added"]


@pytest.mark.parametrize("how", [{}, PHONE, {"color_scheme": "dark"}], ids=["desktop", "phone", "dark"])
def test_no_page_is_wider_than_its_window_and_every_text_stands_out_from_what_is_behind_it(
    browser: Browser, address: str, how: dict[str, object]
) -> None:
    with looking(browser, address, **how) as page:
        for path in ("index.html", "r/r.example/team/tool/index.html", "r/r.example/long/~2.html", "n/r.example/index.html"):
            page.goto(f"{address}{path}")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            assert page.evaluate(_LOWEST_CONTRAST) >= 4.5, path


def test_a_page_is_told_by_its_landmarks_its_one_heading_and_the_heads_of_its_tables(browser: Browser, address: str) -> None:
    with looking(browser, address) as page:
        page.goto(f"{address}r/r.example/team/tool/index.html")
        assert page.get_by_role("search").count() == page.get_by_role("main").count() == 1
        assert page.get_by_role("heading", level=1).all_inner_texts() == ["r.example/team/tool"]
        assert page.get_by_role("columnheader").count() == 7
        assert page.get_by_role("rowheader", name="latest").count() == 1
        assert page.get_by_label("Search images and tags").count() == 1


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A mirror after two nights in which ``team/tool:latest`` moved, and the names at both ends."""

    mirror: Mirror
    source: str
    destination: str


@pytest.fixture
def mirrored(tmp_path: Path) -> Iterator[Mirrored]:
    mirror, source, target = Mirror(tmp_path), Simulator(google=True), Simulator()
    source.add("p/team/tool", ONE, "latest", "v1")
    source.add("p/both", index(ONE, TWO), "v1")
    with served(source) as here, served(target) as there:
        mirror.configure(f"{here}/p", f"{there}/m")
        for date in DATES:
            mirror.run("sync", environment={"GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date})
            source.add("p/team/tool", TWO, "latest")
        yield Mirrored(mirror, here, there)


def test_the_site_says_what_is_on_record_and_what_became_of_it_and_a_new_one_replaces_it(
    mirrored: Mirrored, tmp_path: Path
) -> None:
    told = mirrored.mirror.run("site", "--output", str(tmp_path / "out")).stdout.splitlines()
    assert told[-1] == (tmp_path / "out" / "index.html").as_uri()
    place = tmp_path / "out" / "r" / mirrored.source.replace(":", "_") / "p"
    page = (place / "team" / "tool" / "index.html").read_text("utf-8")

    assert f"docker pull {mirrored.destination}/m/p/team/tool:latest" in page
    assert f"docker pull {mirrored.destination}/m/p/team/tool@{TWO.digest}" in page
    assert re.findall(r'datetime="(.*?)"|<b>(\w+)</b> (\w+)', page) == [
        (DATES[1], "", ""),
        ("", "moved", "latest"),
        (DATES[0], "", ""),
        ("", "added", "latest"),
        ("", "added", "v1"),
    ]
    assert re.findall(r'state mirrored">mirrored</span>([^<]*)', page) == ["", " (moved 2026-11-21)"]
    assert "<td>all<td>" in (place / "both" / "index.html").read_text("utf-8")

    for document in mirrored.mirror.root.glob("metadata/*/p/both.json"):
        document.unlink()
    mirrored.mirror.place.git(mirrored.mirror.root, "commit", "--quiet", "--all", "--message", "forget both")
    (place / "both" / "mine").write_text("mine")
    told = mirrored.mirror.run("site", "--output", str(tmp_path / "out")).stdout.splitlines()

    assert told[0].startswith("1 repository with 2 tags in ")
    assert [path.name for path in (place / "both").iterdir()] == ["mine"]


def test_serve_shows_what_is_in_the_folder_or_on_record_beside_the_registry(mirrored: Mirrored, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    put(folder, "m/p/team/tool", TWO, "latest")
    put(folder, "p/both", image("another of this name"), "v1")
    for options, words in (((), "mirrored"), (("--metadata-repo", str(mirrored.mirror.root)), "moved")):
        command = [sys.executable, "-m", "gcrsync", "serve", str(folder), "--port", "0", *options]
        server = subprocess.Popen(command, env=mirrored.mirror.environment, stdout=subprocess.PIPE, text=True)
        with server as process, ExitStack() as ended:
            ended.callback(process.terminate)
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            name = mirrored.source.replace(":", "_") + "/p/team/tool" if options else address.replace(":", "_") + "/m/p/team/tool"
            front, page = httpx.get(f"http://{address}/"), httpx.get(f"http://{address}/r/{name}/")
            assert front.headers["Content-Type"] == "text/html; charset=utf-8"
            assert f"docker pull {address}/m/p/team/tool:latest" in page.text
            assert words in page.text
            if options:
                both = httpx.get(f"http://{address}/r/{name.removesuffix('team/tool')}both/")
                assert f"docker pull {mirrored.destination}/m/p/both:v1" in both.text
            assert httpx.get(f"http://{address}/v2/m/p/team/tool/tags/list").json()["tags"] == ["latest"]
            assert httpx.get(f"http://{address}/v2/nothing").headers["Content-Type"] == "application/json"
            assert httpx.get(f"http://{address}/nothing.html").status_code == 404
            assert httpx.post(f"http://{address}/").status_code == 405
            process.terminate()
            assert process.wait(30) == 0


_LOWEST_CONTRAST = """() => {
    const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = ([red, green, blue]) => [red, green, blue].map((each) => each / 255)
        .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
        .reduce((sum, each, position) => sum + each * [0.2126, 0.7152, 0.0722][position], 0);
    const behind = (element) => {
        for (let each = element; each; each = each.parentElement) {
            const color = rgb(getComputedStyle(each).backgroundColor);
            if (color.length === 3 || color[3] > 0) return color;
        }
        return [255, 255, 255];
    };
    const shown = [...document.querySelectorAll("body *")].filter((each) => each.checkVisibility({ visibilityProperty: true })
        && [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()));
    return Math.min(...shown.map((each) => {
        const pair = [light(rgb(getComputedStyle(each).color)), light(behind(each))].sort((one, other) => other - one);
        return (pair[0] + 0.05) / (pair[1] + 0.05);
    }));
}"""
"""The lowest contrast of a text on a page (WCAG 2.2, 1.4.3), which is to be 4.5 at least."""
