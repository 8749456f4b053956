"""Questions at a terminal: each has a default where there is a sensible one, and is asked again until its answer can be used."""

import sys
from collections.abc import Callable
from typing import TypeVar

import typer

from gcrsync.errors import InputError

_Value = TypeVar("_Value")


def can_ask() -> bool:
    """Say whether somebody is there to answer: standard input and standard error are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, default: str, read: Callable[[str], _Value]) -> _Value:
    """Ask, and give the answer as ``read`` has read it; what it refuses with an InputError is told, and asked again.

    Without a default something has to be answered. Whoever ends it by ^C or ^D ends the program as ^C does.
    """

    def checked(text: str) -> _Value:
        try:
            return read(text.strip())
        except InputError as error:
            raise typer.BadParameter(str(error)) from error

    try:
        answer: _Value = typer.prompt(question, default or None, err=True, value_proc=checked)
    except typer.Abort:
        typer.echo(err=True)
        raise KeyboardInterrupt from None
    return answer
