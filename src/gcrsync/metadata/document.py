"""The document of a repository: a record as JSON text, byte for byte, and back.

Keys stand in a fixed order and unknown ones after them; each entry of ``tags``, ``manifests``, ``held``, ``gone``, ``kept``,
``former`` and ``untagged`` has a line of its own; equal records give equal text.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from gcrsync.errors import InvalidMetadataError
from gcrsync.metadata import strict_json
from gcrsync.metadata.reader import read_record
from gcrsync.metadata.section import WrongValueError
from gcrsync.metadata.timestamp import format_time
from gcrsync.mirror.record import Gone, Held, Json, Kept, Mirrored, Record
from gcrsync.oci.name import Tag

_Value = TypeVar("_Value")
_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON may hold as it is, and what would still break a line, the direction of a text, or UTF-8."""


def encode(record: Record) -> str:
    """Write a record: two-space indent, final newline, tags by ``Tag.sort_key``, digests by their text.

    What is unknown is left out, and so are ``held``, ``gone``, ``kept``, ``former`` and ``untagged`` where they are empty. Times
    are cut to whole seconds.
    """
    members = [f'"repository": {_json(str(record.repository))}', f'"mirror": {_json(record.mirror)}']
    members.append(_object("tags", ((tag.name, digest.text) for tag, digest in _by_tag(record.tags))))
    manifests = sorted(record.manifests.items(), key=lambda entry: entry[0])
    members.append(_object("manifests", ((digest.text, _mirrored(mirrored)) for digest, mirrored in manifests)))
    if record.held:
        members.append(_object("held", ((tag.name, _held(held)) for tag, held in _by_tag(record.held))))
    if record.gone:
        members.append(_object("gone", ((tag.name, _gone(gone)) for tag, gone in _by_tag(record.gone))))
    if record.kept:
        members.append(_object("kept", ((tag.name, _kept(kept)) for tag, kept in _by_tag(record.kept))))
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

    Each digest in ``tags``, ``gone`` and ``kept`` must be described in ``manifests``, and each tag in ``former`` be one of theirs;
    what else is described in ``manifests`` is kept. Raises InvalidMetadataError with the line of whatever is not as
    :func:`encode` would write it.
    """
    document = strict_json.parse(text, path)
    try:
        return read_record(document, path)
    except WrongValueError as error:
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
    reason: dict[str, Json] = {"reason": gone.reason} if gone.reason else {}
    return {"digest": gone.digest.text, "since": format_time(gone.since), **reason, **gone.extra}


def _kept(kept: Kept) -> Json:
    return {"digest": kept.digest.text, "of": kept.of.name, "since": format_time(kept.since), **kept.extra}
