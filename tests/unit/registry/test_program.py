"""Programs that are asked for a secret, as real processes."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gcrsync.errors import InputError
from gcrsync.registry.program import ask

Write = Callable[[str], dict[str, str]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the program as a shell script, and give the environment that finds it."""

    def written(script: str) -> dict[str, str]:
        program = tmp_path / "secretive"
        program.write_text(script if script.startswith("#!") else f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return {"PATH": f"{tmp_path}:/usr/bin:/bin"}

    return written


def test_a_program_gets_what_it_is_given_and_its_answer_does_not_show(write: Write) -> None:
    answer = ask(["secretive", "get"], write('echo "$1 $(cat)"; echo words >&2; exit 3'), b"hunter2")

    assert (answer.status, answer.output, answer.words) == (3, b"get hunter2\n", b"words\n")
    assert "hunter2" not in repr(answer)


@pytest.mark.parametrize(
    ("script", "reason"), [("", "it is not on PATH"), ("#!/nonexistent/interpreter\n", "it cannot be run: No such file")]
)
def test_a_program_that_does_not_run_is_told_with_the_reason(write: Write, script: str, reason: str) -> None:
    environment = write(script) if script else {"PATH": "/nonexistent"}

    with pytest.raises(InputError, match=reason):
        ask(["secretive"], environment)


def test_a_program_that_takes_too_long_is_ended_with_all_that_it_has_started(write: Write, tmp_path: Path) -> None:
    began = time.monotonic()
    environment = write(f"(sleep 2; touch {tmp_path}/late) & echo hunter2; sleep 100")

    with pytest.raises(InputError, match=r"no answer within 0\.2 seconds"):
        ask(["secretive"], environment, patience=0.2)
    assert time.monotonic() - began < 2
    time.sleep(2.2)
    assert not (tmp_path / "late").exists()


def test_a_program_has_no_terminal_to_ask_at(write: Write) -> None:
    answer = ask(["secretive"], write("if (: < /dev/tty) 2> /dev/null; then echo asked; else echo silent; fi"))

    assert answer.output == b"silent\n"
