"""What people read of a run in a file or in the summary of a job."""

import re

import pytest
from markdown_it import MarkdownIt

from gcrsync.metadata.report_page import cut, page
from gcrsync.metadata.sheet import Line, Part, Sheet, Verdict
from tests.support.values import NOW

COUNTS = {"added": 1, "moved": 1, "gone": 0, "held": 1, "unchanged": 7, "failed": 1, "unlisted": 0, "pruned": 0}
LINES = (
    Line("gcr.io/p/a", "v1", "added", Verdict.GOOD, now=f"sha256:{'a' * 64}"),
    Line("gcr.io/p/a", "v2", "moved", Verdict.GOOD, now=f"sha256:{'a' * 64}", before=f"sha256:{'b' * 64}"),
    Line("gcr.io/p/a", "v3", "held", Verdict.WAITING, "schema 1 manifest"),
    Line("gcr.io/p/a", "v4", "failed", Verdict.WRONG, "reset by peer"),
)
WARNING = Line("gcr.io/p/b", "", "failed", Verdict.UNKNOWN, "403 Forbidden")
PART = Part("gcr.io/p", COUNTS, LINES, (WARNING,), 1_234_567, 32, complete=False)


def test_a_page_has_what_went_wrong_before_the_counts_and_the_gravest_image_first() -> None:
    told = page(Sheet("sync", NOW, 1, (PART,), "it came to nothing", ("docker.io gives no more",)))

    assert told == (
        "## gcrsync sync: 1 added, 1 moved, 1 held, 1 failed\n"
        "\n"
        "Started 2026-11-21T02:17:00Z, exit code 1.\n"
        "\n"
        "- `it came to nothing`\n"
        "- `docker.io gives no more`\n"
        "- `gcr.io/p/b: 403 Forbidden`\n"
        "\n"
        "| namespace | added | moved | gone | held | unchanged | failed | copied | complete |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        "| `gcr.io/p` | 1 | 1 | 0 | 1 | 7 | 1 | 1.2 MB | no |\n"
        "\n"
        "| image | state | digest | reason |\n"
        "| --- | --- | --- | --- |\n"
        "| `gcr.io/p/a:v4` | failed |  | `reset by peer` |\n"
        "| `gcr.io/p/a:v3` | held |  | `schema 1 manifest` |\n"
        "| `gcr.io/p/a:v1` | added | `aaaaaaaaaaaa…` |  |\n"
        "| `gcr.io/p/a:v2` | moved | `bbbbbbbbbbbb…` to `aaaaaaaaaaaa…` |  |\n"
    )


@pytest.mark.parametrize(
    "hostile", [r"\| ![](https://evil.test)", "` <script>alert(1)</script> `", "a\n\n# heading\n\x1b[2J", r"\\\|`|<b>`\`"]
)
def test_no_text_of_a_registry_is_markup(hostile: str) -> None:
    line = Line("gcr.io/p/a", "v4", "failed", Verdict.WRONG, hostile)
    told = page(Sheet("sync", NOW, 1, (Part("gcr.io/p", COUNTS, (line,), (line,)),), hostile, (hostile,)))

    rendered = MarkdownIt("commonmark").enable("table").render(told)
    ours = {"h2", "p", "ul", "li", "code", "table", "thead", "tbody", "tr", "th", "td"}
    assert rendered.count("<tr>") == 4
    assert set(re.findall(r"<([a-z0-9]+)", rendered)) == ours
    assert "\x1b" not in told


def test_a_page_that_is_too_long_is_cut_at_a_line_and_says_how_many_are_gone() -> None:
    whole = page(Sheet("sync", NOW, 1, (PART,))) * 40
    short = cut(whole, 1000)

    assert len(whole.encode()) > 1000 >= len(short.encode()) > 900
    *kept, empty, told = short.splitlines()
    assert whole.splitlines()[: len(kept)] == kept
    assert (empty, told) == ("", f"{len(whole.splitlines()) - len(kept)} more lines were cut off: no more is shown here.")
    assert cut(whole, 10_000_000) == whole
    assert cut(whole, 10) == ""
