"""A file of Docker's official-images: which tags an image of Docker Hub's ``library`` has, and which of them are one image.

The format is that of bashbrew, which builds these images: paragraphs of fields as in an email, of which the first holds for all
others; or, as it was before that, a line ``tag: repository@commit directory`` for each tag.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gcrsync.errors import IntegrityError, InvalidNameError, one_line, shortened
from gcrsync.mirror.platforms import Platforms
from gcrsync.oci.manifest import Platform
from gcrsync.oci.name import Tag

LARGEST_FILE = 1 << 20
"""The most characters of a file that is read; the longest ones of the real repository have a tenth of that."""

_FIELD = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]*)\s*:(.*)")
_LINE = re.compile(r"(?P<Tags>[^\s:]+)\s*:\s*(?P<GitRepo>\S+?)@(?P<GitCommit>\S+)(?:\s+(?P<Directory>.*))?")
_NAMES = ("Tags", "SharedTags")
_NOT_BUILT_FROM = frozenset({*_NAMES, "Maintainers"})
_USUAL = "amd64"
"""The architecture of an entry that names none."""

_WINDOWS = "windows-amd64"
_WINDOWS_ONLY = ("windowsservercore", "nanoserver")
"""How the constraints begin under which an entry is built on Windows: older ones name no architecture beside them."""

_PLATFORMS: Mapping[str, Platform] = {
    "amd64": Platform("linux", "amd64"),
    "arm32v5": Platform("linux", "arm", "v5"),
    "arm32v6": Platform("linux", "arm", "v6"),
    "arm32v7": Platform("linux", "arm", "v7"),
    "arm64v8": Platform("linux", "arm64", "v8"),
    "i386": Platform("linux", "386"),
    "mips64le": Platform("linux", "mips64le"),
    "ppc64le": Platform("linux", "ppc64le"),
    "riscv64": Platform("linux", "riscv64"),
    "s390x": Platform("linux", "s390x"),
    _WINDOWS: Platform("windows", "amd64"),
}
"""What bashbrew's architectures are to a registry."""

_Fields = dict[str, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one image is built from, and its tags: under ``Tags`` its own, under ``SharedTags`` those it may share with others."""

    built_from: _Fields
    named: Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Group:
    """Tags that are one image, in the order of the file, and bashbrew's architectures for which it is built, sorted."""

    tags: tuple[Tag, ...]
    architectures: tuple[str, ...] = (_USUAL,)

    def is_for(self, platforms: Platforms) -> bool:
        """Say whether the image may have something for any of these platforms, of which none is all of them.

        An architecture that is not known may be anything.
        """
        built = [_PLATFORMS.get(architecture) for architecture in self.architectures]
        return not platforms or any(each is None or any(wanted.covers(each) for wanted in platforms) for each in built)


Groups = tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Official:
    """What the files of official-images say at a ``commit``, by the name of each repository in ``library`` that was read."""

    commit: str = ""
    repositories: Mapping[str, Groups] = field(default_factory=dict)


def parse_library(text: str, path: str) -> Groups:
    """Read a file; ``path`` names it in errors.

    A tag is in one group: with those that the same entries name in the same way, as their own (``Tags``) or to be shared with
    others (``SharedTags``). A first paragraph without any entry names no tags. Raises IntegrityError for what bashbrew would not
    read.
    """
    if len(text) > LARGEST_FILE:
        raise _invalid(path, f"it has more than {LARGEST_FILE:,} characters")
    lines = ["" if line.lstrip().startswith("#") else line.rstrip() for line in text.split("\n")]
    if not any(lines):
        raise _invalid(path, "it names no tags")
    entries = _merged(_of_lines(lines) or _of_paragraphs(text.split("\n"), path))
    own, shared = (_named_by(entries, name) for name in _NAMES)
    twice = [tag for tag, by in own.items() if len(by) > 1 or tag in shared]
    if twice:
        raise _invalid(path, f"the tag {_told(twice[0])} stands there twice")
    return tuple(_group(by, tags, entries, path) for named in (own, shared) for by, tags in _alike(named).items())


def _of_lines(lines: Iterable[str]) -> list[_Fields]:
    """Give the entries of a file that has nothing but a line for each, none of any other."""
    found = [_LINE.fullmatch(line.strip()) for line in lines if line]
    return [entry.groupdict(default="") for entry in found if entry] if all(found) else []


def _of_paragraphs(lines: Iterable[str], path: str) -> list[_Fields]:
    defaults, *paragraphs = _paragraphs(lines, path)
    if "Tags" in defaults:
        raise _invalid(path, "its first paragraph, which holds for all entries, names tags")
    if not all(_words(paragraph.get("Tags", "")) for paragraph in paragraphs):
        raise _invalid(path, "it has an entry without tags")
    return [{**defaults, **paragraph} for paragraph in paragraphs]


def _paragraphs(lines: Iterable[str], path: str) -> Iterator[_Fields]:
    """Give the fields of each paragraph; a line that begins with white space goes on with the field before it."""
    fields: dict[str, list[str]] = {}
    last: list[str] = []
    for number, line in enumerate((*lines, ""), start=1):
        found = _FIELD.fullmatch(line.rstrip())
        if line.lstrip().startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield {name: " ".join(parts) for name, parts in fields.items()}
            fields = {}
        elif line[0].isspace() and fields:
            last.append(line.strip())
        elif found and found[1] not in fields:
            last = fields[found[1]] = [found[2].strip()]
        else:
            raise _invalid(path, f"line {number} is no field, or one that stands there already: {_told(line)}")


def _merged(entries: Iterable[_Fields]) -> list[_Entry]:
    """Put the tags of entries together that are built from the same, as bashbrew does."""
    merged: dict[tuple[tuple[str, str], ...], _Entry] = {}
    for fields in entries:
        built_from = {name: value for name, value in sorted(fields.items()) if name not in _NOT_BUILT_FROM}
        entry = merged.setdefault(tuple(built_from.items()), _Entry(built_from, {name: [] for name in _NAMES}))
        for name in _NAMES:
            entry.named[name].extend(_words(fields.get(name, "")))
    return list(merged.values())


def _named_by(entries: Iterable[_Entry], name: str) -> dict[str, list[int]]:
    """Give by their numbers the entries that name each tag in a field, an entry that names its own tag twice twice."""
    named: dict[str, list[int]] = {}
    for number, entry in enumerate(entries):
        for tag in entry.named[name] if name == "Tags" else dict.fromkeys(entry.named[name]):
            named.setdefault(tag, []).append(number)
    return named


def _alike(named: Mapping[str, list[int]]) -> dict[tuple[int, ...], list[str]]:
    alike: dict[tuple[int, ...], list[str]] = {}
    for tag, by in named.items():
        alike.setdefault(tuple(by), []).append(tag)
    return alike


def _group(by: Iterable[int], tags: Iterable[str], entries: list[_Entry], path: str) -> Group:
    architectures = {architecture for number in by for architecture in _architectures(entries[number].built_from)}
    try:
        return Group(tuple(map(Tag, tags)), tuple(sorted(architectures)))
    except InvalidNameError as error:
        raise _invalid(path, error.message) from error


def _architectures(built_from: _Fields) -> list[str]:
    is_windows = any(word.startswith(_WINDOWS_ONLY) for word in _words(built_from.get("Constraints", "")))
    return _words(built_from.get("Architectures", "")) or [_WINDOWS if is_windows else _USUAL]


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip())]


def _told(line: str) -> str:
    return repr(shortened(one_line(line)))


def _invalid(path: str, reason: str) -> IntegrityError:
    return IntegrityError(f"{path} of official-images cannot be read: {reason}")
