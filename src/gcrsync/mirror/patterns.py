"""Patterns of names, as people write them: globs and regular expressions."""

import re
from dataclasses import dataclass
from functools import lru_cache

from wcmatch import glob

from gcrsync.errors import InvalidNameError

_GLOB = glob.GLOBSTAR | glob.DOTGLOB | glob.FORCEUNIX
_REGEX = "re:"
_WILD = frozenset("*?[]!\\")
_UNKNOWN = frozenset("{}|()")
"""What globs mean by these elsewhere they do not here, and no name has them."""

_ITSELF = frozenset({".", "**"})
_EVERY = frozenset({"*", "**"})


@dataclass(frozen=True, slots=True)
class Patterns:
    """Globs (``*`` within a component, ``**`` across components) and regular expressions (``re:``, matched whole)."""

    texts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a malformed pattern with InvalidNameError."""
        for text in self.texts:
            _compiled(text)

    def __bool__(self) -> bool:
        """Say whether there is any pattern."""
        return bool(self.texts)

    @property
    def literals(self) -> frozenset[str]:
        """The patterns that are plain names, and match nothing else."""
        return frozenset(filter(is_literal, self.texts))

    def match(self, name: str) -> bool:
        """Say whether any of the patterns matches the whole name; ``.``, a source itself, is matched by ``.`` and ``**``."""
        return self.matching(name) is not None

    def matching(self, name: str) -> str | None:
        """Give the first of the patterns that matches the whole name, None where none does."""
        if name == ".":
            return next((text for text in self.texts if text in _ITSELF), None)
        return next((text for text in self.texts if _compiled(text).fullmatch(name)), None)

    def reach(self, name: str) -> bool:
        """Say whether any of the patterns may match this path or something below it."""
        return any(_reaches(text, name) for text in self.texts)

    def cover(self, name: str) -> bool:
        """Say whether one of the patterns surely matches this path and everything below it."""
        globs = (text for text in self.texts if text.endswith("/**") and not text.startswith(_REGEX))
        return "**" in self.texts or any(_compiled(text).fullmatch(name) for text in globs)


@dataclass(frozen=True, slots=True)
class Match:
    """Which tags a rule is for: ``repository:tag``, both globs (without a tag: all of them), or ``re:`` matched with the whole.

    The repository is relative to the source of the mirror, as in its other patterns.
    """

    text: str

    def __post_init__(self) -> None:
        """Refuse a malformed pattern with InvalidNameError."""
        if not self._is_regex:
            repository, tag = self._parts
            if not repository or not tag:
                raise InvalidNameError("match", self.text, "expected REPOSITORY:TAG, such as **:latest")
        _ = self._patterns

    def matches(self, repository: str, tag: str) -> bool:
        """Say whether a rule is for this tag."""
        names = (f"{repository}:{tag}",) if self._is_regex else (repository, tag)
        return all(patterns.match(name) for patterns, name in zip(self._patterns, names, strict=True))

    @property
    def is_for_all_tags(self) -> bool:
        """Whether it is for all tags of the repositories that it matches."""
        return not self._is_regex and self._parts[1] in _EVERY

    def matches_repository(self, repository: str) -> bool:
        """Say whether it is for all tags of this repository."""
        return self.is_for_all_tags and self._patterns[0].match(repository)

    @property
    def _is_regex(self) -> bool:
        return self.text.startswith(_REGEX)

    @property
    def _parts(self) -> tuple[str, str]:
        repository, colon, tag = self.text.rpartition(":")
        return (repository, tag) if colon and "/" not in tag else (self.text, "*")

    @property
    def _patterns(self) -> tuple[Patterns, ...]:
        return tuple(Patterns((text,)) for text in ((self.text,) if self._is_regex else self._parts))


def is_literal(pattern: str) -> bool:
    """Say whether a pattern is a plain name, and matches nothing else."""
    return not pattern.startswith(_REGEX) and _WILD.isdisjoint(pattern)


@lru_cache(maxsize=1024)
def _compiled(text: str) -> re.Pattern[str]:
    if not text:
        raise InvalidNameError("pattern", text, "it is empty")
    try:
        if text.startswith(_REGEX):
            return re.compile(text.removeprefix(_REGEX))
        if text.startswith("!"):
            raise InvalidNameError("pattern", text, "a pattern cannot be negated; use exclude")
        if not _UNKNOWN.isdisjoint(text):
            raise InvalidNameError("pattern", text, "a glob knows no alternatives; write each as a pattern, or re:(a|b)")
        positive, _ = glob.translate(text, flags=_GLOB)
        return re.compile(positive[0])
    except (re.error, ValueError) as error:
        raise InvalidNameError("pattern", text, str(error)) from error


def _reaches(text: str, name: str) -> bool:
    """Compare component by component, until ``**`` matches whatever comes or one of the two ends."""
    if text.startswith(_REGEX) or "\\" in text:
        return True
    wanted, components = text.split("/"), name.split("/")
    for pattern, component in zip(wanted, components, strict=False):
        if pattern == "**":
            return True
        if not _compiled(pattern or "*").fullmatch(component):
            return False
    return len(wanted) >= len(components)
