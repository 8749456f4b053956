"""What any CI runs: ``.ci/run``."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.runner import ROOT, Runner

RECORD = 'printf "%s\\n" "${0##*/} $* CI=$CI" >>"$CALLS"'
NEEDED = ("docker-registry", "git", "make", "shellcheck", "skopeo", "buildah", "chromium")


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Give a machine on which nothing is installed but a shell and apt-get."""
    runner = Runner(tmp_path, {}, path="")
    for program in ("bash", "dirname", "env"):
        (runner.programs / program).symlink_to(shutil.which(program) or "")
    runner.install("apt-get", RECORD)
    runner.install("sudo", 'shift; exec "$@"')
    shutil.copytree(ROOT / ".ci", runner.checkout / ".ci")
    return runner


def _install_all(runner: Runner) -> None:
    for program in NEEDED:
        runner.install(program, RECORD)
    runner.install("python3", "exit 0")


def test_what_is_missing_is_installed_and_then_everything_runs(runner: Runner) -> None:
    for program in NEEDED[:3]:
        runner.install(program, RECORD)

    ended = runner.run({"name": "CI", "run": "cd / && " + str(runner.checkout / ".ci" / "run")})

    assert ended.code == 0, ended.output
    update, install, lint, test = runner.calls
    assert update == "apt-get update --quiet CI=true"
    assert install.startswith("apt-get install ")
    assert set(install.split()) > {"python3", "python3-venv", "shellcheck", "skopeo"}
    assert not {"docker-registry", "git", "make"} & set(install.split())
    assert [lint, test] == ["make lint CI=true", "make test CI=true"]


def test_with_everything_there_nothing_is_installed(runner: Runner) -> None:
    _install_all(runner)

    runner.run({"name": "CI", "run": ".ci/run cover"})

    assert runner.calls == ["make cover CI=true"]


def test_the_first_word_that_fails_ends_it(runner: Runner) -> None:
    _install_all(runner)
    runner.install("make", f"{RECORD}\nexit 2")

    ended = runner.run({"name": "CI", "run": ".ci/run"})

    assert ended.code == 2
    assert runner.calls == ["make lint CI=true"]


def test_it_can_be_run_from_a_clone() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
