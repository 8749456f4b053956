"""Copying one manifest with everything that it names, every byte checked on the way."""

from contextlib import suppress

from gcrsync.errors import GcrsyncError, RefusedError, RegistryError, StoppedError
from gcrsync.mirror.outcome import Outcome, Problem, Recorded, Step
from gcrsync.oci import media_types
from gcrsync.oci.manifest import AnyManifest, Descriptor
from gcrsync.oci.name import Tag
from gcrsync.sync.image import Image, Progress, Shared, blob_sizes
from gcrsync.sync.passage import Passage


class Transfer:
    """Copies images between two places; one is shared by all threads of a run, so that no blob is sent twice."""

    def __init__(self, passage: Passage) -> None:
        """Begin with nothing known of the target."""
        self._passage, self._shared = passage, Shared(passage)

    def has(self, step: Step) -> bool:
        """Say whether the target has the manifest of a step."""
        return self._passage.target.head_manifest(step.target, step.digest) is not None

    def copy(self, step: Step) -> Outcome:
        """Copy the manifest of a step and put its tags on it; what goes wrong is told in the outcome and never raised."""
        self._passage.watch.started(step)
        progress = Progress(step)
        try:
            self._copy(progress)
            outcome = progress.outcome()
        except StoppedError as error:
            outcome = progress.outcome(Problem.STOPPED, str(error))
        except RefusedError as error:
            outcome = progress.outcome(Problem.REFUSED, error.message)
        except GcrsyncError as error:
            # What is under way when the run is stopped ends by its connections being closed, whatever that looks like.
            outcome = progress.outcome(Problem.STOPPED if self._passage.stopped() else Problem.FAILED, str(error))
        self._passage.watch.finished(outcome)
        return outcome

    def _copy(self, progress: Progress) -> None:
        step, present = progress.step, self._present(progress.step)
        served = [] if present is None else [tag for tag in step.tags if self._serves(step, tag)]
        whole = step.recorded is Recorded.MANIFEST or (present is not None and present.media_type not in media_types.INDEXES)
        if present is not None and whole:
            progress.media_type = present.media_type
            progress.confirmed.extend(served)
            if len(served) == len(step.tags):
                return
        manifest = self._shared.manifests.get(step.source, step.digest)
        image = Image(self._shared, progress)
        sizes = blob_sizes(manifest) if whole else image.fill(manifest, depth=0)
        progress.media_type, progress.size = manifest.media_type, None if sizes is None else sum(sizes.values())
        for tag in step.tags:
            if tag not in served:
                self._tag(image, tag, manifest)
            if tag not in progress.confirmed:
                progress.confirmed.append(tag)

    def _present(self, step: Step) -> Descriptor | None:
        """Describe the manifest of a step at the target, None where there is none or the answer needs no question.

        What is on record goes there again, which is one request either way, and a new repository has nothing.
        """
        if step.recorded is Recorded.MANIFEST or self._shared.is_new(step):
            return None
        return self._passage.target.head_manifest(step.target, step.digest)

    def _tag(self, image: Image, tag: Tag, manifest: AnyManifest) -> None:
        """Put a tag on a manifest. A target that may not be written twice says no where it has it so already, which is as good."""
        step = image.step
        try:
            image.put(tag, manifest, step.digest)
        except RegistryError:
            with suppress(GcrsyncError):
                if self._serves(step, tag):
                    return
            raise

    def _serves(self, step: Step, tag: Tag) -> bool:
        there = self._passage.target.head_manifest(step.target, tag)
        return there is not None and there.digest == step.digest
