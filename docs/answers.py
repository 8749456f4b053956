"""Run each command that the pages of the documentation show, and write its answer below it: ``make answers``."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.pages import answered, has_commands
from tests.support.scenes import scene


def main(pages: list[str]) -> None:
    """Write the pages anew whose answers are other ones now, and name them."""
    for page in map(Path, pages):
        text = page.read_text("utf-8")
        if not has_commands(text):
            continue
        with TemporaryDirectory() as folder, scene(Path(folder), page.name) as session:
            now = answered(text, session)
        if now != text:
            page.write_text(now, "utf-8")
            print(page)


if __name__ == "__main__":
    main(sys.argv[1:])
