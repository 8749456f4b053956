"""What the search looks through: the names and tags of all repositories, as a script, which a page can load from a disk as well."""

import json
from collections.abc import Iterable

from gcrsync.mirror.record import Record
from gcrsync.oci.name import Tag
from gcrsync.site.paths import page_of
from gcrsync.site.rows import tags_of

HELD, GONE = "!", "~"
"""Behind a tag that the mirror does not have, and behind one that the source has no longer; no tag has such a character."""


def names(records: Iterable[Record]) -> str:
    """Give the script: for each repository its name, that of its mirror, its page, and its tags in the order of the page."""
    entries = [[str(record.repository), record.mirror, page_of(record.repository), "\n".join(_tags(record))] for record in records]
    text = json.dumps(entries, ensure_ascii=True, separators=(",", ":"))
    return f'"use strict";\nglobalThis.gcrsyncNames = {text};\n'


def _tags(record: Record) -> list[str]:
    return [f"{tag}{_mark(record, tag)}" for tag in tags_of(record)]


def _mark(record: Record, tag: Tag) -> str:
    if tag in record.tags:
        return ""
    if tag in record.gone:
        return GONE
    return "" if tag in record.kept else HELD
