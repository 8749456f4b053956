"""What a run tells while it goes on, to whoever watches. Each method may be called from any thread."""

from gcrsync.mirror.outcome import Outcome, Step
from gcrsync.oci.name import Namespace


class Watch:
    """Somebody who watches a run, and makes nothing of it; others override what they care for."""

    def began(self, what: str) -> None:
        """Something that may take a while is about to be done: ``listing gcr.io/distroless``."""

    def listed(self, path: Namespace) -> None:
        """One path has been listed."""

    def asked(self, names: int, of: int) -> None:
        """So many of so many names on record have been asked for."""

    def planned(self, images: int, size: int) -> None:
        """So many images are to be copied, of so many bytes as far as the listings tell."""

    def started(self, step: Step) -> None:
        """An image is being copied from now on."""

    def moved(self, step: Step, size: int) -> None:
        """So many more bytes of an image have been sent."""

    def finished(self, outcome: Outcome) -> None:
        """An image is done, one way or the other."""

    def left(self, host: str, pulls: int, most: int) -> None:
        """A host gives so many more pulls, of the most that it gives in a window of time."""

    def due(self, what: str, seconds: float) -> None:
        """Something will come in so many seconds; what is told again comes at another time."""

    def said(self, line: str) -> None:
        """Something that a person should read."""
