"""The pages of the documentation: each command that they show is run, and has to answer what stands below it."""

import re
from pathlib import Path

import pytest

from tests.support.pages import answered, has_commands
from tests.support.runner import ROOT
from tests.support.scenes import scene

PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if has_commands(page.read_text("utf-8"))]
PICTURED = {"demo"}
"""The commands of which there is a picture."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_shows_what_the_program_answers(tmp_path: Path, page: Path) -> None:
    text = page.read_text("utf-8")
    with scene(tmp_path, page.name) as session:
        now = answered(text, session)

    assert now == text, "`make answers` writes what the program answers now"


def test_each_command_is_shown_with_its_answer() -> None:
    program = (ROOT / "README.md").read_text("utf-8")
    commands = set(re.findall(r"^\| `gcrsync ([a-z-]+)", program, re.MULTILINE))
    shown = set(
        re.findall(r"^    \$ (?:.+ \| )?gcrsync ([a-z-]+)", "\n".join(page.read_text("utf-8") for page in PAGES), re.MULTILINE)
    )

    assert len(commands) > 15
    assert commands - shown == PICTURED
