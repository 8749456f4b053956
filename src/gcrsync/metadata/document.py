"""The document of a repository: a record as JSON text, byte for byte, and back.

Keys stand in a fixed order and unknown ones after them; each tag, manifest, held, gone and former entry has a line of its own;
equal records give equal text.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import TypeVar

from gcrsync.errors import InvalidMetadataError, InvalidNameError
from gcrsync.metadata import strict_json
from gcrsync.metadata.paths import path_of
from gcrsync.metadata.timestamp import format_time, parse_time
from gcrsync.mirror.naming import check_mirror_name
from gcrsync.mirror.platforms import Platforms, choice
from gcrsync.mirror.record import Gone, Held, Json, Mirrored, Record, Why
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Platform
from gcrsync.oci.name import Repository, Tag

_Name = TypeVar("_Name", Tag, Digest)
_Value = TypeVar("_Value")
_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON may hold as it is, and what would still break a line, the direction of a text, or UTF-8."""


def encode(record: Record) -> str:
    """Write a record: two-space indent, final newline, tags by ``Tag.sort_key``, digests by their text.

    What is unknown is left out, and so are ``held``, ``gone``, ``former`` and ``untagged`` where they are empty. Times are cut to
    whole seconds.
    """
    members = [f'"repository": {_json(str(record.repository))}', f'"mirror": {_json(record.mirror)}']
    members.append(_object("tags", ((tag.name, digest.text) for tag, digest in _by_tag(record.tags))))
    manifests = sorted(record.manifests.items(), key=lambda entry: entry[0])
    members.append(_object("manifests", ((digest.text, _mirrored(mirrored)) for digest, mirrored in manifests)))
    if record.held:
        members.append(_object("held", ((tag.name, _held(held)) for tag, held in _by_tag(record.held))))
    if record.gone:
        members.append(_object("gone", ((tag.name, _gone(gone)) for tag, gone in _by_tag(record.gone))))
    if record.former:
        members.append(_object("former", ((tag.name, _mirrored(former)) for tag, former in _by_tag(record.former))))
    if record.untagged:
        untagged = sorted(record.untagged.items(), key=lambda entry: entry[0])
        members.append(_object("untagged", ((digest.text, subject and subject.text) for digest, subject in untagged)))
    members.extend(f"{_json(key)}: {_json(value)}" for key, value in record.extra.items())
    text = "{\n  " + ",\n  ".join(members) + "\n}\n"
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def decode(text: str, path: str) -> Record:
    """Read the document that stands at ``path``.

    Each digest in ``tags`` and ``gone`` must be described in ``manifests``, and each tag in ``former`` be one of theirs; what else
    is described in ``manifests`` is kept. Raises InvalidMetadataError with the line of whatever is not as :func:`encode` would
    write it.
    """
    document = strict_json.parse(text, path)
    try:
        return _Reader(path).record(document)
    except _WrongError as error:
        raise InvalidMetadataError(path, strict_json.line_of(text, error.keys), error.reason) from error


def _by_tag(entries: Mapping[Tag, _Value]) -> list[tuple[Tag, _Value]]:
    return sorted(entries.items(), key=lambda entry: entry[0].sort_key)


def _object(key: str, entries: Iterable[tuple[str, Json]]) -> str:
    lines = ",\n    ".join(f'"{name}": {_json(entry)}' for name, entry in entries)
    return f'"{key}": {{\n    {lines}\n  }}' if lines else f'"{key}": {{}}'


def _mirrored(mirrored: Mirrored) -> Json:
    known: dict[str, Json] = {
        "mediaType": mirrored.media_type,
        "size": mirrored.size,
        "uploaded": None if mirrored.uploaded is None else format_time(mirrored.uploaded),
        "mirrored": None if mirrored.mirrored is None else format_time(mirrored.mirrored),
        "mirrorDigest": None if mirrored.mirror_digest is None else mirrored.mirror_digest.text,
        "platforms": [str(platform) for platform in mirrored.platforms] or None,
        "referrers": [digest.text for digest in mirrored.referrers] or None,
    }
    return {key: value for key, value in known.items() if value is not None} | dict(mirrored.extra)


def _held(held: Held) -> Json:
    since = format_time(held.since)
    return {"digest": held.digest.text, "since": since, "why": held.why.value, "reason": held.reason, **held.extra}


def _gone(gone: Gone) -> Json:
    return {"digest": gone.digest.text, "since": format_time(gone.since), **gone.extra}


