"""A file with its images named as the mirror names them, and nothing else in it changed."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from gcrsync.clients import dockerfile, words, yaml_nodes
from gcrsync.clients.mention import Edits, Mention, Piece, Split, Target, Unread, Whole
from gcrsync.errors import InvalidNameError
from gcrsync.mirror.naming import folder_of
from gcrsync.mirror.record import Records
from gcrsync.mirror.resolution import Unmirrored, resolve
from gcrsync.oci.name import is_host
from gcrsync.oci.reference import Reference

_DOCKERFILE = re.compile(r"(?:dockerfile|containerfile)(?:[.-].*)?|.*\.(?:dockerfile|containerfile)", re.IGNORECASE)
_YAML = (".yaml", ".yml", ".json")
_MARK = "\ufeff"
_BUILDS = re.compile(r"(?:[ \t]*(?:#.*)?\r?\n|[ \t]*ARG\s.*\n)*[ \t]*FROM\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Image:
    """An image that a file names in a line (counted from 1): its name at the mirror, or a reason why it has none."""

    line: int
    text: str
    mirror: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A text after its rewriting, with the images that have another name now, and those that could not be mapped."""

    text: str
    images: tuple[Image, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a mirror has, and by which names of its own."""

    records: Records
    names: frozenset[str]
    registries: frozenset[str]

    @classmethod
    def of(cls, records: Records) -> "Catalogue":
        """Make one of what is on record."""
        names = frozenset(record.mirror for record in records.values())
        return cls(records, names, frozenset(repository.registry for repository in records))


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is to become of a mention: edits and the name that they make, or a reason why not; neither leaves it alone."""

    edits: Edits
    name: str = ""
    reason: str = ""


_ALONE = _Verdict({})


def rewrite(name: str, text: str, catalogue: Catalogue, *, pin: bool) -> Rewritten:
    """Name each image of a text as the mirror does, where the mirror has it; with ``pin`` by its digest too.

    ``name`` is that of the file, which says what it is; where it says nothing, as an empty one does, its content has to.
    """
    mark, body = text[: text.startswith(_MARK)], text.removeprefix(_MARK)
    verdicts = {mention: _verdict(mention, catalogue, pin=pin) for mention in _mentions(name, body)}
    while clashes := _clashing(verdicts):
        verdicts |= clashes
    lines = [0, *(found.end() for found in re.finditer("\n", body))]
    images = (
        Image(bisect_right(lines, mention.start), mention.text, verdict.name or None, verdict.reason)
        for mention, verdict in verdicts.items()
        if verdict.name or verdict.reason
    )
    return Rewritten(mark + _edited(body, verdicts.values()), tuple(sorted(images, key=lambda image: image.line)))


def _mentions(name: str, text: str) -> Iterable[Mention]:
    file = PurePosixPath(name)
    if _DOCKERFILE.fullmatch(file.name) or (not name and _BUILDS.match(text)):
        return dockerfile.mentions(text)
    nodes = yaml_nodes.mentions(text) if not name or file.suffix.lower() in _YAML else None
    return words.mentions(text) if nodes is None else nodes


def _verdict(mention: Mention, catalogue: Catalogue, *, pin: bool) -> _Verdict:
    if isinstance(mention, Unread):
        return _Verdict({}, reason=mention.reason)
    try:
        reference = Reference.parse(mention.text)
    except InvalidNameError as error:
        return _Verdict({}, reason=error.reason)
    if str(reference.repository) in catalogue.names:
        return _ALONE
    found = resolve(catalogue.records, reference)
    if isinstance(found, Unmirrored):
        return _ALONE if mention.loose and not _is_known(reference, mention.text, catalogue) else _Verdict({}, reason=found.reason)
    if folder_of(found.mirror) is not None:
        return _Verdict({}, reason=f"the mirror keeps it in a folder, from which no client pulls: {found.mirror}")
    return _written(mention, Target(reference, found, pin))


def _is_known(reference: Reference, text: str, catalogue: Catalogue) -> bool:
    """Say whether what may be no image at all begins with the host of a registry that is mirrored."""
    first, slash, _ = text.partition("/")
    return bool(slash) and is_host(first) and reference.repository.registry in catalogue.registries


def _written(mention: Whole | Split, target: Target) -> _Verdict:
    name = target.name(mention.text)
    edits = mention.edits(target)
    if edits is None:
        return _Verdict({}, reason=f"it is put together of variables; write {name} in their place")
    odd = next((new for piece, new in edits.items() if piece.plain and not yaml_nodes.is_plain(new)), None)
    if odd is not None:
        return _Verdict({}, reason=f"{odd} cannot stand there without quotes")
    return _Verdict(edits, name)


def _clashing(verdicts: Mapping[Mention, _Verdict]) -> dict[Mention, _Verdict]:
    """Give those that would change a piece of which another one needs something else."""
    needed = defaultdict[Piece, set[str]](set)
    for mention, verdict in verdicts.items():
        for piece in mention.pieces:
            needed[piece].add(verdict.edits.get(piece, piece.text))
    reason = "it shares a part with an image that needs another one there"
    return {
        mention: replace(_ALONE, reason=reason)
        for mention, verdict in verdicts.items()
        if verdict.edits and any(len(needed[piece]) > 1 for piece in mention.pieces)
    }


def _edited(text: str, verdicts: Iterable[_Verdict]) -> str:
    edits = {piece: new for verdict in verdicts for piece, new in verdict.edits.items()}
    return "".join(_stretches(text, edits))


def _stretches(text: str, edits: Edits) -> Iterator[str]:
    position = 0
    for piece in sorted(edits, key=lambda piece: piece.start):
        yield text[position : piece.start]
        yield edits[piece]
        position = piece.end
    yield text[position:]
