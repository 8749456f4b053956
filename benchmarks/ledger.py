"""Measures the ledger at the size of the largest mirrors: ``python -m benchmarks.ledger``.

Loading what is recorded, against ``json`` alone; a checkpoint, against git by hand on the same files; the memory of a whole
``gcrsync compare``. What is compared takes turns in one process, and the medians are printed as a table.
"""

import gc
import json
import random
import shutil
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.namespaces.content import StoredManifest, StoredNamespace, StoredRepository
from benchmarks.namespaces.generate import generate
from benchmarks.namespaces.recorded import write_namespace
from benchmarks.process import GCRSYNC, environment, git, measured
from benchmarks.registries import replayed
from gcrsync.cli.app import GARBAGE_THRESHOLD
from gcrsync.metadata.changelog import Entry
from gcrsync.metadata.paths import ROOT, is_document
from gcrsync.mirror.diff import diff
from gcrsync.mirror.holding import Terms
from gcrsync.mirror.record import Mirrored, Record, Records
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.snapshot import Snapshot
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Listing
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.store.apart import Draft
from gcrsync.store.ground import Ground
from gcrsync.store.history import History
from gcrsync.store.opening import Surroundings, open_history
from gcrsync.sync.record import Documents, Edit, Files, decoded, files_of, read_records

_REPOSITORIES, _TAGS = 1042, 129_000
_SEED = 7
_NIGHT = datetime(2026, 11, 21, 2, 17, tzinfo=UTC)
_MANY, _ONE = 1000, 1
"""How many documents a checkpoint changes: nearly all, and one."""

_MOVED_IN = 10
"""Of so many repositories one has a tag that moved."""

