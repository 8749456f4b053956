import pytest

from gcrsync.metadata.markdown import code, link, number, row, size


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (1_234_567, "1.2 MB"),
        (1_250_000_000, "1.3 GB"),
        (7 * 10**21, "7,000.0 EB"),
    ],
)
def test_a_size_is_in_the_unit_that_people_would_use(count: int, text: str) -> None:
    assert size(count) == text


def test_a_count_has_commas() -> None:
    assert number(1_234_567) == "1,234,567"


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("a_b*c*", "`a_b*c*`"),
        ("`](http://evil.example)", "`'](http://evil.example)`"),
        ("<script>\n\n# a\x1b[31m\u202e", "`<script> # a [31m`"),
        ("``", "`''`"),
        (" \n", ""),
    ],
)
def test_a_text_cannot_leave_its_code_span(text: str, span: str) -> None:
    assert code(text) == span


def test_a_link_leads_to_a_file_with_a_percent_sign_in_its_name() -> None:
    assert link("a.json/b", "a%2Ejson/b.json") == "[`a.json/b`](a%252Ejson/b.json)"


def test_a_cell_cannot_begin_another() -> None:
    assert row(("a", code("b|c"))) == r"| a | `b\|c` |"
