"""JSON read strictly, and where in its text things stand.

A key that stands twice in one object, and numbers that JSON cannot hold, are refused: another reader would see another document.
"""

import json
import math
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate, chain
from typing import cast

from gcrsync.errors import InvalidMetadataError
from gcrsync.mirror.record import Json

_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_TOKEN = re.compile(rf"(?P<key>{_STRING})\s*:|{_STRING}|(?P<open>[{{\[])|(?P<close>[}}\]])|(?P<bare>[^\s{{}}\[\]:,\"]+)")
_PLAIN = frozenset({str, int, float, bool, type(None)})
_Pairs = tuple[tuple[str, object], ...]

_CONFLICT = re.compile(r"^(?:<<<<<<<|\|\|\|\|\|\|\||=======|>>>>>>>)(?: |\r?$)", re.MULTILINE)


def parse(text: str, path: str) -> Json:
    """Read a document; ``path`` names it in the error.

    Raises InvalidMetadataError with the line of what is wrong.
    """
    try:
        return _loads(text)
    except json.JSONDecodeError as error:
        conflict = _CONFLICT.search(text)
        if conflict:
            reason = "a conflict that git left here: keep one side of it"
            raise InvalidMetadataError(path, _line_at(text, conflict.start()), reason) from error
        raise InvalidMetadataError(path, error.lineno, f"not JSON: {error.msg}") from error
    except RecursionError as error:
        raise InvalidMetadataError(path, _deepest_line(text), "nested too deeply") from error
    except ValueError as error:
        line, reason = next(_refusals(text))
        raise InvalidMetadataError(path, line, reason) from error


def line_of(text: str, keys: Sequence[str]) -> int:
    """Give the line where a key stands in a document that :func:`parse` takes; ``keys`` lead to it from the root.

    Where the way ends before the last key, it is the line of the last one that is there, or the first line.
    """
    found, depth = 1, 0
    for line, way, token in _walk(text):
        if token["key"] and len(way) > depth and way == list(keys[: len(way)]):
            found, depth = line, len(way)
    return found


def _loads(text: str) -> Json:
    """Read a text; ValueError for what is refused.

    At first objects are read as tuples of pairs, which takes the least time, and a document has hundreds of thousands: its own
    object, its sections, and their entries are made of them in bulk, where nothing but plain values is within the entries.
    """
    pairs = json.loads(text, object_pairs_hook=tuple, parse_float=_finite, parse_constant=_finite)
    document = _bulk(pairs) if isinstance(pairs, tuple) else None
    if document is None:
        document = json.loads(text, object_pairs_hook=_object, parse_float=_finite, parse_constant=_finite)
    return document


def _bulk(pairs: _Pairs) -> dict[str, Json] | None:
    """Give the document that is of so many pairs, None where it is not of the usual depth; ValueError where a key stands twice."""
    (members,) = _objects([pairs])
    document = {key: _section(value) if isinstance(value, tuple) else value for key, value in members.items()}
    usual = _PLAIN | {dict}
    return cast("dict[str, Json]", document) if usual.issuperset(map(type, document.values())) else None


def _section(pairs: _Pairs) -> dict[str, object] | _Pairs:
    """Give a section that is of so many pairs, and the pairs themselves where something in it is not plain."""
    (section,) = _objects([pairs])
    kinds = set(map(type, section.values()))
    if kinds == {tuple}:
        entries = _objects(cast("Collection[_Pairs]", section.values()))
        section = dict(zip(section, entries, strict=True))
        kinds = set(map(type, chain.from_iterable(map(dict.values, entries))))
    return section if kinds <= _PLAIN else pairs


def _objects(pairs: Collection[_Pairs]) -> list[dict[str, object]]:
    made = list(map(dict, pairs))
    if sum(map(len, made)) != sum(map(len, pairs)):
        raise ValueError
    return made


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _walk(text: str) -> Iterator[tuple[int, list[str], re.Match[str]]]:
    """Go through the tokens: the line of each, the keys that lead to it (empty within a list), and the token.

    The list of keys is the same one each time, and changes.
    """
    way: list[str] = []
    line, end = 1, 0
    for token in _TOKEN.finditer(text):
        line, end = line + text.count("\n", end, token.start()), token.start()
        if token["key"]:
            way[-1:] = [json.loads(token["key"])]
        elif token["open"]:
            way.append("")
        elif token["close"]:
            way.pop()
        yield line, way, token


def _refusals(text: str) -> Iterator[tuple[int, str]]:
    """Find what :func:`_loads` refuses in a text that is well-formed so far: its line, and the reason."""
    seen: dict[int, set[str]] = {}
    for line, way, token in _walk(text):
        if token["open"]:
            seen[len(way)] = set()
        elif token["key"]:
            if way[-1] in seen[len(way)]:
                yield line, f"the key {way[-1]!r} stands twice in one object"
            seen[len(way)].add(way[-1])
        elif token["bare"] and not _is_usable(token["bare"]):
            yield line, "a number that JSON cannot hold"


def _is_usable(bare: str) -> bool:
    try:
        _loads(bare)
    except ValueError:
        return False
    return True


def _deepest_line(text: str) -> int:
    tokens = list(_TOKEN.finditer(text))
    depths = accumulate(bool(token["open"]) - bool(token["close"]) for token in tokens)
    deepest = max(zip(depths, tokens, strict=True), key=lambda pair: pair[0])
    return _line_at(text, deepest[1].start())


def _line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
