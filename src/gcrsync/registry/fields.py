"""What is read of the JSON that a vendor's API gives.

Every value is hostile: what is read of it is checked, and ProtocolError says what was not understood.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from gcrsync.errors import InvalidNameError, ProtocolError
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.name import Tag
from gcrsync.registry.pages import DOING

Entry = Mapping[str, object]
"""One JSON object of an answer."""

_LARGEST_NUMBER = 2**63
_END_OF_TIME = 253_402_300_800
"""The year 10000, in seconds since 1970, which a datetime does not reach."""

_UNKNOWN = datetime.max.replace(tzinfo=UTC)
"""Stands for a time that is not told: any that is told is earlier."""


def entry(value: object, where: str) -> Entry:
    """Give a JSON object."""
    if not isinstance(value, dict):
        raise _malformed(where, "expected a JSON object")
    return value


def entries(value: object, where: str) -> list[Entry]:
    """Give a list of JSON objects."""
    if not isinstance(value, list):
        raise _malformed(where, "expected a list of JSON objects")
    return [entry(each, where) for each in value]


def listed(value: object, key: str, where: str) -> list[Entry]:
    """Give the list of JSON objects under a key of a page; null is an empty one, but a page without the key is no list."""
    document = entry(value, where)
    if key not in document:
        raise _malformed(where, f"{key!r} is missing")
    return [] if document[key] is None else entries(document[key], where)


def text(document: Entry, key: str, where: str) -> str:
    """Give a text that has to be there."""
    value = document.get(key)
    if not isinstance(value, str):
        raise _malformed(where, f"{key!r} is missing or no text")
    return value


def optional_text(document: Entry, key: str, where: str) -> str:
    """Give a text that may be missing or null, and is empty then."""
    return "" if document.get(key) is None else text(document, key, where)


def number(document: Entry, key: str) -> int | None:
    """Give a whole number above zero, None for what is no such number: vendors say 0 of what they do not know."""
    value = document.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LARGEST_NUMBER else None


def time(document: Entry, key: str) -> datetime | None:
    """Give a time in UTC at whole seconds (RFC 3339), None for what is none."""
    value = document.get(key)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        return None if found is None or found.tzinfo is None else found.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def moment(seconds: int | None) -> datetime | None:
    """Give the time so many seconds after 1970, None where that is not known or makes no sense."""
    return None if seconds is None or seconds >= _END_OF_TIME else datetime.fromtimestamp(seconds, UTC)


def listing(told: Iterable[tuple[str, str, Described]], where: str) -> Listing:
    """Give the listing of tags that are told with their digests, empty where a digest is not told: it is then ``unasked``.

    The times that are told are those of the tags. A name or a digest that is none raises ProtocolError: a list that is not
    understood whole must not count as whole.
    """
    try:
        checked = [(Tag(name), Digest(digest) if digest else None, described) for name, digest, described in told]
    except InvalidNameError as error:
        raise _malformed(where, error.message) from error
    tags = {name: digest for name, digest, _ in checked if digest is not None}
    times = {name: described.uploaded for name, _, described in checked}
    return Listing(
        tags,
        _earliest((digest, described) for _, digest, described in checked if digest is not None),
        unasked=frozenset(times).difference(tags),
        uploaded={name: uploaded for name, uploaded in times.items() if uploaded is not None},
    )


def _earliest(told: Iterable[tuple[Digest, Described]]) -> dict[Digest, Described]:
    """Give what is told of each manifest by the tag that has had it longest: it was there when the first of them was put."""
    latest_first = sorted(told, key=lambda each: each[1].uploaded or _UNKNOWN, reverse=True)
    return dict(latest_first)


def _malformed(where: str, reason: str) -> ProtocolError:
    return ProtocolError(DOING, where, f"the answer is not understood: {reason}")
