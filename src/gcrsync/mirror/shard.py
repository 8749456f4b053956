"""A part of all repositories, for one of several runs that share the work and one record."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from gcrsync.errors import UsageError
from gcrsync.oci.name import Repository

_MOST = 1_000
_WRITTEN = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


@dataclass(frozen=True, slots=True)
class Shard:
    """The part of this ``number``, from 1, ``of`` so many."""

    number: int = 1
    of: int = 1

    def __post_init__(self) -> None:
        """Refuse a part that there is not with UsageError."""
        if not 1 <= self.number <= self.of <= _MOST:
            raise UsageError(f"there is no shard {self.number}/{self.of}", hint=f"write 1/8 to 8/8; {_MOST:,} are the most")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``3/8``. Raises UsageError for any other text."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise UsageError(f"{text!r} is no shard", hint="write the number of the part and how many there are: 3/8")
        return cls(int(found[1]), int(found[2]))

    def holds(self, repository: Repository) -> bool:
        """Say whether a repository is in this part: its own name alone decides, so that a new one moves no other."""
        return int.from_bytes(sha256(str(repository).encode()).digest()[:8], "big") % self.of == self.number - 1

    def __str__(self) -> str:
        """Give it as it is written."""
        return f"{self.number}/{self.of}"
