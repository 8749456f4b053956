"""The past of a repository: one tag read from an old document, and what came of it as JSON."""

import json
from collections.abc import Mapping, Sequence

from gcrsync.errors import InvalidMetadataError
from gcrsync.metadata import strict_json
from gcrsync.metadata.reader import read_record
from gcrsync.metadata.section import WrongValueError
from gcrsync.metadata.timestamp import format_time
from gcrsync.mirror.record import Json, Record
from gcrsync.mirror.span import Span
from gcrsync.oci.name import Repository, Tag

VERSION = 1
"""The version of the JSON document's shape."""

_BY_TAG = ("tags", "held", "gone", "kept", "former")


def decode_tag(text: str, path: str, tag: Tag) -> Record:
    """Read of the document that stands at ``path`` what it says of one tag; a document may have thousands of others.

    Raises InvalidMetadataError where that is not as it should be.
    """
    document = strict_json.parse(text, path)
    try:
        return read_record(_narrowed(document, tag), path)
    except WrongValueError as error:
        raise InvalidMetadataError(path, strict_json.line_of(text, error.keys), error.reason) from error


def history_json(repository: Repository, told: Mapping[Tag, Sequence[Span]], skipped: Mapping[str, str], *, shallow: bool) -> str:
    """Give the spans of tags as one JSON document, with a final newline; ``skipped`` has commits, and why they cannot be read."""
    document: Json = {
        "version": VERSION,
        "command": "history",
        "exit": 0,
        "error": None,
        "repository": str(repository),
        "shallow": shallow,
        "skipped": [{"commit": commit, "reason": reason} for commit, reason in skipped.items()],
        "tags": [{"tag": tag.name, "spans": [_span(span) for span in spans]} for tag, spans in told.items()],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _span(span: Span) -> Json:
    standing = span.standing
    return {
        "state": standing.state.value,
        "digest": standing.digest.text,
        "mirror": standing.mirror or None,
        "mirrorDigest": None if standing.mirror_digest is None else standing.mirror_digest.text,
        "from": format_time(span.since),
        "to": None if span.until is None else format_time(span.until),
        "commit": span.commit,
        "reason": standing.reason or None,
    }


def _narrowed(document: Json, tag: Tag) -> Json:
    """Leave out of a document every other tag, and each manifest that this one does not name."""
    if not isinstance(document, dict):
        return document
    narrowed: dict[str, Json] = dict(document)
    for key in _BY_TAG:
        section = document.get(key)
        if isinstance(section, dict):
            narrowed[key] = {name: value for name, value in section.items() if name == tag}
    manifests = document.get("manifests")
    if isinstance(manifests, dict):
        narrowed["manifests"] = {digest: manifests[digest] for digest in _named(narrowed, tag) if digest in manifests}
    narrowed.pop("untagged", None)
    return narrowed


def _named(document: dict[str, Json], tag: Tag) -> list[str]:
    named: list[str] = []
    for key in ("tags", "gone", "kept"):
        section = document.get(key)
        value = section.get(tag) if isinstance(section, dict) else None
        digest = value.get("digest") if isinstance(value, dict) else value
        if isinstance(digest, str):
            named.append(digest)
    return named
