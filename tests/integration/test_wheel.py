"""What a wheel knows of itself, built as ``make wheel`` builds it."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.support.repositories import Workplace
from tests.support.runner import ROOT

FILES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE")


def test_a_wheel_knows_its_commit_without_credentials_unless_something_was_changed(tmp_path: Path) -> None:
    place, checkout = Workplace(tmp_path), tmp_path / "gcrsync"
    shutil.copytree(ROOT / "src", checkout / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, checkout)
    place.git(checkout, "init", "--quiet")
    place.git(checkout, "remote", "add", "origin", "https://me:s3@cret@github.com/acme/gcrsync.git")
    place.commit(checkout, "gcrsync", {name: (ROOT / name).read_text("utf-8") for name in FILES})
    place.git(checkout, "add", ".")
    place.git(checkout, "commit", "--quiet", "--message", "all")
    commit = place.git(checkout, "rev-parse", "HEAD").strip()
    wheel = _built(checkout, tmp_path / "dist")
    (checkout / "src" / "gcrsync" / "errors.py").write_text("changed = True\n")
    changed = _built(checkout, tmp_path / "changed")

    with zipfile.ZipFile(wheel) as archive:
        assert json.loads(archive.read("gcrsync/origin.json")) == {"url": "https://github.com/acme/gcrsync.git", "commit": commit}
        assert {f"gcrsync/cli/templates/{forge}.yml" for forge in ("github", "gitlab")} < set(archive.namelist())
        archive.extractall(tmp_path / "installed")
    assert _known(tmp_path / "installed") == f"https://github.com/acme/gcrsync@{commit}\n"
    assert "gcrsync/origin.json" not in zipfile.ZipFile(changed).namelist()
    assert [path.name for path in (tmp_path / "dist").iterdir()] == [wheel.name]


def _built(checkout: Path, dist: Path) -> Path:
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(dist)], cwd=checkout, check=True)
    (wheel,) = dist.glob("*.whl")
    return wheel


def _known(installed: Path) -> str:
    """Give the origin that gcrsync tells of itself where a wheel is unpacked."""
    program = "import os; from gcrsync.cli.origin import own_origin; print(own_origin(os.environ))"
    environment = {"PYTHONPATH": str(installed), "PATH": "/usr/bin:/bin"}
    return subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True, text=True).stdout
