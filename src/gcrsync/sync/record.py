"""The record of a run, as an edit that can be made on top of whatever the metadata repository holds by then."""

import gc
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from gcrsync.errors import InvalidMetadataError
from gcrsync.metadata import document, official, pages, paths, years
from gcrsync.metadata.changelog import Entry
from gcrsync.mirror.library import Official
from gcrsync.mirror.merge import Served, merge
from gcrsync.mirror.record import Record, Records
from gcrsync.oci.name import Repository
from gcrsync.store.tree import Entry as TreeEntry
from gcrsync.store.tree import Tree

_AS_IT_IS = "surrogateescape"
"""How the changelog is read and written, so that bytes of a person which are not UTF-8 stay as they are."""

_KINDS = {"120000": "a symbolic link, which gcrsync does not follow", "160000": "a submodule, which gcrsync does not enter"}
"""What is no file, by git's mode."""

Files = Mapping[str, bytes | None]
"""What is to be written, by path; None is a file to remove."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What one run changed: the records that differ, before and after it, and its entries in the changelog.

    ``official`` is what it has read of official-images, of no commit where that is nothing.
    """

    before: Records
    after: Records
    entries: tuple[Entry, ...]
    official: Official = field(default_factory=Official)

    def merged(self, known: Records, served: Served) -> Records:
        """Give the records that this edit makes of those known by now; where two writers changed one tag, ``served`` decides."""
        return {
            repository: merge(self.before.get(repository) or _empty(after), after, known.get(repository) or _empty(after), served)
            for repository, after in self.after.items()
        }


class Documents:
    """The documents of one commit after the other; what two of them have alike is read and decoded once."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._known: dict[tuple[str, str], Record] = {}

    def records(self, tree: Tree, *folders: str) -> Records:
        """Give what a commit records in some folders.

        Raises InvalidMetadataError for a document that does not parse, and for what stands in the way of one and is no file.
        """
        entries = {path: entry for folder in folders for path, entry in _entries(tree, folder).items() if paths.is_document(path)}
        new = {path: entry for path, entry in entries.items() if (path, entry.oid) not in self._known}
        read = {(path, new[path].oid): record for path, record in decoded(tree.contents(new))}
        known = self._known | read
        self._known = {(path, entry.oid): known[path, entry.oid] for path, entry in entries.items()}
        return {record.repository: record for record in self._known.values()}

    def write(self, records: Iterable[Record], tree: Tree) -> Files:
        """Give the document of each record, None where there is none; once it is in a commit on top of this one it is not read."""
        made = {paths.path_of(record.repository): (_document(record), record) for record in records}
        for path, (content, record) in made.items():
            if content is not None:
                self._known[path, tree.id_of(content)] = record
        return {path: content for path, (content, _) in made.items()}


def decoded(contents: Iterable[tuple[str, bytes]]) -> list[tuple[str, Record]]:
    """Give the record in each document, by its path; InvalidMetadataError for one that does not parse.

    Neither meanwhile nor afterwards does the interpreter look for cycles among the values: there are many, and none has cycles.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return [(path, _decoded(path, content)) for path, content in contents]
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def files_of(edits: Iterable[Edit], tree: Tree, served: Served, documents: Documents, site: str = "") -> Files:
    """Give the files to write on top of a commit, whoever made it, so that it says what some edits say.

    Their pages lead to the ``site``, an address, where there is one.

    Where it says all of it already, only what a run has said of itself at a checkpoint may have to be put otherwise. Raises
    InvalidMetadataError for a document that does not parse.
    """
    edits = tuple(edits)
    # Of their registries all others too, which the pages count.
    registries = {paths.folders_of(repository)[0] for edit in edits for repository in edit.after}
    known = documents.records(tree, *sorted(registries))
    current = recovered(known, edits, served)
    changed = [repository for repository, record in current.items() if record != known.get(repository)]
    if not changed:
        return _with_official(_corrected(tree, edits), tree, edits)
    changes = documents.write((current[repository] for repository in changed), tree)
    return _with_official({**changes, **_pages(tree, current, changed, site), **_changelog(tree, edits)}, tree, edits)