class _WrongError(Exception):
    """A value is not what it should be; ``keys`` lead to it."""

    def __init__(self, reason: str, *keys: str) -> None:
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
            raise _WrongError("not a JSON object")
        for key in ("repository", "mirror", "tags", "manifests"):
            if key not in document:
                raise _WrongError(f"has no {key!r}")
        record = Record(
            repository=self.repository(document),
            mirror=self.mirror(document),
            tags=_section(document, "tags", Tag, self.tag),
            manifests=_section(document, "manifests", self.digest_of, self.mirrored),
            held=_section(document, "held", Tag, self.held),
            gone=_section(document, "gone", Tag, self.gone),
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
            raise _WrongError(error.message, "repository") from error
        if path_of(repository) != self.path:
            raise _WrongError(f"this is the document of {repository}, which belongs in {path_of(repository)}", "repository")
        return repository

    def mirror(self, document: dict[str, Json]) -> str:
        text = _text(document, "mirror")
        try:
            check_mirror_name(text)
        except InvalidNameError as error:
            raise _WrongError(error.message, "mirror") from error
        return text

    def tag(self, value: Json) -> Digest:
        if not isinstance(value, str):
            raise _WrongError("expected a digest")
        return self.digest_of(value)

    def subject(self, value: Json) -> Digest | None:
        return None if value is None else self.tag(value)

    def mirrored(self, value: Json) -> Mirrored:
        entry = _entry(value)
        media_type, size = entry.pop("mediaType", None), entry.pop("size", None)
        if media_type is not None and not isinstance(media_type, str):
            raise _WrongError("'mediaType' is not a string")
        if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
            raise _WrongError("'size' is not a number of bytes")
        uploaded, mirrored = self.time(entry.pop("uploaded", None)), self.time(entry.pop("mirrored", None))
        digest, platforms = entry.pop("mirrorDigest", None), self.platforms(entry.pop("platforms", None))
        if digest is not None and not isinstance(digest, str):
            raise _WrongError("'mirrorDigest' is not a digest")
        mirror_digest = None if digest is None else self.digest_of(digest)
        referrers = self.referrers(entry.pop("referrers", None))
        return Mirrored(media_type, size, uploaded, mirrored, dict(entry), platforms, mirror_digest, referrers)

    def referrers(self, value: Json) -> tuple[Digest, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            raise _WrongError("'referrers' is not a list")
        return tuple(sorted({self.tag(text) for text in value}))

    def platforms(self, value: Json) -> Platforms:
        if value is None:
            return ()
        if not isinstance(value, list):
            raise _WrongError("'platforms' is not a list")
        return choice(tuple(Platform.parse(text) for text in map(_platform_text, value)))

    def time(self, value: Json) -> datetime | None:
        if value is None:
            return None
        if not isinstance(value, str):
            raise _WrongError("expected a time")
        return self.time_of(value)

    def held(self, value: Json) -> Held:
        entry = _entry(value)
        digest, since = self.digest_of(_text(entry, "digest")), self.time_of(_text(entry, "since"))
        why, reason = _text(entry, "why"), _text(entry, "reason")
        if why not in list(Why):
            raise _WrongError(f"'why' is none of {', '.join(Why)}")
        return Held(digest, since, Why(why), reason, entry)

    def gone(self, value: Json) -> Gone:
        entry = _entry(value)
        return Gone(self.digest_of(_text(entry, "digest")), self.time_of(_text(entry, "since")), entry)


def _section(
    document: dict[str, Json], key: str, name_of: Callable[[str], _Name], read: Callable[[Json], _Value]
) -> dict[_Name, _Value]:
    """Take a section out of a document, each entry's name and value read; a section that is not there is empty."""
    entries = document.pop(key, {})
    if not isinstance(entries, dict):
        raise _WrongError(f"{key!r} is not an object", key)
    section: dict[_Name, _Value] = {}
    for name, entry in entries.items():
        try:
            section[name_of(name)] = read(entry)
        except (InvalidNameError, _WrongError) as error:
            raise _WrongError(str(error), key, name) from error
    return section


def _entry(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise _WrongError("expected an object")
    return value


def _platform_text(value: Json) -> str:
    if not isinstance(value, str):
        raise _WrongError("'platforms' holds what is not a string")
    return value


def _text(entry: dict[str, Json], key: str) -> str:
    value = entry.pop(key, None)
    if not isinstance(value, str):
        raise _WrongError(f"{key!r} is missing or not a string", key)
    return value


def _check_described(record: Record) -> None:
    for tag, digest in record.tags.items():
        if digest not in record.manifests:
            raise _WrongError(f"no entry in 'manifests' describes {digest}", "tags", tag.name)
    for tag, gone in record.gone.items():
        if gone.digest not in record.manifests:
            raise _WrongError(f"no entry in 'manifests' describes {gone.digest}", "gone", tag.name)
    for tag in record.former:
        if tag not in record.served:
            raise _WrongError(f"the mirror has no tag {tag}", "former", tag.name)
