"""Where a Dockerfile names images: what it builds from, copies from and mounts from."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gcrsync.clients.instructions import Instruction, instructions
from gcrsync.clients.mention import Mention, Piece, Unread, Whole

_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(?P<quote>[\"']?)(?P<image>\S+?)(?P=quote)(?:\s+AS\s+(?P<stage>\S+))?\s*", re.IGNORECASE)
_COPY = re.compile(r"(?:ONBUILD\s+)?COPY\s+(?:--\S+\s+)*?--from=(?P<image>\S+)", re.IGNORECASE)
_RUN = re.compile(r"(?:ONBUILD\s+)?RUN\s+(?P<flags>(?:--\S+\s+)*)", re.IGNORECASE)
_MOUNTED = re.compile(r"--mount=(?:[^\s,]+,)*?from=(?P<image>[^\s,]+)")
_ARG = re.compile(r"ARG\s+", re.IGNORECASE)
_DEFAULT = re.compile(r"(?P<name>\w+)(?:=(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>\S*)))?")
_VARIABLE = re.compile(r"\$(?:(?P<bare>\w+)|\{(?P<braced>\w+)(?::?-(?P<default>[^{}$]*))?\})|\$")
_NO_IMAGE = "scratch"


@dataclass(frozen=True, slots=True)
class _Value:
    """The pieces that a word is put together of, and why that is not all that is to know of it."""

    pieces: tuple[Piece, ...] = ()
    unknown: str = ""


def mentions(text: str) -> Iterator[Mention]:
    """Give what names an image: in FROM, with the defaults of ARG; in COPY --from; and in RUN --mount with ``from``."""
    arguments = dict[str, _Value]()
    stages = list[str]()
    for instruction in instructions(text):
        if found := _FROM.fullmatch(instruction.text):
            yield from _mention(instruction, found.span("image"), arguments, stages)
            stages.append((found["stage"] or str(len(stages))).lower())
        elif not stages and (found := _ARG.match(instruction.text)):
            _declare(instruction, found.end(), arguments)
        else:
            numbers = list(map(str, range(len(stages))))
            for span in _sources(instruction.text):
                yield from _mention(instruction, span, {}, [*stages, *numbers])


def _sources(line: str) -> Iterator[tuple[int, int]]:
    """Give where an instruction names what it takes files from."""
    if copied := _COPY.match(line):
        yield copied.span("image")
    if run := _RUN.match(line):
        for mounted in _MOUNTED.finditer(line, *run.span("flags")):
            yield mounted.span("image")


def _declare(instruction: Instruction, start: int, arguments: dict[str, _Value]) -> None:
    for found in _DEFAULT.finditer(instruction.text, start):
        kind = found.lastgroup or "name"
        if kind == "name":
            arguments[found["name"]] = _Value(unknown=f"ARG {found['name']} has no default")
        else:
            arguments[found["name"]] = _value(instruction, found.span(kind), arguments)


def _mention(
    instruction: Instruction, span: tuple[int, int], arguments: Mapping[str, _Value], stages: list[str]
) -> Iterator[Mention]:
    written = instruction.text[slice(*span)]
    value = _value(instruction, span, arguments)
    if value.unknown:
        yield Unread(written, instruction.places[span[0]], value.unknown, value.pieces)
        return
    image = "".join(piece.text for piece in value.pieces)
    if image and image != _NO_IMAGE and image.lower() not in stages:
        yield Whole(value.pieces)


def _value(instruction: Instruction, span: tuple[int, int], arguments: Mapping[str, _Value]) -> _Value:
    """Put a word together, with the defaults of its variables."""
    pieces, position, unknown = list[Piece](), span[0], ""
    for found in _VARIABLE.finditer(instruction.text, *span):
        pieces += instruction.piece(position, found.start())
        position = found.end()
        value = _variable(instruction, found, arguments)
        pieces += value.pieces
        unknown = unknown or value.unknown
    pieces += instruction.piece(position, span[1])
    return _Value(tuple(pieces), unknown)


def _variable(instruction: Instruction, found: re.Match[str], arguments: Mapping[str, _Value]) -> _Value:
    name = found["bare"] or found["braced"]
    if name is None:
        return _Value(unknown="it is put together when it is built")
    value = arguments.get(name, _Value(unknown=f"${name} has no default here"))
    if value.unknown and found["default"] is not None:
        return _Value(tuple(instruction.piece(*found.span("default"))))
    return value
