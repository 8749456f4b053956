"""How times are told in the reasons that the rules of mirroring give."""

from datetime import datetime


def told_time(moment: datetime) -> str:
    """Tell a time in UTC, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
