"""What a shell completes: the script of the program in a real bash, with words parted as bash parts them."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from gcrsync.cli.completion import images, namespaces
from gcrsync.metadata.document import encode
from gcrsync.metadata.paths import path_of
from tests.support.values import record

PROGRAM = Path(sys.executable).with_name("gcrsync")

_ASKING = """
eval "$(_GCRSYNC_COMPLETE=source_bash {program})"
ask() {{ COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=(); _gcrsync_completion {program}; echo "${{COMPREPLY[*]}}"; }}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a worktree with a configuration and the records of three repositories."""
    for name in ("gcr.io/distroless/static", "gcr.io/distroless/base", "127.0.0.1:5000/tools/lint"):
        each = record(name, {"latest": "a", "v1.2": "b"}, mirror=f"ghcr.io/acme/{name.rpartition('/')[2]}")
        path = tmp_path / path_of(each.repository)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(encode(each))
    (tmp_path / "gcrsync.toml").write_text('[[mirror]]\nsource = "registry.k8s.io"\ndestination = "ghcr.io/acme"\n')
    return tmp_path


def completed(folder: Path, *lines: str) -> list[str]:
    """Give what bash completes at the end of each line, in which what bash takes for a word stands between blanks."""
    asked = "".join(f"ask gcrsync {line}\n" for line in lines)
    script = _ASKING.format(program=PROGRAM) + asked
    ended = subprocess.run(["bash", "--norc", "-c", script], cwd=folder, capture_output=True, text=True, check=True)
    assert ended.stderr == ""
    return ended.stdout.splitlines()


def test_bash_completes_names_of_the_configuration_and_of_the_record_and_tags_behind_a_colon(folder: Path) -> None:
    asked = {
        "sync reg": "registry.k8s.io",
        "sync --to gh": "ghcr.io/acme",
        "list gcr.io/distroless/s": "gcr.io/distroless/static",
        "resolve gcr.io/distroless/static : la": "latest",
        "history gcr.io/distroless/base :": "latest v1.2",
        "inspect 127.0.0.1 : 5000/tools/l": "5000/tools/lint",
        "copy 127.0.0.1 : 5000/tools/lint : v": "v1.2",
        "mirror-config po": "podman",
        "doc": "doctor",
    }

    assert completed(folder, *asked) == list(asked.values())


def test_what_is_broken_or_absent_completes_to_nothing_and_says_nothing(folder: Path) -> None:
    (folder / "gcrsync.toml").write_text("[[mirror]\n")
    (folder / "metadata" / "gcr.io" / "distroless" / "static.json").write_text("{")

    assert completed(
        folder, "resolve gcr.io/distroless/static : la", "sync --to gh", "list quay.io", "sync gcr.io/distroless/b"
    ) == [
        *("", "", ""),
        "gcr.io/distroless/base",
    ]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_no_shell_is_told_a_name_that_it_could_run(folder: Path, shell: str) -> None:
    (folder / "gcrsync.toml").write_text(
        "[[mirror]]\nsource = 'gcr.io/a'\ndestination = '\\$(touch run)'\n"
        "[[mirror]]\nsource = 'gcr.io/b'\ndestination = 'oci:~/images'\n"
    )
    (folder / "metadata/gcr.io/distroless/static.json").write_text(json.dumps({"tags": {"v1": {}, r"v\`touch run`": {}, "-x": {}}}))

    def told(line: str) -> str:
        asking = {"_GCRSYNC_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
        return subprocess.run([PROGRAM], cwd=folder, env=asking, capture_output=True, text=True, check=True).stdout

    destinations, tags = told("gcrsync sync --to "), told("gcrsync resolve gcr.io/distroless/static:")
    assert "images" in destinations
    assert "v1" in tags
    assert "touch" not in destinations + tags


def test_a_thousand_repositories_are_read_within_a_fifth_of_a_second(tmp_path: Path) -> None:
    for number in range(1000):
        path = tmp_path / f"metadata/gcr.io/team-{number % 30}/app-{number}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "gcrsync.toml").touch()
    context = typer.Context(typer.main.get_command(typer.Typer(callback=lambda: None)))
    context.params["metadata_repo"] = str(tmp_path)
    began = time.perf_counter()

    assert len(images(context, "gcr.io/")) == 1000
    assert len(namespaces(context, "gcr.io/team-7/")) == 34
    assert time.perf_counter() - began < 0.4


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_a_script_too(folder: Path, shell: str) -> None:
    environment = {"_GCRSYNC_COMPLETE": f"source_{shell}", "PATH": ""}
    ended = subprocess.run([PROGRAM], cwd=folder, env=environment, capture_output=True, text=True, check=True)

    assert "_GCRSYNC_COMPLETE=complete_" + shell in ended.stdout
