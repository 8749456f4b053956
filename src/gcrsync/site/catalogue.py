"""The site as a whole: every file of it by its path, each made once somebody asks for it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from gcrsync.metadata.pages import Totals
from gcrsync.mirror.record import Record, Records
from gcrsync.oci.name import Repository, Tag
from gcrsync.site.names import names
from gcrsync.site.nights import Night, Past, moves, nights
from gcrsync.site.paths import FRONT, NAMES, history_of, namespace_page, page_of
from gcrsync.site.rows import example, pulled, rows, tags_of
from gcrsync.site.shelves import Shelf, of_record, shelves
from gcrsync.site.templates import assets, render

Make = Callable[[], bytes]
"""Makes the content of a file."""

Files = Mapping[str, Make]
"""The files of a site, by their paths from its root."""

_ON_A_PAGE = 500
"""How many tags or repositories a page shows: more are parted into several."""

_ON_THE_FRONT = 300
"""Up to how many repositories the first page names them all, and not the namespaces that they are in."""

_NIGHTS = 8
"""How many nights a repository's page tells of; where there are more, a page of its own tells of them all."""

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a site is made of: the records, and the past of each, where it is known; ``note`` stands at the foot of each page."""

    records: Records
    pasts: Mapping[Repository, Past] = field(default_factory=dict)
    note: str = ""


def site(contents: Contents) -> Files:
    """Give every file of the site. The same contents give the same bytes, wherever and whenever they are made."""
    registries = shelves(contents.records)
    made: dict[str, Make] = {path: partial(bytes, content) for path, content in assets().items()}
    made[FRONT] = partial(_front, contents, registries)
    made[NAMES] = partial(_names, contents)
    for registry in registries:
        for shelf, parent in ((registry, None), *((below, registry) for below in registry.shelves)):
            made.update(_of_shelf(contents, shelf, parent))
            for record in shelf.own:
                made.update(_of_record(contents, record, tuple(filter(None, (parent, shelf)))))
    return made


def _front(contents: Contents, registries: Sequence[Shelf]) -> bytes:
    is_small = len(contents.records) <= _ON_THE_FRONT
    listed = [(each, tuple(map(of_record, each.records)) if is_small else each.entries) for each in registries]
    totals = Totals.of(tuple(contents.records.values()))
    return render("front", path=FRONT, listed=listed, most=_ON_A_PAGE, totals=totals, note=contents.note)


def _names(contents: Contents) -> bytes:
    return names(contents.records[repository] for repository in sorted(contents.records)).encode()


def _of_shelf(contents: Contents, shelf: Shelf, parent: Shelf | None) -> Iterator[tuple[str, Make]]:
    parts = _parts(shelf.entries)
    pages = [namespace_page(shelf.folder, number) for number in range(1, len(parts) + 1)]
    for path, entries in zip(pages, parts, strict=True):
        given = {"shelf": shelf, "above": [parent] if parent else [], "entries": entries, "pages": pages, "note": contents.note}
        yield path, partial(render, "namespace", path=path, **given)


def _of_record(contents: Contents, record: Record, above: tuple[Shelf, ...]) -> Iterator[tuple[str, Make]]:
    parts, told = _parts(tags_of(record)), nights(contents.pasts.get(record.repository, {}))
    pages = [page_of(record.repository, number) for number in range(1, len(parts) + 1)]
    for path, tags in zip(pages, parts, strict=True):
        page = partial(render, "repository", path=path, above=above, pages=pages, note=contents.note)
        yield path, partial(_repository, record, tags, told, page)
    if len(told) > _NIGHTS:
        path = history_of(record.repository)
        yield path, partial(render, "history", path=path, record=record, above=above, nights=told, note=contents.note)


def _repository(record: Record, tags: Sequence[Tag], told: Sequence[Night], page: Callable[..., bytes]) -> bytes:
    shown = tuple(rows(record, tags, moves(told)))
    return page(
        record=record,
        totals=Totals.of([record]),
        rows=shown,
        example=example(shown),
        mirror=pulled(record),
        nights=told[:_NIGHTS],
        more=len(told) > _NIGHTS,
    )


def _parts(items: Sequence[_Item]) -> list[Sequence[_Item]]:
    """Part what is listed into pages, one where there is nothing."""
    return [items[start : start + _ON_A_PAGE] for start in range(0, max(len(items), 1), _ON_A_PAGE)]
