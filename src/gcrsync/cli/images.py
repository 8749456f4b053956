"""What ``images`` names: references in a list, or in a file with one a line."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gcrsync.errors import InvalidConfigError, InvalidNameError
from gcrsync.mirror.patterns import Patterns, is_literal
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.reference import Written

_DEFAULT_TAG = "latest"
_LONGEST_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Line:
    """One reference as it was written, with the file and the line (from 1) where it stands."""

    text: str
    path: str
    number: int

    def error(self, reason: str) -> InvalidConfigError:
        """Give the error that says what is wrong with it."""
        return InvalidConfigError(self.path, self.number, reason)


@dataclass(frozen=True, slots=True)
class Named:
    """What is named of one repository: patterns of its tags, and the digests that some of those are pinned to."""

    tags: tuple[str, ...]
    pins: Mapping[Tag, Digest] = field(default_factory=dict)


def lines_of_file(path: Path) -> tuple[Line, ...]:
    """Give the references in a file, without blank lines and comments; InvalidConfigError where it cannot be read."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidConfigError(str(path), 0, "not UTF-8 text") from error
    except OSError as error:
        raise InvalidConfigError(str(path), 0, f"cannot be read: {error.strerror}") from error
    texts = (text.partition("#")[0].strip() for text in content.splitlines())
    return tuple(Line(text, str(path), number) for number, text in enumerate(texts, start=1) if text)


def read_images(lines: Sequence[Line]) -> Mapping[Repository, Named]:
    """Give what the references name of each repository.

    Raises InvalidConfigError for the first that is none, and for a tag that is named with one digest and with another, or none.
    """
    found: dict[Repository, list[tuple[Line, str, Digest | None]]] = {}
    for line in lines:
        try:
            written = Written.parse(line.text)
            found.setdefault(written.repository, []).append((line, _tag(written), written.digest))
        except InvalidNameError as error:
            raise line.error(error.message) from error
    return {repository: _named(entries) for repository, entries in found.items()}


def _tag(written: Written) -> str:
    """Give the pattern of the tags that a reference names, or the tag under which its digest is put."""
    if written.digest is not None:
        return str(Tag(written.tag)) if written.tag else str(_tag_of(written.digest))
    if written.tag and not is_literal(written.tag):
        return Patterns((written.tag,)).texts[0]
    return str(Tag(written.tag or _DEFAULT_TAG))


def _tag_of(digest: Digest) -> Tag:
    if len(digest.encoded) > _LONGEST_DIGITS:
        raise InvalidNameError("image", str(digest), "it is too long to make a tag of; name a tag before the digest")
    return Tag(f"digest-{digest.encoded}")


def _named(entries: Iterable[tuple[Line, str, Digest | None]]) -> Named:
    first: dict[str, tuple[Line, Digest | None]] = {}
    for line, tag, digest in entries:
        before, other = first.setdefault(tag, (line, digest))
        if other != digest:
            raise line.error(_disagreement(line, before, tag))
    return Named(tuple(first), dict(_pins(first)))


def _disagreement(line: Line, before: Line, tag: str) -> str:
    where = f"line {before.number}" if before.number != line.number else repr(before.text)
    return f"{line.text!r} and {where} name one tag, {tag}, with different digests, or one without"


def _pins(first: Mapping[str, tuple[Line, Digest | None]]) -> Iterator[tuple[Tag, Digest]]:
    for tag, (_, digest) in first.items():
        if digest is not None:
            yield Tag(tag), digest
