"""``gcrsync search`` and ``gcrsync list``: what people find of a mirror, from its record alone."""

from pathlib import Path

import pytest

from tests.support.build import image
from tests.support.mirrors import Mirror
from tests.support.serving import served
from tests.support.simulator import Simulator

ONE, TWO = image("one"), image("two")


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    """A mirror of two repositories, one below the other; its source and its destination are no longer there."""
    folder = tmp_path_factory.mktemp("finding")
    mirror, source = Mirror(folder), Simulator(google=True)
    source.add("p/kube-proxy", ONE, "v1.2.0", "latest")
    source.add("p/kube-proxy", TWO, "v1.10.0")
    source.add("p/kube-proxy/debug", TWO, "v1.10.0")
    with served(source) as address:
        mirror.configure(f"{address}/p", f"oci:{folder}/images")
        mirror.environment["SOURCE"] = f"{address}/p"
        mirror.run("sync")
    return mirror


def test_an_image_is_found_by_a_part_of_its_name_with_its_name_at_the_mirror(mirror: Mirror, tmp_path: Path) -> None:
    source = mirror.environment["SOURCE"]
    for place in ((), ("--metadata-repo", f"file://{mirror.place.remote}")):
        lines = mirror.run("search", "proxy", *place).stdout.splitlines()
        found = [line.split() for line in lines[1:]]
        assert [line[0] for line in found] == [f"{source}/kube-proxy", f"{source}/kube-proxy/debug"]
        assert found[0][1:4] == ["3", "v1.10.0,", "v1.2.0,"]
        assert found[0][-1].endswith("/images/p/kube-proxy")

    document = mirror.report("search", "proxy:latest", "--report", str(tmp_path / "found.json"))
    assert [(each["repository"], each["tags"]) for each in document["repositories"]] == [(f"{source}/kube-proxy", ["latest"])]


def test_what_nothing_fits_ends_with_one_and_says_so(mirror: Mirror) -> None:
    assert "nothing on record fits nowhere" in mirror.run("search", "nowhere", code=1).stderr


def test_a_repository_is_listed_with_each_tag_and_its_digest_and_a_namespace_with_its_repositories(mirror: Mirror) -> None:
    source = mirror.environment["SOURCE"]
    first, head, *tags, last_head, below = mirror.run("list", f"{source}/kube-proxy").stdout.splitlines()

    assert first.startswith(f"{source}/kube-proxy -> oci:")
    assert (head.split()[0], last_head.split()[0], below.split()[0]) == ("TAG", "REPOSITORY", f"{source}/kube-proxy/debug")
    assert not [line for line in (head, *tags) if line.endswith(" ")]
    assert [line.split()[0] for line in tags] == ["v1.10.0", "v1.2.0", "latest"]
    assert str(TWO.digest)[:18] in tags[0]
    assert len(mirror.run("list").stdout.splitlines()) == 3

    document = mirror.report("list", f"{source}/kube-proxy/debug")
    assert document["repositories"][0]["tags"][0]["digest"] == str(TWO.digest)
    assert "gcrsync search" in mirror.run("list", "gcr.io/nowhere", code=2).stderr


def test_an_image_is_resolved_to_its_name_at_the_mirror_and_what_is_lacking_is_named(mirror: Mirror) -> None:
    image = f"{mirror.environment['SOURCE']}/kube-proxy"
    ended = mirror.run("resolve", f"{image}:v1.2.0", f"{image}@{TWO.digest}", "nginx:1.27", "--digest", code=1)
    by_tag, by_digest = ended.stdout.splitlines()

    assert by_tag.endswith(f"/images/p/kube-proxy:v1.2.0@{ONE.digest}")
    assert by_digest.endswith(f"/images/p/kube-proxy@{TWO.digest}")
    assert "docker.io/library/nginx:1.27 is not mirrored: its repository is not on record" in ended.stderr

    document = mirror.report("resolve", image, code=0)
    assert document["images"][0]["image"] == f"{image}:latest"
    assert document["images"][0]["mirror"].endswith("/images/p/kube-proxy:latest")
