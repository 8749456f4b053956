"""The way that images take: between which two places, how often something is tried, and when all of it ends."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field

from gcrsync.errors import StoppedError
from gcrsync.mirror.untagged import Untagged
from gcrsync.oci.name import Repository, Tag
from gcrsync.sync.places import Source, Target
from gcrsync.sync.progress import Watch
from gcrsync.sync.stop import Stop

Repeat = Callable[[Callable[[], None]], None]
"""Calls a function that copies one blob, and calls it again where that is worth it."""


@dataclass(frozen=True, slots=True)
class ListTags:
    """What is known of the tags of a source that lists of referrers stand under (distribution-spec, "Referrers Tag Schema").

    ``may_be`` is asked whether the source may have a tag, ``any_in`` whether a repository may have any such, and ``are_copied``
    whether a tag is copied as any other is: the target then gets the source's own list, and none is made for it.
    """

    may_be: Callable[[Repository, Tag], bool] = lambda _repository, _tag: True
    any_in: Callable[[Repository], bool] = lambda _repository: True
    are_copied: Callable[[Repository, Tag], bool] = lambda _repository, _tag: False


@dataclass(frozen=True, slots=True)
class Passage:
    """The two ends of a transfer.

    ``repeat`` repeats the copy of a blob, and ``executor`` runs several of one image at a time; nothing else may wait for a place
    in it. ``stopped`` is asked at each chunk, and told of each blob that is sent.
    ``lists`` tells what is known of lists of referrers, and ``untagged`` which manifests a source lists without a tag, None for
    one that does not name such; a source that does keeps no lists of its own.
    """

    source: Source
    target: Target
    repeat: Repeat
    executor: Executor
    stopped: Stop
    watch: Watch
    lists: ListTags = field(default_factory=ListTags)
    untagged: Callable[[Repository], Untagged | None] = lambda _repository: None

    def check_stop(self) -> None:
        """Raise StoppedError where the run was asked to stop."""
        if self.stopped():
            raise StoppedError
