"""A sheet as a short message for somebody who is elsewhere."""

from collections.abc import Iterator
from itertools import chain

from gcrsync.errors import one_line
from gcrsync.metadata.markdown import number, size
from gcrsync.metadata.report_page import headline
from gcrsync.metadata.sheet import Line, Sheet, Verdict

_MOST_LINES = 20
_LONGEST = 160
"""How many characters of a line are told: a telephone is small, and some services take 4,096 in all."""


def title(sheet: Sheet) -> str:
    """Give what the message is about, in a line."""
    return f"gcrsync {sheet.command}: {headline(sheet)} (exit code {sheet.exit})"


def body(sheet: Sheet) -> str:
    """Give the message: why the run came to nothing, what went wrong, then the counts; no registry can address anybody in it."""
    lines = [*_grave(sheet)]
    told = [one_line(line, _LONGEST) for line in lines[:_MOST_LINES]]
    if len(lines) > len(told):
        told.append(f"and {number(len(lines) - len(told))} more")
    counts = (
        f"{part.name or 'all'}: {', '.join(f'{number(count)} {state}' for state, count in part.counts.items() if count)}"
        f"; {size(part.copied)} copied"
        for part in sheet.counted[:_MOST_LINES]
    )
    return "\n".join((*told, *counts))


def _grave(sheet: Sheet) -> Iterator[str]:
    yield from map(_mute, filter(None, (sheet.error, *sheet.limits)))
    lines: Iterator[Line] = chain(sheet.warnings, sheet.lines)
    for line in lines:
        if line.verdict in (Verdict.WRONG, Verdict.UNKNOWN):
            yield f"{line.image}: {line.state}: {_mute(line.reason)}"


def _mute(text: str) -> str:
    """Give a text without what addresses somebody: ``@everyone`` on Discord, ``<!channel>`` on Slack."""
    return text.replace("@", "(at)").replace("<", "(").replace(">", ")")
