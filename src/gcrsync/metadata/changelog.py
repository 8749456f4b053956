"""CHANGELOG.md: what each run changed in each namespace, newest first; what people wrote between the entries stays."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from gcrsync.errors import InvalidNameError
from gcrsync.metadata.markdown import code, number
from gcrsync.metadata.summary import Counts, sentence
from gcrsync.metadata.timestamp import format_time, parse_time
from gcrsync.mirror.change import Change, State
from gcrsync.oci.name import Repository, TagOrder

HEADING = "# Changelog of the mirror"

_MOST_REPOSITORIES = 200
_MOST_TAGS = 20
_TOLD = (State.ADDED, State.MOVED, State.GONE, State.PRUNED, State.HELD, State.UNCHANGED)
"""What is told of a tag, in this order; it is news that a tag is unchanged where it was held, or where it was signed since."""

_HEADING = re.compile(rf"^{HEADING}[ \t\r]*(?:\n|\Z)", re.MULTILINE)
_NEXT_HEADING = re.compile(r"^##? ", re.MULTILINE)
_ENTRY = re.compile(
    r"^## (?P<started>[0-9T:-]{19}Z) (?P<namespace>\S[^\n]*)\n\n<!-- run: (?P<run>\S+) -->\n\n"
    r"(?P<body>[^\n]+(?:\n[^\n]+)*)(?:\n|\Z)",
    re.MULTILINE,
)
"""An entry as it is written here: its body has no empty line, and what follows one is somebody else's."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one run changed in one namespace: ``started`` is in UTC, ``body`` is Markdown as :func:`body` gives it.

    ``namespace`` and ``run`` (a word without spaces) together tell the entry from all others.
    """

    started: datetime
    namespace: str
    run: str
    body: str

    def __str__(self) -> str:
        """Give the entry as it stands in the changelog, with one line break at its end."""
        return f"## {format_time(self.started)} {self.namespace}\n\n<!-- run: {self.run} -->\n\n{self.body}\n"


def body(changes: Iterable[Change], counts: Counts) -> str:
    """Describe a run in a namespace: the counts, then each repository with those of its tags that are news.

    More than 20 tags of a repository and more than 200 repositories are only counted.
    """
    news = sorted((change for change in changes if change.news and change.state in _TOLD), key=_order)
    repositories = [(str(name), list(found)) for name, found in groupby(news, key=lambda change: change.repository)]
    lines = [line for name, found in repositories[:_MOST_REPOSITORIES] for line in (f"- {code(name)}", *_tag_lines(found))]
    left = len(repositories) - _MOST_REPOSITORIES
    if left > 0:
        lines.append(f"- and {number(left)} more")
    return "\n".join((sentence(counts), *lines))


def entries(text: str) -> tuple[Entry, ...]:
    """Give the entries of a changelog, in their order; other sections are no entries."""
    return tuple(entry for entry, _ in _found(text))


def insert(text: str | None, entry: Entry) -> str:
    """Give the changelog with an entry, which replaces the one of the same run and namespace; None is no changelog yet.

    A new entry goes under the heading and before the first entry that is not newer. A text without the heading gets it on top.
    """
    text = text or ""
    if not _HEADING.search(text):
        return _inserted(f"{HEADING}\n\n{text}", len(HEADING) + 2, entry)
    present = tuple(_found(text))
    for found, span in present:
        if (found.run, found.namespace) == (entry.run, entry.namespace):
            return f"{text[: span.start]}{entry}{text[span.stop :]}"
    older = (span.start for found, span in present if found.started <= entry.started)
    return _inserted(text, next(older, present[-1][1].stop if present else _end_of_introduction(text)), entry)


def _found(text: str) -> Iterator[tuple[Entry, range]]:
    """Find the entries below the heading, and where in the text they stand."""
    for found in _ENTRY.finditer(text, _end_of_heading(text)):
        try:
            started = parse_time(found["started"])
        except InvalidNameError:
            continue
        yield Entry(started, found["namespace"], found["run"], found["body"]), range(found.start(), found.end())


def _end_of_heading(text: str) -> int:
    heading = _HEADING.search(text)
    return heading.end() if heading else 0


def _end_of_introduction(text: str) -> int:
    following = _NEXT_HEADING.search(text, _end_of_heading(text))
    return following.start() if following else len(text)


def _inserted(text: str, place: int, entry: Entry) -> str:
    """Put an entry into a text, parted by an empty line from what stands before and after."""
    before, after = text[:place], text[place:]
    gap_before = "" if before.endswith("\n\n") else "\n" if before.endswith("\n") else "\n\n"
    gap_after = "\n" if after and not after.startswith("\n") else ""
    return f"{before}{gap_before}{entry}{gap_after}{after}"


def _order(change: Change) -> tuple[Repository, int, str, TagOrder]:
    return change.repository, _TOLD.index(change.state), change.reason, change.tag.sort_key


def _tag_lines(changes: Sequence[Change]) -> Iterator[str]:
    for (word, reason), alike in groupby(changes[:_MOST_TAGS], key=lambda change: (change.word, change.reason)):
        if word == State.MOVED:
            yield from (f"  - moved {code(str(move.tag))}{_way(move)}" + (f": {code(reason)}" if reason else "") for move in alike)
        else:
            tags = ", ".join(code(str(change.tag)) for change in alike)
            yield f"  - {word} {tags}" + (f": {code(reason)}" if reason else "")
    left = len(changes) - _MOST_TAGS
    if left > 0:
        yield f"  - and {number(left)} more"


def _way(move: Change) -> str:
    """Tell both digests of a tag that moved; empty where the source has not moved it, and the mirror is to have it otherwise."""
    return "" if move.was == move.digest else f" from {code(str(move.was))} to {code(str(move.digest))}"
