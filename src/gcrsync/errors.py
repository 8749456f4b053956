"""Every failure that gcrsync expects, as one tree.

Each is one line: what was tried, where, and what happened; ``hint`` says what to do next. The parts are attributes. The branches
say whose turn it is to act::

    GcrsyncError
    * InputError              the user: a name, an option or a configuration that cannot be used
      - InvalidNameError
      - InvalidConfigError
      - UsageError
      - MirrorNameError
      - NotAMetadataRepositoryError
    * RegistryError           the far side of the wire
      - UnreachableError
      - UnauthorizedError
        . TokenEndedError
      - DeniedError
      - NotFoundError
      - RateLimitedError
        . PullLimitError
      - RefusedError
      - ProtocolError
        . NotARegistryError
    * IntegrityError          bytes that are not what they claim to be
      - DigestMismatchError
      - InvalidManifestError
      - InvalidMetadataError
    * ReferrerError           what refers to an image, and could not be copied with it
    * StoreError              git, and the disk
      - BusyRepositoryError
      - UncommittedChangeError
      - GitError
      - DestinationError
    * StoppedError            the run was asked to end
      - LimitError            by a limit that the user has set
"""

from collections.abc import Sequence
from http import HTTPStatus


class GcrsyncError(Exception):
    """The root of all expected failures: ``message`` is one line, ``hint`` is what to do next or empty."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep the message on one line whatever a registry has put into it."""
        self.message, self.hint = one_line(message), hint
        super().__init__(self.message)

    def __str__(self) -> str:
        """Give the message, and the hint after it where there is one."""
        return f"{self.message}: {self.hint}" if self.hint else self.message


class InputError(GcrsyncError):
    """What the user gave cannot be used."""


class InvalidNameError(InputError):
    """A text is not the ``kind`` of name it should be."""

    def __init__(self, kind: str, text: str, reason: str) -> None:
        """Name the kind (``repository``, ``tag``, ``digest``...), the text as given and what is wrong with it."""
        self.kind, self.text, self.reason = kind, text, reason
        super().__init__(f"{shortened(text)!r} is not a valid {kind}: {reason}")


class InvalidConfigError(InputError):
    """A configuration file is wrong at a line (counted from 1, or 0 where no line can be named)."""

    def __init__(self, path: str, line: int, reason: str, *, hint: str = "") -> None:
        """Name the file, its line and what is wrong there."""
        self.path, self.line, self.reason = path, line, reason
        super().__init__(f"{path}:{line}: {reason}" if line else f"{path}: {reason}", hint=hint)


class UsageError(InputError):
    """Options or arguments do not fit together."""


class MirrorNameError(InputError):
    """Two names in the mirror collide, or a recorded name would change."""


class RegistryError(GcrsyncError):
    """A registry did not do what it was asked: ``doing`` is the attempt, ``where`` the host and path without query."""

    def __init__(self, doing: str, where: str, reason: str, *, hint: str = "") -> None:
        """Put the parts together as ``doing where: reason``."""
        self.doing, self.where, self.reason = doing, where, one_line(reason)
        super().__init__(f"{doing} {where}: {self.reason}", hint=hint)


class UnreachableError(RegistryError):
    """No answer came: the name did not resolve, the connection failed, broke or stalled."""


class UnauthorizedError(RegistryError):
    """The registry wants credentials, or does not take those it got (401)."""


class TokenEndedError(UnauthorizedError):
    """A token was not taken with a body that can be sent once only, and a fresh one is in hand: once more is worth it."""


class DeniedError(RegistryError):
    """The registry knows who asks and says no (403)."""


class NotFoundError(RegistryError):
    """The registry says that there is no such thing (404)."""


class RateLimitedError(RegistryError):
    """The registry says that it was asked too often (429); ``retry_after`` is in seconds, None where it was not told."""

    def __init__(self, doing: str, where: str, reason: str, *, retry_after: float | None = None, hint: str = "") -> None:
        """Keep the time to wait beside the parts."""
        self.retry_after = retry_after
        super().__init__(doing, where, reason, hint=hint)


class PullLimitError(RateLimitedError):
    """The registry gives no more for longer than a run waits."""


class RefusedError(RegistryError):
    """The destination will not take this kind of manifest, however often it is sent (415, UNSUPPORTED, MANIFEST_INVALID)."""


