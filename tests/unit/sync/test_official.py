"""What a look at official images gives where something is held, or cannot be had."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from gcrsync.mirror.change import State
from gcrsync.mirror.choice import Choice, Order
from gcrsync.mirror.library import Official
from gcrsync.mirror.patterns import Patterns
from gcrsync.mirror.record import Records
from gcrsync.mirror.shard import Shard
from gcrsync.mirror.snapshot import Fault, Snapshot, find_doubts
from gcrsync.oci.manifest import Platform
from gcrsync.oci.name import Namespace, Tag
from gcrsync.store.foreign import Foreign, read_here
from gcrsync.sync.found import Basis, Surveyor
from gcrsync.sync.progress import Watch
from gcrsync.sync.survey import survey
from tests.support import faults
from tests.support.build import image
from tests.support.repositories import Workplace
from tests.support.sessions import session_to
from tests.support.simulator import Simulator, network
from tests.support.values import compare, everything, record, records

HEAD = "Maintainers: Ann <ann@host> (@ann)\nGitRepo: https://git.test/app\nGitCommit: 0123abc\n"
ONE, TWO = image("one"), image("two")


class Scene:
    """Docker Hub with two repositories of ``library``, and the files of them."""

    def __init__(self, folder: Path) -> None:
        self.hub, self.place = Simulator("registry-1.docker.io"), Workplace(folder)
        self.hub.add("library/app", ONE, "1", "1.0", "latest")
        self.hub.add("library/tool", ONE, "2")
        self.files = self.place.clone("images")
        self.selection = replace(everything("docker.io/library"), official_images=str(self.files))
        self.commit(app=f"{HEAD}\nTags: 1.0, 1, latest\n", tool=f"{HEAD}\nTags: 2\n")

    def commit(self, **files: str) -> None:
        """Commit files of repositories."""
        self.place.commit(self.files, "update", {f"library/{name}": text for name, text in files.items()})

    def open(self, place: str) -> Foreign:
        """Open the repository of the files."""
        return read_here(Path(place), self.place.surroundings)

    def look(self, known: Records | None = None, official: Official | None = None) -> Snapshot:
        """Look at the source, and forget what it was asked before."""
        self.hub.log.clear()
        with session_to(network(self.hub)) as session, ThreadPoolExecutor(2) as executor:
            surveyor = Surveyor(session, executor, 2, lambda: False, Watch())
            return survey(surveyor, self.selection, Basis(known or {}, official or Official(), self.open))

    @property
    def asked(self) -> list[str]:
        """The tags that were asked for."""
        return sorted(request.path.rpartition("/")[2] for request in self.hub.requests("HEAD"))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_what_is_held_counts_as_seen(scene: Scene) -> None:
    known = record("docker.io/library/app", held=dict.fromkeys(("1.0", "1", "latest"), "x"))
    known = replace(known, held={tag: replace(each, digest=ONE.digest) for tag, each in known.held.items()})
    snapshot = scene.look(records(known))

    assert scene.asked == ["1.0", "2"]
    assert snapshot.listings[Namespace("docker.io", "library/app")].tags == dict.fromkeys(known.held, ONE.digest)


def test_a_name_that_cannot_be_asked_for_puts_its_repository_in_doubt_alone(scene: Scene) -> None:
    scene.hub.faults.append(faults.Fault("HEAD", "/v2/library/app/manifests/1.0", faults.status(403)))
    snapshot = scene.look()

    assert set(snapshot.failures) == {Namespace("docker.io", "library/app")}
    assert (snapshot.listings[Namespace("docker.io", "library/tool")].tags, scene.asked) == ({Tag("2"): ONE.digest}, ["1.0", "2"])


def test_only_files_of_selected_repositories_are_read_and_the_others_once_they_are_selected(scene: Scene) -> None:
    whole, scene.selection = scene.selection, replace(scene.selection, includes=(Patterns(("tool",)),))
    first = scene.look()
    assert first.official is not None
    assert set(first.official.repositories) == {"tool"}

    scene.selection = whole
    second = scene.look(official=first.official)
    assert second.official is not None
    assert set(second.official.repositories) == {"app", "tool"}
    assert second.official.commit == first.official.commit


def test_a_shard_asks_for_its_own_repositories_and_names_all(scene: Scene) -> None:
    parts = []
    for number in (1, 2, 3):
        scene.selection = replace(scene.selection, shard=Shard(number, 3))
        snapshot = scene.look()
        parts += scene.asked
        assert snapshot.listings[Namespace("docker.io", "library")].children == {"library/app", "library/tool"}
    assert sorted(parts) == ["1", "1.0", "2", "latest"]


def test_the_newest_are_counted_among_images_for_the_platforms_alone_and_what_is_on_record_of_others_stays(scene: Scene) -> None:
    scene.hub.add("library/app", ONE, "3.0")
    scene.hub.add("library/app", TWO, "2.0")
    windows = "Tags: 3.0\nArchitectures: windows-amd64"
    scene.commit(app=f"{HEAD}\n{windows}\n\nTags: 2.0\nDirectory: two\n\nTags: 1.0\nDirectory: one\n")
    choice = Choice(newest=2, newest_by=Order.VERSION)
    rules = replace(scene.selection.rules, choice=choice, platforms=(Platform("linux", "amd64"),))
    scene.selection = replace(scene.selection, includes=(Patterns(("app",)),), rules=rules)
    snapshot = scene.look()

    assert scene.asked == ["1.0", "2.0"]
    delta = compare(records(record("docker.io/library/app", {"3.0": "old"})), snapshot, scene.selection)
    assert [(change.tag.name, change.state) for change in delta.changes] == [("1.0", State.ADDED), ("2.0", State.ADDED)]


def test_a_file_without_an_entry_makes_all_that_is_on_record_unlisted(scene: Scene) -> None:
    scene.commit(app=f"{HEAD}\n# Tags: 1.0, 1, latest\n")
    known = records(record("docker.io/library/app", {"1": "x", "latest": "x"}))
    snapshot = scene.look(known)

    assert (scene.asked, snapshot.failures, find_doubts(snapshot, known, scene.selection)) == (["2"], {}, {})
    found = [
        (str(change.repository), change.tag.name, change.state) for change in compare(known, snapshot, scene.selection).changes
    ]
    assert found == [
        ("docker.io/library/app", "1", State.UNLISTED),
        ("docker.io/library/app", "latest", State.UNLISTED),
        ("docker.io/library/tool", "2", State.ADDED),
    ]


def test_what_is_named_and_not_there_is_unlisted_though_it_never_was(scene: Scene) -> None:
    scene.commit(app=f"{HEAD}\nTags: 1.0, 1, latest\n\nTags: 2.0\nDirectory: two\n")
    found = [(change.tag.name, change.state, change.news) for change in compare({}, scene.look(), scene.selection).changes]

    assert scene.asked == ["1", "1.0", "2", "2.0", "latest"]
    assert ("2.0", State.UNLISTED, False) in found
    assert [name for name, state, _ in found if state is State.ADDED] == ["1", "1.0", "latest", "2"]


def test_a_repository_of_which_no_name_is_there_is_in_doubt_unless_that_is_expected(scene: Scene) -> None:
    scene.hub.repositories["library/app"].tags.clear()
    snapshot = scene.look()
    (doubt,) = find_doubts(snapshot, {}, scene.selection).values()

    assert (str(doubt.path), doubt.fault, doubt.below) == ("docker.io/library/app", Fault.EMPTY, False)
    expecting = replace(scene.selection, accept_empty=Patterns(("app",)))
    assert find_doubts(snapshot, {}, expecting) == {}
    states = {change.state for change in compare({}, snapshot, expecting).changes if change.repository.path == "library/app"}
    assert states == {State.UNLISTED}


@pytest.mark.parametrize("is_new", [True, False])
def test_a_name_that_no_file_has_is_told_as_one_that_selects_nothing(scene: Scene, *, is_new: bool) -> None:
    official = None if is_new else scene.look().official
    scene.selection = replace(scene.selection, includes=(Patterns(("ap",)),))
    snapshot = scene.look(official=official)
    (doubt,) = find_doubts(snapshot, {}, scene.selection).values()

    assert (scene.asked, doubt.fault, doubt.reason) == ([], Fault.UNMATCHED, "nothing of what is here is selected")


def test_a_repository_without_such_files_is_no_source(scene: Scene) -> None:
    scene.place.git(scene.files, "mv", "library", "lib")
    scene.place.git(scene.files, "commit", "--quiet", "--message", "move")
    snapshot = scene.look()

    assert "has no files in the folder library; is it official-images?" in snapshot.failures[Namespace("docker.io", "library")]
    assert (scene.asked, snapshot.official) == ([], None)