def recovered(records: Records, edits: Iterable[Edit], served: Served) -> Records:
    """Give the records with what earlier runs recorded and could not push."""
    current: dict[Repository, Record] = dict(records)
    for edit in edits:
        current |= edit.merged(current, served)
    return current


def _with_official(files: Files, tree: Tree, edits: Iterable[Edit]) -> Files:
    """Add what was read of official-images where it is news, or where something is written anyway: a mere commit is none."""
    read = next((edit.official for edit in edits if edit.official.commit), None)
    if read is None or (not files and read.repositories == read_official(tree, _unsaid).repositories):
        return files
    return {**files, paths.OFFICIAL_IMAGES: official.encode(read).encode()}


def _corrected(tree: Tree, edits: Collection[Edit]) -> Files:
    """Give the changelogs in which an entry stands that has become another one: a run may end otherwise than it went on."""
    if not any(edit.entries for edit in edits):
        return {}
    texts = _changelogs(tree)
    known = {entry.key: entry for entry in years.entries(texts)}
    new = [entry for edit in edits for entry in edit.entries if known.get(entry.key, entry) != entry]
    return {path: text.encode(errors=_AS_IT_IS) for path, text in years.insert(texts, new).items()} if new else {}


def _changelog(tree: Tree, edits: Iterable[Edit]) -> Files:
    changed = years.insert(_changelogs(tree), (entry for edit in edits for entry in edit.entries))
    return {path: text.encode(errors=_AS_IT_IS) for path, text in changed.items()}


def read_records(tree: Tree) -> Records:
    """Give everything that a commit records.

    Raises InvalidMetadataError for a document that does not parse, and for what stands in the way of one and is no file.
    """
    return Documents().records(tree, paths.ROOT)


def read_official(tree: Tree, said: Callable[[str], None]) -> Official:
    """Give what a commit records of official-images; of a document that does not parse a person is told, and it says nothing.

    It spares the reading of files, and no more.
    """
    content = tree.read(paths.OFFICIAL_IMAGES)
    try:
        return Official() if content is None else official.decode(_text(paths.OFFICIAL_IMAGES, content), paths.OFFICIAL_IMAGES)
    except InvalidMetadataError as error:
        said(f"what was read of official-images before cannot be used: {error.message}")
        return Official()


def _unsaid(_line: str) -> None:
    """Say nothing: it was said where the run began."""


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
    return {path: content.decode(errors=_AS_IT_IS) for path, content in tree.contents(ours)}


def _entries(tree: Tree, folder: str) -> Mapping[str, TreeEntry]:
    """Give the files of a folder in which there is nothing else: what is taken for absent would be copied, and then not written."""
    entries = tree.entries(folder)
    for path, entry in entries.items():
        if not entry.is_file:
            hint = "put a plain file in its place or remove it, commit and push that, then run again"
            raise InvalidMetadataError(path, 0, _KINDS.get(entry.mode, "no plain file"), hint=hint)
    return entries


def _decoded(path: str, content: bytes) -> Record:
    return document.decode(_text(path, content), path)


def _text(path: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InvalidMetadataError(path, content.count(b"\n", 0, error.start) + 1, "not UTF-8 text") from error


def _document(record: Record) -> bytes | None:
    return document.encode(record).encode() if _has_document(record) else None


def _has_document(record: Record) -> bool:
    return bool(record.served or record.held)


def _pages(tree: Tree, records: Records, changed: Iterable[Repository], site: str) -> Files:
    """Make the pages for people anew that show any of the changed records."""
    folders = {folder for repository in changed for folder in paths.folders_of(repository)}
    kept = {repository: record for repository, record in records.items() if _has_document(record)}
    texts = pages.pages(kept, sorted(folders), site)
    if tree.read(paths.README) is None:
        texts = {**texts, paths.README: pages.FIRST_PAGE}
    empty = {path: None for folder in folders if (path := paths.page_of(folder)) not in texts}
    return {**empty, **{path: text.encode() for path, text in texts.items()}}


def _empty(record: Record) -> Record:
    return Record(record.repository, record.mirror)
