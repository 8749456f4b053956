"""What came of copying an image, and what is known of one, as JSON."""

import json
from collections.abc import Mapping
from datetime import datetime

from gcrsync.metadata.timestamp import format_time
from gcrsync.mirror.located import Located
from gcrsync.mirror.record import Json
from gcrsync.mirror.single import Copied, Pushed
from gcrsync.oci.attached import Attached
from gcrsync.oci.digest import Digest
from gcrsync.oci.inspection import Inspection, Part

VERSION = 1
"""The version of the JSON documents' shape."""


def copy_json(copied: Copied, started: datetime, exit_code: int) -> str:
    """Give what came of copying an image as one JSON document, with a final newline."""
    return _document("copy", started, _copied(copied), exit_code)


def push_json(pushed: Pushed, started: datetime, exit_code: int) -> str:
    """Give what came of pushing the images of an archive as one JSON document, with a final newline."""
    images: list[Json] = [{"name": name or None, **_copied(copied)} for name, copied in pushed.images]
    content: dict[str, Json] = {"archive": pushed.archive, "digests": "kept" if pushed.keeps_digests else "made", "images": images}
    return _document("push", started, content, exit_code)


def inspect_json(inspection: Inspection, image: Located, started: datetime, exit_code: int) -> str:
    """Give what is known of an image as one JSON document, with a final newline."""
    manifests: list[Json] = [_part(part) for part in inspection.parts]
    attached: list[Json] = [_attached(each) for each in inspection.attached]
    unread: list[Json] = list(inspection.unread)
    content: dict[str, Json] = {
        "image": str(image),
        "pinned": str(image.pinned(inspection.descriptor.digest)),
        "digest": inspection.descriptor.digest.text,
        "mediaType": inspection.descriptor.media_type,
        "size": inspection.size,
        "created": None if inspection.created is None else format_time(inspection.created),
        "manifests": manifests,
        "attached": attached,
        "unread": unread,
    }
    return _document("inspect", started, content, exit_code)


def _copied(copied: Copied) -> dict[str, Json]:
    tags: list[Json] = [tag.name for each in copied.attached for tag in each.confirmed]
    referrers: list[Json] = [digest.text for digest in copied.outcome.referrers]
    platforms: list[Json] = [str(platform) for platform in copied.outcome.step.platforms]
    return {
        "source": {"image": str(copied.source), "digest": copied.outcome.step.digest.text},
        "destination": {"image": str(copied.target), "digest": _text(copied.served)},
        "platforms": platforms,
        "mediaType": copied.outcome.media_type,
        "bytes": copied.copied,
        "referrers": referrers,
        "tags": tags,
        "problem": None if copied.problem is None else copied.problem.value,
        "reason": copied.reason or None,
    }


def _part(part: Part) -> Json:
    platform = part.descriptor.platform
    return {
        "platform": None if platform is None else str(platform),
        "digest": part.descriptor.digest.text,
        "mediaType": part.descriptor.media_type,
        "size": part.size,
    }


def _attached(each: Attached) -> Json:
    return {
        "kind": each.kind.value,
        "subject": each.subject.text,
        "tag": None if each.tag is None else each.tag.name,
        "digest": each.descriptor.digest.text,
        "artifactType": each.descriptor.artifact_type or None,
    }


def _document(command: str, started: datetime, content: Mapping[str, Json], exit_code: int) -> str:
    head: dict[str, Json] = {"version": VERSION, "command": command, "started": format_time(started), "exit": exit_code}
    return json.dumps({**head, "error": None, **content}, ensure_ascii=False, indent=2) + "\n"


def _text(digest: Digest | None) -> str | None:
    return None if digest is None else digest.text
