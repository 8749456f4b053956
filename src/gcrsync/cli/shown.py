"""The catalogue beside the embedded registry, made as it is looked at: of the folder itself, or of a metadata repository."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from threading import Lock

from gcrsync.archive.folder import LayoutFolder
from gcrsync.archive.layout import Layout
from gcrsync.cli.console import Screen
from gcrsync.cli.site import contents_of
from gcrsync.errors import GcrsyncError
from gcrsync.mirror.record import Mirrored, Record
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor, Index, Manifest
from gcrsync.oci.name import Repository
from gcrsync.site.catalogue import Contents, Files, site
from gcrsync.site.paths import FRONT
from gcrsync.store.history import History

_DEEPEST = 4
"""How deep indexes may name one another where sizes are added up."""


class Shown:
    """The pages of one server, all of one moment: whoever opens the first page has them made anew."""

    def __init__(self, folder: LayoutFolder, history: History | None, screen: Screen) -> None:
        """Show what is in the folder, or, where there is a metadata repository, what that records."""
        self._contents = _Folder(folder).contents if history is None else _Recorded(folder, history, screen).contents
        self._lock = Lock()
        self._files: Files | None = None

    def page(self, address: str, path: str) -> bytes | None:
        """Give the content of a file of the site, None where there is none; the registry is at this address."""
        with self._lock:
            if self._files is None or path == FRONT:
                self._files = site(self._contents(address))
            make = self._files.get(path)
        return None if make is None else make()


class _Recorded:
    """What a metadata repository records, with the names by which this registry has it."""

    def __init__(self, folder: LayoutFolder, history: History, screen: Screen) -> None:
        self._folder, self._history, self._screen = folder, history, screen
        self._seen: tuple[str, Contents] | None = None

    def contents(self, address: str) -> Contents:
        """Give it as it is now; where there is no new commit nothing is read again."""
        commit = self._history.head().commit
        if self._seen is None or self._seen[0] != commit:
            self._seen = commit, contents_of(self._screen, self._history)
        contents = self._seen[1]
        records = {name: replace(record, mirror=self._name(address, record)) for name, record in contents.records.items()}
        return replace(contents, records=records)

    def _name(self, address: str, record: Record) -> str:
        """Give the name here of what the mirror has: its own, without what stands before the path in this folder."""
        components = record.mirror.split("/")[1:]
        paths = ("/".join(components[start:]) for start in range(len(components)))
        return next((f"{address}/{path}" for path in paths if self._has(path, record)), record.mirror)

    def _has(self, path: str, record: Record) -> bool:
        """Say whether what was mirrored is at a path, and not another repository whose name ends so."""
        if path not in self._folder:
            return False
        blobs = self._folder.layout(path).blobs
        return any(blobs.status(digest) is not None for digest in record.served.values())


class _Folder:
    """What is in a folder of image layouts, which nobody need have recorded."""

    def __init__(self, folder: LayoutFolder) -> None:
        self._folder = folder
        self._sizes: dict[Digest, int | None] = {}

    def contents(self, address: str) -> Contents:
        """Give it as it is now. A layout that cannot be read is named at the foot of each page."""
        records, broken = {}, list[str]()
        for path in self._folder.repositories():
            try:
                record = self._record(Repository(address, path), self._folder.layout(path))
            except GcrsyncError as error:
                broken.append(error.message)
            else:
                records[record.repository] = record
        return Contents(records, note=f"Not shown: {'; '.join(broken)}" if broken else "")

    def _record(self, repository: Repository, layout: Layout) -> Record:
        tags = layout.tags()
        described = {descriptor.digest: self._described(layout, descriptor) for descriptor in tags.values()}
        named = {tag: descriptor.digest for tag, descriptor in tags.items() if described[descriptor.digest] is not None}
        manifests = {digest: each for digest, each in described.items() if each is not None}
        return Record(repository, str(repository), named, manifests)

    def _described(self, layout: Layout, descriptor: Descriptor) -> Mirrored | None:
        """Describe a manifest by its file; None where that is not there."""
        status = layout.blobs.status(descriptor.digest)
        if status is None:
            return None
        stored = datetime.fromtimestamp(int(status.st_mtime), UTC)
        if descriptor.digest not in self._sizes:
            sizes = dict(_blobs(partial(_read, layout), descriptor, _DEEPEST))
            self._sizes[descriptor.digest] = sum(sizes.values()) if sizes else None
        return Mirrored(descriptor.media_type, self._sizes[descriptor.digest], None, stored)


_Reading = Callable[[Descriptor], object]


def _read(layout: Layout, descriptor: Descriptor) -> object:
    """Give a manifest, None where it is broken or not there."""
    try:
        return layout.read_manifest(descriptor)
    except GcrsyncError:
        return None


def _blobs(read: _Reading, descriptor: Descriptor, deep: int) -> Iterator[tuple[Digest, int]]:
    """Give the sizes of the blobs of an image, over all platforms."""
    manifest = read(descriptor)
    if isinstance(manifest, Manifest):
        yield from ((blob.digest, blob.size) for blob in manifest.blobs)
    elif isinstance(manifest, Index) and deep:
        for child in manifest.manifests:
            yield from _blobs(read, child, deep - 1)
