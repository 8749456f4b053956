"""The instructions of a Dockerfile, each as one line, with the place of each of its characters in the file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gcrsync.clients.mention import Piece

_DIRECTIVE = re.compile(r"#\s*(?P<name>\w+)\s*=\s*(?P<value>\S+)\s*")
_HEREDOC = re.compile(r"(?<!\S)\d*<<(?P<tabs>-?)(?P<quote>[\"']?)(?P<word>\w+)(?P=quote)(?!\S)")
_WITH_HEREDOCS = ("run", "copy", "add")


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction without comments and line continuations."""

    text: str
    places: tuple[int, ...]

    def piece(self, start: int, end: int) -> list[Piece]:
        """Give a stretch of it as the pieces that it is in the file: none of an empty one, several where lines are continued."""
        pieces = list[Piece]()
        for position in range(start, end):
            if pieces and pieces[-1].end == self.places[position]:
                pieces[-1] = Piece(pieces[-1].text + self.text[position], pieces[-1].start)
            else:
                pieces.append(Piece(self.text[position], self.places[position]))
        return pieces


def instructions(text: str) -> Iterator[Instruction]:
    """Give the instructions of a file in their order; the contents of here-documents are none."""
    escape = _escape(text)
    parts, places = list[str](), list[int]()
    ends = list[re.Match[str]]()
    for start, line in _lines(text):
        if ends:
            if (line.lstrip("\t") if ends[0]["tabs"] else line) == ends[0]["word"]:
                ends.pop(0)
            continue
        if line.lstrip().startswith("#") or (parts and not line.strip()):
            continue
        begun = line.rstrip()
        goes_on = begun.endswith(escape)
        piece = begun[: -len(escape)] if goes_on else line
        margin = 0 if parts else len(piece) - len(piece.lstrip())
        parts.append(piece[margin:])
        places += range(start + margin, start + len(piece))
        if not goes_on:
            whole = Instruction("".join(parts), tuple(places))
            ends = _heredocs(whole.text)
            parts, places = [], []
            yield whole
    if parts:
        yield Instruction("".join(parts), tuple(places))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Give each line without its end, and where it begins."""
    start = 0
    for line in text.split("\n"):
        yield start, line.removesuffix("\r")
        start += len(line) + 1


def _escape(text: str) -> str:
    """Give what continues a line: parser directives stand before all else, and one of them says so."""
    for _, line in _lines(text):
        directive = _DIRECTIVE.fullmatch(line)
        if directive is None:
            break
        if directive["name"].lower() == "escape":
            return directive["value"]
    return "\\"


def _heredocs(line: str) -> list[re.Match[str]]:
    return list(_HEREDOC.finditer(line)) if line.lower().startswith(_WITH_HEREDOCS) else []
