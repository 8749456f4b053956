"""The namespaces by which repositories are found: the folders of the metadata, each with what stands in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gcrsync.metadata.markdown import number, size
from gcrsync.metadata.pages import Totals
from gcrsync.metadata.paths import folders_of
from gcrsync.mirror.record import Record, Records
from gcrsync.site.paths import namespace_page, page_of


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a listing, of texts: a namespace with its ``repositories`` counted, or a repository, where that is empty."""

    name: str
    page: str
    repositories: str
    tags: str
    newest: str
    size: str
    held: str
    gone: str
    mirror: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """A namespace: a registry, or what is directly below one. ``own`` are the records that stand in none of its ``shelves``."""

    name: str
    folder: str
    own: tuple[Record, ...]
    shelves: "tuple[Shelf, ...]" = ()

    @property
    def page(self) -> str:
        """Where its page stands."""
        return namespace_page(self.folder)

    @property
    def records(self) -> tuple[Record, ...]:
        """All records in it, sorted by their names."""
        below = (record for shelf in self.shelves for record in shelf.own)
        return tuple(sorted((*self.own, *below), key=lambda record: record.repository))

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Give what is listed on its page: the namespaces below it, then the repositories that stand in none of these."""
        return (*map(_of_shelf, self.shelves), *map(of_record, self.own))


def shelves(records: Records) -> tuple[Shelf, ...]:
    """Give the registries, by their names."""
    ordered = [records[repository] for repository in sorted(records)]
    return tuple(_registry(folder, found) for folder, found in _by_folder(ordered, 0).items())


def of_record(record: Record) -> Entry:
    """Give the line of a repository."""
    name = str(record.repository)
    return _entry(name, page_of(record.repository), [record], mirror="" if record.mirror == name else record.mirror)


def _registry(folder: str, records: Sequence[Record]) -> Shelf:
    below = _by_folder(records, -1)
    own, registry = below.pop(folder, ()), records[0].repository.registry
    tops = tuple(Shelf(f"{registry}/{_top(found[0])}", where, tuple(found)) for where, found in below.items())
    return Shelf(registry, folder, tuple(own), tops)


def _top(record: Record) -> str:
    return record.repository.path.partition("/")[0]


def _by_folder(records: Iterable[Record], depth: int) -> dict[str, Sequence[Record]]:
    """Part records by the first or the last of the folders of each, in their order."""
    parted: dict[str, list[Record]] = {}
    for record in records:
        parted.setdefault(folders_of(record.repository)[depth], []).append(record)
    return {**parted}


def _of_shelf(shelf: Shelf) -> Entry:
    count = len(shelf.own)
    return _entry(
        shelf.name, shelf.page, shelf.own, repositories=f"{number(count)} {'repository' if count == 1 else 'repositories'}"
    )


def _entry(name: str, page: str, records: Sequence[Record], *, repositories: str = "", mirror: str = "") -> Entry:
    totals = Totals.of(records)
    return Entry(
        name=name,
        page=page,
        repositories=repositories,
        tags=number(totals.tags),
        newest=totals.newest.date().isoformat() if totals.newest else "",
        size=size(totals.size) if totals.size else "",
        held=number(totals.held) if totals.held else "",
        gone=number(totals.gone) if totals.gone else "",
        mirror=mirror,
    )
