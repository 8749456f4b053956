"""A document whose manifests have nothing unusual: that is seen at a glance, and they are read once somebody asks for them.

Reading them takes most of the time that a record takes, and on most nights nobody asks for what is said of most of them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from gcrsync.metadata import strict_json
from gcrsync.metadata.reader import read_manifests
from gcrsync.mirror.record import Mirrored
from gcrsync.mirror.unread import Unread
from gcrsync.oci.digest import Digest

_HEAD = '\n  "manifests": {\n'
_NEXT = r"(?:, (?!\})|(?=\}))"
_DAY = r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
_LEAP_DAY = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)-02-29"
_TIME = rf'"(?:(?!0000)[0-9]{{4}}-{_DAY}|{_LEAP_DAY})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"'

_ENTRY = (
    r'    "sha256:[0-9a-f]{64}": \{'
    rf'(?:"mediaType": "[^"\\\x00-\x1f]*+"{_NEXT})?(?:"size": (?:0|[1-9][0-9]{{0,17}}){_NEXT})?'
    rf'(?:"uploaded": {_TIME}{_NEXT})?(?:"mirrored": {_TIME})?\}}'
)
_SECTION = re.compile(rf"{re.escape(_HEAD)}(?:{_ENTRY},\n)*+{_ENTRY}\n  \}}")
_NAME = slice(5, 76)
"""Where the digest stands in the line of an entry."""


@dataclass(frozen=True, slots=True)
class Plain:
    """The text of a document without its manifests, and those."""

    rest: str
    manifests: Unread


def find_plain(text: str, path: str) -> Plain | None:
    """Take the manifests of the document at ``path`` aside, None where they are not plain or stand twice."""
    found = _SECTION.match(text, text.find(_HEAD)) if _HEAD in text else None
    if found is None:
        return None
    section = found[0]
    lines = section.split("\n")[2:-1]
    names = frozenset([line[_NAME] for line in lines])
    if len(names) != len(lines):
        return None
    rest = f'{text[: found.start()]}\n  "manifests": {{}}{text[found.end() :]}'
    return Plain(rest, Unread(names, partial(_read, section, path)))


def _read(section: str, path: str) -> Mapping[Digest, Mirrored]:
    return read_manifests(strict_json.parse(f"{{{section}}}", path), path)
