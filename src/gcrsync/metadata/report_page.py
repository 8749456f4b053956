"""A sheet as a page in Markdown, for a file or for the summary of a job."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from gcrsync.errors import shortened
from gcrsync.metadata.markdown import code, number, row, size
from gcrsync.metadata.sheet import Line, Part, Sheet, Verdict
from gcrsync.metadata.timestamp import format_time

_DIGITS = 13
_ORDER = list(Verdict)


def page(sheet: Sheet) -> str:
    """Give the sheet as one page, with a final newline: what is gravest comes first, and no text of a registry is markup."""
    return "\n".join(_lines(sheet)) + "\n"


def cut(text: str, most: int) -> str:
    """Give a page in at most so many bytes of UTF-8: where lines have to go, the last one says how many; empty without room."""
    if len(text.encode()) <= most:
        return text
    lines = text.splitlines(keepends=True)
    room = most - len(_told_cut(len(lines)).encode())
    ends = accumulate(len(line.encode()) for line in lines)
    kept = sum(1 for end in ends if end <= room)
    return "".join(lines[:kept]) + _told_cut(len(lines) - kept) if room >= 0 else ""


def _told_cut(lines: int) -> str:
    return f"\n{number(lines)} more lines were cut off: no more is shown here.\n"


def _lines(sheet: Sheet) -> Iterator[str]:
    yield f"## gcrsync {sheet.command}: {headline(sheet)}"
    yield ""
    yield f"Started {format_time(sheet.started)}, exit code {sheet.exit}."
    notes = [*filter(None, (sheet.error, *sheet.limits)), *(f"{line.image}: {line.reason}" for line in sheet.warnings)]
    if notes:
        yield ""
        yield from (f"- {code(note)}" for note in notes)
    if sheet.counted:
        yield ""
        yield from _counts(sheet.counted, sheet.states)
    lines = sorted(sheet.lines, key=lambda line: _ORDER.index(line.verdict))
    if lines:
        yield ""
        yield from _table(("image", "state", "digest", "reason"), map(_cells, lines))


def headline(sheet: Sheet) -> str:
    """Give the counts that are news, in a few words."""
    told = [f"{number(count)} {state}" for state, count in sheet.counts.items() if count and state not in ("unchanged", "asked")]
    nothing = "nothing was done" if sheet.error and not sheet.parts else "nothing to tell"
    return ", ".join(told) or nothing


def _counts(parts: Sequence[Part], states: Sequence[str]) -> Iterator[str]:
    named = ["namespace"] if parts[0].name else []
    rows = (
        (
            *([code(part.name)] if named else []),
            *(number(part.counts[state]) for state in states),
            size(part.copied),
            *(["yes" if part.complete else "no"] if named else []),
        )
        for part in parts
    )
    return _table((*named, *states, "copied", *(["complete"] if named else [])), rows)


def _table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield row(head)
    yield row("---" for _ in head)
    yield from map(row, rows)


def _cells(line: Line) -> tuple[str, ...]:
    digests = [_short(digest) for digest in (line.before, line.now) if digest]
    moved = len(set(digests)) > 1
    return code(line.image), line.state, " to ".join(map(code, digests if moved else digests[:1])), code(line.reason)


def _short(digest: str) -> str:
    return shortened(digest.rpartition(":")[2], _DIGITS)
