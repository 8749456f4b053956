"""The text of an image layout's ``index.json``, read and written without losing what others have put into it."""

import json
from bisect import insort
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

from gcrsync.errors import DestinationError, InvalidManifestError, InvalidNameError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor, parse_descriptor
from gcrsync.oci.name import Tag, TagOrder

REF_NAME = "org.opencontainers.image.ref.name"
_BARE_KEYS = frozenset({"mediaType", "digest", "size"})
_HINT = "restore it, or remove the folder that it is in to have it copied anew"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its ``name`` is its annotation ``ref.name``, or empty; ``text`` is its JSON with all keys that it has.

    ``tag`` is the name of a manifest where it is a tag: containerd writes whole references there, and a layout may list
    things that are no manifests (image-layout.md). ``bare`` is an entry that says nothing but which manifest there is.
    """

    descriptor: Descriptor
    name: str
    tag: Tag | None
    bare: bool
    text: str

    @property
    def is_manifest(self) -> bool:
        """Whether this is a manifest or an index."""
        return self.descriptor.media_type in media_types.MANIFESTS

    def lists(self, descriptor: Descriptor, name: str) -> bool:
        """Say whether this is the entry of a manifest under a name, or under any where the name is empty."""
        own = self.descriptor
        same = own.digest == descriptor.digest and own.size == descriptor.size and own.media_type == descriptor.media_type
        return same and (not name or name == self.name)


@dataclass(frozen=True)
class LayoutIndex:
    """All of an ``index.json``: ``others`` are its keys beside ``manifests``, as JSON; the entries are in their order."""

    others: tuple[str, ...]
    entries: tuple[Entry, ...]

    @cached_property
    def tags(self) -> Mapping[Tag, Descriptor]:
        """What each tag names, in the order of the tags; the first entry counts where a tag stands twice."""
        found: dict[Tag, Descriptor] = {}
        for entry in self.entries:
            if entry.tag:
                found.setdefault(entry.tag, entry.descriptor)
        return found

    @cached_property
    def manifests(self) -> Mapping[Digest, Descriptor]:
        """The manifests that stand in it, tagged or not, by digest."""
        return {entry.descriptor.digest: entry.descriptor for entry in reversed(self.entries) if entry.is_manifest}

    def raw(self) -> bytes:
        """Give the JSON, one line per entry; the same entries give the same bytes."""
        entries = ",\n".join(entry.text for entry in self.entries)
        keys = ",".join((*self.others, f'"manifests":[\n{entries}\n]' if entries else '"manifests":[]'))
        return f"{{{keys}}}\n".encode()

    def with_manifest(self, descriptor: Descriptor, tag: Tag | None, children: Collection[Digest]) -> "LayoutIndex":
        """Give the index in which a tag names a manifest, or which lists a manifest without a tag.

        Bare entries of the same manifest give way to the tag, and those of its children to their parent.
        """
        name = tag.name if tag else ""
        entry = next((entry for entry in self.entries if entry.lists(descriptor, name)), None) or _new_entry(descriptor, name)
        replaced = {descriptor.digest, *children}
        kept = [other for other in self.entries if other is not entry and not (other.bare and other.descriptor.digest in replaced)]
        kept = [other for other in kept if not name or other.name != name]
        insort(kept, entry, key=_order)
        return LayoutIndex(self.others, tuple(kept))

    def without_tag(self, tag: Tag) -> "LayoutIndex":
        """Give the index without the entries of a tag."""
        return LayoutIndex(self.others, tuple(entry for entry in self.entries if entry.tag != tag))

    def without_digest(self, digest: Digest) -> "LayoutIndex":
        """Give the index without the entries of a manifest, whatever their names."""
        return LayoutIndex(self.others, tuple(entry for entry in self.entries if entry.descriptor.digest != digest))


EMPTY_INDEX = LayoutIndex(('"schemaVersion":2', f'"mediaType":"{media_types.OCI_INDEX}"'), ())
"""What a new layout holds."""


def parse_index(raw: bytes, where: str) -> LayoutIndex:
    """Read an ``index.json``; ``where`` names the file in an error.

    Raises DestinationError for anything that is not an index of descriptors with valid digests.
    """
    try:
        document = json.loads(raw, parse_constant=_refuse_constant)
        return _index(document, where)
    except (ValueError, RecursionError) as error:
        raise DestinationError(f"{where}: not JSON ({error})", hint=_HINT) from error
    except InvalidManifestError as error:
        raise DestinationError(f"{where}: {error.reason}", hint=_HINT) from error


def _index(document: object, where: str) -> LayoutIndex:
    if not isinstance(document, dict):
        raise InvalidManifestError(where, "not a JSON object")
    found = document.get("manifests")
    if found is not None and not isinstance(found, list):
        raise InvalidManifestError(where, "'manifests' is not a list")
    entries = [_entry(fields, f"manifests[{position}]", where) for position, fields in enumerate(found or ())]
    others = tuple(f"{_json(key)}:{_json(value)}" for key, value in document.items() if key != "manifests")
    return LayoutIndex(others, tuple(sorted(entries, key=_order)))


def _entry(fields: object, place: str, where: str) -> Entry:
    if not isinstance(fields, dict):
        raise InvalidManifestError(where, f"{place!r} is not a descriptor")
    annotations = fields.get("annotations") or {}
    name = annotations.get(REF_NAME, "") if isinstance(annotations, dict) else None
    if not isinstance(name, str):
        raise InvalidManifestError(where, f"{place!r} has annotations that are not texts")
    return _made(parse_descriptor(fields, place, where), name, fields)


def _new_entry(descriptor: Descriptor, name: str) -> Entry:
    fields: dict[str, object] = {"mediaType": descriptor.media_type, "digest": descriptor.digest.text, "size": descriptor.size}
    if name:
        fields["annotations"] = {REF_NAME: name}
    return _made(descriptor, name, fields)


def _made(descriptor: Descriptor, name: str, fields: Mapping[str, object]) -> Entry:
    tag = _tag(name) if descriptor.media_type in media_types.MANIFESTS else None
    return Entry(descriptor, name, tag, fields.keys() <= _BARE_KEYS, _json(fields))


def _order(entry: Entry) -> tuple[bool, TagOrder, str, str]:
    """Give the key that sorts tags as tags are sorted, and by digest what has no tag, after them."""
    return (False, entry.tag.sort_key, "", "") if entry.tag else (True, ((), ""), entry.descriptor.digest.text, entry.name)


def _tag(name: str) -> Tag | None:
    try:
        return Tag(name)
    except InvalidNameError:
        return None


def _json(value: object) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
