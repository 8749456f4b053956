"""What a CI service shows of a run beside its log: the summary of a job on GitHub, and a section of the log on GitLab."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gcrsync.cli.console import Screen
from gcrsync.metadata.report_page import cut, page
from gcrsync.metadata.sheet import Sheet

_MOST = 1 << 20
"""How many bytes the summary of a step may have: GitHub drops a longer one as a whole."""

_SECTION = "gcrsync_report"


def add_summary(screen: Screen, sheet: Sheet) -> None:
    """Add a page to the summary of the job, where the run is a step of one on GitHub; that it cannot be written is a warning."""
    place = os.environ.get("GITHUB_STEP_SUMMARY")
    if not place:
        return
    try:
        with Path(place).open("ab") as summary:
            written = summary.tell()
            between = "\n" if written else ""
            summary.write((between + cut(page(sheet), _MOST - written - len(between))).encode())
    except OSError as error:
        screen.warn(f"the summary of the job was not written: {place}: {error.strerror}")


@contextmanager
def report_section(screen: Screen, command: str) -> Iterator[None]:
    """Have what is printed stand in a section of its own in the log of a job on GitLab, which people can fold and find."""
    if not os.environ.get("GITLAB_CI"):
        yield
        return
    screen.mark(f"\x1b[0Ksection_start:{time.time():.0f}:{_SECTION}\r\x1b[0KReport of gcrsync {command}\n")
    try:
        yield
    finally:
        screen.mark(f"\x1b[0Ksection_end:{time.time():.0f}:{_SECTION}\r\x1b[0K\n")
