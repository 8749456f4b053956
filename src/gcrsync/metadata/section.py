"""A section of a document, read key by key over all its entries: there are hundreds of thousands, and one at a time is slow."""

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar, cast

from gcrsync.errors import InvalidNameError
from gcrsync.mirror.record import Json
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Tag

_Name = TypeVar("_Name", Tag, Digest)
_Value = TypeVar("_Value")
_Part = TypeVar("_Part")
_Kind = TypeVar("_Kind", str, int, dict[str, Json])


class WrongValueError(Exception):
    """A value is not what it should be; ``keys`` lead to it."""

    def __init__(self, reason: str, *keys: str) -> None:
        """Give the reason, and the keys from the outermost to that of the value."""
        super().__init__(reason)
        self.reason, self.keys = reason, keys


class Read(dict[str | None, _Value]):
    """What texts were read as, each of them once; InvalidNameError for one that cannot be read."""

    def __init__(self, one: Callable[[str], _Value], many: Callable[[Collection[str]], Collection[_Value]]) -> None:
        """Take what reads one text, and what reads many in a fraction of the time."""
        super().__init__()
        self._one, self._many = one, many

    def __missing__(self, text: str) -> _Value:
        """Read a text that was not read yet."""
        self[text] = read = self._one(text)
        return read

    def ahead(self, texts: Collection[str]) -> None:
        """Read all of them at once; where one is wrong none is read, and it is met again in its place."""
        with suppress(InvalidNameError):
            self.update(zip(texts, self._many(texts), strict=True))


@dataclass(frozen=True, slots=True)
class Section:
    """The entries under one key of a document, which its reader takes apart."""

    key: str
    entries: dict[str, Json]

    @classmethod
    def taken(cls, document: dict[str, Json], key: str) -> "Section":
        """Take a section out of a document; one that is not there is empty. Raises WrongValueError for what is no object."""
        entries = document.pop(key, {})
        if not isinstance(entries, dict):
            raise WrongValueError(f"{key!r} is not an object", key)
        return cls(key, entries)

    def names(self, kind: type[_Name]) -> list[_Name]:
        """Read the keys of the entries; WrongValueError names the first that is not of the kind."""
        try:
            return kind.each(self.entries)
        except InvalidNameError:
            return self.each(kind, self.entries)

    def column(self, values: Iterable[Json], kind: type[_Kind], reason: str) -> list[_Kind]:
        """Give one value of each entry, all of a kind; WrongValueError names the first that is not."""
        return cast("list[_Kind]", self._checked(list(values), {kind}, reason))

    def optional(self, values: Iterable[Json], kind: type[_Kind], reason: str) -> list[_Kind | None]:
        """Give one value of each entry, all of a kind or None; WrongValueError names the first that is not."""
        return cast("list[_Kind | None]", self._checked(list(values), {kind, type(None)}, reason))

    def each(self, read: Callable[[_Part], _Value], column: Iterable[_Part]) -> list[_Value]:
        """Read one value of each entry; WrongValueError names the entry of the first that cannot be read."""
        found: list[_Value] = []
        try:
            found.extend(map(read, column))
        except (InvalidNameError, WrongValueError) as error:
            raise self._wrong(len(found), str(error)) from error
        return found

    def _checked(self, values: list[Json], kinds: set[type], reason: str) -> list[Json]:
        if not kinds.issuperset(map(type, values)):
            raise self._wrong(next(place for place, value in enumerate(values) if type(value) not in kinds), reason)
        return values

    def _wrong(self, place: int, reason: str) -> WrongValueError:
        return WrongValueError(reason, self.key, list(self.entries)[place])
