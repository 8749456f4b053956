"""The nightly job as GitHub and GitLab read it, made from the templates beside this module."""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files

from gcrsync.cli.forge import Forge
from gcrsync.cli.origin import Origin
from gcrsync.errors import InvalidNameError
from gcrsync.mirror.shard import Shard

PATHS = {Forge.GITHUB: ".github/workflows/gcrsync.yml", Forge.GITLAB: ".gitlab-ci.yml"}
"""Where each forge reads its jobs from."""

MOST_JOBS = {Forge.GITHUB: 256, Forge.GITLAB: 200}
"""Into how many jobs each forge lets a matrix be parted."""

_HOLE = re.compile(r"<<([a-z]+)>>")
"""What stands in a template for a value: a single ``$`` or brace means something to shells and forges."""

_FIRST_HOUR, _HOURS = 1, 5
_ODD = tuple(minute for minute in range(60) if minute % 5)


@dataclass(frozen=True, slots=True)
class Daily:
    """A time of each day, UTC."""

    hour: int
    minute: int

    def __str__(self) -> str:
        """Give it as people write it: ``02:37``."""
        return f"{self.hour:02}:{self.minute:02}"

    @classmethod
    def parse(cls, text: str) -> "Daily":
        """Read ``HH:MM``; InvalidNameError for anything else."""
        match = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text)
        if match is None:
            raise InvalidNameError("time of day", text, "expected HH:MM, from 00:00 to 23:59")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def spread(cls, name: str) -> "Daily":
        """Give a time in the small hours that a name alone decides, so that not all mirrors ask their sources at once.

        Its minute is an odd one: at full hours GitHub delays and drops scheduled runs.
        """
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
        return cls(_FIRST_HOUR + number % _HOURS, _ODD[number // _HOURS % len(_ODD)])

    @property
    def cron(self) -> str:
        """Give it as cron has it."""
        return f"{self.minute} {self.hour} * * *"


@dataclass(frozen=True, slots=True)
class Nightly:
    """A nightly job: when, by how many ``machines`` that share the work, and with the gcrsync of which ``origin``."""

    daily: Daily
    machines: int
    origin: Origin

    def file(self, forge: Forge, action: str = "") -> str:
        """Give the file for a forge; ``action`` is the repository at GitHub that has gcrsync's action."""
        shards = ", ".join(f'"{Shard(part, self.machines)}"' for part in range(1, self.machines + 1))
        values = {"action": action, "commit": self.origin.commit, "url": self.origin.url, "cron": self.daily.cron, "shards": shards}
        template = (files("gcrsync.cli") / "templates" / f"{forge}.yml").read_text("utf-8")
        return _HOLE.sub(lambda hole: values[hole[1]], template)
