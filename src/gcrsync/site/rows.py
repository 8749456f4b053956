"""What a page says of each tag of a repository."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gcrsync.metadata.markdown import size
from gcrsync.mirror.naming import folder_of
from gcrsync.mirror.record import Mirrored, Record
from gcrsync.mirror.span import Standing, standings
from gcrsync.oci import media_types
from gcrsync.oci.name import Tag

_ATTACHED = re.compile(r"sha256-[0-9a-f]{64}(?:\..*)?")
"""The tags by which signatures and lists of referrers are kept at registries that have no other place for them."""


@dataclass(frozen=True, slots=True)
class Row:
    """How a tag stands, as a page shows it; an empty text is what is not known, or does not matter.

    ``digest`` is what the mirror serves, and the source's where the mirror has nothing; ``source`` is the source's where that is
    another one. ``state`` is a word, and ``reason`` tells why it is so. Days are those of UTC.
    """

    tag: str
    anchor: str
    state: str
    reason: str
    digest: str
    source: str
    size: str
    uploaded: str
    mirrored: str
    platforms: str
    is_served: bool


def tags_of(record: Record) -> tuple[Tag, ...]:
    """Give all tags that a page shows, held ones too: newest version first, and what is attached to others last."""
    newest = sorted({*record.served, *record.held}, key=lambda tag: tag.sort_key, reverse=True)
    return tuple(sorted(newest, key=lambda tag: _ATTACHED.fullmatch(tag) is not None))


def example(rows: Sequence[Row]) -> Row | None:
    """Choose the row whose image shows how to pull; None where nothing can be pulled."""
    served = [row for row in rows if row.is_served]
    return next((row for row in served if row.tag == "latest"), served[0] if served else None)


def rows(record: Record, tags: Iterable[Tag], moved: Mapping[Tag, datetime]) -> Iterator[Row]:
    """Give the rows of some tags: two of one that the mirror serves with one digest while another one is held.

    ``moved`` says when tags have moved last, of those that have.
    """
    found = standings(record)
    for tag in tags:
        for name in ((tag, False), (tag, True)):
            if name in found:
                yield _row(record, tag, found[name], moved.get(tag))


def pulled(record: Record) -> str:
    """Give what a command that pulls has before a tag; empty where the mirror is a folder, from which nothing is pulled."""
    return "" if folder_of(record.mirror) is not None else record.mirror


def anchor(tag: str) -> str:
    """Give the place of a tag on its page."""
    return f"tag-{tag}"


def _row(record: Record, tag: Tag, standing: Standing, moved: datetime | None) -> Row:
    served, held = standing.mirror_digest, record.held.get(tag)
    described = (record.described(tag) if served else None) or Mirrored()
    digest = served or standing.digest
    return Row(
        tag=tag,
        anchor=anchor(tag) if served or tag not in record.served else "",
        state=standing.state.value if served or held is None else held.why.value,
        reason=standing.reason if served is None else _since(record, tag, moved),
        digest=digest,
        source="" if digest == standing.digest else standing.digest,
        size="" if described.size is None else size(described.size),
        uploaded=_day(described.uploaded),
        mirrored=_day(described.mirrored),
        platforms="" if served is None else ", ".join(_platforms(described)),
        is_served=served is not None,
    )


def _since(record: Record, tag: Tag, moved: datetime | None) -> str:
    """Say since when a tag is gone, or when the one that is mirrored has moved."""
    gone = record.gone.get(tag)
    if gone is not None and tag not in record.tags:
        return f"since {_day(gone.since)}"
    return f"(moved {_day(moved)})" if moved and tag in record.tags else ""


def _platforms(described: Mirrored) -> Iterator[str]:
    if described.platforms:
        yield from map(str, described.platforms)
    elif described.media_type in media_types.INDEXES:
        yield "all"
    elif described.media_type is not None:
        yield "one"


def _day(moment: datetime | None) -> str:
    return "" if moment is None else moment.date().isoformat()
