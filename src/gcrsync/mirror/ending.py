"""Why a run ends before its work is done."""

from enum import StrEnum


class Ending(StrEnum):
    """Why a run ended before its work was done."""

    SIGNAL = "signal"
    """Somebody asked the process to end."""
    DEADLINE = "deadline"
    """It had no more time."""
    BYTES = "bytes"
    """It had sent as many bytes as it may."""
