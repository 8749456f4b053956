"""What is to be copied, and what came of it."""

from dataclasses import dataclass, field
from enum import StrEnum

from gcrsync.mirror.platforms import Platforms
from gcrsync.mirror.record import Subjects, Why
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described
from gcrsync.oci.name import Repository, Tag


class Recorded(StrEnum):
    """What is on record of a place that a manifest is to be copied to, and needs no question there."""

    NOTHING = "nothing"
    """The mirror of the repository has nothing on record."""
    REPOSITORY = "repository"
    """It has other manifests."""
    MANIFEST = "manifest"
    """It has this very manifest, under another tag."""


@dataclass(frozen=True, slots=True)
class Keep:
    """What the target has under a tag, which moves, and the name under which it is to keep that."""

    tag: Tag
    name: Tag
    digest: Digest


@dataclass(frozen=True, slots=True)
class Step:
    """One manifest to copy from ``source`` to ``target``, and the tags to put on it there.

    ``mirror`` is the target's name as it is recorded; ``described`` is what the listing said of the manifest, and ``recorded``
    what the record says of the target. ``platforms`` are what is wanted of an index, none for all of it. ``keeps`` tells of those
    tags that move what the target is to keep. An image of more than ``max_size`` bytes is not copied, None for whatever size.
    """

    source: Repository
    target: Repository
    mirror: str
    digest: Digest
    tags: tuple[Tag, ...]
    described: Described = field(default_factory=Described)
    recorded: Recorded = Recorded.REPOSITORY
    platforms: Platforms = ()
    keeps: tuple[Keep, ...] = ()
    max_size: int | None = None


class Problem(StrEnum):
    """Whose turn it is when a step did not end well."""

    REFUSED = "refused"
    """The destination will never take this manifest: it is recorded as held."""
    LARGE = "large"
    """It is larger than a rule takes, as its manifests say: it is recorded as held."""
    FAILED = "failed"
    """Something went wrong on the way: it is tried again in the next run."""
    STOPPED = "stopped"
    """The run was asked to stop before the step was done."""
    LIMITED = "limited"
    """The source gives no more for longer than a run waits: it is left for a run after that."""


LEFT = (Problem.STOPPED, Problem.LIMITED)
"""Why a step may not be done at all, and is left for another run."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a step.

    ``confirmed`` are the tags that the destination confirmed; ``copied`` the bytes of blobs that were sent; ``size`` the bytes of
    the image where its manifests were read; ``problem`` and ``reason`` tell why the other tags are not confirmed. ``media_type`` is
    that of the manifest at the source; ``mirror_digest`` is the target's where platforms were chosen and that made it another.
    ``referrers`` are those that the target has of it and of its children, sorted; ``untagged`` is what was read for them of the
    repository's untagged manifests, as a record has it, None where nothing was; ``asked`` counts the requests that told of them.
    ``kept`` is what the target has under both names now.
    """

    step: Step
    confirmed: tuple[Tag, ...] = ()
    copied: int = 0
    media_type: str | None = None
    size: int | None = None
    problem: Problem | None = None
    reason: str = ""
    mirror_digest: Digest | None = None
    referrers: tuple[Digest, ...] = ()
    untagged: Subjects | None = None
    asked: int = 0
    kept: tuple[Keep, ...] = ()

    @property
    def why(self) -> Why | None:
        """Why the tags that are not confirmed are to be held; None where nothing is."""
        return _HELD.get(self.problem) if self.problem else None


_HELD = {Problem.REFUSED: Why.REFUSED, Problem.LARGE: Why.LARGE}
