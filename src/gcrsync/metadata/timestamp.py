"""Times as the metadata repository writes them: UTC, whole seconds, ``2026-11-21T02:17:00Z``."""

import re
from collections.abc import Collection
from datetime import UTC, datetime

from gcrsync.errors import InvalidNameError

_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z")
_LINES = re.compile(rf"(?:{_TIMESTAMP.pattern}\n)*+")


def format_time(moment: datetime) -> str:
    """Write a time that knows its zone; fractions of a second are cut off."""
    if moment.tzinfo is UTC:
        return f"{moment.isoformat(timespec='seconds').removesuffix('+00:00')}Z"
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def parse_time(text: str) -> datetime:
    """Read a time; InvalidNameError for any other form and for a day that is not in the calendar."""
    try:
        if _TIMESTAMP.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidNameError("time", text, "expected UTC and whole seconds, as in 2026-11-21T02:17:00Z")


def parse_times(texts: Collection[str]) -> list[datetime]:
    """Read many times at once, which takes a fraction of the time; InvalidNameError for the first that is none."""
    lines = "\n".join((*texts, ""))
    try:
        if lines.count("\n") == len(texts) and _LINES.fullmatch(lines):
            return list(map(datetime.fromisoformat, texts))
    except ValueError:
        pass
    return [parse_time(text) for text in texts]
