"""Who commits, and when: as options say, in the variables by which git is told so for one command."""

import re
from datetime import UTC, datetime

from gcrsync.errors import UsageError

_PERSONS = ("AUTHOR", "COMMITTER")
_AUTHOR = re.compile(r"\s*([^<>\s](?:[^<>\n\0]*[^<>\s])?)\s*<([^<>\s\0]+)>\s*")


def identity(author: str | None, date: str | None) -> dict[str, str]:
    """Give the variables for an author (``Name <mail>``) and a date (ISO 8601, UTC where it names no zone), either may be None.

    Both are those of the author and of the committer. Raises UsageError for a text that is none.
    """
    given: dict[str, str] = {}
    if author is not None:
        match = _AUTHOR.fullmatch(author)
        if match is None:
            raise UsageError(f"--author {author!r} is no name with an address", hint="write it like 'Ann <ann@example.com>'")
        for person in _PERSONS:
            given |= {f"GIT_{person}_NAME": match[1], f"GIT_{person}_EMAIL": match[2]}
    if date is not None:
        given |= {f"GIT_{person}_DATE": _time(date) for person in _PERSONS}
    return given


def _time(text: str) -> str:
    """Give a time as git's internal format has it: seconds, and the zone."""
    try:
        time = datetime.fromisoformat(text)
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        seconds = int(time.timestamp())
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--date {text!r} is no time", hint="write it like 2026-11-21T02:17:00Z") from error
    if seconds < 0:
        raise UsageError(f"--date {text!r} is before 1970", hint="git keeps no such time")
    return f"{seconds} {time:%z}"
