"""The values of a document, each checked as it is read: a record from JSON."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import repeat
from typing import TypeVar

from gcrsync.errors import InvalidNameError
from gcrsync.metadata.paths import path_of
from gcrsync.metadata.section import Read, Section, WrongValueError
from gcrsync.metadata.timestamp import parse_time, parse_times
from gcrsync.mirror.naming import check_mirror_name
from gcrsync.mirror.platforms import Platforms, choice
from gcrsync.mirror.record import Gone, Held, Json, Kept, Mirrored, Record, Why
from gcrsync.mirror.unread import Unread
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Platform
from gcrsync.oci.name import Repository, Tag

_Name = TypeVar("_Name", Tag, Digest)
_Value = TypeVar("_Value")
_USUAL = ("mediaType", "size", "uploaded", "mirrored")
"""What nearly every manifest's entry has, and hardly any has more."""

_Values = Callable[[Section], Iterable[_Value]]
"""Reads the entries of a section."""


def read_record(document: Json, path: str, manifests: Unread | None = None) -> Record:
    """Make a record of the document that stands at ``path``, which is used up. Raises WrongValueError.

    ``manifests`` are those that were taken out of it.
    """
    return _Reader(path).record(document, manifests)


def read_manifests(document: Json, path: str) -> Mapping[Digest, Mirrored]:
    """Read the manifests of a document at ``path`` that has nothing else. Raises WrongValueError."""
    if not isinstance(document, dict):
        raise WrongValueError("not a JSON object")
    return _read(document, "manifests", Digest, _Reader(path).mirrored)


class _Reader:
    """Reads the parts of one document, each digest and each time once. What it has read it takes out; the rest is unknown."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.digest_of = Read(Digest, Digest.each)

    def record(self, document: Json, unread: Unread | None) -> Record:
        if not isinstance(document, dict):
            raise WrongValueError("not a JSON object")
        for key in ("repository", "mirror", "tags", "manifests"):
            if key not in document:
                raise WrongValueError(f"has no {key!r}")
        manifests = _read(document, "manifests", Digest, self.mirrored)
        self.digest_of.update(zip(manifests, manifests, strict=True))
        if unread is not None:
            described = _texts(document["tags"]) & unread.names
            self.digest_of.update(zip(described, Digest.checked(described), strict=True))
        record = Record(
            repository=self.repository(document),
            mirror=self.mirror(document),
            tags=_read(document, "tags", Tag, self.digests),
            manifests=manifests if unread is None else unread,
            held=_read(document, "held", Tag, _one_by_one(self.held)),
            gone=_read(document, "gone", Tag, _one_by_one(self.gone)),
            kept=_read(document, "kept", Tag, _one_by_one(self.kept)),
            former=_read(document, "former", Tag, self.mirrored),
            untagged=_read(document, "untagged", Digest, _one_by_one(self.subject)),
            extra=document,
        )
        _check_described(record)
        return record

    def repository(self, document: dict[str, Json]) -> Repository:
        text = _text(document, "repository")
        try:
            repository = Repository.parse(text)
        except InvalidNameError as error:
            raise WrongValueError(error.message, "repository") from error
        if path_of(repository) != self.path:
            raise WrongValueError(f"this is the document of {repository}, which belongs in {path_of(repository)}", "repository")
        return repository

    def mirror(self, document: dict[str, Json]) -> str:
        text = _text(document, "mirror")
        try:
            check_mirror_name(text)
        except InvalidNameError as error:
            raise WrongValueError(error.message, "mirror") from error
        return text

    def digests(self, section: Section) -> list[Digest]:
        return section.each(self.digest_of.__getitem__, section.column(section.entries.values(), str, "expected a digest"))

    def digest(self, value: Json) -> Digest:
        if not isinstance(value, str):
            raise WrongValueError("expected a digest")
        return self.digest_of[value]

    def subject(self, value: Json) -> Digest | None:
        return None if value is None else self.digest(value)

    def mirrored(self, section: Section) -> list[Mirrored]:
        entries = section.column(section.entries.values(), dict, "expected an object")
        columns = [list(map(dict.get, entries, repeat(key))) for key in _USUAL]
        media_types = section.optional(columns[0], str, "'mediaType' is not a string")
        sizes = section.optional(columns[1], int, "'size' is not a number of bytes")
        if min(filter(None, sizes), default=0) < 0:
            section.each(_check_size, sizes)
        uploaded, mirrored = (self.times(section, column) for column in columns[2:])
        rows = zip(media_types, sizes, uploaded, mirrored, *map(repeat, Mirrored()[len(_USUAL) :]), strict=False)
        found = list(map(tuple.__new__, repeat(Mirrored), rows))
        usual = sum(len(column) - column.count(None) for column in columns)
        return found if usual == sum(map(len, entries)) else section.each(self.completed, zip(found, entries, strict=True))

    def times(self, section: Section, values: list[Json]) -> list[datetime | None]:
        column = section.optional(values, str, "expected a time")
        texts = [text for text in set(column) if text is not None]
        try:
            read = dict[str | None, datetime | None](zip(texts, parse_times(texts), strict=True))
        except InvalidNameError:
            return section.each(lambda text: None if text is None else parse_time(text), column)
        read[None] = None
        return list(map(read.__getitem__, column))

    def completed(self, read: tuple[Mirrored, dict[str, Json]]) -> Mirrored:
        """Add what few entries have."""
        mirrored, entry = read[0], {key: value for key, value in read[1].items() if key not in _USUAL}
        if not entry:
            return mirrored
        digest, platforms = entry.pop("mirrorDigest", None), self.platforms(entry.pop("platforms", None))
        if digest is not None and not isinstance(digest, str):
            raise WrongValueError("'mirrorDigest' is not a digest")
        mirror_digest = None if digest is None else self.digest_of[digest]
        referrers = self.referrers(entry.pop("referrers", None))
        return mirrored._replace(extra=entry, platforms=platforms, mirror_digest=mirror_digest, referrers=referrers)

    def referrers(self, value: Json) -> tuple[Digest, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            raise WrongValueError("'referrers' is not a list")
        return tuple(sorted({self.digest(text) for text in value}))

    def platforms(self, value: Json) -> Platforms:
        if value is None:
            return ()
        if not isinstance(value, list):
            raise WrongValueError("'platforms' is not a list")
        return choice(tuple(Platform.parse(text) for text in map(_platform_text, value)))

    def held(self, value: Json) -> Held:
        entry = _entry(value)
        digest, since = self.digest_of[_text(entry, "digest")], parse_time(_text(entry, "since"))
        why, reason = _text(entry, "why"), _text(entry, "reason")
        if why not in list(Why):
            raise WrongValueError(f"'why' is none of {', '.join(Why)}")
        return Held(digest, since, Why(why), reason, size=_measured(entry), extra=entry)

    def gone(self, value: Json) -> Gone:
        entry = _entry(value)
        digest, since = self.digest_of[_text(entry, "digest")], parse_time(_text(entry, "since"))
        return Gone(digest, since, entry, _text(entry, "reason") if "reason" in entry else "")

    def kept(self, value: Json) -> Kept:
        entry = _entry(value)
        return Kept(self.digest_of[_text(entry, "digest")], Tag(_text(entry, "of")), parse_time(_text(entry, "since")), entry)


def _read(document: dict[str, Json], key: str, kind: type[_Name], values: _Values[_Value]) -> dict[_Name, _Value]:
    """Take a section out of a document, each entry's name and value read."""
    section = Section.taken(document, key)
    if not section.entries:
        return {}
    return dict(zip(section.names(kind), values(section), strict=True))


