"""Copying one manifest with everything that it names, every byte checked on the way."""

from collections.abc import Callable, Collection
from contextlib import suppress

from gcrsync.errors import (
    DigestMismatchError,
    GcrsyncError,
    InvalidManifestError,
    NotFoundError,
    PullLimitError,
    RefusedError,
    RegistryError,
    StoppedError,
)
from gcrsync.mirror.holding import too_large
from gcrsync.mirror.outcome import Outcome, Problem, Recorded, Step
from gcrsync.mirror.platforms import choose, no_match
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import DEEPEST_INDEX, AnyManifest, Descriptor, Index
from gcrsync.oci.name import Repository, Tag
from gcrsync.sync.image import BlobSizes, Image, Progress, Shared, blob_sizes
from gcrsync.sync.passage import Known, Passage
from gcrsync.sync.referrers import Referrers


class Transfer:
    """Copies images between two places; one is shared by all threads of a run, so that no blob is sent twice."""

    def __init__(self, passage: Passage) -> None:
        """Begin with nothing known of the target."""
        self._passage, self._shared = passage, Shared(passage)

    def known(self, repository: Repository) -> Known:
        """Give what is known of a repository that is copied from."""
        return self._passage.known(repository)

    def has(self, step: Step) -> bool:
        """Say whether the target has the manifest of a step."""
        return self._passage.target.head_manifest(step.target, step.digest) is not None

    def copy(self, step: Step) -> Outcome:
        """Copy the manifest of a step and put its tags on it; what goes wrong is told in the outcome and never raised."""
        self._passage.watch.started(step)
        outcome = self._ended(Progress(step), self._copy)
        self._passage.watch.finished(outcome)
        return outcome

    def revisit(self, step: Step) -> Outcome:
        """Copy what has come to refer to the manifest of a step, which the target has; no tag is put."""

        def bring(progress: Progress) -> None:
            chosen = self._choose(progress)
            Referrers(self._shared, Image(self._shared, progress), progress).bring_to(chosen, progress.digest)

        return self._ended(Progress(step), bring)

    def restore(self, step: Step, digest: Digest) -> Outcome:
        """Copy the manifest of a step again, which the target is to have as ``digest``, with all that it names; then put its tags.

        What is on record says nothing of what the target has lost: everything is asked for. What refers to it is not copied.
        """

        def again(progress: Progress) -> None:
            manifest = self._choose(progress) or self._shared.manifests.get(step.source, step.digest)
            if progress.digest != digest:
                raise DigestMismatchError(f"what is chosen of {step.source}@{step.digest}", str(digest), str(progress.digest))
            image = Image(self._shared, progress)
            image.fill(manifest, depth=0)
            image.put(digest, manifest, digest)
            self._tag_all(image, progress, manifest, ())

        self._passage.watch.started(step)
        outcome = self._ended(Progress(step), again)
        self._passage.watch.finished(outcome)
        return outcome

    def rehearse(self, step: Step) -> tuple[Outcome, bool]:
        """Give the outcome of a copy to which nothing happens on the way, and say whether the target has the manifest already."""
        present = False

        def ask(progress: Progress) -> None:
            nonlocal present
            chosen = self._choose(progress)
            there = self._passage.target.head_manifest(step.target, progress.digest)
            present = there is not None
            if self._is_too_large(progress, chosen, there):
                return
            progress.kept.extend(step.keeps)
            progress.confirmed.extend(step.tags)

        return self._ended(Progress(step), ask), present

    def _ended(self, progress: Progress, work: Callable[[Progress], object]) -> Outcome:
        try:
            work(progress)
            return progress.outcome()
        except StoppedError as error:
            return progress.outcome(Problem.STOPPED, str(error))
        except RefusedError as error:
            return progress.outcome(Problem.REFUSED, error.message)
        except PullLimitError as error:
            return progress.outcome(Problem.LIMITED, str(error))
        except GcrsyncError as error:
            # What is under way when the run is stopped ends by its connections being closed, whatever that looks like.
            return progress.outcome(Problem.STOPPED if self._passage.stopped() else Problem.FAILED, str(error))

    def _choose(self, progress: Progress) -> AnyManifest | None:
        """Choose what the target is to have of an index, and give it; None where platforms are not to be chosen."""
        step = progress.step
        if not step.platforms:
            return None
        manifest = self._shared.manifests.get(step.source, step.digest)
        progress.media_type = manifest.media_type
        if not isinstance(manifest, Index):
            return manifest
        what = f"{step.source}@{step.digest}"
        chosen = choose(manifest, step.platforms, lambda entry: self._child(step, entry), what)
        if chosen is None:
            raise RefusedError("choosing platforms of", what, no_match(step.platforms))
        found = self._child(step, chosen) if isinstance(chosen, Descriptor) else chosen
        if found is not manifest:
            progress.mirror_digest = chosen.digest if isinstance(chosen, Descriptor) else Digest.of(found.raw)
        return found

    def _child(self, step: Step, entry: Descriptor) -> AnyManifest:
        self._passage.check_stop()
        return self._shared.manifests.child(step.source, entry)

    def _copy(self, progress: Progress) -> None:
        step, chosen = progress.step, self._choose(progress)
        present = self._present(step, progress.digest)
        if self._is_too_large(progress, chosen, present):
            return
        served = [] if present is None else [tag for tag in step.tags if self._serves(step, tag, progress.digest)]
        image = Image(self._shared, progress)
        whole = step.recorded is Recorded.MANIFEST or (present is not None and present.media_type not in media_types.INDEXES)
        manifest = None
        if present is None or not whole or len(served) < len(step.tags):
            manifest = chosen or self._shared.manifests.get(step.source, step.digest)
            sizes = blob_sizes(manifest) if whole else image.fill(manifest, depth=0)
            progress.size = None if sizes is None else sum(sizes.values())
        described = manifest or present
        progress.media_type = progress.media_type or (described.media_type if described else None)
        if step.recorded is not Recorded.MANIFEST:  # what is on record under another tag has brought its referrers
            Referrers(self._shared, image, progress).bring(manifest, progress.digest)
        self._keep(progress)
        if whole:
            progress.confirmed.extend(served)
        self._tag_all(image, progress, manifest, served)

    def _is_too_large(self, progress: Progress, chosen: AnyManifest | None, present: Descriptor | None) -> bool:
        """Measure an image that the target does not have, where a rule takes it only up to a size; no blob is read for that."""
        step = progress.step
        if step.max_size is None or present is not None or step.recorded is Recorded.MANIFEST:
            return False
        manifest = chosen or self._shared.manifests.get(step.source, step.digest)
        size = sum(self._sizes(step, manifest, depth=0).values())
        if size <= step.max_size:
            return False
        progress.size, progress.media_type = size, progress.media_type or manifest.media_type
        progress.large = too_large(size, step.max_size, step.platforms)
        return True

    def _sizes(self, step: Step, manifest: AnyManifest, depth: int) -> BlobSizes:
        """Give every blob that an image names, those of its children too; foreign layers count, whoever keeps them."""
        if not isinstance(manifest, Index):
            return blob_sizes(manifest) or {}
        if depth >= DEEPEST_INDEX:
            raise InvalidManifestError(str(step.digest), f"more than {DEEPEST_INDEX} indexes in one another")
        sizes: BlobSizes = {}
        for entry in manifest.manifests:
            is_blob = entry.media_type and entry.media_type not in media_types.MANIFESTS
            sizes |= {entry.digest: entry.size} if is_blob else self._sizes(step, self._child(step, entry), depth + 1)
        return sizes

    def _keep(self, progress: Progress) -> None:
        """Have the target keep what the tags of a step had, where it is to; what it has lost cannot be kept, and the tag moves."""
        target, repository = self._passage.target, progress.step.target
        for keep in progress.step.keeps:
            self._passage.check_stop()
            with suppress(NotFoundError):
                target.put_manifest(repository, keep.name, target.get_manifest(repository, keep.digest), keep.digest)
                progress.kept.append(keep)

    def _tag_all(self, image: Image, progress: Progress, manifest: AnyManifest | None, served: Collection[Tag]) -> None:
        """Put the tags of a step that are not served yet on a manifest, which is there where any is wanting."""
        for tag in progress.step.tags:
            if manifest is not None and tag not in served:
                self._tag(image, tag, manifest, progress.digest)
            if tag not in progress.confirmed:
                progress.confirmed.append(tag)

    def _present(self, step: Step, digest: Digest) -> Descriptor | None:
        """Describe the manifest of a step at the target, None where there is none or the answer needs no question.

        What is on record goes there again, which is one request either way, and a new repository has nothing.
        """
        if step.recorded is Recorded.MANIFEST or self._shared.is_new(step):
            return None
        return self._passage.target.head_manifest(step.target, digest)

    def _tag(self, image: Image, tag: Tag, manifest: AnyManifest, digest: Digest) -> None:
        """Put a tag on a manifest. A target that may not be written twice says no where it has it so already, which is as good."""
        step = image.step
        try:
            image.put(tag, manifest, digest)
        except RegistryError:
            with suppress(GcrsyncError):
                if self._serves(step, tag, digest):
                    return
            raise

    def _serves(self, step: Step, tag: Tag, digest: Digest) -> bool:
        there = self._passage.target.head_manifest(step.target, tag)
        return there is not None and there.digest == digest
