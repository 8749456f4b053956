"""The untagged manifests of a source, each read once: a list that names them does not tell what they refer to."""

from collections.abc import Callable, Mapping
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass

from gcrsync.errors import InvalidManifestError, NotFoundError
from gcrsync.mirror.record import Subjects
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import SchemaOne
from gcrsync.oci.name import Repository
from gcrsync.sync.manifests import Manifests
from gcrsync.sync.once import Once
from gcrsync.sync.passage import Passage


@dataclass(frozen=True, slots=True)
class Referring:
    """What the untagged manifests of a repository refer to: the subject of each, and those of each subject, sorted."""

    subjects: Subjects
    by_subject: Mapping[Digest, tuple[Digest, ...]]


class UntaggedManifests:
    """Reads the untagged manifests of repositories; one is shared by all threads of a run."""

    def __init__(self, passage: Passage, manifests: Manifests) -> None:
        """Begin with nothing read."""
        self._passage, self._manifests = passage, manifests
        self._known: Once[Repository, Referring | None] = Once()

    def of(self, repository: Repository, count: Callable[[int], None]) -> Referring | None:
        """Tell of a repository, and ``count`` the manifests that are read for that; None where the source lists no such ones.

        One that is no manifest refers to nothing, and one that is there no more is not told of. Raises what the source raises for
        one that cannot be read now, or StoppedError.
        """
        return self._known.do(repository, lambda: self._read(repository, count))

    def _read(self, repository: Repository, count: Callable[[int], None]) -> Referring | None:
        untagged = self._passage.known(repository).untagged
        if untagged is None:
            return None
        count(len(untagged.unread))
        readings = {digest: self._passage.executor.submit(self._subject, repository, digest) for digest in untagged.unread}
        wait(readings.values())
        subjects = dict(untagged.known)
        for digest, reading in readings.items():
            with suppress(NotFoundError):
                subjects[digest] = reading.result()
        by_subject: dict[Digest, list[Digest]] = {}
        for digest in sorted(subjects):
            subject = subjects[digest]
            if subject is not None:
                by_subject.setdefault(subject, []).append(digest)
        return Referring(subjects, {subject: tuple(digests) for subject, digests in by_subject.items()})

    def _subject(self, repository: Repository, digest: Digest) -> Digest | None:
        self._passage.check_stop()
        try:
            manifest = self._manifests.get(repository, digest)
        except InvalidManifestError:
            return None
        return None if isinstance(manifest, SchemaOne) or manifest.subject is None else manifest.subject.digest
