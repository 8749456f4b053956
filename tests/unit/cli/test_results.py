"""What people read at the end of a run."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gcrsync.cli.console import Screen
from gcrsync.cli.options import CompareOptions
from gcrsync.cli.results import finish
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.report import NamespaceReport, Report
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.sync.run import Finished


def test_a_tag_that_is_chosen_anew_has_moved_with_its_reason_and_without_an_arrow(capsys: pytest.CaptureFixture[str]) -> None:
    same, reason = Digest.of(b"x"), "chosen anew: linux/arm, was all platforms"
    rechosen = Change(Repository("gcr.io", "p/a"), Tag("1"), State.MOVED, same, same, reason)
    moved = replace(rechosen, tag=Tag("2"), was=Digest.of(b"y"), reason="")
    report = NamespaceReport(Namespace("gcr.io", "p"), images=(rechosen, moved))
    finish(Screen(), CompareOptions(), Finished(Report("sync", datetime(2026, 11, 21, tzinfo=UTC), (report,))), set())
    lines = capsys.readouterr().out.splitlines()

    assert f"  moved     1: {reason}" in lines
    assert any(line.startswith("  moved     2 (") and " -> " in line for line in lines)
