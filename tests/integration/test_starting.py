"""What a machine of one's own runs each night, as the page about cron and systemd has it."""

import json
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from textwrap import dedent

from tests.support.build import image
from tests.support.runner import ROOT
from tests.support.simulator import Simulator
from tests.support.vendors import vendors

PAGE = ROOT / "docs" / "start-with-cron.md"
_BLOCK = re.compile(r"(?:^    .*\n|\n(?=    ))+", re.MULTILINE)


def test_the_lines_for_cron_and_systemd_mirror_and_leave_a_report(tmp_path: Path) -> None:
    source, destination = Simulator("gcr.io", google=True), Simulator("ghcr.io")
    source.add("distroless/static", image("one"), "latest")
    installed = tmp_path / "gcrsync" / ".venv" / "bin"
    installed.mkdir(parents=True)
    (tmp_path / "log").mkdir()
    (installed / "gcrsync").symlink_to(Path(sys.executable).parent / "gcrsync")
    blocks = [dedent(block).strip() for block in _BLOCK.findall(PAGE.read_text("utf-8").replace("/srv/", f"{tmp_path}/"))]
    (line,) = (block.partition(" * * * ")[2] for block in blocks if " * * * " in block)
    service, timer = (block for block in blocks if block.startswith("[Unit]"))
    unit = ConfigParser(interpolation=None)
    unit.read_string(service)
    night = f"cd {unit['Service']['WorkingDirectory']} && {unit['Service']['ExecStart']}"

    with vendors(tmp_path, {"gcr.io": source, "ghcr.io": destination}) as internet:
        internet.mirror.configure("gcr.io/distroless", "ghcr.io/acme")
        for command, added in ((line, 1), (night, 0)):
            subprocess.run(["sh", "-c", command], env=internet.mirror.environment, check=True, capture_output=True)
            (namespace,) = json.loads((tmp_path / "log" / "report.json").read_text("utf-8"))["namespaces"]
            assert (namespace["complete"], namespace["added"]) == (True, added)
    assert set(destination.repositories["acme/distroless/static"].tags) == {"latest"}
    _read_by_systemd(tmp_path, {"gcrsync.service": service, "gcrsync.timer": timer})


def _read_by_systemd(folder: Path, units: dict[str, str]) -> None:
    """Have systemd read the units, where it is installed; the alarm is the reader's own."""
    if not shutil.which("systemd-analyze"):
        return
    for name, unit in units.items():
        (folder / name).write_text(f"{unit}\n", "utf-8")
    command = ["systemd-analyze", "verify", *(str(folder / name) for name in units)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert [line for line in ended.stderr.splitlines() if "gcrsync" in line and "alarm" not in line] == []
