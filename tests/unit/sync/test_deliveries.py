"""Repositories that workers elsewhere are given: what is noted of them, and when."""

import pickle
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue

import pytest

from gcrsync.errors import UsageError
from gcrsync.mirror.ending import Ending
from gcrsync.mirror.naming import RegistryDestination
from gcrsync.mirror.outcome import Outcome, Problem, Step
from gcrsync.oci.name import Repository, Tag
from gcrsync.registry.client import Client
from gcrsync.registry.destination import Destination
from gcrsync.sync.deliveries import WorkersCrew
from gcrsync.sync.job import Means
from gcrsync.sync.parcel import Delivered, News, Parcel, deliver
from gcrsync.sync.passage import Known
from gcrsync.sync.progress import Watch
from gcrsync.sync.stop import Stop
from gcrsync.sync.work import Route, Work
from tests.support.build import image
from tests.support.repositories import no_foreign
from tests.support.sessions import session_to
from tests.support.simulator import Simulator, network

_DESTINATION = RegistryDestination("mirror.test", "", "{path}")
_LAYER = 1_000


@dataclass(slots=True)
class Elsewhere:
    """Workers that know a parcel by its pickle alone; ``struck`` says of a repository what becomes of its parcel there."""

    means: Means
    struck: dict[str, Callable[[Delivered], Delivered | None]] = field(default_factory=dict)
    parcels: list[Parcel] = field(default_factory=list)
    told: "SimpleQueue[News]" = field(default_factory=SimpleQueue)
    unheard: set[str] = field(default_factory=set)
    """Tags of which is not told what came of them."""

    def do(self, parcel: Parcel, given_up: Callable[[], bool]) -> Delivered | None:
        """Deliver a parcel."""
        assert not given_up()
        arrived: Parcel = pickle.loads(pickle.dumps(parcel))  # noqa: S301 - they are our own
        self.parcels.append(arrived)
        delivered = deliver(arrived, replace(self.means, stopped=Stop(lambda: 0.0, arrived.most)), self._tell, lambda: None)
        struck = self.struck.get(arrived.steps[0][0].source.path)
        return struck(delivered) if struck else delivered

    def news(self) -> Iterator[News]:
        """Give what was told."""
        while True:
            try:
                yield self.told.get_nowait()
            except Empty:
                return

    def _tell(self, outcome: Outcome) -> None:
        if self.unheard.isdisjoint(outcome.step.tags):
            self.told.put(outcome)


@dataclass(slots=True)
class Scene:
    """A source, a mirror of it, and workers; ``noted`` is what came of each repository, in order."""

    source: Simulator
    mirror: Simulator
    means: Means
    workers: Elsewhere
    noted: dict[str, list[Outcome]] = field(default_factory=lambda: defaultdict(list))

    def work(self, *paths: str, tags: int = 2) -> list[Work]:
        """Have the source give images, and give the work of copying them."""
        route = Route(_DESTINATION)
        transfer = route.open(self.means, lambda _: Known(lists=frozenset()))
        found: list[Work] = []
        for number in range(tags):
            for path in paths:
                built = self.source.add(path, image(f"{path} {number}", layers=1, size=_LAYER), f"v{number}")
                source, target = Repository("source.test", path), Repository("mirror.test", path)
                found.append(
                    Work(0, source, route, transfer, Step(source, target, str(target), built.digest, (Tag(f"v{number}"),)))
                )
        return found

    def copy(self, work: list[Work], slots: int = 2) -> None:
        """Have the workers copy."""
        with ThreadPoolExecutor(slots) as threads:
            WorkersCrew(self.workers, threads, slots)(self.means, work, self.note, lambda: None)

    def note(self, item: Work, outcome: Outcome) -> None:
        """Take note."""
        self.noted[item.repository.path].append(outcome)


@pytest.fixture
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    with opened(getattr(request, "param", None)) as given:
        yield given


