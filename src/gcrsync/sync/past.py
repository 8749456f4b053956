"""What the record says of the past: each version of a document, folded into what every tag was from when to when."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

from gcrsync.errors import InvalidMetadataError, UsageError
from gcrsync.metadata import document, paths
from gcrsync.metadata.past import decode_tag
from gcrsync.mirror.record import Record
from gcrsync.mirror.span import Edit, Span, spans, standings
from gcrsync.oci.name import Repository, Tag
from gcrsync.store.ground import is_shallow
from gcrsync.store.history import History
from gcrsync.store.past import SHALLOW, Version, all_versions, versions

_REMEMBERED = 16
"""How many documents are remembered as they were read: what a commit had before is what another one made."""

_LIKE = 0.7
"""From which likeness on, of 0 to 1, a name is near another."""

_MOST_NAMED = 3
"""How many near names are told."""


@dataclass(frozen=True, slots=True)
class Past:
    """What is told of a repository: the spans of its tags, and of each commit that cannot be read why that is.

    ``shallow`` is true where the clone does not have the whole history.
    """

    repository: Repository
    tags: Mapping[Tag, tuple[Span, ...]]
    skipped: Mapping[str, str] = field(default_factory=dict)
    shallow: bool = False


def past(history: History, repository: Repository, tag: Tag | None) -> Past:
    """Give what the commits of the metadata repository tell of a tag, or of all tags of a repository.

    Raises UsageError, with names that are near, for one that was never on record.
    """
    documents = _Documents(repository, tag)
    told, shallow = spans(documents.edits(versions(history, paths.path_of(repository)))), is_shallow(history.git)
    if documents.newest is None and not documents.skipped:
        near = _near_repositories(history, repository)
        raise _unknown(f"{repository} was never on record", near, shallow=shallow)
    if tag is not None and not told and documents.newest is not None:
        near = get_close_matches(tag, documents.tags(), cutoff=_LIKE)
        raise _unknown(f"{repository} never had a tag {tag}", near, shallow=shallow)
    return Past(repository, told, documents.skipped, shallow)


def pasts(history: History, records: Iterable[Record]) -> tuple[Past, ...]:
    """Give what is told of each repository of these records, which are those of the tip, from one look at the whole log."""
    recorded = {paths.path_of(record.repository): record for record in records}
    told: list[Past] = []
    for path, made in groupby(all_versions(history, paths.ROOT, recorded), key=itemgetter(0)):
        documents = _Documents(recorded[path].repository, None)
        tags = spans(documents.edits(version for _, version in made))
        if documents.skipped or _ends_as(tags, recorded[path]):
            told.append(Past(recorded[path].repository, tags, documents.skipped))
        else:
            told.append(past(history, recorded[path].repository, None))
    shallow = is_shallow(history.git)  # asked last: a clone of our own fetches what it lacks once somebody wants it
    return tuple(replace(each, shallow=shallow) for each in told)


def _ends_as(told: Mapping[Tag, tuple[Span, ...]], record: Record) -> bool:
    """Say whether what is told ends with what is on record: it does not where a merge has left out what one side had."""
    last = {(tag, span.standing) for tag, spans in told.items() for span in spans if span.until is None}
    return last == {(name[0], standing) for name, standing in standings(record).items()}


class _Documents:
    """The document of a repository as one commit after the other has it, read for one tag or for all."""

    def __init__(self, repository: Repository, tag: Tag | None) -> None:
        self._repository, self._path, self._tag = repository, paths.path_of(repository), tag
        self.newest: bytes | None = None
        """The last content that could be read."""
        self.skipped: dict[str, str] = {}
        """Why the documents of some commits could not be read."""

    def edits(self, versions: Iterable[Version]) -> Iterator[Edit]:
        """Give what each commit made of the record, where its document can be read."""
        read = lru_cache(_REMEMBERED)(self._read)
        for version in versions:
            after = read(version.after)
            if isinstance(after, str):
                self.skipped[version.commit] = after
            else:
                self.newest = version.after or self.newest
                befores = tuple(before for content in version.befores if isinstance(before := read(content), Record))
                yield Edit(version.commit, version.at, befores, after)

    def tags(self) -> tuple[Tag, ...]:
        """Give the tags that the newest document names, none where it cannot be read whole."""
        with suppress(InvalidMetadataError):
            record = document.decode((self.newest or b"").decode(), self._path)
            return tuple(dict.fromkeys((*record.served, *record.held)))
        return ()

    def _read(self, content: bytes | None) -> Record | str:
        """Read a document, or say why it cannot be read; no document records nothing."""
        if content is None:
            return Record(self._repository, "")
        try:
            text = content.decode()
            return document.decode(text, self._path) if self._tag is None else decode_tag(text, self._path, self._tag)
        except UnicodeDecodeError:
            return f"{self._path}: not UTF-8 text"
        except InvalidMetadataError as error:
            return error.message


def _near_repositories(history: History, repository: Repository) -> list[str]:
    """Give the repositories on record now whose names are near, or end in the same way, as their documents' paths tell."""
    tree, path = history.head(), paths.path_of(repository)
    known = [each for each in tree.entries(paths.ROOT) if paths.is_document(each)]
    last = f"/{path.rpartition('/')[2]}"
    near = list(dict.fromkeys((*get_close_matches(path, known, cutoff=_LIKE), *(each for each in known if each.endswith(last)))))
    found: list[str] = []
    for each in near[:_MOST_NAMED]:
        with suppress(InvalidMetadataError, UnicodeDecodeError):
            found.append(str(document.decode((tree.read(each) or b"").decode(), each).repository))
    return found


def _unknown(message: str, near: Iterable[str], *, shallow: bool) -> UsageError:
    """Say that there is nothing to tell, and what may have been meant."""
    meant = " or ".join(near)
    return UsageError(message, hint="; ".join((*([f"did you mean {meant}?"] if meant else ()), *([SHALLOW] if shallow else ()))))
