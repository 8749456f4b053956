"""What a file of official-images says of the tags of a repository."""

import pytest

from gcrsync.errors import IntegrityError
from gcrsync.mirror.library import LARGEST_FILE, Group, parse_library
from gcrsync.oci.manifest import Platform

HEAD = "Maintainers: Ann <ann@host> (@ann)\nGitRepo: https://git.test/app\n"
COMMIT = "GitCommit: 0123456789abcdef0123456789abcdef01234567\n"


def tags(text: str) -> list[str]:
    return [" ".join(map(str, group.tags)) for group in parse_library(text, "library/app")]


def architectures(text: str) -> list[tuple[str, ...]]:
    return [group.architectures for group in parse_library(text, "library/app")]


def test_the_tags_of_an_entry_are_one_image() -> None:
    first = f"Tags: 1.27.1, 1.27,\n 1, latest\n# not yet\n{COMMIT}Directory: main\n"
    assert tags(f"# made by a script\n{HEAD}\n\n{first}\n\nTags: 1.26\n{COMMIT}") == ["1.27.1 1.27 1 latest", "1.26"]


def test_tags_that_the_same_entries_share_are_one_image_and_not_that_of_either() -> None:
    linux = f"Tags: 3-trixie\nSharedTags: 3, latest, 3-all\nArchitectures: amd64, arm64v8\n{COMMIT}Directory: trixie\n"
    windows = f"Tags: 3-ltsc\nSharedTags: 3, latest, 3-win\nArchitectures: windows-amd64\n{COMMIT}Directory: ltsc\n"
    text = f"{HEAD}\n{linux}\n{windows}"

    assert tags(text) == ["3-trixie", "3-ltsc", "3 latest", "3-all", "3-win"]
    assert architectures(text)[2:4] == [("amd64", "arm64v8", "windows-amd64"), ("amd64", "arm64v8")]


def test_entries_that_are_built_from_the_same_are_one_image() -> None:
    assert tags(f"{HEAD}{COMMIT}\nTags: a\nDirectory: x\n\nTags: b\nDirectory: y\n\nTags: c\nDirectory: x\n") == ["a c", "b"]
    assert tags(f"{HEAD}{COMMIT}\nTags: a\n\nTags: b\ns390x-GitCommit: abc\n") == ["a", "b"]


def test_a_line_for_each_tag_is_the_older_format() -> None:
    text = "# maintainer: Ann <ann@host> (@ann)\n\n1: git://git.test/app@abc main\nlatest: git://git.test/app@abc main\n0: git://git.test/app@v0\n"
    assert (tags(text), architectures(text)) == (["1 latest", "0"], [("amd64",)] * 2)


def test_the_first_paragraph_says_what_holds_for_entries_that_say_nothing_else() -> None:
    text = f"{HEAD}Architectures: s390x\n\nTags: a\nDirectory: a\n\nTags: b\nDirectory: b\nArchitectures: i386,amd64\n"
    assert architectures(text) == [("s390x",), ("amd64", "i386")]


def test_an_older_entry_for_windows_has_constraints_alone() -> None:
    text = f"{HEAD}\nTags: a\nConstraints: windowsservercore-ltsc2022\n\nTags: b\nConstraints: !aufs\n"
    assert architectures(text) == [("windows-amd64",), ("amd64",)]


@pytest.mark.parametrize("text", [HEAD, f"{HEAD}\n# Tags: 1\n# Directory: main\n"])
def test_a_first_paragraph_without_an_entry_names_no_tags(text: str) -> None:
    assert parse_library(text, "library/app") == ()


@pytest.mark.parametrize(
    ("architecture", "platform", "is_for"),
    [
        ("amd64", "linux/amd64", True),
        ("amd64", "windows/amd64", False),
        ("windows-amd64", "windows/amd64", True),
        ("windows-amd64", "linux/amd64", False),
        ("arm32v7", "linux/arm", True),
        ("arm32v5", "linux/arm/v7", False),
        ("arm64v8", "linux/arm64", True),
        ("i386", "linux/386", True),
        ("mips64le", "linux/mips64le", True),
        ("ppc64le", "linux/ppc64le", True),
        ("riscv64", "linux/riscv64", True),
        ("s390x", "linux/amd64", False),
        ("unheard-of", "linux/amd64", True),
    ],
)
def test_a_group_is_for_the_platforms_that_its_architectures_are(architecture: str, platform: str, *, is_for: bool) -> None:
    group = Group((), (architecture,))
    assert group.is_for((Platform.parse(platform),)) is is_for
    assert group.is_for(())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "names no tags"),
        ("# nothing\n", "names no tags"),
        (f"{HEAD}\n{COMMIT}", "it has an entry without tags"),
        (f"{HEAD}Tags: a\n", "first paragraph"),
        (f"{HEAD}\nTags: a\n\nTags: a\nDirectory: x\n", "'a' stands there twice"),
        (f"{HEAD}\nTags: a, a\n", "'a' stands there twice"),
        (f"{HEAD}\nTags: a\nSharedTags: a\n", "'a' stands there twice"),
        (f"{HEAD}\nTags: a\nTags: b\n", "line 5 is no field"),
        (f"{HEAD}\nTags: a\n\x1b[31mno field\n", "line 5 is no field, or one that stands there already: '[31mno field'"),
        (f"{HEAD}\n continued: b\n", "line 4 is no field"),
        (f"{HEAD}\nTags: ../a\n", "'../a' is not a valid tag"),
        (f"{HEAD}\nTags: a\n# {'x' * LARGEST_FILE}\n", "more than 1,048,576 characters"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_why(text: str, reason: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        parse_library(text, "library/app")
    assert caught.value.message.startswith("library/app of official-images cannot be read: ")
    assert reason in caught.value.message


@pytest.mark.parametrize("entry", ["Tags: a{0}\nSharedTags: s\nDirectory: {0}", "Tags: a{0}", "Tags: a{0},\n b{0}"])
def test_a_file_of_many_entries_takes_no_time_for_each_pair_of_them(entry: str) -> None:
    text = f"{HEAD}\n" + "\n\n".join(entry.format(number) for number in range(20_000))
    assert sum(len(group.tags) for group in parse_library(text, "library/app")) >= 20_000
