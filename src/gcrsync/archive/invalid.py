"""The error of an archive that cannot be pushed as it is."""

from gcrsync.errors import IntegrityError


class InvalidArchiveError(IntegrityError):
    """Something is no archive of images, is cut, or not what it claims to be: ``what`` is the file, or a part of it."""

    def __init__(self, what: str, reason: str, *, hint: str = "") -> None:
        """Put the parts together as ``what: reason``."""
        self.what, self.reason = what, reason
        super().__init__(f"{what}: {reason}", hint=hint)
