"""CHANGELOG.md: what each run changed in each namespace, newest first; what people wrote between the entries stays."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, groupby

from gcrsync.errors import InvalidNameError
from gcrsync.metadata.markdown import code, number
from gcrsync.metadata.summary import Counts, sentence
from gcrsync.metadata.timestamp import format_time, parse_time
from gcrsync.mirror.change import Change, State
from gcrsync.oci.name import Repository, TagOrder

HEADING = "# Changelog of the mirror"

_MOST_REPOSITORIES = 200
_MOST_TAGS = 20
_LONGEST = 100_000
"""The most characters of a body, so that neither a reader nor a page that shows the changelog is at a loss."""

_GAP = "\n\n"
_TOLD = (State.ADDED, State.MOVED, State.GONE, State.PRUNED, State.HELD, State.UNCHANGED)
"""What is told of a tag, in this order; it is news that a tag is unchanged where it was held, or where it was signed since."""

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

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from all others."""
        return self.run, self.namespace

    def __str__(self) -> str:
        """Give the entry as it stands in the changelog, with one line break at its end."""
        return f"## {format_time(self.started)} {self.namespace}\n\n<!-- run: {self.run} -->\n\n{self.body}\n"


def body(changes: Iterable[Change], counts: Counts) -> str:
    """Describe a run in a namespace: the counts, then each repository with those of its tags that are news.

    More than 20 tags of a repository are only counted, and so are the repositories after 200 of them or 100,000 characters.
    """
    news = sorted((change for change in changes if change.news and change.state in _TOLD), key=_order)
    repositories = [(str(name), list(found)) for name, found in groupby(news, key=lambda change: change.repository)]
    texts = ["\n".join((f"- {code(name)}", *_tag_lines(found))) for name, found in repositories[:_MOST_REPOSITORIES]]
    lengths = accumulate(len(text) + 1 for text in texts)
    told = [text for text, length in zip(texts, lengths, strict=True) if length <= _LONGEST]
    left = len(repositories) - len(told)
    return "\n".join((sentence(counts), *told, *([f"- and {number(left)} more"] if left else [])))


def entries(text: str, heading: str = HEADING) -> tuple[Entry, ...]:
    """Give the entries below the heading of a changelog, in their order; other sections are no entries."""
    return tuple(entry for entry, _ in _found(text, heading))


def insert(text: str | None, *new: Entry, heading: str = HEADING) -> str:
    """Give the changelog with some entries, each in place of the one of its run and namespace; None is no changelog yet.

    A new entry goes under the heading and before the first entry that is not newer. A text without the heading gets it on top.
    """
    text, left = text or "", {entry.key: entry for entry in new}
    place = _end_of_introduction(text, heading)
    present: tuple[tuple[Entry, range], ...] = ()
    if not _heading(heading).search(text):
        text, place = f"{heading}\n\n{text}", len(heading) + 2
    else:
        text = _replaced(text, left, heading)
        present = tuple(_found(text, heading))
        place = present[-1][1].stop if present else place
    places: dict[int, list[Entry]] = {}
    waiting = sorted(left.values(), key=lambda entry: entry.started)
    for entry in reversed(waiting):
        older = (span.start for found, span in present if found.started <= entry.started)
        places.setdefault(next(older, place), []).append(entry)
    for where in sorted(places, reverse=True):
        text = _inserted(text, where, "\n".join(map(str, places[where])))
    return text


def take_oldest(text: str, size: int, heading: str = HEADING) -> tuple[str, tuple[Entry, ...]]:
    """Take the last entries out of a changelog until it has at most so many bytes, but never the first; what else it says stays.

    Gives what is left, and the entries that were taken.
    """
    too_many, taken = _bytes(text) - size, []
    for entry, span in reversed(tuple(_found(text, heading))[1:]):
        if too_many <= 0:
            break
        too_many -= _bytes(str(entry)) + 1
        before, after = text[: span.start], text[span.stop :]
        text = f"{before[:-1] if before.endswith(_GAP) else before}{after}"
        taken.append(entry)
    return text, tuple(reversed(taken))


def _replaced(text: str, left: dict[tuple[str, str], Entry], heading: str) -> str:
    """Put those of the entries that are there already into the place of what they replace, and take them out of ``left``."""
    parts, end = [], 0
    for found, span in _found(text, heading):
        if found.key in left:
            parts += [text[end : span.start], str(left.pop(found.key))]
            end = span.stop
    return "".join((*parts, text[end:]))


def _found(text: str, heading: str) -> Iterator[tuple[Entry, range]]:
    """Find the entries below the heading, and where in the text they stand."""
    for found in _ENTRY.finditer(text, _end_of_heading(text, heading)):
        try:
            started = parse_time(found["started"])
        except InvalidNameError:
            continue
        yield Entry(started, found["namespace"], found["run"], found["body"]), range(found.start(), found.end())


def _heading(heading: str) -> re.Pattern[str]:
    return re.compile(rf"^{re.escape(heading)}[ \t\r]*(?:\n|\Z)", re.MULTILINE)


def _end_of_heading(text: str, heading: str) -> int:
    found = _heading(heading).search(text)
    return found.end() if found else 0


def _end_of_introduction(text: str, heading: str) -> int:
    following = _NEXT_HEADING.search(text, _end_of_heading(text, heading))
    return following.start() if following else len(text)


def _inserted(text: str, place: int, entry: str) -> str:
    """Put an entry, or several, into a text, parted by an empty line from what stands before and after."""
    before, after = text[:place], text[place:]
    gap_before = "" if before.endswith("\n\n") else "\n" if before.endswith("\n") else "\n\n"
    gap_after = "\n" if after and not after.startswith("\n") else ""
    return f"{before}{gap_before}{entry}{gap_after}{after}"


def _bytes(text: str) -> int:
    """Count the bytes of a text in which bytes that are no UTF-8 stand as they are read."""
    return len(text.encode(errors="surrogateescape"))


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
