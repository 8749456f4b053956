"""What ``images`` may name, in a list and in a file."""

from pathlib import Path

import pytest

from gcrsync.cli.config import parse_config, read_config
from gcrsync.errors import InvalidConfigError
from gcrsync.mirror.patterns import Patterns
from gcrsync.oci.digest import Digest

ONE, OTHER = Digest.of(b"one"), Digest.of(b"other")


def configured(folder: Path, references: str, *, name: str = "images.txt") -> Path:
    """Write a configuration, and beside it the file of references that it names."""
    (folder / "images.txt").write_text(references)
    config = folder / "gcrsync.toml"
    config.write_text(f'[[mirror]]\nimages = "{name}"\ndestination = "ghcr.io/acme"\n')
    return config


def test_a_file_has_one_reference_a_line_and_comments(tmp_path: Path) -> None:
    config = configured(tmp_path, f"\ufeff# web\nnginx:1.27   # the oldest\n\n  gcr.io/a/b:v1.*\nnginx@{ONE}\nnginx:1.27\n")

    nginx, other = read_config(config)

    assert (str(nginx.source), nginx.rules.choice.include) == (
        "docker.io/library/nginx",
        Patterns(("1.27", f"digest-{ONE.encoded}")),
    )
    assert nginx.pins == {f"digest-{ONE.encoded}": ONE}
    assert (str(other.source), other.rules.choice.include, other.pins) == ("gcr.io/a/b", Patterns(("v1.*",)), {})
    assert (nginx.line, other.line) == (2, 2)


def test_a_file_may_be_outside_of_the_folder_with_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    config = configured(tmp_path / "inside", "unused", name="../list")
    (tmp_path / "list").write_text("nginx\n")

    assert [str(table.source) for table in read_config(config)] == ["docker.io/library/nginx"]


@pytest.mark.parametrize(
    ("references", "line", "words"),
    [
        ("nginx\n\na:\n", 3, "its tag is empty"),
        ("nginx\nUPPER\n", 2, "lower-case"),
        ("nginx:-x\n", 1, "not a valid tag"),
        (f"nginx:1.*@{ONE}\n", 1, "not a valid tag"),
        ("nginx@sha512:" + "0" * 128, 1, "name a tag before the digest"),
        (f"nginx:1@{ONE}\n# two\ndocker.io/nginx:1@{OTHER}\n", 3, "and line 1 name one tag, 1, with different digests"),
        (f"nginx:1\nnginx:1@{OTHER}\n", 2, "and line 1 name one tag, 1"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_its_line_there(tmp_path: Path, references: str, line: int, words: str) -> None:
    config = configured(tmp_path, references)

    with pytest.raises(InvalidConfigError, match=words) as caught:
        read_config(config)

    assert (caught.value.path, caught.value.line) == (str(tmp_path / "images.txt"), line)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"# \xe9\n")

    for name in ("absent", "latin"):
        with pytest.raises(InvalidConfigError, match=name):
            read_config(configured(tmp_path, "unused", name=name))


def test_a_file_that_names_no_image_is_refused_at_the_line_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigError, match="images names none") as caught:
        read_config(configured(tmp_path, "# nothing yet\n"))

    assert caught.value.line == 2


def test_two_digests_for_one_tag_in_a_list_are_both_named() -> None:
    text = f'[[mirror]]\nimages = ["nginx:1@{ONE}", "docker.io/nginx:1@{OTHER}"]\ndestination = "ghcr.io/acme"\n'

    with pytest.raises(InvalidConfigError, match=f"'docker.io/nginx:1@{OTHER}' and 'nginx:1@{ONE}' name one tag"):
        parse_config(text, "f")
