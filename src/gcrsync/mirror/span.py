"""What a tag was in the course of time, from what each commit made of its record."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gcrsync.mirror.record import Record
from gcrsync.mirror.unread import Unread
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Tag

_REMEMBERED = 8
"""Of how many records it is remembered how their tags stand."""


class State(StrEnum):
    """What a record says of a tag."""

    MIRRORED = "mirrored"
    """The mirror serves what the source has."""
    GONE = "gone"
    """The source no longer has it, and the mirror serves it still."""
    KEPT = "kept"
    """The mirror serves under a name of its own what another tag had before it moved."""
    HELD = "held"
    """The source has it, and the mirror does not. It may serve another digest meanwhile."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a tag stands on record.

    ``digest`` is the source's; ``mirror`` and ``mirror_digest`` are the name and the digest by which the mirror serves it, empty
    and None where it does not; ``reason`` tells why not.
    """

    state: State
    digest: Digest
    mirror: str = ""
    mirror_digest: Digest | None = None
    reason: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Span:
    """How a tag stood on record ``since`` the time of a ``commit`` and ``until`` that of another, None where it still does."""

    standing: Standing
    since: datetime
    commit: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """What a commit, made ``at`` a time, made of a record: what each of its parents has, as far as that is known, and itself."""

    commit: str
    at: datetime
    befores: tuple[Record, ...]
    after: Record


Name = tuple[Tag, bool]
"""A tag, and whether it is what is held of it: it may be mirrored with one digest and held with another."""


def spans(edits: Iterable[Edit]) -> Mapping[Tag, tuple[Span, ...]]:
    """Give the spans of each tag by their beginning, from edits in the order in which they were made.

    What a commit has as one of its parents has it was not made there, so that branches side by side do not undo one another.
    """
    ended: dict[Tag, list[Span]] = {}
    current: dict[Name, Span] = {}
    latest = deque[tuple[Record, Mapping[Name, Standing]]](maxlen=_REMEMBERED)
    for edit in edits:
        after, *befores = (_remembered(record, latest) for record in (edit.after, *edit.befores))
        for name in {**current, **after}:
            now, was = after.get(name), current.get(name)
            if now == (was and was.standing) or any(before.get(name) == now for before in befores):
                continue
            at = max(edit.at, was.since) if was else edit.at  # a clock that was wrong puts nothing before what it follows
            if was is not None:
                ended.setdefault(name[0], []).append(Span(was.standing, was.since, was.commit, at))
                del current[name]
            if now is not None:
                current[name] = Span(now, at, edit.commit)
    for (tag, _), span in current.items():
        ended.setdefault(tag, []).append(span)
    return {tag: tuple(sorted(ended[tag], key=lambda span: span.since)) for tag in sorted(ended, key=lambda tag: tag.sort_key)}


def _remembered(record: Record, latest: deque[tuple[Record, Mapping[Name, Standing]]]) -> Mapping[Name, Standing]:
    """Give the standings of a record that may be one of the latest: what a commit had before is what another one made."""
    for known, found in latest:
        if known is record:
            return found
    latest.append((record, standings(record)))
    return latest[-1][1]


def standings(record: Record) -> Mapping[Name, Standing]:
    """Say how each tag of a record stands; one may be mirrored with one digest and held with another."""
    found: dict[Name, Standing] = {}
    is_whole = isinstance(record.manifests, Unread) and not record.former
    for tag, digest in record.served.items():
        state = State.MIRRORED if tag in record.tags else State.GONE if tag in record.gone else State.KEPT
        found[tag, False] = Standing(state, digest, record.mirror, digest if is_whole else record.digest_at_mirror(tag))
    for tag, held in record.held.items():
        found[tag, True] = Standing(State.HELD, held.digest, reason=held.reason)
    return found
