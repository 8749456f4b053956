"""The page about using a mirror: each command on it is run, and has to answer what stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from gcrsync.metadata.document import encode
from tests.support.mirrors import Mirror
from tests.support.values import record

PAGE = Path(__file__).parents[2] / "docs" / "using-a-mirror.md"


_COMMAND = re.compile(r"^    \$ (.+)\n((?:    (?!\$ ).*\n|\n(?=    (?!\$ )))*)", re.MULTILINE)
"""A command, and the lines that follow it up to the next one or to the end of its block."""


def test_the_page_shows_what_the_program_answers(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    nginx = record("docker.io/library/nginx", {"1.27": "nginx"}, mirror="ghcr.io/acme/docker.io/library/nginx")
    static = record("gcr.io/distroless/static", {"latest": "static"}, mirror="ghcr.io/acme/gcr.io/distroless/static")
    mirror.place.commit(mirror.root, "record", {f"metadata/{each.repository}.json": encode(each) for each in (nginx, static)})
    environment = {**mirror.environment, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    commands = [(command, dedent(answer)) for command, answer in _COMMAND.findall(PAGE.read_text("utf-8"))]
    assert len(commands) >= 8
    for command, answer in commands:
        name = command.removeprefix("cat ")
        if name != command and not (mirror.root / name).exists():
            (mirror.root / name).write_text(answer)  # the reader's own file, which the page shows as it is at first
        ended = subprocess.run(
            ["sh", "-c", command], cwd=mirror.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        assert (command, ended.stdout.decode()) == (command, answer)
