"""``gcrsync history``: real runs, real git, and what a person is told of them."""

import json
from pathlib import Path

import pytest

from gcrsync.sync.past import past, pasts
from gcrsync.sync.record import read_records
from tests.support.build import image
from tests.support.mirrors import Mirror
from tests.support.serving import served
from tests.support.simulator import Simulator

ONE, TWO, OTHER = image("one"), image("two"), image("other")
DATES = ("2026-11-20T02:17:00Z", "2026-11-21T02:17:00Z", "2026-11-22T02:17:00Z", "2026-11-23T02:17:00Z")


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return after_four_nights(tmp_path)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    """Give the same for the tests that only ask."""
    return after_four_nights(tmp_path_factory.mktemp("untouched"))


def after_four_nights(folder: Path) -> Mirror:
    """Mirror for four nights: a tag is new, moves, is gone, and is back."""
    mirror, source = Mirror(folder), Simulator(google=True)
    source.add("p/a", ONE, "latest")
    source.add("p/a", OTHER, "v1")
    with served(source) as address:
        mirror.configure(f"{address}/p", f"oci:{folder}/images")
        mirror.environment["SOURCE"] = f"{address}/p/a"
        for date, change in zip(DATES, ("", "move", "remove", "return"), strict=True):
            if change in ("move", "return"):
                source.add("p/a", TWO, "latest")
            elif change:
                del source.repositories["p/a"].tags["latest"]
            mirror.run("sync", environment={"GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date})
    return mirror


def test_a_tag_is_told_with_each_digest_from_when_to_when_and_its_name_at_the_mirror(mirror: Mirror, tmp_path: Path) -> None:
    name = f"{mirror.environment['SOURCE']}:latest"
    lines = mirror.run("history", name).stdout.splitlines()
    place = f"oci:{tmp_path}/images/p/a"

    assert lines == [
        name,
        f"  {DATES[0]}  {DATES[1]}  mirrored  {place}@{ONE.digest}",
        f"  {DATES[1]}  {DATES[2]}  mirrored  {place}@{TWO.digest}",
        f"  {DATES[2]}  {DATES[3]}  gone      {place}@{TWO.digest}",
        f"  {DATES[3]}  now                   mirrored  {place}@{TWO.digest}",
    ]


def test_without_a_tag_all_of_the_repository_are_told_and_programs_get_one_document(mirror: Mirror, tmp_path: Path) -> None:
    told = mirror.report("history", mirror.environment["SOURCE"], "--report", str(tmp_path / "report.json"))

    assert [(tag["tag"], len(tag["spans"])) for tag in told["tags"]] == [("latest", 4), ("v1", 1)]
    assert told["tags"][1]["spans"][0]["from"] == DATES[0]
    assert told["tags"][1]["spans"][0]["to"] is None
    assert json.loads((tmp_path / "report.json").read_text()) == told


def test_of_the_metadata_repository_s_url_as_much_is_told(mirror: Mirror) -> None:
    name = mirror.environment["SOURCE"]
    remote = mirror.run("history", name, "--metadata-repo", f"file://{mirror.place.remote}")

    assert remote.stdout
    assert remote.stdout == mirror.run("history", name).stdout
    assert "shallow" not in remote.stderr


def test_a_commit_that_cannot_be_read_is_left_out_in_one_line(mirror: Mirror) -> None:
    name = mirror.environment["SOURCE"]
    whole = mirror.run("history", name).stdout
    path = f"metadata/{name.replace(':', '_')}.json"
    good = (mirror.root / path).read_text()
    for text in ("{ what a person wrote", good):
        mirror.place.commit(mirror.root, "edit", {path: text})
    ended = mirror.run("history", name)

    assert ended.stdout == whole
    assert [line.partition(" is left out: ")[2][: len(path)] for line in ended.stderr.splitlines()] == [path]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("{source}:lates", "never had a tag lates: did you mean latest?"),
        ("{source}:zzz", "never had a tag zzz"),
        ("{source}a:latest", "was never on record: did you mean {source}?"),
        ("gcr.io/q/a", "gcr.io/q/a was never on record: did you mean {source}?"),
        ("unlike", "gcr.io/unlike was never on record"),
        ("{source}@sha256:" + "0" * 64, "name a tag"),
        ("{source}:", "'' is not a valid tag"),
        ("gcr.io", "that is a registry; name a repository in it"),
    ],
)
def test_what_was_never_known_is_one_line_that_names_what_is_near_and_2(untouched: Mirror, name: str, words: str) -> None:
    source = untouched.environment["SOURCE"]
    told = untouched.run("history", name.format(source=source), code=2)

    assert words.format(source=source) in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert told.stdout == ""


def test_a_shallow_clone_tells_what_it_has_and_how_to_have_the_rest(mirror: Mirror) -> None:
    whole = mirror.run("history", f"{mirror.environment['SOURCE']}:latest").stdout.splitlines()
    mirror.root = mirror.place.clone("shallow", "--depth=1")
    ended = mirror.run("history", f"{mirror.environment['SOURCE']}:latest")

    assert ended.stdout.splitlines() == [whole[0], whole[-1]]
    assert ended.stderr.splitlines()[0].endswith("git fetch --unshallow")
    assert "git fetch --unshallow" in mirror.run("history", f"{mirror.environment['SOURCE']}:before", code=2).stderr


def test_of_all_repositories_at_once_the_same_is_told_as_of_each_also_after_a_merge_that_took_one_side(mirror: Mirror) -> None:
    place, root = mirror.place, mirror.root
    (path,) = [path.relative_to(root).as_posix() for path in root.glob("metadata/*/p/a.json")]
    text = (root / path).read_text()
    other = {path.replace("a.json", "b.json"): text.replace("/p/a", "/p/b")}
    place.git(root, "switch", "--quiet", "--create", "side")
    place.commit(root, "side", {path: text.replace('"v1"', '"side"'), **other})
    place.git(root, "switch", "--quiet", "main")
    place.commit(root, "main", {"notes.txt": "1"})
    place.git(root, "merge", "--quiet", "--no-commit", "side")
    (root / path).write_text(text)
    place.git(root, "add", path)
    place.git(root, "commit", "--quiet", "--message", "merge")
    history = place.open(root)

    told = {each.repository.path: each for each in pasts(history, read_records(history.head()).values())}

    assert set(told) == {"p/a", "p/b"}
    assert "side" not in told["p/a"].tags
    assert [each for each in told.values() if each != past(history, each.repository, None)] == []
