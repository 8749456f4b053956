"""A list of images, in a file beside the configuration: what is asked of the source, copied and recorded."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.build import image
from tests.support.mirrors import Mirror
from tests.support.serving import served
from tests.support.simulator import Simulator

OLD, NEW, LOST = image("old"), image("new"), image("lost")


@dataclass(frozen=True, slots=True)
class Scene:
    """A source with the repository ``p/a``, whose tag ``1`` is on the new image, and a mirror in image layouts."""

    mirror: Mirror
    source: Simulator
    place: str

    def name(self, *references: str) -> None:
        """Write the file of references, with a comment, outside of the metadata repository."""
        (self.mirror.root.parent / "images.txt").write_text("# what we run\n" + "".join(f"{each}\n" for each in references))

    def sync(self, code: int = 0) -> tuple[dict[str, str], str, int]:
        """Sync, and give the state of each tag there is something to say of, the way of listing and its requests."""
        (found,) = self.mirror.report("sync", code=code)["namespaces"]
        return {each["tag"]: each["state"] for each in found["images"]}, found["listedBy"], found["requests"]

    def recorded(self) -> dict[str, str]:
        """Give the digest on record of each tag."""
        tags: dict[str, str] = self.mirror.documents()[self.place]["tags"]
        return tags


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    source = Simulator()
    source.add("p/a", OLD)
    source.add("p/a", NEW, "1", "2", "other")
    with served(source) as address:
        mirror = Mirror(tmp_path)
        text = f'[[mirror]]\nimages = "../images.txt"\ndestination = "oci:{tmp_path}/images"\n'
        mirror.place.commit(mirror.root, "configure", {"gcrsync.toml": text})
        mirror.place.git(mirror.root, "push", "--quiet", "origin", "main")
        yield Scene(mirror, source, f"{address}/p/a")


def test_named_and_pinned_images_are_copied_with_one_head_for_each_tag_and_no_list(scene: Scene) -> None:
    alone = f"digest-{OLD.digest.encoded}"
    scene.name(f"{scene.place}:2  # follows", f"{scene.place}:1@{OLD.digest}", f"{scene.place}@{OLD.digest}")

    assert scene.sync() == ({"2": "added", "1": "added", alone: "added"}, "images", 1)
    assert scene.recorded() == {"1": OLD.digest, "2": NEW.digest, alone: OLD.digest}
    assert not [logged for logged in scene.source.log if logged.path.endswith("/tags/list")]

    scene.source.log.clear()
    assert scene.sync() == ({}, "images", 1)
    assert [f"{logged.method} {logged.path}" for logged in scene.source.log if "/manifests/2" in logged.path] == [
        "HEAD /v2/p/a/manifests/2"
    ]
    assert "asked for 3 of 3 names on record" in scene.mirror.run("verify").stdout
    assert str(OLD.digest) in scene.mirror.run("history", f"{scene.place}:1").stdout


def test_a_tag_that_is_pinned_anew_has_moved_and_what_is_named_no_more_stays(scene: Scene) -> None:
    scene.name(f"{scene.place}:2", f"{scene.place}:1@{OLD.digest}")
    assert scene.sync()[0] == {"1": "added", "2": "added"}

    scene.name(f"{scene.place}:1@{NEW.digest}")
    assert scene.sync() == ({"1": "moved"}, "images", 0)
    assert scene.recorded() == {"1": NEW.digest, "2": NEW.digest}


def test_a_named_tag_is_gone_once_the_whole_list_lacks_it_and_a_pinned_one_never_is(scene: Scene) -> None:
    scene.name(f"{scene.place}:2", f"{scene.place}:1@{OLD.digest}")
    assert scene.sync()[0] == {"1": "added", "2": "added"}

    del scene.source.repositories["p/a"].tags["2"]
    del scene.source.repositories["p/a"].tags["1"]
    assert scene.sync() == ({"2": "gone"}, "catalog", 2)
    assert scene.recorded() == {"1": OLD.digest}


def test_a_pinned_digest_that_the_source_has_not_fails_alone_and_is_never_gone(scene: Scene) -> None:
    scene.name(f"{scene.place}:2", f"{scene.place}:1@{LOST.digest}")

    assert scene.sync(code=1)[0] == {"1": "failed", "2": "added"}
    assert scene.recorded() == {"2": NEW.digest}


def test_what_is_wrong_in_the_file_ends_a_run_before_anything_is_asked(scene: Scene) -> None:
    scene.name(f"{scene.place}:2", f"{scene.place}:")

    ended = scene.mirror.run("sync", code=2)
    assert "images.txt:3: " in ended.stderr
    assert "its tag is empty" in ended.stderr
    assert scene.source.log == []
