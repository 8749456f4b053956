"""What each commit made of a file."""

from datetime import UTC, datetime

from gcrsync.store.ground import is_shallow
from gcrsync.store.past import Version, all_versions, versions
from tests.support.repositories import Workplace

A = "metadata/gcr.io/p/a.json"


def made(versions: list[Version]) -> list[tuple[tuple[bytes | None, ...], bytes | None]]:
    return [(version.befores, version.after) for version in versions]


def test_each_commit_that_changed_a_file_is_told_with_what_was_before_and_after(place: Workplace) -> None:
    clone = place.seeded()
    place.commit(clone, "one", {A: "1\n"})
    place.commit(clone, "elsewhere", {"notes.txt": "2\n", f"{A}.txt": "no\n"})
    place.commit(clone, "two", {A: "2\n"})
    place.git(clone, "rm", "--quiet", A)
    place.git(clone, "commit", "--quiet", "--message", "gone")
    found = list(versions(place.open(clone), A))

    assert made(found) == [((None,), b"1\n"), ((b"1\n",), b"2\n"), ((b"2\n",), None)]
    assert [place.subjects(clone, each.commit)[-1] for each in found] == ["one", "two", "gone"]
    assert [str(int(each.at.timestamp())) for each in found] == [
        place.git(clone, "log", "-1", "--format=%ct", each.commit) for each in found
    ]


def test_a_time_is_that_of_the_commit_in_utc(place: Workplace) -> None:
    clone = place.seeded()
    place.environment |= {"GIT_COMMITTER_DATE": "2026-11-21T04:17:00+0200", "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z"}
    place.commit(clone, "one", {A: "1\n"})

    assert [each.at for each in versions(place.open(clone), A)] == [datetime(2026, 11, 21, 2, 17, tzinfo=UTC)]


def test_a_time_after_the_last_year_is_the_end_of_that(place: Workplace) -> None:
    clone = place.seeded()
    place.git(
        clone,
        "fast-import",
        "--quiet",
        "--force",
        stdin=f"commit refs/heads/main\ncommitter A <a@b> 999999999999999 +0000\ndata 1\nx\nM 644 inline {A}\ndata 1\n1\n",
    )

    assert [each.at.year for each in versions(place.open(clone), A)] == [9999]


def test_both_sides_of_a_merge_are_told_and_the_merge_only_where_it_is_neither(place: Workplace) -> None:
    clone = place.seeded()
    place.commit(clone, "base", {A: "base\n"})
    place.git(clone, "switch", "--quiet", "--create", "side")
    place.commit(clone, "side", {A: "side\n"})
    place.git(clone, "switch", "--quiet", "main")
    place.commit(clone, "main", {A: "main\n"})
    place.git(clone, "merge", "--quiet", "--strategy=ours", "--no-commit", "side")
    (clone / A).write_text("both\n")
    place.git(clone, "commit", "--quiet", "--all", "--message", "merge")
    found = made(list(versions(place.open(clone), A)))

    assert found[0] == ((None,), b"base\n")
    assert sorted(found[1:3]) == [((b"base\n",), b"main\n"), ((b"base\n",), b"side\n")]
    assert found[3:] == [((b"main\n", b"side\n"), b"both\n")]


def test_more_commits_than_are_read_at_a_time_are_told_in_their_order(place: Workplace) -> None:
    clone = place.seeded()
    lines = [
        f"commit refs/heads/main\ncommitter A <a@b> {1_700_000_000 + number} +0000\ndata 1\nx\n"
        f"M 644 inline {A}\ndata {len(str(number))}\n{number}\n"
        for number in range(250)
    ]
    place.git(clone, "fast-import", "--quiet", "--force", stdin="".join(lines))
    found = list(versions(place.open(clone), A))

    assert [each.after for each in found] == [str(number).encode() for number in range(250)]
    assert [each.befores for each in found[1:]] == [(each.after,) for each in found[:-1]]


def test_how_a_person_wants_a_log_to_look_changes_nothing(place: Workplace) -> None:
    clone = place.seeded()
    place.commit(clone, "one", {A: "1\n"})
    for name, value in {"log.showRoot": "false", "log.date": "relative", "diff.renames": "copies", "color.ui": "always"}.items():
        place.git(clone, "config", name, value)
    place.git(clone, "config", "diff.noprefix", "true")

    assert made(list(versions(place.open(clone), A))) == [((None,), b"1\n")]


def test_what_is_no_file_has_no_content(place: Workplace) -> None:
    clone = place.seeded()
    place.commit(clone, "one", {A: "1\n"})
    (clone / A).unlink()
    (clone / A).symlink_to("elsewhere")
    place.git(clone, "commit", "--quiet", "--all", "--message", "link")

    assert made(list(versions(place.open(clone), A))) == [((None,), b"1\n"), ((b"1\n",), None)]


def test_a_branch_without_commits_has_no_versions(place: Workplace) -> None:
    assert list(versions(place.open(place.clone("empty")), A)) == []


def test_a_shallow_clone_is_known_and_tells_what_it_has(place: Workplace) -> None:
    clone = place.seeded()
    place.commit(clone, "one", {A: "1\n"})
    place.commit(clone, "two", {A: "2\n"})
    place.git(clone, "push", "--quiet")
    shallow = place.open(place.clone("shallow", "--depth=1"))

    assert (is_shallow(place.open(clone).git), is_shallow(shallow.git)) == (False, True)
    assert made(list(versions(shallow, A))) == [((None,), b"2\n")]


def test_all_paths_of_a_folder_are_told_one_after_the_other_as_each_by_itself(place: Workplace) -> None:
    clone, other = place.seeded(), A.replace("a.json", "b.json")
    place.commit(clone, "one", {A: "1\n", other: "1\n", "elsewhere.json": "1\n"})
    place.commit(clone, "two", {other: "2\n"})
    place.commit(clone, "three", {A: "3\n"})
    history = place.open(clone)

    told = list(all_versions(history, "metadata", {A, other}))

    assert [path for path, _ in told] == [A, A, other, other]
    assert [version for _, version in told] == [*versions(history, A), *versions(history, other)]
