"""The way that images take: between which two places, how often something is tried, and when all of it ends."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from gcrsync.errors import StoppedError
from gcrsync.mirror.untagged import Untagged
from gcrsync.oci.name import Repository, Tag
from gcrsync.sync.places import Source, Target
from gcrsync.sync.progress import Watch
from gcrsync.sync.stop import Stop

Repeat = Callable[[Callable[[], None]], None]
"""Calls a function that copies one blob, and calls it again where that is worth it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one repository of a source before anything of it is copied; a value that pickles.

    ``lists`` are those of its tags that lists of referrers stand under (distribution-spec, "Referrers Tag Schema"), None where its
    tags are not known. Those in ``copied`` are copied as any other tag is: the target then gets the source's own list, and none is
    made for it. ``untagged`` are its manifests without a tag, None where the source does not name such; a source that does keeps no
    lists of its own.
    """

    lists: frozenset[Tag] | None = None
    copied: frozenset[Tag] = frozenset()
    untagged: Untagged | None = None

    def may_have(self, tag: Tag) -> bool:
        """Say whether a list may stand under a tag."""
        return self.lists is None or tag in self.lists

    @property
    def may_have_any(self) -> bool:
        """Whether a list may stand under any tag."""
        return self.lists is None or bool(self.lists)


def _nothing(_repository: Repository) -> Known:
    return Known()


@dataclass(frozen=True, slots=True)
class Passage:
    """The two ends of a transfer.

    ``repeat`` repeats the copy of a blob, and ``executor`` runs several of one image at a time; nothing else may wait for a place
    in it. ``stopped`` is asked at each chunk, and told of each blob that is sent.
    ``known`` tells what is known of a repository of the source.
    """

    source: Source
    target: Target
    repeat: Repeat
    executor: Executor
    stopped: Stop
    watch: Watch
    known: Callable[[Repository], Known] = _nothing

    def check_stop(self) -> None:
        """Raise StoppedError where the run was asked to stop."""
        if self.stopped():
            raise StoppedError
