"""The changelog and its years: what is too much for ``CHANGELOG.md`` stands in ``changelog/<year>.md``, newest first as well.

An entry stands in one of them alone. A year may grow as it likes: nobody reads it from its top every day.
"""

import re
from collections.abc import Iterable, Mapping

from gcrsync.metadata import changelog
from gcrsync.metadata.changelog import HEADING, Entry
from gcrsync.metadata.paths import CHANGELOG, changelog_of, year_of

MOST = 512 * 1024
"""The most bytes of ``CHANGELOG.md``, unless what people wrote into it is more; some web pages show no larger file."""

_LINKS = re.compile(r"^## Earlier\n\n(?:- \[[0-9]{4}\]\(\S+\)\n)+", re.MULTILINE)


def heading_of(path: str) -> str:
    """Give the heading of the changelog at a path."""
    year = year_of(path)
    return HEADING if year is None else f"{HEADING} in {year}"


def entries(texts: Mapping[str, str]) -> tuple[Entry, ...]:
    """Give the entries of the changelog and of its years, by path."""
    return tuple(entry for path, text in texts.items() for entry in changelog.entries(text, heading_of(path)))


def insert(texts: Mapping[str, str], new: Iterable[Entry], most: int = MOST) -> dict[str, str]:
    """Give the texts, by path, that some entries change: each replaces that of its run and namespace, wherever it stands.

    Where ``CHANGELOG.md`` would have ``most`` bytes its oldest entries move to their years until a quarter of it is free, so that
    this happens once in many runs, and it ends with links to them. What people wrote stays where it is.
    """
    changed: dict[str, str] = {}
    for path, found in _by_path(texts, new).items():
        changed[path] = changelog.insert(texts.get(path), *found, heading=heading_of(path))
    text = changed.get(CHANGELOG, texts.get(CHANGELOG, ""))
    if len(text.encode(errors="surrogateescape")) < most:
        return changed
    text, old = changelog.take_oldest(text, most * 3 // 4)
    for path, found in _by_year(old).items():
        changed[path] = changelog.insert(changed.get(path, texts.get(path)), *found, heading=heading_of(path))
    years = {path for path in (*texts, *changed) if year_of(path) is not None}
    return {**changed, CHANGELOG: _linked(text, sorted(years, reverse=True))}


def _by_path(texts: Mapping[str, str], new: Iterable[Entry]) -> Mapping[str, list[Entry]]:
    """Find where each entry belongs: where it stands, in the past where that has newer ones, or else on top."""
    stands = {entry.key: path for path, text in texts.items() for entry in changelog.entries(text, heading_of(path))}
    past = {path: text for path, text in texts.items() if year_of(path) is not None}
    newest = max((entry.started for entry in entries(past)), default=None)
    found: dict[str, list[Entry]] = {}
    for entry in new:
        is_past = newest is not None and entry.started < newest
        path = stands.get(entry.key) or (changelog_of(entry.started.year) if is_past else CHANGELOG)
        found.setdefault(path, []).append(entry)
    return found


def _by_year(old: Iterable[Entry]) -> Mapping[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in reversed(tuple(old)):  # of entries of one time the one that comes last is put on top
        found.setdefault(changelog_of(entry.started.year), []).append(entry)
    return found


def _linked(text: str, years: Iterable[str]) -> str:
    links = "".join(f"- [{year_of(path)}]({path})\n" for path in years)
    if not links:
        return text
    section = f"## Earlier\n\n{links}"
    if _LINKS.search(text):
        return _LINKS.sub(section, text, count=1)
    above = text.rstrip("\n")
    return f"{above}\n\n{section}"
