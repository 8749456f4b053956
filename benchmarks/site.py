"""Measures the site at the size of the largest mirrors: ``python -m benchmarks.site``.

How long ``gcrsync site`` takes, what a browser loads before the first search, when it paints first, and how soon a search answers.
"""

import gzip
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Thread

from playwright.sync_api import Browser, Page

from benchmarks.browser import browser
from benchmarks.ledger import Place, draft, edit_of, filled, records_of
from benchmarks.namespaces.generate import generate
from benchmarks.process import GCRSYNC, measured
from gcrsync.metadata.paths import ROOT
from gcrsync.sync.record import Documents

_REPOSITORIES, _TAGS, _NIGHTS, _CHANGED = 1042, 129_000, 30, 100
_SEED = 7
_SEARCHES = ("1", "v1.2", "a", "latest", "kube:v1", "static debug", "controller-9 v2", "sha")
_PAINTED = "performance.getEntriesByName('first-contentful-paint').map(each => each.startTime)"
_ANSWERED = "performance.getEntriesByName('search').map(each => each.duration)"
_HEAD = ("| what | figure |", "| --- | ---: |")


@dataclass(frozen=True, slots=True)
class Looked:
    """What a browser took: bytes as they stand on the disk and as they are sent compressed, and milliseconds."""

    loaded: int
    compressed: int
    painted: float
    first_answer: float
    answers: Sequence[float]


def main() -> None:
    """Read the arguments, measure, and print the table."""
    parser = ArgumentParser(prog="python -m benchmarks.site", description=__doc__)
    parser.add_argument("--repositories", type=int, default=_REPOSITORIES)
    parser.add_argument("--tags", type=int, default=_TAGS, help="in all repositories together")
    parser.add_argument("--nights", type=int, default=_NIGHTS, help=f"in each of which {_CHANGED} tags move")
    parser.add_argument("--runs", type=int, default=5, help="of each, whose median counts")
    parser.add_argument("--keep", type=Path, help="a folder for the metadata and the site, which are used again")
    chosen = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary)
        place, site = Place(folder), folder / "site"
        if not place.ours.exists():
            _record(folder, chosen.repositories, chosen.tags, chosen.nights)
        costs = [measured((GCRSYNC, "site", "--output", str(site)), place.ours) for _ in range(chosen.runs)]
        files = [path for path in site.rglob("*") if path.is_file()]
        _say(
            f"{chosen.tags:,} tags in {chosen.repositories:,} repositories, {chosen.nights} nights; medians of {chosen.runs}.",
            "",
            *_HEAD,
        )
        processor = median(cost.processor for cost in costs)
        _say(f"| `gcrsync site` | {median(cost.wall for cost in costs):.1f} s, {processor:.1f} s of processor time |")
        _say(f"| its peak of memory | {median(cost.peak for cost in costs) / 1e6:.0f} MB |")
        _say(f"| files | {len(files):,}, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB |")
        _say(f"| the largest page | {max(path.stat().st_size for path in files if path.suffix == '.html') / 1e3:.0f} kB |")
        with _served(site) as address, browser() as started:
            looks = [_look(started, address, site, search) for search in _SEARCHES for _ in range(chosen.runs)]
        _say(*_rows(looks, site / "assets" / "names.js"))


def _record(folder: Path, repositories: int, tags: int, nights: int) -> None:
    """Make a metadata repository in which some tags move each night."""
    place = filled(folder, records_of(generate(_SEED, "generated", repositories, tags), "gcr.io"))
    history, documents = place.history, Documents()
    known = documents.records(history.head(), ROOT)
    with history.locked():
        ground = history.prepare()
        for night in range(nights):
            edit = edit_of(known, min(_CHANGED, repositories), f"night-{night}")
            known = {**known, **edit.after}
            ground = history.publish(ground, draft(edit, documents)).ground


def _look(started: Browser, address: str, site: Path, search: str) -> Looked:
    """Open the first page with an empty cache, search, and search again with one letter after the other."""
    context = started.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(address)))
    page.goto(f"{address}index.html", wait_until="networkidle")
    before = [(site / path).read_bytes() for path in asked]
    painted: list[float] = page.evaluate(_PAINTED)
    _search(page, search)
    first: list[float] = page.evaluate(_ANSWERED)
    for end in range(1, len(search) + 1):
        _search(page, search[:end])
    answers: list[float] = page.evaluate(_ANSWERED)
    context.close()
    return Looked(sum(map(len, before)), sum(len(gzip.compress(each)) for each in before), painted[0], first[0], answers[1:])


def _search(page: Page, text: str) -> None:
    page.fill("#q", "")
    page.fill("#q", text)
    page.wait_for_selector("#results a, #answer:has-text('Nothing')")


def _rows(looks: Sequence[Looked], names: Path) -> Iterator[str]:
    content = names.read_bytes()
    answers = sorted(answer for look in looks for answer in (look.first_answer, *look.answers))
    yield f"| loaded before the first search | {looks[0].loaded / 1e3:.0f} kB ({looks[0].compressed / 1e3:.0f} kB compressed) |"
    yield f"| loaded with the first key | {len(content) / 1e6:.1f} MB ({len(gzip.compress(content)) / 1e6:.1f} MB compressed) |"
    yield f"| first paint | {median(look.painted for look in looks):.0f} ms |"
    yield f"| the answer to the first search | {median(look.first_answer for look in looks):.1f} ms |"
    tenth = answers[len(answers) * 9 // 10]
    yield f"| the answer to a search | {median(answers):.1f} ms, nine of ten within {tenth:.1f} ms |"


class _Silent(SimpleHTTPRequestHandler):
    """Serves files, and says nothing of it."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
