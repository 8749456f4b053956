"""What came of copying one image that somebody named, or of pushing those of an archive."""

from dataclasses import dataclass

from gcrsync.mirror.located import Located
from gcrsync.mirror.outcome import Outcome, Problem
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest


@dataclass(frozen=True, slots=True)
class Copied:
    """An image and what came of it: ``source`` is pinned, and ``served`` is what the destination has under the tag of ``target``.

    ``attached`` came of the tags of cosign that were copied after it.
    """

    source: Located
    target: Located
    outcome: Outcome
    attached: tuple[Outcome, ...] = ()
    served: Digest | None = None

    @property
    def digest(self) -> Digest:
        """The digest that the destination is to have."""
        return self.outcome.mirror_digest or self.outcome.step.digest

    @property
    def problem(self) -> Problem | None:
        """What kept it from being copied whole, None where it is there with all that is attached to it."""
        found = next((each.problem for each in (self.outcome, *self.attached) if each.problem is not None), None)
        return found or (Problem.FAILED if self.served != self.digest else None)

    @property
    def reason(self) -> str:
        """Say what went wrong first; empty where nothing did."""
        for each in (self.outcome, *self.attached):
            if each.problem is not None:
                return each.reason if each is self.outcome else f"{each.step.tags[0]}, which is attached to it: {each.reason}"
        return "" if self.problem is None else f"{self.target} is {self.served or 'not there'} after {self.digest} was put there"

    @property
    def copied(self) -> int:
        """The bytes of blobs that were sent."""
        return sum(each.copied for each in (self.outcome, *self.attached))

    @property
    def is_narrowed(self) -> bool:
        """Whether platforms were chosen of an index, so that the digest is another."""
        return self.outcome.mirror_digest is not None

    @property
    def is_for_one_platform(self) -> bool:
        """Whether platforms were asked for, and the image is no index of which some could be chosen."""
        return bool(self.outcome.step.platforms) and self.outcome.media_type not in media_types.INDEXES


@dataclass(frozen=True, slots=True)
class Pushed:
    """What came of each image that was pushed from an archive, with its name there, empty where it has none.

    ``keeps_digests`` says whether the archive had manifests, or they were made for it.
    """

    archive: str
    keeps_digests: bool
    images: tuple[tuple[str, Copied], ...]
