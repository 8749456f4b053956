"""The status of a run in a file, and who reads it."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gcrsync.cli.command import Exit
from gcrsync.cli.console import Screen
from gcrsync.cli.run_options import MonitorOptions
from gcrsync.cli.status import StatusFile, follow
from gcrsync.cli.tally import Tally
from gcrsync.errors import InvalidMetadataError, StoreError
from gcrsync.metadata.status import Pulls, parse_status
from gcrsync.mirror.ending import Ending
from gcrsync.sync.stop import Stop


def followed(place: Path) -> Exit:
    return follow(Screen(), MonitorOptions(), place, Stop(time.monotonic), patience=0.1)


def kept_at(place: Path) -> StatusFile:
    return StatusFile(Screen(), place, "sync", Tally())


def awaited(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_run_that_was_killed_is_told_by_a_status_that_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "status.json"
    with kept_at(place).kept():
        killed = place.read_bytes()
    place.write_bytes(killed)
    with pytest.raises(StoreError, match="is not replaced any more: the run has died"):
        followed(place)

    assert capsys.readouterr().err == "starting\n"


def test_a_run_that_waits_before_it_begins_or_after_it_is_done_is_not_taken_for_dead(tmp_path: Path) -> None:
    place = tmp_path / "status.json"
    with kept_at(place).kept(0.01):
        for _ in range(2):
            place.unlink()
            awaited(place.exists)
        told = parse_status(place.read_text(), "status.json")

    assert (told.exit, told.standing.doing) == (None, "starting")


def test_a_run_that_has_not_begun_is_not_waited_for_long(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no .*: begin the run with --status"):
        followed(tmp_path / "status.json")


@pytest.mark.parametrize(("text", "words"), [("{", "not JSON"), ("[]", "not the status of a run"), ("x" * (1 << 21), "too large")])
def test_a_file_that_is_no_status_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "other.json").write_text(text)

    with pytest.raises(InvalidMetadataError, match=words):
        followed(tmp_path / "other.json")


def test_who_is_asked_to_stop_meanwhile_stops(tmp_path: Path) -> None:
    stop = Stop(time.monotonic)
    stop.ask(Ending.SIGNAL)

    assert follow(Screen(), MonitorOptions(), tmp_path / "status.json", stop) is Exit.STOPPED


def test_a_status_that_cannot_be_written_any_more_is_told_once_and_does_not_end_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, link, tally = tmp_path / "status.json", tmp_path / "link", Tally()
    status = StatusFile(Screen(), place, "sync", tally)
    link.symlink_to("elsewhere")
    with status.kept(0.01):
        link.replace(place)
        while not (said := capsys.readouterr().err):
            time.sleep(0.01)
        time.sleep(0.05)  # for some more tries
        place.unlink()
        tally.left("docker.io", 5, 100)
        status.end(Exit.IMAGES)
    told = parse_status(place.read_text(), "status.json")

    assert (said + capsys.readouterr().err).count("warning: the status of the run is not told any more: ") == 1
    assert (told.exit, told.standing.pulls) == (1, (Pulls("docker.io", 5, 100),))


@pytest.mark.parametrize(("error", "code"), [(ZeroDivisionError, 70), (KeyboardInterrupt, 130), (StoreError, 3)])
def test_whatever_ends_a_run_its_code_is_told(tmp_path: Path, error: type[BaseException], code: int) -> None:
    with pytest.raises(error), kept_at(tmp_path / "status.json").kept():
        raise error("simulated")

    assert parse_status((tmp_path / "status.json").read_text(), "status.json").exit == code


def test_a_device_is_never_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="is no plain file"), kept_at(tmp_path / "pipe").kept():
        pass

    assert (tmp_path / "pipe").is_fifo()


def test_a_file_that_is_not_the_status_of_a_run_is_never_replaced(tmp_path: Path) -> None:
    place = tmp_path / "gcrsync.toml"
    place.write_text("[[mirror]]")
    with pytest.raises(StoreError, match="is not the status of a run"), kept_at(place).kept():
        pass

    assert place.read_text() == "[[mirror]]"


def test_a_name_that_no_file_can_have_is_an_error_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot write .*x: File name too long"), kept_at(tmp_path / ("x" * 300)).kept():
        pass


def test_a_run_that_has_ended_is_told_with_the_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place, status = tmp_path / "status.json", kept_at(tmp_path / "status.json")
    with status.kept():
        status.end(Exit.BUDGET)
    updated = json.loads(place.read_text())["updated"]

    assert followed(place) is Exit.DONE
    assert capsys.readouterr().out == f"gcrsync sync ended at {updated} with exit code 4\n"
