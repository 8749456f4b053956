"""What each night changed in a repository, newest first, from the spans of its tags."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gcrsync.mirror.span import Span, State
from gcrsync.oci.name import Tag

_MOVED = "moved"

Past = Mapping[Tag, Sequence[Span]]
"""What each tag of a repository was, by the beginning of its spans."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a tag: a word, the digest that it has from then on, and the one that it had until then, empty for none."""

    tag: Tag
    word: str
    digest: str = ""
    was: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Night:
    """The changes that commits of one moment (UTC) made."""

    at: datetime
    changes: tuple[Change, ...]


def nights(past: Past) -> tuple[Night, ...]:
    """Give all nights in which something changed, newest first, each with its changes by tag."""
    found: dict[datetime, list[Change]] = {}
    for tag, spans in past.items():
        held = [span for span in spans if span.standing.state is State.HELD]
        served = [span for span in spans if span.standing.state is not State.HELD]
        for at, change in (*_changes(tag, served), *_beginnings(tag, held)):
            found.setdefault(at, []).append(change)
    return tuple(Night(at, tuple(found[at])) for at in sorted(found, reverse=True))


def moves(told: Iterable[Night]) -> Mapping[Tag, datetime]:
    """Give when each tag that has moved did so last; the nights are the newest first."""
    found: dict[Tag, datetime] = {}
    for night in told:
        for change in night.changes:
            if change.word == _MOVED:
                found.setdefault(change.tag, night.at)
    return found


def _changes(tag: Tag, spans: Sequence[Span]) -> Iterator[tuple[datetime, Change]]:
    """Tell of what the mirror serves."""
    before: Span | None = None
    for span in spans:
        if before is not None and before.until is not None and before.until < span.since:
            yield before.until, Change(tag, "removed", was=before.standing.digest)
            before = None
        yield span.since, _change(tag, span, before)
        before = span
    if before is not None and before.until is not None:
        yield before.until, Change(tag, "removed", was=before.standing.digest)


def _change(tag: Tag, span: Span, before: Span | None) -> Change:
    standing = span.standing
    if standing.state is not State.MIRRORED:
        return Change(tag, standing.state.value, standing.digest)
    if before is None:
        return Change(tag, "added", standing.digest)
    if before.standing.digest != standing.digest:
        return Change(tag, _MOVED, standing.digest, before.standing.digest)
    back = before.standing.state is not State.MIRRORED
    return Change(tag, "back" if back else "copied anew", standing.digest)


def _beginnings(tag: Tag, spans: Iterable[Span]) -> Iterator[tuple[datetime, Change]]:
    """Tell of what the mirror could not or may not have."""
    for span in spans:
        yield span.since, Change(tag, span.standing.state.value, span.standing.digest, reason=span.standing.reason)
