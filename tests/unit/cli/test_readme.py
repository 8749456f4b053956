"""Every gcrsync.toml in the README can be copied as it stands."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from gcrsync.cli.config import parse_config

README = Path(__file__).parents[3] / "README.md"
BLOCK = re.compile(r"(?:^    .*\n|^\n(?=    ))+", re.MULTILINE)
TEXTS = [text for block in BLOCK.findall(README.read_text("utf-8")) if (text := dedent(block).strip()).startswith("[[mirror]]")]


def test_the_readme_shows_some() -> None:
    assert len(TEXTS) >= 3


@pytest.mark.parametrize("text", TEXTS)
def test_a_configuration_of_the_readme_is_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "images.txt").write_text("nginx:1.27\n")
    tables = parse_config(text, str(tmp_path / "gcrsync.toml"))

    assert len(tables) >= text.count("[[mirror]]")
