"""Finding an image among what is on record, by words of its name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from gcrsync.mirror.record import Record, Records
from gcrsync.oci.name import Tag


class _Nearness(IntEnum):
    """How well the last component of a repository's path fits a word, best first."""

    SAME = 0
    BEGINS = 1
    ELSEWHERE = 2


@dataclass(frozen=True, slots=True)
class Hit:
    """A repository that was found, and the tags of it that fit, newest version first: all, where its name alone fits."""

    record: Record
    tags: tuple[Tag, ...]


def search(records: Records, words: Sequence[str]) -> tuple[Hit, ...]:
    """Find the repositories that fit all the words, best first.

    A word fits that is in the name of the repository, at the source or at the mirror, or else in one of its tags. ``a:v1`` is two
    words, of which the second fits tags alone. Case does not count.
    """
    names, tags = _parted(words)
    found = [hit for record in records.values() if (hit := _hit(record, names, tags)) is not None]
    return tuple(sorted(found, key=lambda hit: (_nearness(hit.record, names), str(hit.record.repository))))


def newest_first(record: Record) -> tuple[Tag, ...]:
    """Give all tags that the mirror serves, by version, newest first."""
    return tuple(sorted(record.served, key=lambda tag: tag.sort_key, reverse=True))


def _parted(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part words for names and tags from those for tags alone."""
    names, tags = list[str](), list[str]()
    for word in map(str.casefold, words):
        name, colon, tag = word.rpartition(":")
        is_pair = bool(colon) and "/" not in tag
        names += filter(None, [name if is_pair else word])
        tags += filter(None, [tag if is_pair else ""])
    return names, tags


def _hit(record: Record, names: Sequence[str], tags: Sequence[str]) -> Hit | None:
    whole = f"{record.repository} {record.mirror}".casefold()
    wanted = [*tags, *(word for word in names if word not in whole)]
    fitting = tuple(tag for tag in newest_first(record) if all(word in tag.casefold() for word in wanted))
    return Hit(record, fitting) if fitting else None


def _nearness(record: Record, names: Sequence[str]) -> tuple[int, ...]:
    return tuple(sorted(_of_word(record, names)))


def _of_word(record: Record, names: Sequence[str]) -> Iterator[_Nearness]:
    last = record.repository.path.rpartition("/")[2]
    for word in names:
        if last == word:
            yield _Nearness.SAME
        else:
            yield _Nearness.BEGINS if last.startswith(word) else _Nearness.ELSEWHERE
