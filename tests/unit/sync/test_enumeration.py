"""What is on record and not named by a list is gone only where the registry itself does not have it."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from gcrsync.mirror.change import State
from gcrsync.mirror.choice import Choice
from gcrsync.mirror.choosing import choose
from gcrsync.mirror.library import Official
from gcrsync.mirror.patterns import Patterns
from gcrsync.mirror.rules import Rules
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.snapshot import Fault, Snapshot, find_doubts
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.sync.found import Basis, Surveyor
from gcrsync.sync.progress import Watch
from gcrsync.sync.survey import survey
from tests.support import faults
from tests.support.build import image
from tests.support.faults import document, status
from tests.support.repositories import no_foreign
from tests.support.sessions import session_to
from tests.support.simulator import Simulator, network
from tests.support.values import compare, everything, naming, record, records
from tests.support.vendors import Site

KNOWN = records(record("registry.test/p/app", {"1": "one"}), record("registry.test/p/secret", {"1": "two"}, gone={"0": "old"}))
WHOLE = everything("registry.test/p")


@pytest.fixture
def registry() -> Simulator:
    """A registry whose catalogue names one of the two repositories that are on record."""
    registry = Simulator("registry.test")
    registry.add("p/app", image("one"), "1")
    registry.faults.append(faults.Fault("GET", "/v2/_catalog", document({"repositories": ["p/app"]}), times=None))
    return registry


def look(registry: Simulator, selection: Selection = WHOLE) -> Snapshot:
    with session_to(network(registry)) as session, ThreadPoolExecutor(2) as executor:
        surveyor = Surveyor(session, executor, 2, lambda: False, Watch())
        return survey(surveyor, selection, Basis(KNOWN, Official(), no_foreign))


def states(seen: Snapshot, selection: Selection = WHOLE) -> Mapping[str, State]:
    changes = compare(KNOWN, seen, selection).changes
    return {f"{change.repository.path}:{change.tag}": change.state for change in changes if change.repository.path == "p/secret"}


def test_one_that_is_not_there_is_gone(registry: Simulator) -> None:
    seen = look(registry)

    assert states(seen) == {"p/secret:1": State.GONE}
    assert [logged.path for logged in registry.requests("GET")].count("/v2/p/secret/tags/list") == 1


@pytest.mark.parametrize("code", [401, 403])
def test_one_that_is_not_shown_is_not_gone_unless_somebody_says_so(registry: Simulator, code: int) -> None:
    registry.faults.append(faults.Fault("GET", "/v2/p/secret", status(code), times=None))
    seen = look(registry)

    assert states(seen) == {}
    assert "log in, or name it in accept_empty" in seen.unseen[Namespace("registry.test", "p/secret")]

    believing = replace(WHOLE, accept_empty=Patterns(("secret",)))
    assert states(look(registry, believing), believing) == {"p/secret:1": State.GONE}


def test_one_that_is_there_all_the_same_is_listed(registry: Simulator) -> None:
    registry.add("p/secret", image("two anew"), "1", "2")

    assert states(look(registry)) == {"p/secret:1": State.MOVED, "p/secret:2": State.ADDED}


def test_one_that_cannot_be_asked_for_is_a_list_that_failed(registry: Simulator) -> None:
    registry.faults.append(faults.Fault("GET", "/v2/p/secret", status(418), times=None))
    seen = look(registry)

    assert states(seen) == {}
    assert Namespace("registry.test", "p/secret") in seen.failures


@pytest.mark.parametrize(
    ("selection", "warning"),
    [
        (replace(WHOLE, includes=(Patterns(("tpyo",)),)), "nothing of what is here is selected"),
        (replace(WHOLE, rules=naming("9*")), "no tag of what is selected is chosen by its name"),
        (replace(WHOLE, rules=naming("1")), ""),
    ],
)
def test_a_selection_that_takes_nothing_is_told(registry: Simulator, selection: Selection, warning: str) -> None:
    doubts = find_doubts(look(registry, selection), {}, selection)

    assert [doubt.reason for doubt in doubts.values() if doubt.fault is Fault.UNMATCHED] == ([warning] if warning else [])


def test_the_time_of_a_tag_chooses_it_before_its_digest_is_asked_for_and_after() -> None:
    pushed = {"1": "2020-01-01T00:00:00Z", "2": "2026-01-01T00:00:00Z", "latest": "2025-01-01T00:00:00Z"}
    app, both = Repository("docker.io", "acme/app"), image("both")
    registry, api = Simulator("registry-1.docker.io"), Site()
    registry.add("acme/app", both, *pushed)
    results = [{"name": name, "tag_last_pushed": time} for name, time in pushed.items()]
    results[0]["digest"] = str(both.digest)
    api.routes = {
        "GET /v2/namespaces/acme/repositories": lambda _: httpx.Response(200, json={"count": 1, "results": [{"name": "app"}]}),
        "GET /v2/namespaces/acme/repositories/app/tags": lambda _: httpx.Response(200, json={"count": 3, "results": results}),
    }
    hosts = {"hub.docker.com": api, "registry-1.docker.io": registry}
    newest = replace(everything("docker.io/acme"), rules=Rules(choice=Choice(newest=1), source=app.namespace))

    with session_to(lambda request: hosts[request.url.host](request)) as session, ThreadPoolExecutor(2) as executor:
        seen = survey(Surveyor(session, executor, 2, lambda: False, Watch()), newest)

    assert [logged.path for logged in registry.requests("HEAD")] == ["/v2/acme/app/manifests/2"]
    listing = seen.listings[app.namespace]
    assert listing.tags == {Tag("1"): both.digest, Tag("2"): both.digest}
    assert set(choose(newest, app, listing).left) == {Tag("1"), Tag("latest")}
