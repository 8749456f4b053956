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


def test_the_counts_of_several_namespaces_are_a_table_with_a_line_for_all(capsys: pytest.CaptureFixture[str]) -> None:
    added = Change(Repository("gcr.io", "p/a"), Tag("1"), State.ADDED, Digest.of(b"x"))
    pruned = replace(added, state=State.PRUNED)
    reports = (
        NamespaceReport(Namespace("gcr.io", "p"), "google", 2, (added,), 1_234, 5_000_000),
        NamespaceReport(Namespace("registry.k8s.io"), "google", 1, (pruned,)),
    )
    finish(Screen(), CompareOptions(), Finished(Report("sync", datetime(2026, 11, 21, tzinfo=UTC), reports)), set())

    assert [line.split() for line in capsys.readouterr().out.splitlines()[-4:]] == [
        ["NAMESPACE", "added", "moved", "gone", "held", "unchanged", "failed", "pruned", "copied"],
        ["gcr.io/p", "1", "0", "0", "0", "1,234", "0", "0", "5.0", "MB"],
        ["registry.k8s.io", "0", "0", "0", "0", "0", "0", "1", "0", "B"],
        ["2", "namespaces", "1", "0", "0", "0", "1,234", "0", "1", "5.0", "MB"],
    ]