_BY_HAND = (("add", "--all"), ("commit", "--quiet", "--message", "by hand"), ("push", "--quiet", "origin", "main"))
_HEAD = ("| | gcrsync | without it | ratio |", "| --- | ---: | ---: | ---: |")


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured: every sample of gcrsync and of what it is compared with, in ``unit``."""

    name: str
    ours: Sequence[float]
    theirs: Sequence[float] = ()
    unit: str = "s"

    @property
    def row(self) -> str:
        """A row of the table, with the medians and the median of the ratios of each turn."""
        ours = f"{median(self.ours):.2f} {self.unit}"
        if not self.theirs:
            return f"| {self.name} | {ours} | | |"
        ratio = median(one / other for one, other in zip(self.ours, self.theirs, strict=True))
        return f"| {self.name} | {ours} | {median(self.theirs):.2f} {self.unit} | {ratio:.2f} |"


@dataclass(frozen=True, slots=True)
class Place:
    """A metadata repository with a bare remote, both in one folder, and the same files in a clone for git by hand."""

    folder: Path

    @property
    def ours(self) -> Path:
        """The metadata repository."""
        return self.folder / "ours"

    @property
    def by_hand(self) -> Path:
        """The clone for git by hand."""
        return self.folder / "by-hand"

    @property
    def history(self) -> History:
        """The metadata repository, opened as a run opens it."""
        return open_history(self.ours, Surroundings(environment(), time.sleep, random.random), named=True)


def main() -> None:
    """Read the arguments, measure, and write the table."""
    parser = ArgumentParser(prog="python -m benchmarks.ledger", description=__doc__)
    parser.add_argument("--repositories", type=int, default=_REPOSITORIES)
    parser.add_argument("--tags", type=int, default=_TAGS, help="in all repositories together")
    parser.add_argument("--runs", type=int, default=5, help="of each, whose median counts")
    parser.add_argument("--markdown", type=Path, help="a file for the table")
    parser.add_argument("--json", type=Path, help="a file for every single figure")
    chosen = parser.parse_args()
    gc.set_threshold(GARBAGE_THRESHOLD)  # as the program does
    namespace = generate(_SEED, "generated", chosen.repositories, chosen.tags)
    figures: list[Figure] = []
    lines = [f"{namespace.tags:,} tags in {len(namespace.repositories):,} repositories, medians of {chosen.runs}.", "", *_HEAD]
    _say(*lines)
    with TemporaryDirectory() as temporary:
        for figure in _figures(namespace, Path(temporary), chosen.runs):
            figures.append(figure)
            _say(figure.row)
    if chosen.markdown:
        chosen.markdown.write_text("\n".join((*lines, *(figure.row for figure in figures), "")), encoding="utf-8")
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n", encoding="utf-8")


def _figures(namespace: StoredNamespace, scratch: Path, runs: int) -> Iterator[Figure]:
    yield _memory(namespace, scratch, runs)
    records = records_of(namespace, "gcr.io")
    place = filled(scratch / "checkpoints", records)
    yield from _loading(place, namespace, runs)
    for count in (_MANY, _ONE):
        yield _checkpoints(place, count, runs)


def _memory(namespace: StoredNamespace, scratch: Path, runs: int) -> Figure:
    file = scratch / "generated.jsonl.xz"
    write_namespace(file, namespace)
    with replayed(file) as replay:
        registry = replay.namespace.partition("/")[0]
        place = filled(scratch / "compared", records_of(namespace, registry))
        command = (GCRSYNC, "compare", replay.namespace, "--to", "mirror.example")
        peaks = [measured(command, place.ours).peak / 1e6 for _ in range(runs)]
    return Figure("peak of a whole `gcrsync compare`, all recorded", peaks, unit="MB")


def _loading(place: Place, namespace: StoredNamespace, runs: int) -> Iterator[Figure]:
    tree, seen = place.history.head(), _snapshot(namespace)
    selection = Selection(seen.namespace, seen.namespace)
    decoding, reading, plain = [], [], []
    for _ in range(runs):
        texts = {path: text for path, text in tree.files(ROOT).items() if is_document(path)}
        plain.append(_seconds(partial(_parsed, texts)))
        decoding.append(_seconds(lambda: _compared(_decoded(texts), seen, selection)))  # noqa: B023 - it is called at once
        reading.append(_seconds(lambda: _compared(read_records(tree), seen, selection)))
    yield Figure("documents to records, and compare; `json.loads` of the same bytes", decoding, plain)
    yield Figure("the same with reading them from git", reading, plain)


def _parsed(texts: Mapping[str, bytes]) -> list[object]:
    return [json.loads(text) for text in texts.values()]


def _decoded(texts: Mapping[str, bytes]) -> Records:
    return {record.repository: record for _, record in decoded(texts.items())}


def _compared(records: Records, seen: Snapshot, selection: Selection) -> Records:
    """Compare, and give the records back: what is compared with keeps what it has read, too."""
    assert len(diff(records, seen, selection, {}, Terms(_NIGHT)).changes) == -(-len(seen.listings) // _MOVED_IN)
    return records


def _checkpoints(place: Place, count: int, runs: int) -> Figure:
    """Change documents, and publish them as a run does, in turn with git by hand on the same files."""
    history, documents = place.history, Documents()
    known = documents.records(history.head(), ROOT)
    ours, by_hand = [], []
    with history.locked():
        ground = history.prepare()
        for number in range(runs):
            edit = edit_of(known, count, f"{count}-{number}")
            known = {**known, **edit.after}
            _write(place.by_hand, files_of((edit,), ground.tree, _nothing, documents))
            by_hand.append(_seconds(lambda: [git(place.by_hand, *arguments) for arguments in _BY_HAND]))
            started = time.perf_counter()
            publication = history.publish(ground, draft(edit, documents))
            ours.append(time.perf_counter() - started)
            assert publication.pushed
            assert git(place.by_hand, "rev-parse", "HEAD^{tree}") == git(place.ours, "rev-parse", "HEAD^{tree}")
            ground = publication.ground
    return Figure(f"a checkpoint of {count:,} documents; git add, commit and push by hand", ours, by_hand)


def draft(edit: Edit, documents: Documents) -> Callable[[Ground], Draft]:
    """Give what makes the commit of an edit."""
    return lambda ground: Draft(files_of((edit,), ground.tree, _nothing, documents), "a checkpoint", edit.entries[0].run)


def edit_of(known: Records, count: int, run: str) -> Edit:
    """Let one tag move in so many repositories."""
    after = {}
    for repository, record in islice(known.items(), count):
        tag, digest = next(iter(record.tags)), Digest.of(f"{repository} {run}".encode())
        manifests = {**record.manifests, digest: Mirrored("made", 1, None, _NIGHT)}
        after[repository] = replace(record, tags={**record.tags, tag: digest}, manifests=manifests)
    entry = Entry(_NIGHT, "gcr.io/generated", run, f"{count} moved.")
    return Edit({repository: known[repository] for repository in after}, after, (entry,))


def filled(folder: Path, records: Records) -> Place:
    """Make a metadata repository with everything recorded and pushed, and another one of the same commit."""
    place, remote = Place(folder), folder / "ours.git"
    place.ours.mkdir(parents=True)
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    git(place.ours, "init", "--quiet", "--initial-branch=main")
    git(place.ours, "remote", "add", "origin", str(remote))
    everything = Edit({}, records, (Entry(_NIGHT, "gcr.io/generated", "first", "Everything."),))
    with place.history.locked():
        place.history.publish(place.history.prepare(), draft(everything, Documents()))
    shutil.copytree(remote, folder / "by-hand.git")
    git(folder, "clone", "--quiet", str(folder / "by-hand.git"), str(place.by_hand))
    return place


def records_of(namespace: StoredNamespace, registry: str) -> Records:
    """Give the record of a mirror that has all of a namespace, as it was the night before last."""
    found = (_record(Repository(registry, stored.path), stored) for stored in namespace.repositories)
    return {record.repository: record for record in found}


def _record(repository: Repository, stored: StoredRepository) -> Record:
    manifests = {Digest(digest): _described(stored.manifests[digest]) for digest in dict.fromkeys(stored.tags.values())}
    return Record(repository, f"mirror.example/{repository.path}", _tags(stored), manifests)


def _described(manifest: StoredManifest) -> Mirrored:
    uploaded = datetime.fromtimestamp(manifest.uploaded / 1000, UTC) if manifest.uploaded and manifest.uploaded > 0 else None
    return Mirrored(manifest.media_type, manifest.image_size, uploaded, _NIGHT)


def _snapshot(namespace: StoredNamespace) -> Snapshot:
    """Give what a survey sees: a tag has moved in one repository of ten."""
    listings = {}
    for number, stored in enumerate(namespace.repositories):
        tags = _tags(stored)
        if number % _MOVED_IN == 0:
            tags[next(iter(tags))] = Digest.of(stored.path.encode())
        listings[Namespace("gcr.io", stored.path)] = Listing(tags)
    return Snapshot(Namespace("gcr.io", namespace.path), listings)


def _tags(stored: StoredRepository) -> dict[Tag, Digest]:
    return {Tag(name): Digest(digest) for name, digest in stored.tags.items()}


def _write(folder: Path, contents: Files) -> None:
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content or b"")


def _nothing(_mirror: str, _tag: Tag) -> None:
    """Serve nothing: one writer never asks."""


def _seconds(measure: Callable[[], object]) -> float:
    started = time.perf_counter()
    result = measure()
    taken = time.perf_counter() - started
    del result
    return taken


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
