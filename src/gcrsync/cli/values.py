"""The values of one table of the configuration, each checked as it is read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from gcrsync.cli.quantities import seconds, share, size
from gcrsync.errors import InvalidConfigError, InvalidNameError, UsageError
from gcrsync.mirror.patterns import Patterns
from gcrsync.mirror.platforms import Platforms, choice
from gcrsync.oci.manifest import Platform

_Value = TypeVar("_Value")
_Word = TypeVar("_Word", bound=StrEnum)
Wrong = Callable[[str, str], InvalidConfigError]
"""Makes the error about a key, such as ``grace`` or ``rule.0.grace``, with the reason."""

_IN_RULE = re.compile(r"^rule\.[0-9]+\.")
"""What leads to a key of a rule, whose line says which rule that is."""


@dataclass(frozen=True, slots=True)
class Values:
    """Reads the values of a table by their keys, None where one is not there; ``prefix`` leads to it in the errors.

    All methods raise what ``wrong`` gives for a value that cannot be used.
    """

    values: Mapping[str, object]
    prefix: str
    wrong: Wrong

    def below(self, key: str) -> "Values":
        """Give the values of a table in this one; an empty one where it is not there."""
        found = self.values.get(key, {})
        if not isinstance(found, dict):
            raise self.error(key, f"{self.prefix}{key}: expected a table")
        return Values(found, f"{self.prefix}{key}.", self.wrong)

    def text(self, key: str) -> str | None:
        """Read a text that is not empty."""
        value = self.values.get(key)
        if key in self.values and (not isinstance(value, str) or not value):
            raise self.error(key, f"{key}: expected a string")
        return value if isinstance(value, str) else None

    def word(self, key: str, words: type[_Word]) -> _Word | None:
        """Read one of these words."""
        text = self.text(key)
        if text is not None and text not in list(words):
            raise self.error(key, f"{key}: expected {' or '.join(words)}")
        return None if text is None else words(text)

    def flag(self, key: str) -> bool | None:
        """Read true or false."""
        value = self.values.get(key)
        if key in self.values and not isinstance(value, bool):
            raise self.error(key, f"{key}: expected true or false")
        return value if isinstance(value, bool) else None

    def count(self, key: str) -> int | None:
        """Read a number from 1 on."""
        value = self.values.get(key)
        if key in self.values and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise self.error(key, f"{key}: expected a number from 1 on")
        return value if isinstance(value, int) else None

    def seconds(self, key: str) -> int | None:
        """Read a duration, in seconds."""
        return self._quantity(key, seconds)

    def size(self, key: str) -> int | None:
        """Read a number of bytes."""
        return self._quantity(key, size)

    def share(self, key: str) -> Fraction | None:
        """Read a share that is written in percent, from 0 to 1."""
        return self._quantity(key, share)

    def name(self, key: str, read: Callable[[str], _Value]) -> _Value | None:
        """Read a text by what raises InvalidNameError for one that it cannot read."""
        text = self.text(key)
        return None if text is None else self._read(key, lambda: read(text))

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Read a list of texts."""
        found = self.values.get(key, [])
        if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
            shown = _IN_RULE.sub("", f"{self.prefix}{key}")
            raise self.error(key, f"{shown}: expected a list of strings")
        return tuple(found) if key in self.values else None

    def patterns(self, key: str) -> Patterns | None:
        """Read a list of patterns."""
        texts = self.texts(key)
        return None if texts is None else self._read(key, lambda: Patterns(texts))

    def platforms(self, key: str) -> Platforms | None:
        """Read a choice of platforms."""
        texts = self.texts(key)
        if texts == ():
            raise self.error(key, f"{key} names none; leave it out to have all")
        return None if texts is None else self._read(key, lambda: choice(tuple(map(Platform.parse, texts))))

    def error(self, key: str, reason: str) -> InvalidConfigError:
        """Give the error about a key."""
        return self.wrong(self.prefix + key, reason)

    def _quantity(self, key: str, read: Callable[[str], _Value]) -> _Value | None:
        text = self.text(key)
        try:
            return None if text is None else read(text)
        except UsageError as error:
            raise self.error(key, f"{key}: {error.message}; {error.hint}") from error

    def _read(self, key: str, read: Callable[[], _Value]) -> _Value:
        try:
            return read()
        except InvalidNameError as error:
            raise self.error(key, error.message) from error
