"""The record of a run, as an edit that can be made on top of whatever the metadata repository holds by then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gcrsync.errors import InvalidMetadataError
from gcrsync.metadata import document, pages, paths, years
from gcrsync.metadata.changelog import Entry
from gcrsync.mirror.merge import Served, merge
from gcrsync.mirror.record import Record, Records
from gcrsync.oci.name import Repository
from gcrsync.store.tree import Tree

_AS_IT_IS = "surrogateescape"
"""How the changelog is read and written, so that bytes of a person which are not UTF-8 stay as they are."""

_KINDS = {"120000": "a symbolic link, which gcrsync does not follow", "160000": "a submodule, which gcrsync does not enter"}
"""What is no file, by git's mode."""

Files = Mapping[str, bytes | None]
"""What is to be written, by path; None is a file to remove."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What one run changed: the records that differ, before and after it, and its entries in the changelog."""

    before: Records
    after: Records
    entries: tuple[Entry, ...]

    def merged(self, known: Records, served: Served) -> Records:
        """Give the records that this edit makes of those known by now; where two writers changed one tag, ``served`` decides."""
        return {
            repository: merge(self.before.get(repository) or _empty(after), after, known.get(repository) or _empty(after), served)
            for repository, after in self.after.items()
        }


def files_of(edits: Iterable[Edit], tree: Tree, served: Served) -> Files:
    """Give the files to write on top of a commit, whoever made it, so that it says what some edits say.

    Nothing is given where it says all of it already. Raises InvalidMetadataError for a document that does not parse.
    """
    edits = tuple(edits)
    known = _of_registries(tree, {repository for edit in edits for repository in edit.after})
    current = recovered(known, edits, served)
    changed = [repository for repository, record in current.items() if record != known.get(repository)]
    if not changed:
        return {}
    documents = {paths.path_of(repository): _document(current[repository]) for repository in changed}
    return {**documents, **_pages(tree, current, changed), **_changelog(tree, edits)}


def recovered(records: Records, edits: Iterable[Edit], served: Served) -> Records:
    """Give the records with what earlier runs recorded and could not push."""
    current: dict[Repository, Record] = dict(records)
    for edit in edits:
        current |= edit.merged(current, served)
    return current


def _changelog(tree: Tree, edits: Iterable[Edit]) -> Files:
    changed = years.insert(_changelogs(tree), (entry for edit in edits for entry in edit.entries))
    return {path: text.encode(errors=_AS_IT_IS) for path, text in changed.items()}


def read_records(tree: Tree) -> Records:
    """Give everything that a commit records.

    Raises InvalidMetadataError for a document that does not parse, and for what stands in the way of one and is no file.
    """
    return _records(_files(tree, paths.ROOT).items())


def edit_between(before: Tree, after: Tree) -> Edit:
    """Give what was changed from one commit to a later one, both of them ours."""
    old, new = read_records(before), read_records(after)
    changed = {repository for repository in {*old, *new} if old.get(repository) != new.get(repository)}
    known = set(years.entries(_changelogs(before)))
    entries = tuple(entry for entry in years.entries(_changelogs(after)) if entry not in known)
    return Edit(
        {repository: old[repository] for repository in changed if repository in old},
        {repository: new.get(repository) or _empty(old[repository]) for repository in changed},
        entries,
    )


def _changelogs(tree: Tree) -> Mapping[str, str]:
    """Give the changelog and its years, by path."""
    found = {**tree.entries(paths.CHANGELOG), **tree.entries(f"{paths.CHANGELOGS}/")}
    ours = {path: entry for path, entry in found.items() if path == paths.CHANGELOG or paths.year_of(path) is not None}
    return {path: content.decode(errors=_AS_IT_IS) for path, content in tree.contents(ours).items()}


def _files(tree: Tree, folder: str) -> Mapping[str, bytes]:
    """Give the files of a folder in which there is nothing else: what is taken for absent would be copied, and then not written."""
    entries = tree.entries(folder)
    for path, entry in entries.items():
        if not entry.is_file:
            hint = "put a plain file in its place or remove it, commit and push that, then run again"
            raise InvalidMetadataError(path, 0, _KINDS.get(entry.mode, "no plain file"), hint=hint)
    return tree.contents(entries)


def _records(files: Iterable[tuple[str, bytes]]) -> Records:
    found = (_decoded(path, content) for path, content in files if paths.is_document(path))
    return {record.repository: record for record in found}


def _decoded(path: str, content: bytes) -> Record:
    try:
        return document.decode(content.decode(), path)
    except UnicodeDecodeError as error:
        raise InvalidMetadataError(path, content.count(b"\n", 0, error.start) + 1, "not UTF-8 text") from error


def _document(record: Record) -> bytes | None:
    return document.encode(record).encode() if record.served or record.held else None


def _of_registries(tree: Tree, repositories: Iterable[Repository]) -> Records:
    """Give what a commit records of some repositories and of all others of their registries, which their pages count too."""
    registries = {paths.folders_of(repository)[0] for repository in repositories}
    documents = (document for registry in sorted(registries) for document in _files(tree, registry).items())
    return _records(documents)


def _pages(tree: Tree, records: Records, changed: Iterable[Repository]) -> Files:
    """Make the pages for people anew that show any of the changed records."""
    folders = {folder for repository in changed for folder in paths.folders_of(repository)}
    kept = {repository: record for repository, record in records.items() if _document(record) is not None}
    texts = pages.pages(kept, sorted(folders))
    if tree.read(paths.README) is None:
        texts = {**texts, paths.README: pages.FIRST_PAGE}
    empty = {path: None for folder in folders if (path := paths.page_of(folder)) not in texts}
    return {**empty, **{path: text.encode() for path, text in texts.items()}}


def _empty(record: Record) -> Record:
    return Record(record.repository, record.mirror)
