"""The commands that find images on record: search, list and resolve."""

from collections.abc import Iterable

from rich.table import Table

from gcrsync.cli.command import Exit
from gcrsync.cli.console import Screen, columns
from gcrsync.cli.opening import opened
from gcrsync.cli.record_options import ListOptions, ResolveOptions, SearchOptions
from gcrsync.cli.reporting import give
from gcrsync.errors import UsageError, shortened
from gcrsync.metadata.catalogue import list_json, resolve_json, search_json
from gcrsync.metadata.markdown import number, size
from gcrsync.mirror.record import Record, Records
from gcrsync.mirror.resolution import Unmirrored, namesakes
from gcrsync.mirror.resolution import resolve as at_mirror
from gcrsync.mirror.search import Hit
from gcrsync.mirror.search import search as find
from gcrsync.mirror.span import Standing, standings
from gcrsync.oci.name import Namespace, Tag
from gcrsync.oci.reference import Reference
from gcrsync.sync.record import read_records

_MOST_TAGS = 3
"""How many tags of a repository are shown where many were found."""

_SHOWN = 19
"""How many characters of a digest are shown: its algorithm and twelve digits."""


def search(options: SearchOptions) -> Exit:
    """Find images by words of their names."""
    screen = Screen(verbose=options.verbose)
    hits = find(read_records(opened(options.metadata_repo, branch=options.branch).head()), options.words)
    code = Exit.DONE if hits else Exit.IMAGES
    is_given = give(screen, options, search_json(hits, code))
    if not options.json:
        shown = hits[: options.limit or None]
        if shown:
            screen.table(_found(shown))
        if len(hits) > len(shown):
            screen.note(f"{number(len(hits) - len(shown))} more; --limit 0 shows them all")
    if not hits:
        screen.note(f"nothing on record fits {' '.join(options.words)}")
    return code if is_given else Exit.RECORD


def list_images(options: ListOptions) -> Exit:
    """List what is on record at and below a name."""
    screen = Screen(verbose=options.verbose)
    namespace = None if options.namespace is None else Namespace.parse(options.namespace)
    below = _below(read_records(opened(options.metadata_repo, branch=options.branch).head()), namespace)
    is_given = give(screen, options, list_json(below))
    if not options.json:
        itself = [record for record in below if record.repository.namespace == namespace]
        for record in itself:
            screen.result(f"{record.repository} -> {record.mirror}")
            screen.table(_tags(record))
        others = [record for record in below if record not in itself]
        if others:
            screen.table(_repositories(others))
    return Exit.DONE if is_given else Exit.RECORD


def resolve(options: ResolveOptions) -> Exit:
    """Say by which names the mirror has images."""
    screen = Screen(verbose=options.verbose)
    references = [Reference.parse(text) for text in options.images]
    records = read_records(opened(options.metadata_repo, branch=options.branch).head())
    resolved = [(reference, at_mirror(records, reference)) for reference in references]
    code = Exit.IMAGES if any(isinstance(found, Unmirrored) for _, found in resolved) else Exit.DONE
    is_given = give(screen, options, resolve_json(resolved, code))
    for reference, found in resolved:
        if isinstance(found, Unmirrored):
            others = ", ".join(map(str, namesakes(records, reference)))
            screen.warn(f"{reference} is not mirrored: {found.reason}" + (f", but that of {others} is" if others else ""))
        elif not options.json:
            screen.result(found.pinned if options.digest else found.name)
    return code if is_given else Exit.RECORD


def _below(records: Records, namespace: Namespace | None) -> tuple[Record, ...]:
    below = tuple(records[name] for name in sorted(records) if namespace is None or namespace.covers(name))
    if not below:
        where = "here" if namespace is None else f"at or below {namespace}"
        raise UsageError(f"nothing is on record {where}", hint="gcrsync search WORD finds by a part of a name")
    return below


def _found(hits: Iterable[Hit]) -> Table:
    rows = (_hit_row(hit) for hit in hits)
    return columns(("REPOSITORY", "tags", "newest", "mirror"), rows, texts=("newest", "mirror"))


def _hit_row(hit: Hit) -> tuple[str, ...]:
    more = ", …" if len(hit.tags) > _MOST_TAGS else ""
    return str(hit.record.repository), number(len(hit.tags)), ", ".join(hit.tags[:_MOST_TAGS]) + more, hit.record.mirror


def _repositories(records: Iterable[Record]) -> Table:
    rows = ((str(record.repository), number(len(record.served)), record.mirror) for record in records)
    return columns(("REPOSITORY", "tags", "mirror"), rows, texts=("mirror",))


def _tags(record: Record) -> Table:
    found = standings(record)
    names = sorted(found, key=lambda name: (name[0].sort_key, name[1]), reverse=True)
    rows = (_tag_row(record, name[0], found[name]) for name in names)
    return columns(("TAG", "digest", "size", "uploaded", "state"), rows, texts=("digest", "state"))


def _tag_row(record: Record, tag: Tag, standing: Standing) -> tuple[str, ...]:
    described = record.described(tag) if standing.mirror else None
    bytes_ = "" if described is None or described.size is None else size(described.size)
    uploaded = "" if described is None or described.uploaded is None else f"{described.uploaded:%Y-%m-%d}"
    digest = standing.mirror_digest or standing.digest
    state = standing.state.value + (f": {standing.reason}" if standing.reason else "")
    return str(tag), shortened(digest.text, _SHOWN), bytes_, uploaded, state
