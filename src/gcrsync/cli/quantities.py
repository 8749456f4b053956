"""Durations and sizes as people write them: ``5h30m``, ``2GiB``."""

import re
from fractions import Fraction

from gcrsync.errors import UsageError

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_BYTES = (
    {"": 1, "B": 1}
    | {f"{prefix}{end}": base**power for power, prefix in enumerate("KMGT", 1) for end, base in (("iB", 1024), ("B", 1000))}
    | {"kB": 1000}
)
_LONGEST = 3_650 * 86_400
_DURATION = re.compile(r"(?:[0-9]{1,9}[dhms])+")
_PART = re.compile(r"([0-9]+)([dhms])")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)%")
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?) ?([A-Za-z]{0,3})")


def seconds(text: str) -> int:
    """Read a duration: numbers with ``d``, ``h``, ``m`` or ``s``, one after another. Raises UsageError for any other text."""
    if not _DURATION.fullmatch(text):
        raise UsageError(f"{text!r} is no duration", hint="write 30d, 72h, 10m, 90s, or several in a row: 5h30m")
    total = sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    if total > _LONGEST:
        raise UsageError(f"{text!r} is too long", hint="ten years are the most")
    return total


def told_seconds(count: int) -> str:
    """Write a duration with its two largest units: ``5h30m``, ``1m5s``, ``0s``."""
    units = iter(_SECONDS.items())
    unit, length = next((each for each in units if each[1] <= count), ("s", 1))
    smaller, small = next(units, (unit, length))
    rest = count % length // small
    return f"{count // length}{unit}" + (f"{rest}{smaller}" if rest else "")


def share(text: str) -> Fraction:
    """Read a share, from 0 to 1, that is written in percent: ``5%``, ``0.5%``. Raises UsageError for any other text."""
    found = _SHARE.fullmatch(text)
    part = Fraction(found[1]) / 100 if found else None
    if part is None or part > 1:
        raise UsageError(f"{text!r} is no share", hint="write 0% to 100%: 5%, 0.5%")
    return part


def size(text: str) -> int:
    """Read a number of bytes: ``2GiB`` (of 1024), ``500MB`` (of 1000), or a plain number. Raises UsageError for any other text."""
    found = _SIZE.fullmatch(text)
    if found is None or found[2] not in _BYTES:
        raise UsageError(
            f"{text!r} is no size", hint="write a number of bytes, with KiB, MiB, GiB, TiB, kB, MB, GB or TB if need be"
        )
    return int(float(found[1]) * _BYTES[found[2]])
