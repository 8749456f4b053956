"""What is shown while a run goes on."""

from io import StringIO

import pytest
from rich.console import Console

from gcrsync.cli.console import Screen
from gcrsync.cli.progress import LiveProgress, PlainProgress
from gcrsync.cli.tally import Tally
from gcrsync.mirror.outcome import Outcome, Problem, Step
from gcrsync.oci.listing import Described
from gcrsync.oci.name import Namespace, Tag
from tests.support.values import digest, repository

STEP = Step(
    repository("gcr.io/p/a"),
    repository("mirror.test/a"),
    "mirror.test/a",
    digest("x"),
    (Tag("1"), Tag("2")),
    Described(None, 2_000_000),
)


@pytest.fixture
def screen() -> Screen:
    screen = Screen()
    screen.err = Console(file=StringIO(), width=100, force_terminal=True, color_system=None, highlight=False, markup=False)
    return screen


def told(screen: Screen) -> str:
    assert isinstance(screen.err.file, StringIO)
    return screen.err.file.getvalue()


@pytest.mark.parametrize("kind", [PlainProgress, LiveProgress])
def test_what_failed_is_said_at_once_by_name(screen: Screen, kind: type[PlainProgress] | type[LiveProgress]) -> None:
    with kind(screen).running() as watch:
        watch.began("listing gcr.io/p")
        watch.planned(1, 2_000_000)
        watch.started(STEP)
        watch.moved(STEP, 1_000_000)
        watch.finished(Outcome(STEP, problem=Problem.FAILED, reason="reset \x1b[2J by peer"))

    assert "failed: gcr.io/p/a:1 and 1 more: reset" in told(screen)
    assert "\x1b[2J" not in told(screen)


def test_a_terminal_shows_a_bar_over_images_and_bytes_and_one_for_each_transfer(screen: Screen) -> None:
    with LiveProgress(screen).running() as watch:
        watch.began("listing gcr.io/p")
        watch.listed(Namespace("gcr.io", "p"))
        watch.planned(3, 2_000_000)
        watch.started(STEP)
        watch.moved(STEP, 1_000_000)

    assert "0 of 3 images" in told(screen)
    assert "1.0 MB of 2.0 MB" in told(screen)
    assert "gcr.io/p/a:1 and 1 more" in told(screen)


def test_lines_tell_where_a_run_is_also_when_nothing_moves(screen: Screen) -> None:
    progress = PlainProgress(screen, every=0.01)
    with progress.running() as watch:
        watch.planned(3, 0)
        watch.started(STEP)
        while told(screen).count("copying: 0 of 3 images") < 2:
            pass

    assert "now gcr.io/p/a:1 and 1 more" in told(screen)


@pytest.mark.parametrize("kind", [PlainProgress, LiveProgress])
def test_what_is_left_of_a_pull_limit_is_shown(screen: Screen, kind: type[PlainProgress] | type[LiveProgress]) -> None:
    progress = PlainProgress(screen, every=0.01) if kind is PlainProgress else LiveProgress(screen)
    with progress.running() as watch:
        watch.planned(3, 0)
        watch.left("docker.io", 21, 100)
        watch.left("docker.io", 20, 100)
        while "20 of 100 pulls left" not in told(screen):
            pass

    assert "docker.io" in told(screen)


def test_an_image_that_is_left_for_another_run_is_not_done() -> None:
    tally = Tally()
    tally.planned(4, 0)
    for problem in (None, Problem.FAILED, Problem.STOPPED, Problem.LIMITED):
        tally.started(STEP)
        tally.finished(Outcome(STEP, problem=problem))
    standing = tally.standing()

    assert (standing.done, standing.failed, standing.images, standing.copying) == (2, 1, 4, ())