def _one_by_one(read: Callable[[Json], _Value]) -> _Values[_Value]:
    return lambda section: section.each(read, section.entries.values())


def _texts(section: Json) -> set[str]:
    return {text for text in section.values() if isinstance(text, str)} if isinstance(section, dict) else set()


def _measured(entry: dict[str, Json]) -> int | None:
    size = entry.pop("size", None)
    if size is not None and (not isinstance(size, int) or isinstance(size, bool)):
        raise WrongValueError("'size' is not a number of bytes")
    _check_size(size)
    return size


def _check_size(size: int | None) -> None:
    if size is not None and size < 0:
        raise WrongValueError("'size' is not a number of bytes")


def _entry(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise WrongValueError("expected an object")
    return value


def _platform_text(value: Json) -> str:
    if not isinstance(value, str):
        raise WrongValueError("'platforms' holds what is not a string")
    return value


def _text(entry: dict[str, Json], key: str) -> str:
    value = entry.pop(key, None)
    if not isinstance(value, str):
        raise WrongValueError(f"{key!r} is missing or not a string", key)
    return value


def _check_described(record: Record) -> None:
    described = record.manifests.names if isinstance(record.manifests, Unread) else record.manifests.keys()
    if not described >= set(record.tags.values()):
        tag, digest = next(item for item in record.tags.items() if item[1] not in record.manifests)
        raise WrongValueError(f"no entry in 'manifests' describes {digest}", "tags", tag.name)
    for key, entries in (("gone", record.gone), ("kept", record.kept)):
        for tag, entry in entries.items():
            if entry.digest not in record.manifests:
                raise WrongValueError(f"no entry in 'manifests' describes {entry.digest}", key, tag.name)
    for tag in record.former:
        if record.digest_at_source(tag) is None:
            raise WrongValueError(f"the mirror has no tag {tag}", "former", tag.name)
