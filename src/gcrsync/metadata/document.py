"""The document of a repository: a record as JSON text, byte for byte, and back.

Keys stand in a fixed order and unknown ones after them; each entry of ``tags``, ``manifests``, ``held``, ``gone``, ``kept``,
``former`` and ``untagged`` has a line of its own; equal records give equal text.
"""

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TypeVar

from gcrsync.errors import InvalidMetadataError
from gcrsync.metadata import strict_json
from gcrsync.metadata.plain import find_plain
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
    members.append(_object("tags", ((tag.name, f'"{digest}"') for tag, digest in _by_tag(record.tags))))
    manifests = sorted(record.manifests.items(), key=lambda entry: entry[0])
    members.append(_object("manifests", ((digest.text, _mirrored(mirrored)) for digest, mirrored in manifests)))
    if record.held:
        members.append(_object("held", ((tag.name, _json(_held(held))) for tag, held in _by_tag(record.held))))
    if record.gone:
        members.append(_object("gone", ((tag.name, _json(_gone(gone))) for tag, gone in _by_tag(record.gone))))
    if record.kept:
        members.append(_object("kept", ((tag.name, _json(_kept(kept))) for tag, kept in _by_tag(record.kept))))
    if record.former:
        members.append(_object("former", ((tag.name, _mirrored(former)) for tag, former in _by_tag(record.former))))
    if record.untagged:
        untagged = sorted(record.untagged.items(), key=lambda entry: entry[0])
        members.append(_object("untagged", ((digest.text, _json(subject)) for digest, subject in untagged)))
    members.extend(f"{_json(key)}: {_json(value)}" for key, value in record.extra.items())
    text = "{\n  " + ",\n  ".join(members) + "\n}\n"
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def decode(text: str, path: str) -> Record:
    """Read the document that stands at ``path``.

    Each digest in ``tags``, ``gone`` and ``kept`` must be described in ``manifests``, and each tag in ``former`` be one of theirs;
    what else is described in ``manifests`` is kept. Raises InvalidMetadataError with the line of whatever is not as
    :func:`encode` would write it.
    """
    plain = find_plain(text, path)
    if plain is not None:
        with suppress(InvalidMetadataError, WrongValueError):  # and then it is met again below, in its line
            return read_record(strict_json.parse(plain.rest, path), path, plain.manifests)
    document = strict_json.parse(text, path)
    try:
        return read_record(document, path)
    except WrongValueError as error:
        raise InvalidMetadataError(path, strict_json.line_of(text, error.keys), error.reason) from error


def _by_tag(entries: Mapping[Tag, _Value]) -> list[tuple[Tag, _Value]]:
    return sorted(entries.items(), key=lambda entry: entry[0].sort_key)


def _object(key: str, entries: Iterable[tuple[str, str]]) -> str:
    lines = ",\n    ".join([f'"{name}": {entry}' for name, entry in entries])
    return f'"{key}": {{\n    {lines}\n  }}' if lines else f'"{key}": {{}}'


def _mirrored(mirrored: Mirrored) -> str:
    """Write a manifest's entry as JSON; part by part, since there are a hundred thousand and the encoder takes its time."""
    media_type, size, uploaded, at, extra, platforms, mirror_digest, referrers = mirrored
    members = []
    if media_type is not None:
        members.append(f'"mediaType": {_quoted(media_type)}')
    if size is not None:
        members.append(f'"size": {size}')
    if uploaded is not None:
        members.append(f'"uploaded": "{format_time(uploaded)}"')
    if at is not None:
        members.append(f'"mirrored": "{format_time(at)}"')
    if mirror_digest is not None:
        members.append(f'"mirrorDigest": "{mirror_digest}"')
    if platforms or referrers or extra:
        rare: dict[str, Json] = {"platforms": [str(each) for each in platforms], "referrers": [each.text for each in referrers]}
        more = {**{key: value for key, value in rare.items() if value}, **extra}
        members += [f"{_json(key)}: {_json(value)}" for key, value in more.items()]
    return f"{{{', '.join(members)}}}"


@lru_cache(maxsize=256)
def _quoted(text: str) -> str:
    return _json(text)


def _held(held: Held) -> Json:
    known: dict[str, Json] = {"digest": held.digest.text, "since": format_time(held.since), "why": held.why.value}
    measured: dict[str, Json] = {} if held.size is None else {"size": held.size}
    return {**known, "reason": held.reason, **measured, **held.extra}


def _gone(gone: Gone) -> Json:
    reason: dict[str, Json] = {"reason": gone.reason} if gone.reason else {}
    return {"digest": gone.digest.text, "since": format_time(gone.since), **reason, **gone.extra}


def _kept(kept: Kept) -> Json:
    return {"digest": kept.digest.text, "of": kept.of.name, "since": format_time(kept.since), **kept.extra}
