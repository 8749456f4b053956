"""The status of a run in a file, and who reads it."""

import os
import time
from pathlib import Path

import pytest

from gcrsync.cli.command import Exit
from gcrsync.cli.console import Screen
from gcrsync.cli.run_options import MonitorOptions
from gcrsync.cli.status import StatusFile, follow
from gcrsync.cli.tally import Tally
from gcrsync.errors import StoreError
from gcrsync.metadata.status import Pulls, parse_status
from gcrsync.mirror.ending import Ending
from gcrsync.sync.stop import Stop


def followed(place: Path) -> Exit:
    return follow(Screen(), MonitorOptions(), place, Stop(time.monotonic), patience=0.1)


def test_a_run_that_was_killed_is_told_by_a_status_that_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "status.json"
    with StatusFile(Screen(), place, "sync").kept(), pytest.raises(StoreError, match="is not replaced any more: the run has died"):
        followed(place)

    assert capsys.readouterr().err == "starting\n"


def test_a_run_that_has_not_begun_is_not_waited_for_long(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no .*: begin the run with --status"):
        followed(tmp_path / "status.json")


def test_who_is_asked_to_stop_meanwhile_stops(tmp_path: Path) -> None:
    stop = Stop(time.monotonic)
    stop.ask(Ending.SIGNAL)

    assert follow(Screen(), MonitorOptions(), tmp_path / "status.json", stop) is Exit.STOPPED


def test_a_disk_that_gets_full_is_told_once_and_does_not_end_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, tally = tmp_path / "folder", Tally()
    status = StatusFile(Screen(), folder / "status.json", "sync")
    with status.kept():
        (folder / "status.json").unlink()
        folder.rmdir()
        folder.touch()
        for _ in range(2):
            with status.following(tally):
                pass
    folder.unlink()
    tally.left("docker.io", 5, 100)
    with status.following(tally):
        pass
    status.end(Exit.IMAGES)
    told = parse_status((folder / "status.json").read_text(), "status.json")

    assert capsys.readouterr().err.count("warning: the status of the run is not told any more: cannot write") == 1
    assert (told.exit, told.standing.pulls) == (1, (Pulls("docker.io", 5, 100),))


def test_a_defect_is_told_too(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), StatusFile(Screen(), tmp_path / "status.json", "sync").kept():
        raise ZeroDivisionError

    assert parse_status((tmp_path / "status.json").read_text(), "status.json").exit == 70


def test_a_device_is_never_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="is no plain file"), StatusFile(Screen(), tmp_path / "pipe", "sync").kept():
        pass

    assert (tmp_path / "pipe").is_fifo()
