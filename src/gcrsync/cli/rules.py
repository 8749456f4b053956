"""The rules of one ``[[mirror]]`` table: what it says of all its tags, and its ``[[mirror.rule]]`` tables."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from gcrsync.cli.quantities import seconds, share
from gcrsync.errors import InvalidConfigError, InvalidNameError, UsageError
from gcrsync.mirror.rules import Match, Moved, Policy, Rule, Rules, Vanished
from gcrsync.oci.name import Namespace

SETTINGS = frozenset({"moved", "gone", "grace", "max_prune", "min_age", "stale_after", "referrers_for"})
"""The keys that may stand in a table and in each of its rules."""

_RULE_KEYS = SETTINGS | {"match"}
_ALL = Match("**")

_Word = TypeVar("_Word", bound=StrEnum)
Wrong = Callable[[str, str], InvalidConfigError]
"""Makes the error about a key, such as ``grace`` or ``rule.0.grace``, with the reason."""


def read_rules(values: Mapping[str, object], source: Namespace | None, wrong: Wrong) -> Rules:
    """Read the rules among the ``values`` of a table; without a ``source`` they match repositories by their whole names.

    Raises what ``wrong`` gives.
    """
    tables = values.get("rule", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise wrong("rule", "expected [[mirror.rule]] tables (with two brackets)")
    policy = _Reader(values, "", wrong).rule(_ALL).over(Policy())
    exceptions = tuple(_Reader(table, f"rule.{number}.", wrong).exception() for number, table in enumerate(tables))
    return Rules(policy, exceptions, source)


class _Reader:
    """Reads the settings of one table; ``prefix`` leads to it in the errors."""

    def __init__(self, values: Mapping[str, object], prefix: str, wrong: Wrong) -> None:
        self._values, self._prefix, self._wrong = values, prefix, wrong

    def exception(self) -> Rule:
        for key in self._values:
            if key not in _RULE_KEYS:
                raise self._error(key, f"unknown key {key!r}; known are {', '.join(sorted(_RULE_KEYS))}")
        text = self._text("match")
        if text is None:
            raise self._error("match", "match is missing: which tags is this rule for?")
        try:
            return self.rule(Match(text))
        except InvalidNameError as error:
            raise self._error("match", error.message) from error

    def rule(self, match: Match) -> Rule:
        return Rule(
            match,
            moved=self._word("moved", Moved),
            gone=self._word("gone", Vanished),
            grace=self._seconds("grace"),
            max_prune=self._share("max_prune"),
            min_age=self._seconds("min_age"),
            stale_after=self._seconds("stale_after"),
            referrers_for=self._seconds("referrers_for"),
        )

    def _word(self, key: str, words: type[_Word]) -> _Word | None:
        text = self._text(key)
        if text is not None and text not in list(words):
            raise self._error(key, f"{key}: expected {' or '.join(words)}")
        return None if text is None else words(text)

    def _seconds(self, key: str) -> int | None:
        text = self._text(key)
        try:
            return None if text is None else seconds(text)
        except UsageError as error:
            raise self._error(key, f"{key}: {error.message}; {error.hint}") from error

    def _share(self, key: str) -> Fraction | None:
        text = self._text(key)
        try:
            return None if text is None else share(text)
        except UsageError as error:
            raise self._error(key, f"{key}: {error.message}: {error.hint}") from error

    def _text(self, key: str) -> str | None:
        value = self._values.get(key)
        if key in self._values and (not isinstance(value, str) or not value):
            raise self._error(key, f"{key}: expected a string")
        return value if isinstance(value, str) else None

    def _error(self, key: str, reason: str) -> InvalidConfigError:
        return self._wrong(self._prefix + key, reason)
