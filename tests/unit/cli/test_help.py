"""The help of each command, which is read as a manual."""

import re
import shlex

import pytest
import typer

from gcrsync.cli.app import COMMANDS
from gcrsync.cli.program import app
from tests.support.runner import ROOT

PROGRAM = typer.main.get_group(app)
HELP = {name: command.help or "" for name, command in PROGRAM.commands.items()}

_EXAMPLE = re.compile(r"^    (.*\bgcrsync .+)$", re.MULTILINE)


def examples(text: str) -> list[str]:
    """Give the calls that a help shows."""
    return _EXAMPLE.findall(text.partition("For example:\n")[2])


def test_the_commands_stand_in_the_order_of_their_panels() -> None:
    panels = [command.rich_help_panel for command in app.registered_commands]

    assert list(dict.fromkeys(panels)) == [module.PANEL for module in COMMANDS]


@pytest.mark.parametrize("name", HELP)
def test_a_command_says_what_it_does_how_it_ends_and_where_more_is_told(name: str) -> None:
    first, *paragraphs = HELP[name].split("\n\n")
    page = re.search(r"More about it stands in ((?:docs/[a-z-]+|README)\.md)\.", HELP[name])

    assert first.endswith(".")
    assert re.search(r"\bEnds with\b", " ".join(paragraphs))
    assert page is not None
    assert (ROOT / page[1]).is_file()


@pytest.mark.parametrize("name", HELP)
def test_the_examples_of_a_command_are_calls_that_it_takes(name: str) -> None:
    shown = examples(HELP[name])

    assert any(line.startswith(f"gcrsync {name}") for line in shown)
    for line in shown:
        assert len(line) <= 74, line
        _parse(line)


def test_no_option_tells_of_something_that_the_help_would_leave_out() -> None:
    options = [option for command in PROGRAM.commands.values() for option in command.params]
    texts = [getattr(option, "help", None) or "" for option in options]

    assert len(texts) > 100
    assert [text for text in texts if re.search(r"<[A-Za-z]", text)] == [], "markdown takes <WORD> for a tag of HTML"


def test_a_value_is_named_by_what_it_is_and_not_by_its_type_unless_it_is_a_choice() -> None:
    options = [option for command in PROGRAM.commands.values() for option in command.params]
    valued = [option for option in options if not getattr(option, "is_flag", False)]

    assert len(valued) > 100
    assert {option.type.name for option in valued if not option.metavar} == {"choice"}


def test_the_program_itself_shows_calls_that_it_takes() -> None:
    shown = re.findall(r"^    (gcrsync .+)$", PROGRAM.help or "", re.MULTILINE)

    assert len(shown) >= 3
    for line in shown:
        _parse(line)
    with pytest.raises(Exception, match="No such option: --nowhere"):
        _parse("gcrsync sync --nowhere")


def _parse(line: str) -> None:
    """Read the call of gcrsync in a line of a shell, and do nothing; raises what a wrong call raises."""
    words = shlex.split(line, comments=True)
    call = next(part.split("\0") for part in "\0".join(words).split("\0|\0") if part.startswith("gcrsync\0"))
    PROGRAM.commands[call[1]].make_context(call[1], call[2:])
