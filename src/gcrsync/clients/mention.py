"""Where a file names an image, piece by piece, and what each piece has to be for the file to name it as the mirror does."""

from collections.abc import Mapping
from dataclasses import dataclass

from gcrsync.mirror.resolution import Resolution
from gcrsync.oci.reference import Reference


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a reference, and where its text begins in the file; ``plain`` where YAML has it without quotes."""

    text: str
    start: int
    plain: bool = False

    @property
    def end(self) -> int:
        """Where its text ends in the file."""
        return self.start + len(self.text)


Edits = Mapping[Piece, str]
"""What pieces are to be replaced with."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a reference is to become: the image at the mirror, with its digest where it is to be pinned or was so before."""

    reference: Reference
    found: Resolution
    pin: bool

    @property
    def is_pinned(self) -> bool:
        """Whether a digest has to be in it."""
        return self.pin or self.reference.digest is not None

    def name(self, written: str) -> str:
        """Give the whole name; what was ``written`` without a tag stays so, for it means ``latest`` at the mirror too."""
        if self.is_pinned:
            return self.found.pinned
        has_tag = ":" in written.rpartition("/")[2]
        return self.found.name if has_tag else self.found.mirror


@dataclass(frozen=True, slots=True)
class Whole:
    """A reference that is its pieces one after the other: mostly a single one, several where variables are in it.

    One that is ``loose`` may be something else than an image.
    """

    pieces: tuple[Piece, ...]
    loose: bool = False

    @property
    def text(self) -> str:
        """The reference as it is read."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def start(self) -> int:
        """Where in the file it is told of."""
        return self.pieces[0].start

    def edits(self, target: Target) -> Edits | None:
        """Give the one piece that has to change, and what into; None where one would not do."""
        name, before = target.name(self.text), ""
        for piece in self.pieces:
            after = self.text[len(before) + len(piece.text) :]
            fits = name.startswith(before) and name.endswith(after) and len(name) >= len(before) + len(after)
            if fits and self.pieces.count(piece) == 1:
                return {piece: name[len(before) : len(name) - len(after)]}
            before += piece.text
        return None


@dataclass(frozen=True, slots=True)
class Split:
    """A reference whose parts stand at keys of their own, as in the values of Helm charts. Tag and digest are not both empty."""

    registry: Piece | None
    repository: Piece
    tag: Piece | None
    digest: Piece | None
    loose: bool = False

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The parts that there are."""
        return tuple(piece for piece in (self.registry, self.repository, self.tag, self.digest) if piece is not None)

    @property
    def text(self) -> str:
        """The reference as a chart puts it together."""
        registry = f"{self.registry.text}/" if self.registry and self.registry.text else ""
        tag = f":{self.tag.text}" if self.tag and self.tag.text else ""
        digest = f"@{self.digest.text}" if self.digest and self.digest.text else ""
        return f"{registry}{self.repository.text}{tag}{digest}"

    @property
    def start(self) -> int:
        """Where in the file it is told of."""
        return self.repository.start

    def edits(self, target: Target) -> Edits | None:
        """Give what its parts become: a digest goes where there is a key for one, else behind the tag."""
        host, _, path = target.found.mirror.partition("/")
        edits = {self.repository: target.found.mirror}
        if self.registry is not None and self.registry.text:
            edits = {self.registry: host, self.repository: path}
        if target.is_pinned:
            digest = target.found.digest.text
            if self.digest is not None:
                edits[self.digest] = digest
            elif self.tag is not None:
                edits[self.tag] = f"{self.tag.text.partition('@')[0]}@{digest}"
        return edits


@dataclass(frozen=True, slots=True)
class Unread:
    """What should name an image, and cannot be read as one for a ``reason``."""

    text: str
    start: int
    reason: str
    pieces: tuple[Piece, ...] = ()
    """Those of it that are known, which others may share."""


Mention = Whole | Split | Unread
"""A place in a file that names an image."""
