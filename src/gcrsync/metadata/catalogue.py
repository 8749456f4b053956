"""What was found on record as JSON: repositories with their tags, and the names by which the mirror has them."""

import json
from collections.abc import Iterable, Mapping, Sequence

from gcrsync.metadata.timestamp import format_time
from gcrsync.mirror.record import Json, Record
from gcrsync.mirror.resolution import Resolution, Unmirrored
from gcrsync.mirror.search import Hit
from gcrsync.mirror.span import Standing, standings
from gcrsync.oci.name import Tag
from gcrsync.oci.reference import Reference

VERSION = 1
"""The version of the JSON documents' shape."""


def search_json(hits: Sequence[Hit], exit_code: int) -> str:
    """Give what a search found as one JSON document, with a final newline."""
    return _document("search", {"repositories": [_hit(hit) for hit in hits]}, exit_code)


def list_json(records: Iterable[Record]) -> str:
    """Give repositories with each of their tags as one JSON document, with a final newline."""
    return _document("list", {"repositories": [_repository(record) for record in records]}, 0)


def resolve_json(resolved: Sequence[tuple[Reference, Resolution | Unmirrored]], exit_code: int) -> str:
    """Give the names at the mirror as one JSON document, with a final newline."""
    return _document("resolve", {"images": [_resolved(*each) for each in resolved]}, exit_code)


def _resolved(reference: Reference, found: Resolution | Unmirrored) -> Json:
    if isinstance(found, Unmirrored):
        return {"image": str(reference), "mirror": None, "pinned": None, "digest": None, "reason": found.reason}
    return {"image": str(reference), "mirror": found.name, "pinned": found.pinned, "digest": found.digest.text, "reason": None}


def _document(command: str, content: Mapping[str, Json], exit_code: int) -> str:
    document: Json = {"version": VERSION, "command": command, "exit": exit_code, "error": None, **content}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _hit(hit: Hit) -> Json:
    return {"repository": str(hit.record.repository), "mirror": hit.record.mirror, "tags": [tag.name for tag in hit.tags]}


def _repository(record: Record) -> Json:
    tags: list[Json] = [_tag(record, tag, standing) for (tag, _), standing in standings(record).items()]
    return {"repository": str(record.repository), "mirror": record.mirror, "tags": tags}


def _tag(record: Record, tag: Tag, standing: Standing) -> Json:
    described = record.described(tag) if standing.mirror else None
    return {
        "tag": tag.name,
        "state": standing.state.value,
        "digest": standing.digest.text,
        "mirrorDigest": None if standing.mirror_digest is None else standing.mirror_digest.text,
        "size": None if described is None else described.size,
        "uploaded": None if described is None or described.uploaded is None else format_time(described.uploaded),
        "mirrored": None if described is None or described.mirrored is None else format_time(described.mirrored),
        "reason": standing.reason or None,
    }
