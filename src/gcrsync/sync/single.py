"""One image that somebody names, copied with what is attached to it, and asked for at its destination in the end."""

from dataclasses import dataclass, replace

from gcrsync.errors import NotFoundError
from gcrsync.mirror.located import Located
from gcrsync.mirror.naming import folder_of
from gcrsync.mirror.outcome import Outcome, Problem, Recorded, Step
from gcrsync.mirror.platforms import Platforms
from gcrsync.mirror.single import Copied
from gcrsync.oci import media_types
from gcrsync.oci.attached import Attached
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Repository
from gcrsync.sync.contents import named, tagged
from gcrsync.sync.job import Means
from gcrsync.sync.passage import Passage
from gcrsync.sync.places import Source, Target
from gcrsync.sync.pool import Pool, each
from gcrsync.sync.transfer import Transfer


@dataclass(frozen=True, slots=True)
class Origin:
    """An image where it is read: what names its manifest, in a repository of a place, and ``name`` as people are told, pinned."""

    place: Source
    repository: Repository
    descriptor: Descriptor
    name: Located


def source_at(means: Means, image: Located) -> tuple[Source, Repository]:
    """Open the place of an image that is read, and give the repository in it."""
    if folder_of(image.name) is None:
        return means.source, Repository.parse(image.name)
    return means.recorded(image.name)


def described(place: Source, repository: Repository, image: Located) -> Descriptor:
    """Describe an image by what its place says; raises NotFoundError where it is not there, and what else the place raises."""
    found = place.head_manifest(repository, image.target)
    if found is None:
        raise NotFoundError("asking for", str(image), "there is no such image")
    return found


def copy_image(means: Means, source: Located, target: Located, platforms: Platforms) -> Copied:
    """Copy an image with what refers to it and what cosign has attached to it, then ask the destination for it.

    Raises NotFoundError where the source has no such image, RegistryError or StoppedError where it cannot be asked, and what
    ``deliver`` raises.
    """
    place, repository = source_at(means, source)
    found = described(place, repository, source)
    means.watch.planned(1, 0)
    return deliver(means, Origin(place, repository, found, source.pinned(found.digest)), target, platforms)


def deliver(means: Means, origin: Origin, target: Located, platforms: Platforms = ()) -> Copied:
    """Copy an image that was found with what refers to it and what cosign has attached to it, then ask the destination for it.

    What goes wrong on the way is told in what is given. Raises RegistryError or StoppedError where, in the end, the destination
    cannot be asked.
    """
    place, repository, found = origin.place, origin.repository, origin.descriptor
    there, mirror = means.recorded(target.name)
    tags = () if target.tag is None else (target.tag,)
    about, nothing = Described(found.media_type), Recorded.NOTHING
    step = Step(repository, mirror, target.name, found.digest, tags, about, recorded=nothing, platforms=platforms)
    pool = Pool(means.executor, means.ahead, means.stopped)
    transfer = Transfer(Passage(place, there, means.repeat, means.blobs, means.stopped, means.watch))
    (outcome,) = _outcomes(pool, transfer, (step,))
    copied = Copied(origin.name, target, outcome)
    if outcome.problem is not None:
        return copied
    tagged_ones = tagged(place, repository, _subjects(there, mirror, copied.digest), pool)
    attached = _outcomes(pool, transfer, tuple(_beside(step, each) for each in tagged_ones))
    served = there.head_manifest(mirror, target.target)
    return replace(copied, attached=attached, served=None if served is None else served.digest)


def _subjects(there: Target, mirror: Repository, digest: Digest) -> tuple[Digest, ...]:
    """Give an image and all manifests that it names, read where it has been copied to: that is no pull of the source."""
    below = named(there, mirror, there.get_manifest(mirror, digest), f"{mirror}@{digest}")
    return (digest, *(entry.digest for entry in below if entry.media_type in media_types.MANIFESTS))


def _beside(step: Step, attached: Attached) -> Step:
    tags = () if attached.tag is None else (attached.tag,)
    return replace(step, digest=attached.descriptor.digest, tags=tags, recorded=Recorded.REPOSITORY, platforms=())


def _outcomes(pool: Pool, transfer: Transfer, steps: tuple[Step, ...]) -> tuple[Outcome, ...]:
    """Give what came of each step; what is not done at a stop is told to be left."""
    done = {outcome.step: outcome for outcome in each(pool, transfer.copy, steps)}
    return tuple(done.get(step) or Outcome(step, problem=Problem.STOPPED, reason="stopped before it was done") for step in steps)