@contextmanager
def opened(most: int | None) -> Iterator[Scene]:
    source, mirror = Simulator("source.test"), Simulator("mirror.test")
    with session_to(network(source, mirror)) as session, ThreadPoolExecutor(2) as executor, ThreadPoolExecutor(2) as blobs:
        target, stop = Destination(session), Stop(lambda: 0.0, most)
        means = Means(
            session=session,
            source=Client(session),
            target=lambda _: target,
            recorded=lambda mirror: (target, Repository.parse(mirror)),
            foreign=no_foreign,
            executor=executor,
            blobs=blobs,
            ahead=1,
            repeat=lambda work: work(),
            stopped=stop,
            watch=Watch(),
        )
        yield Scene(source, mirror, means, Elsewhere(means))


def test_each_worker_is_given_whole_repositories_and_every_outcome_is_noted_once(scene: Scene) -> None:
    scene.copy(scene.work("a", "b", "c"))

    assert sorted(len(parcel.steps) for parcel in scene.workers.parcels) == [2, 2, 2]
    assert sorted(scene.noted) == ["a", "b", "c"]
    assert [outcome.problem for noted in scene.noted.values() for outcome in noted] == [None] * 6
    assert all(scene.mirror.repositories[path].tags == scene.source.repositories[path].tags for path in "abc")


def test_what_was_told_before_a_worker_was_lost_is_noted_and_the_rest_failed(scene: Scene) -> None:
    scene.workers.struck["b"], scene.workers.unheard = lambda _: None, {"v1"}
    scene.copy(scene.work("a", "b"))

    assert {path: [outcome.problem for outcome in noted] for path, noted in scene.noted.items()} == {
        "a": [None, None],
        "b": [None, Problem.FAILED],
    }
    assert "are lost" in scene.noted["b"][-1].reason


def test_what_a_worker_gave_up_is_noted_as_it_ends_with_another_one(scene: Scene) -> None:
    (item,) = scene.work("a", tags=1)
    scene.workers.told.put(Outcome(item.step, problem=Problem.STOPPED, reason="its process was to end"))
    scene.copy([item])

    assert [outcome.confirmed for outcome in scene.noted["a"]] == [(Tag("v0"),)]


def test_once_a_run_is_to_end_no_repository_is_given_out(scene: Scene) -> None:
    work = scene.work("a", "b")
    scene.means.stopped.ask(Ending.SIGNAL)
    scene.copy(work)

    assert scene.workers.parcels == []
    assert scene.noted == {}


@pytest.mark.parametrize("scene", [5 * _LAYER], indirect=True)
def test_workers_share_the_bytes_that_may_be_sent_and_give_back_what_is_left(scene: Scene) -> None:
    scene.copy(scene.work("a", "b", "c", tags=1), slots=1)

    assert next(parcel.most for parcel in scene.workers.parcels) == 5 * _LAYER
    sent = [outcome.copied for noted in scene.noted.values() for outcome in noted]
    assert len(sent) == 3
    assert scene.means.stopped.left == 5 * _LAYER - sum(sent) > 0
    assert scene.means.stopped.ending is None


@pytest.mark.parametrize("scene", [8 * _LAYER], indirect=True)
def test_the_last_repositories_have_what_no_other_one_is_to_send(scene: Scene) -> None:
    scene.copy(scene.work("a", "b", tags=1), slots=8)

    assert scene.workers.parcels[0].most == 4 * _LAYER
    scene.copy(scene.work("c", tags=1), slots=8)
    assert scene.workers.parcels[-1].most == 8 * _LAYER - sum(outcome.copied for path in "ab" for outcome in scene.noted[path])


@pytest.mark.parametrize("scene", [_LAYER * 3 // 2], indirect=True)
def test_what_does_not_fit_at_a_worker_lets_nothing_new_begin(scene: Scene) -> None:
    scene.copy(scene.work("a", "b", "c", tags=1), slots=1)

    assert [parcel.steps[0][0].source.path for parcel in scene.workers.parcels] == ["a", "b"]
    assert scene.noted["a"][0].confirmed == (Tag("v0"),)
    assert (scene.means.stopped.ending, scene.means.stopped()) == (Ending.BYTES, False)
    assert scene.means.stopped.unfit is not None


def test_nothing_is_given_out_that_is_to_move_from_a_folder(scene: Scene) -> None:
    work = [replace(item, route=replace(item.route, origin="oci:./old/b")) for item in scene.work("b")]
    with pytest.raises(UsageError, match="a folder of this machine"):
        scene.copy([*scene.work("a"), *work])

    assert scene.workers.parcels == []
