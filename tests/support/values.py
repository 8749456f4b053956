"""Short ways to write the values of the mirror's rules in tests."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from gcrsync.mirror.choice import Choice
from gcrsync.mirror.diff import Delta, diff
from gcrsync.mirror.holding import Terms
from gcrsync.mirror.patterns import Patterns
from gcrsync.mirror.record import Gone, Held, Mirrored, Record, Records, Why
from gcrsync.mirror.rules import Rules
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.snapshot import Snapshot, find_doubts
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.name import Namespace, Repository, Tag

THEN = datetime(2026, 11, 20, 2, 17, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 2, 17, tzinfo=UTC)


def digest(word: str) -> Digest:
    """Give the digest of a word."""
    return Digest.of(word.encode())


def repository(text: str) -> Repository:
    """Read a repository."""
    return Repository.parse(text)


def tags(words: Mapping[str, str]) -> dict[Tag, Digest]:
    """Give tags, each with the digest of a word."""
    return {Tag(name): digest(word) for name, word in words.items()}


def record(
    name: str,
    serves: Mapping[str, str] | None = None,
    *,
    held: Mapping[str, str] | None = None,
    gone: Mapping[str, str] | None = None,
    mirror: str = "",
) -> Record:
    """Give what is recorded of a repository: tags, held and gone tags, each with the digest of a word."""
    served, vanished = tags(serves or {}), tags(gone or {})
    named = {*served.values(), *vanished.values()}
    return Record(
        repository(name),
        mirror or f"mirror.example/{repository(name).path}",
        served,
        {each: Mirrored("application/vnd.oci.image.manifest.v1+json", 10, None, THEN) for each in named},
        {tag: Held(each, THEN, Why.REFUSED, "not taken") for tag, each in tags(held or {}).items()},
        {tag: Gone(each, THEN) for tag, each in vanished.items()},
    )


def records(*each: Record) -> Records:
    """Give records by their repository."""
    return {one.repository: one for one in each}


def listing(words: Mapping[str, str] | None = None, *children: str, media_type: str | None = None) -> Listing:
    """Give the listing of one path: tags, each with the digest of a word, and the names below."""
    named = tags(words or {})
    return Listing(named, {each: Described(media_type, 10) for each in named.values()}, frozenset(children))


def snapshot(namespace: str, listings: Mapping[str, Listing], failures: Mapping[str, str] | None = None) -> Snapshot:
    """Give what a survey of a namespace saw."""
    return Snapshot(
        Namespace.parse(namespace),
        {Namespace.parse(path): each for path, each in listings.items()},
        {Namespace.parse(path): reason for path, reason in (failures or {}).items()},
        listed_by="google",
    )


def everything(namespace: str) -> Selection:
    """Select all of a namespace."""
    return Selection(Namespace.parse(namespace), Namespace.parse(namespace))


def naming(*include: str, exclude: Collection[str] = ()) -> Rules:
    """Give rules that choose tags by their names alone."""
    return Rules(choice=Choice(include=Patterns(include), exclude=Patterns(tuple(exclude))))


def compare(known: Records, seen: Snapshot, selection: Selection | None = None, terms: Terms | None = None) -> Delta:
    """Compare as a run does, with the doubts that the records raise about the listings."""
    chosen = selection or everything(str(seen.namespace))
    return diff(known, seen, chosen, find_doubts(seen, known, chosen), terms or Terms(NOW))
