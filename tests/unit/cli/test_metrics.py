"""What Prometheus reads of a run."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gcrsync.cli.metrics import write_metrics
from gcrsync.metadata.sheet import Part, Sheet
from gcrsync.metadata.status import Pulls
from tests.support.values import NOW

OTHER = 'gcrsync_success_timestamp_seconds{mirror="acme",command="verify"} 1\n'
DOCUMENTATION = Path(__file__).parents[3] / "docs" / "report.md"
HOSTILE = 'gcr.io/p"} 1\n\\'
PART = Part("gcr.io/p", {"added": 3, "failed": 1}, copied=1_234, requests=32, complete=False)
LATER = NOW + timedelta(minutes=2)


def read(place: Path) -> dict[str, dict[tuple[str, ...], float]]:
    """Give each metric with its values by those of its labels that are not the file and the command."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(place.read_text("utf-8")):
        assert (family.type, bool(family.documentation)) == ("gauge", True)
        for sample in family.samples:
            labels = dict(sample.labels)
            assert (labels.pop("mirror"), labels.pop("command")) == ("acme", "sync")
            found.setdefault(sample.name, {})[tuple(labels.values())] = sample.value
    return found


def test_metrics_tell_of_the_run_of_each_source_and_of_what_hosts_have_left(tmp_path: Path) -> None:
    place = tmp_path / "acme.prom"
    write_metrics(place, Sheet("sync", NOW, 0, (PART, Part(HOSTILE, {"added": 1}))), (Pulls("docker.io", 57, 100),), LATER)

    assert read(place) == {
        "gcrsync_run_timestamp_seconds": {(): LATER.timestamp()},
        "gcrsync_run_duration_seconds": {(): 120},
        "gcrsync_run_exit_code": {(): 0},
        "gcrsync_success_timestamp_seconds": {(): LATER.timestamp()},
        "gcrsync_tags": {("gcr.io/p", "added"): 3, ("gcr.io/p", "failed"): 1, (HOSTILE, "added"): 1},
        "gcrsync_copied_bytes": {("gcr.io/p",): 1_234, (HOSTILE,): 0},
        "gcrsync_requests": {("gcr.io/p",): 32, (HOSTILE,): 0},
        "gcrsync_list_complete": {("gcr.io/p",): 0, (HOSTILE,): 1},
        "gcrsync_pulls_left": {("docker.io",): 57},
        "gcrsync_pulls_limit": {("docker.io",): 100},
    }
    assert list(tmp_path.iterdir()) == [place]


def test_a_failure_does_not_forget_when_the_last_success_was(tmp_path: Path) -> None:
    place = tmp_path / "acme.prom"
    for code, ended in ((0, NOW), (3, LATER), (4, LATER + timedelta(days=1))):
        write_metrics(place, Sheet("sync", NOW, code), (), ended)
    found = read(place)

    assert found["gcrsync_run_exit_code"] == {(): 4}
    assert found["gcrsync_success_timestamp_seconds"] == {(): NOW.timestamp()}


def test_the_documentation_names_every_metric_and_no_other(tmp_path: Path) -> None:
    write_metrics(tmp_path / "acme.prom", Sheet("sync", NOW, 0, (PART,)), (Pulls("docker.io", 57, 100),), LATER)

    assert set(re.findall(r"gcrsync_[a-z_]+", DOCUMENTATION.read_text("utf-8"))) == set(read(tmp_path / "acme.prom"))


@pytest.mark.parametrize("before", [None, "rubbish {", "\x00", OTHER])
def test_without_a_success_of_the_same_command_none_is_told(tmp_path: Path, before: str | None) -> None:
    place = tmp_path / "acme.prom"
    if before is not None:
        place.write_text(before)
    write_metrics(place, Sheet("sync", NOW, 1), (), LATER)

    assert "gcrsync_success_timestamp_seconds" not in read(place)


def test_a_name_that_is_no_text_becomes_one(tmp_path: Path) -> None:
    place = tmp_path / "acm\udcff.prom"
    write_metrics(place, Sheet("sync", NOW, 0), (), LATER)

    assert 'mirror="acm?"' in place.read_text("utf-8")