class ProtocolError(RegistryError):
    """The answer is not what the distribution specification asks for; ``status`` is its HTTP status, ``codes`` its error codes."""

    def __init__(  # noqa: PLR0913 - each is a part of the message or of a decision
        self, doing: str, where: str, reason: str, *, status: int = HTTPStatus.OK, codes: Sequence[str] = (), hint: str = ""
    ) -> None:
        """Keep the status and the codes beside the parts."""
        self.status, self.codes = int(status), tuple(codes)
        super().__init__(doing, where, reason, hint=hint)


class NotARegistryError(ProtocolError):
    """The answer is a page for people, where a registry would give a manifest."""


class IntegrityError(GcrsyncError):
    """Bytes are not what they claim to be."""


class DigestMismatchError(IntegrityError):
    """The bytes of ``what`` hash to another digest than the one they were asked by."""

    def __init__(self, what: str, expected: str, actual: str) -> None:
        """Name the thing and both digests (or sizes in bytes)."""
        self.what, self.expected, self.actual = what, expected, actual
        hint = "nothing of it was published; the next run tries again: if it lasts, the host or what is between gives other bytes"
        super().__init__(f"{what}: expected {expected}, got {actual}", hint=hint)


class InvalidManifestError(IntegrityError):
    """A manifest or index cannot be read."""

    def __init__(self, what: str, reason: str) -> None:
        """Name the manifest (a reference or a digest) and what is wrong with it."""
        self.what, self.reason = what, one_line(reason)
        super().__init__(f"manifest {what}: {self.reason}")


class InvalidMetadataError(IntegrityError):
    """A file of the metadata repository does not parse."""

    def __init__(self, path: str, line: int, reason: str, *, hint: str = "correct the file or restore it from git") -> None:
        """Name the file, its line (from 1, or 0 where none can be named) and what is wrong there."""
        self.path, self.line, self.reason = path, line, reason
        super().__init__(f"{path}:{line}: {reason}" if line else f"{path}: {reason}", hint=hint)


class ReferrerError(GcrsyncError):
    """What refers to an image could not be copied, so that the image is not shown without it."""

    def __init__(self, referrer: str, subject: str, reason: str) -> None:
        """Name both digests, and say what went wrong."""
        self.referrer, self.subject = referrer, subject
        super().__init__(f"copying {referrer}, which refers to {subject}: {reason}")


class StoreError(GcrsyncError):
    """Git or the disk would not do what was asked."""


class NotAMetadataRepositoryError(InputError):
    """The folder is in no git repository, or in one that gcrsync was not told to write to."""


class BusyRepositoryError(StoreError):
    """Another run, or another git process, holds the metadata repository."""


class UncommittedChangeError(StoreError):
    """A file that gcrsync would write has changes that nobody has committed."""

    def __init__(self, paths: Sequence[str]) -> None:
        """Name the files, relative to the root of the repository."""
        self.paths = tuple(paths)
        listed = ", ".join(self.paths[:5]) + (", ..." if len(self.paths) > 5 else "")  # noqa: PLR2004 - enough to find them
        super().__init__(f"uncommitted changes in {listed}", hint="commit them or put them aside, then run again")


class GitError(StoreError):
    """A git command failed: ``command`` is its name, ``reason`` what it said."""

    def __init__(self, command: str, reason: str, *, hint: str = "") -> None:
        """Put the parts together as ``git command: reason``."""
        self.command, self.reason = command, one_line(reason)
        super().__init__(f"git {command}: {self.reason}", hint=hint)


class DestinationError(StoreError):
    """A folder of image layouts cannot be read or written."""


class StoppedError(GcrsyncError):
    """The run was asked to stop."""

    def __init__(self) -> None:
        """Say so; the run adds what was recorded."""
        super().__init__("stopped before it was done", hint="run again to go on")


class LimitError(StoppedError):
    """The run came to a limit that the user has set, which ``limit`` names."""

    def __init__(self, limit: str) -> None:
        """Say so; the run adds what was recorded."""
        GcrsyncError.__init__(self, f"stopped by {limit} before it was done", hint="run again to go on")


def one_line(text: str, limit: int = 600) -> str:
    """Give the text with every run of white space and control characters as one space, cut to ``limit`` characters.

    Texts from registries end in terminals and commit messages: an escape sequence or a line break in them must not.
    """
    printable = "".join(character if character.isprintable() else " " for character in text[: 4 * limit])
    return shortened(" ".join(printable.split()), limit)


def shortened(text: str, limit: int = 120) -> str:
    """Give the text cut to ``limit`` characters, with an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
