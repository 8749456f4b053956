"""What came of copying an image, and what is known of one, as JSON."""

import json
from collections.abc import Mapping
from datetime import datetime

from gcrsync.metadata.timestamp import format_time
from gcrsync.mirror.record import Json
from gcrsync.mirror.single import Copied
from gcrsync.oci.digest import Digest

VERSION = 1
"""The version of the JSON documents' shape."""


def copy_json(copied: Copied, started: datetime, exit_code: int) -> str:
    """Give what came of copying an image as one JSON document, with a final newline."""
    tags: list[Json] = [tag.name for each in copied.attached for tag in each.confirmed]
    referrers: list[Json] = [digest.text for digest in copied.outcome.referrers]
    platforms: list[Json] = [str(platform) for platform in copied.outcome.step.platforms]
    content: dict[str, Json] = {
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
    return _document("copy", started, content, exit_code)


def _document(command: str, started: datetime, content: Mapping[str, Json], exit_code: int) -> str:
    head: dict[str, Json] = {"version": VERSION, "command": command, "started": format_time(started), "exit": exit_code}
    return json.dumps({**head, "error": None, **content}, ensure_ascii=False, indent=2) + "\n"


def _text(digest: Digest | None) -> str | None:
    return None if digest is None else digest.text
