import re

import pytest

from gcrsync.errors import InvalidNameError
from gcrsync.oci.name import Namespace, Repository, Tag, canonical_host


@pytest.mark.parametrize(
    ("text", "registry", "path"),
    [
        ("distroless", "gcr.io", "distroless"),
        ("google-samples/containers", "gcr.io", "google-samples/containers"),
        ("gcr.io/distroless", "gcr.io", "distroless"),
        ("GCR.io/distroless/", "gcr.io", "distroless"),
        ("registry.k8s.io", "registry.k8s.io", ""),
        ("registry.k8s.io/", "registry.k8s.io", ""),
        ("us-docker.pkg.dev/project/images", "us-docker.pkg.dev", "project/images"),
        ("gcr.io/example.com/project", "gcr.io", "example.com/project"),
        ("localhost/a", "localhost", "a"),
        ("registry:5000", "registry:5000", ""),
        ("[::1]:5000/a", "[::1]:5000", "a"),
        ("index.docker.io/me", "docker.io", "me"),
    ],
)
def test_a_namespace_is_read_as_docker_would_find_its_host(text: str, registry: str, path: str) -> None:
    assert Namespace.parse(text) == Namespace(registry, path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "//",
        "/a",
        "a//b",
        "../a",
        "gcr.io/../a",
        "gcr.io//a",
        "Distroless",
        ".",
        "..",
        ":",
        "gcr.io:",
        "gcr.io:123456",
        "a b",
        "a:b/c",
    ],
)
def test_what_is_no_namespace_is_refused(text: str) -> None:
    with pytest.raises(InvalidNameError):
        Namespace.parse(text)


@pytest.mark.parametrize(
    "registry",
    [
        "",
        "registry",
        "GCR.IO",
        "gcr.io/",
        "index.docker.io",
        "registry-1.docker.io",
        "-a.b",
        "a.b-",
        "a_b.c",
        "a" * 250 + ".internal",
    ],
)
def test_a_value_has_no_registry_that_its_text_would_not_be_read_with(registry: str) -> None:
    with pytest.raises(InvalidNameError):
        Namespace(registry)
    with pytest.raises(InvalidNameError):
        Repository(registry, "a")


@pytest.mark.parametrize("path", ["a", "a/b", "a.b_c__d-e---f/0", "a" * 248])
def test_a_repository_follows_the_grammar_of_the_specification(path: str) -> None:
    assert Repository.parse(f"gcr.io/{path}") == Repository("gcr.io", path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "a/",
        "/a",
        "a//b",
        "A",
        "a..b",
        "a___b",
        ".a",
        "a.",
        "-a",
        "a-",
        "_a",
        "a/../b",
        "..",
        "a b",
        "a\n",
        "a:b",
        "a@b",
        "a%2fb",
        "ä",
        "a\\b",
        "a" * 249,
    ],
)
def test_a_repository_outside_the_grammar_is_refused(path: str) -> None:
    with pytest.raises(InvalidNameError):
        Repository("gcr.io", path)


@pytest.mark.parametrize("text", ["a", "distroless/static", "", "/a", "gcr.io", "gcr.io/", "Registry/a"])
def test_the_host_of_a_repository_is_never_guessed(text: str) -> None:
    with pytest.raises(InvalidNameError):
        Repository.parse(text)


def test_a_namespace_covers_itself_and_what_lies_below() -> None:
    namespace = Namespace("gcr.io", "a/b")
    covered = {
        text: namespace.covers(Repository.parse(text))
        for text in ("gcr.io/a/b", "gcr.io/a/b/c", "gcr.io/a/bc", "gcr.io/a", "k8s.gcr.io/a/b")
    }
    assert covered == {"gcr.io/a/b": True, "gcr.io/a/b/c": True, "gcr.io/a/bc": False, "gcr.io/a": False, "k8s.gcr.io/a/b": False}
    assert Namespace("gcr.io").covers(namespace)
    assert not namespace.covers(Namespace("gcr.io"))


def test_a_path_is_told_relative_to_a_namespace() -> None:
    assert Namespace("gcr.io", "a").relative(Repository("gcr.io", "a/b/c")) == "b/c"
    assert Namespace("gcr.io", "a").relative(Repository("gcr.io", "a")) == "."
    assert Namespace("gcr.io").relative(Repository("gcr.io", "a/b")) == "a/b"


@pytest.mark.parametrize("namespace", [Namespace("gcr.io"), Namespace("gcr.io", "a")])
@pytest.mark.parametrize("child", ["", "..", "/", "B", "b/", "\x00"])
def test_a_child_with_a_hostile_name_is_refused(namespace: Namespace, child: str) -> None:
    assert namespace.child("b").path.endswith("b")
    with pytest.raises(InvalidNameError):
        namespace.child(child)


@pytest.mark.parametrize("name", ["latest", "_", "V1.10.3-1", "sha256-" + "0" * 64 + ".sig", "a" * 128])
def test_a_tag_follows_the_grammar_of_the_specification(name: str) -> None:
    assert str(Tag(name)) == name


@pytest.mark.parametrize("name", ["", ".a", "-a", "a/b", "a:b", "a b", "a\n", "ä", "\u0661", "a" * 129])
def test_a_tag_outside_the_grammar_is_refused(name: str) -> None:
    with pytest.raises(InvalidNameError):
        Tag(name)


@pytest.mark.parametrize(
    "names",
    [
        ["v1.2", "v1.9", "v1.10", "v1.10.1"],
        ["1", "2", "10", "a"],
        ["01", "1", "1-rc", "2"],
        ["A", "B", "_", "a", "aa", "b"],
        ["v9", "v10", "v10-alpha", "v10.1"],
        ["2020-01-02", "2020-11-01"],
    ],
)
def test_tags_sort_by_runs_of_digits_as_numbers_before_text_by_code_point(names: list[str]) -> None:
    assert [tag.name for tag in sorted(map(Tag, reversed(names)), key=lambda tag: tag.sort_key)] == names


def test_all_names_of_docker_hub_are_one() -> None:
    assert {canonical_host(name) for name in ("docker.io", "Index.Docker.io", "registry-1.docker.io")} == {"docker.io"}


def test_a_long_hostile_name_is_refused_in_one_short_line() -> None:
    with pytest.raises(InvalidNameError) as caught:
        Repository("gcr.io", "a-" * 2_000_000 + "\x1b[31m\n")
    assert re.fullmatch(r"[ -~…]{1,300}", str(caught.value))


def test_many_tags_are_read_at_once_in_their_order() -> None:
    names = ["v1", "latest", "1" * 128]
    assert Tag.each(names) == [Tag(name) for name in names]
    assert {type(tag) for tag in Tag.each(names)} == {Tag}


@pytest.mark.parametrize("wrong", ["", "-a", "a\n", "a\nb", "1" * 129])
def test_the_first_name_of_many_that_is_no_tag_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidNameError) as caught:
        Tag.each(["v1", wrong, "-later"])
    assert caught.value.text == wrong
