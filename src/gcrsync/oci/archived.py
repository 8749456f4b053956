"""Images in an archive, by the names that whoever wrote it has given them."""

from collections.abc import Iterable
from dataclasses import dataclass

from gcrsync.errors import InvalidNameError
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Tag
from gcrsync.oci.reference import Reference, parted

_LONGEST_NAME = 512


@dataclass(frozen=True, slots=True)
class ArchivedImage:
    """An image in an archive: ``names`` are references or bare tags, as they stand there.

    ``digest`` tells it from others: that of its manifest or, where the archive has none, that of its configuration. ``part_of`` is
    the index that it is all of which the archive has, None where that is whole.
    """

    names: tuple[str, ...]
    digest: Digest
    part_of: Digest | None = None


def readable(names: Iterable[str]) -> tuple[str, ...]:
    """Give each of the names once that a person could read and type; others may be meant to deceive, and are none."""
    return tuple(dict.fromkeys(name for name in names if name.isprintable() and 0 < len(name) <= _LONGEST_NAME))


def tag_of(name: str) -> Tag | None:
    """Give the tag of a reference or of a bare tag, None where there is none."""
    try:
        return Tag(name if _is_tag(name) else parted(name)[1])
    except InvalidNameError:
        return None


def is_called(name: str, wanted: str) -> bool:
    """Say whether somebody who asks for ``wanted`` means this name: by all of it, by its end after a ``/``, or by its tag."""
    ours, theirs = _full(name), _full(wanted)
    return wanted in (name, tag_of(name)) or ours == theirs or ours.endswith(f"/{wanted}")


def _is_tag(name: str) -> bool:
    return not {"/", ":", "@"}.intersection(name)


def _full(name: str) -> str:
    """Give a reference with all that Docker adds to it; what is none stays as it is."""
    try:
        return str(Reference.parse(name))
    except InvalidNameError:
        return name
