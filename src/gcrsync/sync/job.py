"""What a run is asked to do, and what it does it with."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime

from gcrsync.mirror.naming import AnyDestination
from gcrsync.mirror.rules import Rules
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.why import Asked
from gcrsync.oci.name import Repository
from gcrsync.registry.session import Session
from gcrsync.store.foreign import Foreign
from gcrsync.sync.passage import Repeat
from gcrsync.sync.places import Source, Target
from gcrsync.sync.progress import Watch
from gcrsync.sync.stop import Stop


@dataclass(frozen=True, slots=True)
class Mirror:
    """One selection of a source, and the destination it is mirrored to."""

    selection: Selection
    destination: AnyDestination

    @property
    def rules(self) -> Rules:
        """The rules for its tags."""
        return self.selection.rules


@dataclass(frozen=True, slots=True)
class Job:
    """What a run is asked to do: ``started`` (UTC) is when, ``run`` an id that no other run has.

    With ``move`` mirrors may get another name than the one on record; with ``retry_refused`` what a destination refused is tried
    again. The run may prune ``allow_prune`` tags in all, whatever its rules say. A preview explains the tags of ``why``. The
    pages for people lead to the ``site``, an address, where there is one.
    """

    command: str
    mirrors: tuple[Mirror, ...]
    started: datetime
    run: str
    move: bool = False
    retry_refused: bool = False
    allow_prune: int | None = None
    why: tuple[Asked, ...] = ()
    site: str = ""


@dataclass(frozen=True, slots=True)
class Means:
    """What a run works with.

    ``session`` speaks to sources, and ``source`` reads images through it. ``target`` opens a destination; ``recorded`` opens a
    mirror by the name on record, and gives the repository in it. ``foreign`` opens a git repository that is only read, by its
    absolute path or its URL. ``executor`` runs at most ``ahead`` pieces of work at a time, and ``blobs`` large blobs; ``repeat``
    repeats the copy of a blob where that is worth it.
    """

    session: Session
    source: Source
    target: Callable[[AnyDestination], Target]
    recorded: Callable[[str], tuple[Target, Repository]]
    foreign: Callable[[str], Foreign]
    executor: Executor
    blobs: Executor
    ahead: int
    repeat: Repeat
    stopped: Stop
    watch: Watch


Names = Mapping[Repository, str]
"""The name at the destination of each repository of a source, as it is recorded."""
