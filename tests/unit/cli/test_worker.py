"""What a worker of a cluster does of a run."""

import pickle
from collections.abc import Iterator
from dataclasses import replace

import pytest

from gcrsync.cli.worker import Terms, build, carry
from gcrsync.mirror.naming import RegistryDestination
from gcrsync.mirror.outcome import Outcome, Problem, Step
from gcrsync.oci.name import Repository, Tag
from gcrsync.registry.retry import RetryPolicy
from gcrsync.sync.parcel import News, Parcel
from gcrsync.sync.passage import Known
from gcrsync.sync.work import Purpose, Route
from tests.support.build import image
from tests.support.nights import SECRET
from tests.support.serving import served
from tests.support.simulator import Simulator


@pytest.fixture
def source() -> Iterator[tuple[Simulator, str]]:
    simulator = Simulator()
    with served(simulator) as address:
        yield simulator, address


def parcel(source: tuple[Simulator, str], target: str, number: int = 0) -> Parcel:
    """Pack an image of a repository."""
    simulator, address = source
    built = simulator.add(f"p/{number}", image(str(number), shared="base"), "v1")
    here, there = Repository(address, f"p/{number}"), Repository(target, f"m/{number}")
    step = Step(here, there, str(there), built.digest, (Tag("v1"),))
    return Parcel(Route(RegistryDestination(target, "m", "{path}")), Known(frozenset()), ((step, Purpose.COPY),))


def terms(run: str, *targets: str) -> Terms:
    destinations = tuple(RegistryDestination(target, "m", "{path}") for target in targets)
    return Terms(run, destinations, frozenset(), RetryPolicy(tries=1), 5.0, 2, build())


def test_what_travels_is_the_same_at_its_end_and_has_no_secret_in_it(
    source: tuple[Simulator, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GCRSYNC_USERNAME", "somebody")
    monkeypatch.setenv("GCRSYNC_PASSWORD", SECRET)
    packed = (parcel(source, "ghcr.io"), terms("1", "ghcr.io"))
    pickled = pickle.dumps(packed)

    assert pickle.loads(pickled) == packed  # noqa: S301 - they are our own
    assert b"somebody" not in pickled
    assert SECRET.encode() not in pickled


def test_a_worker_of_another_version_does_nothing_and_says_so(source: tuple[Simulator, str]) -> None:
    simulator, _ = source
    other = replace(terms("1", "ghcr.io"), build=("0.0.1", "3.11"))
    (outcome,) = carry(parcel(source, "ghcr.io"), other, lambda: False, lambda _: None).outcomes

    assert (outcome.problem, "the run 0.0.1 on 3.11" in outcome.reason) == (Problem.FAILED, True)
    assert simulator.log == []


def test_connections_and_what_is_known_of_the_destination_last_from_one_repository_to_the_next(
    source: tuple[Simulator, str],
) -> None:
    target = Simulator()
    with served(target) as address:
        delivered = [
            carry(parcel(source, address, number), terms("2", address), lambda: False, lambda _: None) for number in (1, 2)
        ]

    assert [outcome.problem for each in delivered for outcome in each.outcomes] == [None, None]
    assert [logged.query.get("from") for logged in target.requests("POST") if "mount" in logged.query] == ["m/1"]


def test_the_outcome_is_told_as_it_comes_and_given_in_the_end(source: tuple[Simulator, str]) -> None:
    told: list[News] = []
    with served(Simulator()) as address:
        packed = parcel(source, address)
        delivered = carry(packed, terms("3", address), lambda: False, told.append)

    step = packed.steps[0][0]
    assert told == [step, delivered.outcomes[0]]
    assert isinstance(told[1], Outcome)
    assert told[1].confirmed == (Tag("v1"),)


def test_credentials_that_would_be_for_two_destinations_fail_the_images_and_are_not_sent(
    source: tuple[Simulator, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GCRSYNC_USERNAME", "somebody")
    monkeypatch.setenv("GCRSYNC_PASSWORD", SECRET)
    target = Simulator()
    with served(target) as address:
        delivered = carry(parcel(source, address), terms("4", address, "other.test"), lambda: False, lambda _: None)

    assert [outcome.problem for outcome in delivered.outcomes] == [Problem.FAILED]
    assert "there are destinations on" in delivered.outcomes[0].reason
    assert target.log == []


def test_a_run_that_is_over_has_nothing_begun(source: tuple[Simulator, str]) -> None:
    target = Simulator()
    with served(target) as address:
        delivered = carry(parcel(source, address), terms("5", address), lambda: True, lambda _: None)

    assert all(outcome.problem is Problem.STOPPED for outcome in delivered.outcomes)
    assert target.requests("PUT") == []


def test_workers_are_compared_by_the_versions_of_gcrsync_and_python() -> None:
    gcrsync, python = build()

    assert gcrsync.count(".") == 2
    assert python.startswith("3.")
