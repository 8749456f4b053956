"""Every gcrsync.toml in README and docs can be copied as it stands."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from gcrsync.cli.config import parse_config

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(?:^    .*\n|^\n(?=    ))+", re.MULTILINE)
BLOCKS = [
    dedent(block).strip().removeprefix("$ cat gcrsync.toml\n") for page in PAGES for block in BLOCK.findall(page.read_text("utf-8"))
]
TEXTS = [text for text in BLOCKS if text.startswith("[[mirror]]")]


def test_the_pages_show_some() -> None:
    assert len(TEXTS) >= 10


@pytest.mark.parametrize("text", TEXTS)
def test_a_configuration_that_is_shown_is_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "images.txt").write_text("nginx:1.27\n")
    tables = parse_config(text, str(tmp_path / "gcrsync.toml"))

    assert len(tables) >= text.count("[[mirror]]")
