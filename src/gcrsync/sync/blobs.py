"""The blobs of a run: each leaves the source once, and is sent to each repository once at the most."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager

from gcrsync.errors import ProtocolError, RefusedError
from gcrsync.mirror.outcome import Step
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Repository
from gcrsync.oci.verified import verified
from gcrsync.sync.once import Once
from gcrsync.sync.passage import Passage
from gcrsync.sync.turns import Turns

_LARGE = 1024 * 1024
"""From this size on, in bytes, a blob is worth a thread of its own."""


class Blobs:
    """What the copies of a run know of one another's blobs; one is shared by all threads."""

    def __init__(self, passage: Passage) -> None:
        """Begin with nothing sent."""
        self._passage = passage
        self._sent: Once[tuple[Repository, Digest], None] = Once()
        self._turns = Turns()

    def send(self, step: Step, blobs: Iterable[Descriptor], count: Callable[[int], None]) -> None:
        """See to it that the target has some blobs, and ``count`` the bytes of each that had to be sent.

        Large ones are sent at the same time, as far as the executor goes, and have ended when this ends, whatever becomes of the
        others. What another copy is sending just now comes last: by then it may be there to be taken over.
        """
        large: list[Future[None]] = []
        later: list[Descriptor] = []
        try:
            for blob in blobs:
                if self._turns.taken(blob.digest):
                    later.append(blob)
                elif blob.size < _LARGE:
                    self._send(step, blob, count)
                else:
                    large.append(self._passage.executor.submit(self._send, step, blob, count))
        finally:
            wait(large)
        for sending in large:
            sending.result()
        for blob in later:
            self._send(step, blob, count)

    def forget(self, repository: Repository, blob: Descriptor) -> None:
        """Have a blob looked at again that was taken for sent."""
        self._sent.forget((repository, blob.digest))

    def _send(self, step: Step, blob: Descriptor, count: Callable[[int], None]) -> None:
        self._sent.do((step.target, blob.digest), lambda: self._send_in_turn(step, blob, count))

    def _send_in_turn(self, step: Step, blob: Descriptor, count: Callable[[int], None]) -> None:
        """Send a blob while nobody else does: what another repository is about to have can be taken over from there."""
        self._passage.check_stop()

        def copy() -> None:
            if self._passage.target.take_blob(step.target, blob, lambda: self._opened(step, blob)):
                count(blob.size)

        with self._turns.take(blob.digest):
            self._passage.repeat(copy)

    @contextmanager
    def _opened(self, step: Step, blob: Descriptor) -> Iterator[Iterator[bytes]]:
        self._passage.stopped.spend(blob.size)
        self._passage.check_stop()
        with ExitStack() as stack:
            with from_the_source():
                chunks = stack.enter_context(self._passage.source.open_blob(step.source, blob))
            yield self._watched(step, verified(chunks, blob, f"blob {blob.digest} of {step.source}"))

    def _watched(self, step: Step, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._passage.check_stop()
            yield chunk
            self._passage.watch.moved(step, len(chunk))


@contextmanager
def from_the_source() -> Iterator[None]:
    """Take a refusal for a failure: only a destination can say for good that it does not take an image."""
    try:
        yield
    except RefusedError as error:
        raise ProtocolError(error.doing, error.where, error.reason) from error
