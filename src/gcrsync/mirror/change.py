"""What differs between a source and its mirror."""

from dataclasses import dataclass
from enum import StrEnum

from gcrsync.mirror.record import Why
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Repository, Tag


class State(StrEnum):
    """What a run finds of a tag, or makes of it."""

    ADDED = "added"
    """The source has it and the mirror does not."""
    MOVED = "moved"
    """The source has another digest under it."""
    GONE = "gone"
    """The source no longer has it."""
    HELD = "held"
    """The source has it and the mirror cannot or may not."""
    UNCHANGED = "unchanged"
    """Source and mirror agree."""
    FAILED = "failed"
    """It was to be copied or pruned, and could not be."""
    UNLISTED = "unlisted"
    """The list that names what the source has does not name it any more; the source may have it all the same."""
    PRUNED = "pruned"
    """The source no longer has it, and now the mirror has not either."""


BACK = "the source is back at what the mirror has"
"""Why a tag is no longer held."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be said of one tag: ``digest`` is what the source has, ``was`` what the mirror has, None is nothing.

    ``news`` is true where the metadata has to change: a tag that is held as it was before is no news. ``why`` is for one that is
    held; ``kept`` is the name under which the mirror keeps what it had when the tag moves.
    """

    repository: Repository
    tag: Tag
    state: State
    digest: Digest | None = None
    was: Digest | None = None
    reason: str = ""
    news: bool = True
    why: Why = Why.REFUSED
    kept: Tag | None = None

    @property
    def word(self) -> str:
        """What happened to the tag, for people."""
        return "no longer held" if self.state is State.UNCHANGED and self.reason == BACK else self.state.value
