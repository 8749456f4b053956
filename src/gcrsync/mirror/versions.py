"""Which tags are versions (semver.org 2.0.0), and which of those lie in a range."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, cast

from gcrsync.errors import InvalidNameError

_BOUND = re.compile(r"\s*(>=|<=|>|<|=|!=)\s*(\S+)\s*")
_HINT = 'expected bounds such as ">=1.28, <2"'


class Version(Protocol):
    """A version, as :mod:`semver` has it."""

    @property
    def prerelease(self) -> str | None:
        """What comes after the hyphen, None for a release."""
        ...

    def finalize_version(self) -> "Version":
        """Give what this is a pre-release of."""
        ...

    def __lt__(self, other: "Version", /) -> bool:
        """Say whether it comes before another one (semver.org, section 11)."""
        ...

    def __le__(self, other: "Version", /) -> bool:
        """Say whether it does not come after another one."""
        ...


_COMPARES: dict[str, Callable[[Version, Version], bool]] = {
    ">=": lambda version, bound: bound <= version,
    "<=": lambda version, bound: version <= bound,
    ">": lambda version, bound: bound < version,
    "<": lambda version, bound: version < bound,
    "=": lambda version, bound: version == bound,
    "!=": lambda version, bound: version != bound,
}


@dataclass(frozen=True, slots=True)
class Versions:
    """A range of versions: bounds that all have to hold, such as ``>=1.28, <2``; what is missing of a bound is zero.

    Below ``<2`` there are no pre-releases of 2.0.0, which come before it and are not meant.
    """

    text: str

    def __post_init__(self) -> None:
        """Refuse what is no range with InvalidNameError."""
        _ = self._bounds

    def hold(self, version: Version) -> bool:
        """Say whether a version lies in the range."""
        return all(_holds(sign, version, bound) for sign, bound in self._bounds)

    @property
    def _bounds(self) -> tuple[tuple[str, Version], ...]:
        return _bounds(self.text)


@lru_cache(maxsize=65_536)
def version_of(name: str) -> Version | None:
    """Read a tag as a version, with or without a ``v`` and with zeros for the parts it lacks; None where it is none."""
    from semver import Version as Parsed  # noqa: PLC0415 - few mirrors choose by version, and every start would wait for it

    try:
        return cast("Version", Parsed.parse(name.removeprefix("v"), optional_minor_and_patch=True))
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _bounds(text: str) -> tuple[tuple[str, Version], ...]:
    found: list[tuple[str, Version]] = []
    for part in text.split(","):
        bound = _BOUND.fullmatch(part)
        version = version_of(bound[2]) if bound else None
        if bound is None or version is None:
            raise InvalidNameError("range of versions", text, _HINT)
        found.append((bound[1], version))
    return tuple(found)


def _holds(sign: str, version: Version, bound: Version) -> bool:
    if sign == "<" and version.prerelease and not bound.prerelease and version.finalize_version() == bound.finalize_version():
        return False
    return _COMPARES[sign](version, bound)
