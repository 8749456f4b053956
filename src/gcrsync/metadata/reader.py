"""The values of a document, each checked as it is read: a record from JSON."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import TypeVar

from gcrsync.errors import InvalidNameError
from gcrsync.metadata.paths import path_of
from gcrsync.metadata.timestamp import parse_time
from gcrsync.mirror.naming import check_mirror_name
from gcrsync.mirror.platforms import Platforms, choice
from gcrsync.mirror.record import Gone, Held, Json, Kept, Mirrored, Record, Why
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Platform
from gcrsync.oci.name import Repository, Tag

_Name = TypeVar("_Name", Tag, Digest)
_Value = TypeVar("_Value")


def read_record(document: Json, path: str) -> Record:
    """Make a record of the document that stands at ``path``, which is used up. Raises WrongValueError."""
    return _Reader(path).record(document)


class WrongValueError(Exception):
    """A value is not what it should be; ``keys`` lead to it."""

    def __init__(self, reason: str, *keys: str) -> None:
        """Give the reason, and the keys from the outermost to that of the value."""
        super().__init__(reason)
        self.reason, self.keys = reason, keys


class _Reader:
    """Reads the parts of one document, each digest and each time once. What it has read it takes out; the rest is unknown."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.digest_of: Callable[[str], Digest] = cache(Digest)
        self.time_of: Callable[[str], datetime] = cache(parse_time)

    def record(self, document: Json) -> Record:
        if not isinstance(document, dict):
            raise WrongValueError("not a JSON object")
        for key in ("repository", "mirror", "tags", "manifests"):
            if key not in document:
                raise WrongValueError(f"has no {key!r}")
        record = Record(
            repository=self.repository(document),
            mirror=self.mirror(document),
            tags=_section(document, "tags", Tag, self.tag),
            manifests=_section(document, "manifests", self.digest_of, self.mirrored),
            held=_section(document, "held", Tag, self.held),
            gone=_section(document, "gone", Tag, self.gone),
            kept=_section(document, "kept", Tag, self.kept),
            former=_section(document, "former", Tag, self.mirrored),
            untagged=_section(document, "untagged", self.digest_of, self.subject),
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

    def tag(self, value: Json) -> Digest:
        if not isinstance(value, str):
            raise WrongValueError("expected a digest")
        return self.digest_of(value)

    def subject(self, value: Json) -> Digest | None:
        return None if value is None else self.tag(value)

    def mirrored(self, value: Json) -> Mirrored:
        entry = _entry(value)
        media_type, size = entry.pop("mediaType", None), entry.pop("size", None)
        if media_type is not None and not isinstance(media_type, str):
            raise WrongValueError("'mediaType' is not a string")
        if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
            raise WrongValueError("'size' is not a number of bytes")
        uploaded, mirrored = self.time(entry.pop("uploaded", None)), self.time(entry.pop("mirrored", None))
        digest, platforms = entry.pop("mirrorDigest", None), self.platforms(entry.pop("platforms", None))
        if digest is not None and not isinstance(digest, str):
            raise WrongValueError("'mirrorDigest' is not a digest")
        mirror_digest = None if digest is None else self.digest_of(digest)
        referrers = self.referrers(entry.pop("referrers", None))
        return Mirrored(media_type, size, uploaded, mirrored, dict(entry), platforms, mirror_digest, referrers)

    def referrers(self, value: Json) -> tuple[Digest, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            raise WrongValueError("'referrers' is not a list")
        return tuple(sorted({self.tag(text) for text in value}))

    def platforms(self, value: Json) -> Platforms:
        if value is None:
            return ()
        if not isinstance(value, list):
            raise WrongValueError("'platforms' is not a list")
        return choice(tuple(Platform.parse(text) for text in map(_platform_text, value)))

    def time(self, value: Json) -> datetime | None:
        if value is None:
            return None
        if not isinstance(value, str):
            raise WrongValueError("expected a time")
        return self.time_of(value)

    def held(self, value: Json) -> Held:
        entry = _entry(value)
        digest, since = self.digest_of(_text(entry, "digest")), self.time_of(_text(entry, "since"))
        why, reason = _text(entry, "why"), _text(entry, "reason")
        if why not in list(Why):
            raise WrongValueError(f"'why' is none of {', '.join(Why)}")
        return Held(digest, since, Why(why), reason, entry)

    def gone(self, value: Json) -> Gone:
        entry = _entry(value)
        digest, since = self.digest_of(_text(entry, "digest")), self.time_of(_text(entry, "since"))
        return Gone(digest, since, entry, _text(entry, "reason") if "reason" in entry else "")

    def kept(self, value: Json) -> Kept:
        entry = _entry(value)
        return Kept(self.digest_of(_text(entry, "digest")), Tag(_text(entry, "of")), self.time_of(_text(entry, "since")), entry)


def _section(
    document: dict[str, Json], key: str, name_of: Callable[[str], _Name], read: Callable[[Json], _Value]
) -> dict[_Name, _Value]:
    """Take a section out of a document, each entry's name and value read; a section that is not there is empty."""
    entries = document.pop(key, {})
    if not isinstance(entries, dict):
        raise WrongValueError(f"{key!r} is not an object", key)
    section: dict[_Name, _Value] = {}
    for name, entry in entries.items():
        try:
            section[name_of(name)] = read(entry)
        except (InvalidNameError, WrongValueError) as error:
            raise WrongValueError(str(error), key, name) from error
    return section


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
    for tag, digest in record.tags.items():
        if digest not in record.manifests:
            raise WrongValueError(f"no entry in 'manifests' describes {digest}", "tags", tag.name)
    for key, entries in (("gone", record.gone), ("kept", record.kept)):
        for tag, entry in entries.items():
            if entry.digest not in record.manifests:
                raise WrongValueError(f"no entry in 'manifests' describes {entry.digest}", key, tag.name)
    for tag in record.former:
        if record.digest_at_source(tag) is None:
            raise WrongValueError(f"the mirror has no tag {tag}", "former", tag.name)
