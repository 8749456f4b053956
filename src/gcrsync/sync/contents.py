"""The manifests that belong to an image, and what is attached to them: asked for where the image is."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from gcrsync.errors import InvalidManifestError, NotFoundError, StoppedError
from gcrsync.oci import media_types
from gcrsync.oci.attached import Attached, Kind, cosign_tags, kind_of
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import DEEPEST_INDEX, AnyManifest, Descriptor, Index
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.referrers import fallback_tag
from gcrsync.sync.places import Source
from gcrsync.sync.pool import Pool, each

MOST_MANIFESTS = 1_000
"""The most manifests of one image that are asked about; real ones have a few dozen."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def named(place: Source, repository: Repository, manifest: AnyManifest, what: str) -> tuple[Descriptor, ...]:
    """Give each manifest or blob that an index names, once, also through other indexes; nothing for what is no index.

    ``what`` names it in an error. Raises what the place raises, and InvalidManifestError where there is no end to it.
    """
    found: dict[Digest, Descriptor] = {}
    level = [manifest]
    for _ in range(DEEPEST_INDEX):
        entries = (entry for index in level if isinstance(index, Index) for entry in index.manifests)
        new = {entry.digest: entry for entry in entries if entry.digest not in found}
        found |= new
        if len(found) > MOST_MANIFESTS:
            raise InvalidManifestError(what, f"it names more than {MOST_MANIFESTS:,} manifests")
        level = [place.get_manifest(repository, entry.digest) for entry in new.values() if entry.media_type in media_types.INDEXES]
        if not level:
            return tuple(found.values())
    raise InvalidManifestError(what, f"more than {DEEPEST_INDEX} indexes in one another")


def tagged(place: Source, repository: Repository, subjects: Iterable[Digest], pool: Pool) -> tuple[Attached, ...]:
    """Give what cosign has attached to manifests, one HEAD for each tag that it may have; raises what the place raises."""
    asked = [(subject, tag, kind) for subject in subjects for tag, kind in cosign_tags(subject).items()]

    def ask(item: tuple[Digest, Tag, Kind]) -> Attached | None:
        subject, tag, kind = item
        described = place.head_manifest(repository, tag)
        return None if described is None else Attached(subject, kind, described, tag)

    return tuple(found for found in all_of(pool, ask, asked) if found is not None)


def referring(place: Source, repository: Repository, subjects: Sequence[Digest], pool: Pool) -> tuple[Attached, ...]:
    """Give what refers to manifests, by the place's lists or those under tags; raises what the place raises."""

    def ask(subject: Digest) -> tuple[Descriptor, ...]:
        listed = place.referrers(repository, subject, _ignore)
        return _under_tag(place, repository, subject) if listed is None else listed

    lists = zip(subjects, all_of(pool, ask, subjects), strict=True)
    return tuple(Attached(subject, kind_of(entry.artifact_type), entry) for subject, entries in lists for entry in entries)


def _under_tag(place: Source, repository: Repository, subject: Digest) -> tuple[Descriptor, ...]:
    try:
        found = place.get_manifest(repository, fallback_tag(subject))
    except NotFoundError:
        return ()
    return found.manifests if isinstance(found, Index) else ()


def _ignore(requests: int) -> None:
    del requests


def all_of(pool: Pool, work: Callable[[Item], Result], items: Sequence[Item]) -> tuple[Result, ...]:
    """Give the result of the work for each item, in their order. Raises StoppedError where the run is asked to stop before."""
    done = dict(each(pool, lambda number: (number, work(items[number])), range(len(items))))
    if len(done) < len(items):
        raise StoppedError
    return tuple(done[number] for number in range(len(items)))
