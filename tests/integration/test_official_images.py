"""Docker Hub's ``library`` from official-images: the program, a git repository with the files, and docker.io behind a proxy."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.build import image, index
from tests.support.mirrors import Mirror
from tests.support.nights import check_lines
from tests.support.serving import served
from tests.support.simulator import Simulator
from tests.support.tunnels import make_authority, proxy

HUB = "registry-1.docker.io"
HEAD = "Maintainers: Ann <ann@host> (@ann)\nGitRepo: https://git.test/app\nGitCommit: 0123abc\n"
MAIN = "Tags: 1.27.1, 1.27\nSharedTags: 1, latest\nDirectory: main\n"
OLD = "Tags: 1.26\nDirectory: old\n"
WINDOWS = "Tags: 1.27-ltsc\nSharedTags: 1, latest\nArchitectures: windows-amd64\nDirectory: ltsc\n"
NGINX = f"{HEAD}\n{MAIN}\n{OLD}\n{WINDOWS}"
REDIS = "# maintainer: Ann <ann@host> (@ann)\n7: git://git.test/redis@abc main\nlatest: git://git.test/redis@abc main\n"
BUILT, REBUILT, LINUX, LTSC, A, B = map(image, ("built", "rebuilt", "linux", "ltsc", "a", "b"))
BOTH = index(A, B)
DOCUMENT = "docker.io/library/_official-images.json"


@dataclass(frozen=True, slots=True)
class Scene:
    """A mirror of ``library``, docker.io, the files of its images, and the environment in which the run finds the way."""

    mirror: Mirror
    hub: Simulator
    target: Simulator
    files: Path
    environment: Mapping[str, str]

    def commit(self, **files: str) -> None:
        """Commit files of these names in official-images, and push them."""
        place = self.mirror.place
        place.commit(self.files, "update", {f"library/{name}": content for name, content in files.items()})
        place.git(self.files, "push", "--quiet", "origin", "main")

    def configure(self, place: str, more: str = "") -> None:
        """Commit a configuration that mirrors what is in official-images."""
        address = self.environment["TARGET"]
        self.mirror.configure("docker.io/library", f"{address}/m", f'name = "{{path}}"\nofficial_images = "{place}"\n{more}')

    def run(self, command: str = "sync", code: int = 0) -> Any:  # noqa: ANN401 - a JSON document
        """Run, and give what the report says of the namespace."""
        self.hub.log.clear()
        ended = self.mirror.run(command, "--retries", "0", "--report", "report.json", code=code, environment=self.environment)
        check_lines(ended.stdout + ended.stderr)
        document = self.mirror.root / "report.json"
        found = json.loads(document.read_text())["namespaces"][0]
        document.unlink()
        return {**found, "said": ended.stdout + ended.stderr}

    def asked(self) -> list[str]:
        """Give the tags that the last run asked docker.io for."""
        heads = [request.path.removeprefix("/v2/library/").split("/manifests/") for request in self.hub.requests("HEAD")]
        return sorted(f"{name}:{tag}" for name, tag in heads if not tag.startswith("sha256:"))

    def tags(self, path: str) -> dict[str, str]:
        """Give the tags that the destination has, with their digests."""
        return dict(self.target.repositories[f"m/library/{path}"].tags)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a scene in which nothing is mirrored yet."""
    hub, target, authority = Simulator(HUB), Simulator("target"), make_authority(tmp_path, HUB)
    hub.add("library/nginx", LINUX, "1.27.1", "1.27")
    hub.add("library/nginx", BOTH, "1", "latest")
    hub.add("library/nginx", BUILT, "1.26", "0.9")
    hub.add("library/nginx", LTSC, "1.27-ltsc")
    hub.add("library/redis", BUILT, "7", "latest")
    with ExitStack() as stack:
        port = int(stack.enter_context(served(hub, authority.context)).rpartition(":")[2])
        address = stack.enter_context(served(target))
        way = stack.enter_context(proxy({f"{HUB}:443": port}))
        mirror = Mirror(tmp_path)
        bare, files = tmp_path / "images.git", tmp_path / "images"
        mirror.place.git(tmp_path, "init", "--quiet", "--bare", str(bare))
        mirror.place.git(tmp_path, "clone", "--quiet", bare.as_uri(), str(files))
        names = {"HTTPS_PROXY": f"http://{way.address}", "SSL_CERT_FILE": str(authority.file), "TARGET": address}
        made = Scene(mirror, hub, target, files, names)
        made.commit(nginx=NGINX, redis=REDIS)
        yield made


def test_each_image_is_copied_once_and_put_under_all_its_names(scene: Scene) -> None:
    scene.configure("../images")
    found = scene.run()

    assert scene.tags("nginx") == {
        **dict.fromkeys(("1.27.1", "1.27"), LINUX.digest.text),
        **dict.fromkeys(("1", "latest"), BOTH.digest.text),
        "1.26": BUILT.digest.text,
        "1.27-ltsc": LTSC.digest.text,
    }
    assert (found["listedBy"], found["complete"], found["added"]) == ("official-images", True, 8)
    assert "listed by: official-images; 8 requests; complete" in found["said"]
    fetched = [request.path for request in scene.hub.requests("GET") if request.path.startswith("/v2/library/nginx/")]
    assert len(fetched) == len(set(fetched))
    assert len([path for path in fetched if "/manifests/" in path]) == len((LINUX, BOTH, A, B, BUILT, LTSC))


def test_a_night_without_news_asks_once_for_each_image_and_writes_nothing(scene: Scene) -> None:
    scene.configure("../images")
    scene.run()
    log = scene.mirror.log
    scene.commit(nginx=f"# another date\n{NGINX}")
    found = scene.run()

    assert scene.asked() == ["nginx:1", "nginx:1.26", "nginx:1.27-ltsc", "nginx:1.27.1", "redis:7"]
    assert (found["requests"], found["unchanged"], found["images"]) == (5, 8, [])
    assert scene.mirror.log == log


def test_every_name_of_an_image_that_was_built_anew_is_asked_for_and_moves(scene: Scene) -> None:
    scene.configure("../images")
    scene.run()
    scene.hub.add("library/nginx", REBUILT, "1.27.1", "1.27")
    found = scene.run()

    assert scene.asked() == ["nginx:1", "nginx:1.26", "nginx:1.27", "nginx:1.27-ltsc", "nginx:1.27.1", "redis:7"]
    assert (found["moved"], found["unchanged"]) == (2, 6)
    assert scene.tags("nginx")["1.27"] == scene.tags("nginx")["1.27.1"] == REBUILT.digest.text


def test_a_name_that_was_left_behind_is_asked_for_again(scene: Scene) -> None:
    scene.configure("../images")
    scene.run()
    scene.hub.add("library/nginx", REBUILT, "1.27.1")
    assert scene.run()["moved"] == 1

    scene.hub.add("library/nginx", REBUILT, "1.27")
    assert scene.run()["moved"] == 1
    assert "nginx:1.27" in scene.asked()
    assert scene.tags("nginx")["1.27"] == REBUILT.digest.text


@pytest.mark.parametrize("place", ["../images", "URL"])
def test_what_a_file_no_longer_names_is_unlisted_and_never_gone(scene: Scene, place: str) -> None:
    scene.configure((scene.mirror.place.folder / "images.git").as_uri() if place == "URL" else place)
    scene.run()
    scene.hub.add("library/nginx", REBUILT, "1.28", "mainline")
    scene.commit(nginx=f"{HEAD}\n{MAIN}\n{WINDOWS}\nTags: 1.28, mainline\nDirectory: new\n")
    looked = scene.run("compare")
    found = scene.run()

    for each in (looked, found):
        assert (each["added"], each["unlisted"], each["gone"], each["complete"]) == (2, 1, 0, True)
        assert re.search(r"unlisted.*\n.* 1\b", each["said"])
    recorded = scene.mirror.recorded("docker.io/library/nginx.json")
    assert recorded["tags"]["1.26"] == BUILT.digest.text == scene.tags("nginx")["1.26"]
    assert "gone" not in recorded
    assert scene.mirror.recorded(DOCUMENT)["commit"] == scene.mirror.place.git(scene.files, "rev-parse", "HEAD")

    scene.commit(nginx=NGINX)
    back = scene.run()
    assert (back["unlisted"], back["gone"], back["unchanged"]) == (2, 0, 8)


def test_a_repository_whose_file_is_removed_is_unlisted_as_a_whole(scene: Scene) -> None:
    scene.configure("../images")
    scene.run()
    scene.mirror.place.git(scene.files, "rm", "--quiet", "library/redis")
    scene.mirror.place.git(scene.files, "commit", "--quiet", "--message", "remove")
    found = scene.run()

    assert (found["unlisted"], found["gone"], found["unchanged"]) == (2, 0, 6)
    assert set(scene.mirror.recorded("docker.io/library/redis.json")["tags"]) == {"7", "latest"}
    assert list(scene.mirror.recorded(DOCUMENT)["repositories"]) == ["nginx"]


def test_a_file_that_has_not_changed_is_not_read_again(scene: Scene) -> None:
    scene.configure("../images")
    scene.run()
    scene.commit(nginx=f"{NGINX}\nTags: 1.25\nDirectory: older\n")
    scene.hub.add("library/nginx", BUILT, "1.25")
    blob = scene.mirror.place.git(scene.files, "rev-parse", "HEAD:library/redis")
    (scene.files / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    found = scene.run()

    assert (found["added"], found["unchanged"], found["complete"]) == (1, 8, True)
    assert "redis:7" in scene.asked()


def test_all_files_are_read_where_history_was_written_anew(scene: Scene) -> None:
    scene.configure("../images")
    scene.run()
    git = scene.mirror.place.git
    git(scene.files, "checkout", "--quiet", "--orphan", "anew")
    scene.mirror.place.commit(scene.files, "anew", {"library/nginx": NGINX, "library/redis": REDIS.replace("7:", "8:")})
    git(scene.files, "branch", "-D", "main")
    git(scene.files, "update-ref", "-d", "refs/remotes/origin/main")
    git(scene.files, "reflog", "expire", "--expire=now", "--all")
    git(scene.files, "gc", "--quiet", "--prune=now")
    scene.hub.add("library/redis", BUILT, "8")
    found = scene.run()

    assert (found["added"], found["unlisted"], found["unchanged"]) == (1, 1, 7)


def test_a_file_that_cannot_be_read_puts_its_repository_in_doubt_until_it_can(scene: Scene) -> None:
    scene.configure("../images")
    scene.run()
    scene.commit(nginx="Tags\n")
    scene.hub.add("library/redis", REBUILT, "7", "latest")
    found = scene.run(code=3)

    assert (found["moved"], found["unlisted"], found["gone"], found["complete"]) == (2, 0, 0, False)
    assert [warning["path"] for warning in found["warnings"]] == ["docker.io/library/nginx"]
    assert "library/nginx of official-images cannot be read: line 1 is no field" in found["said"]

    assert scene.run(code=3)["moved"] == 0
    scene.commit(nginx=NGINX)
    assert scene.run()["unchanged"] == 8


def test_what_is_not_selected_is_not_asked_for(scene: Scene) -> None:
    scene.configure("../images", 'platforms = ["linux/amd64"]\nexclude = ["redis"]\ntags.exclude = ["1.27.*", "latest"]\n')
    found = scene.run("compare")

    assert scene.asked() == ["nginx:1", "nginx:1.26", "nginx:1.27"]
    assert (found["added"], found["requests"]) == (3, 3)


def test_a_name_under_which_nothing_is_yet_waits_for_its_image(scene: Scene) -> None:
    scene.configure("../images")
    scene.commit(nginx=f"{NGINX}\nTags: 2, 2.0\nDirectory: next\n")
    assert scene.run()["added"] == 8

    scene.hub.add("library/nginx", REBUILT, "2", "2.0")
    assert scene.run()["added"] == 2


def test_a_damaged_record_of_what_was_read_is_told_and_read_anew(scene: Scene) -> None:
    scene.configure("../images")
    scene.run()
    before = scene.mirror.recorded(DOCUMENT)
    place, root = scene.mirror.place, scene.mirror.root
    place.commit(root, "damage", {f"metadata/{DOCUMENT}": "<<<<<<< HEAD\n"})
    place.git(root, "push", "--quiet", "origin", "main")
    looked, found = scene.run("compare"), scene.run()

    for each in (looked, found):
        assert f"what was read of official-images before cannot be used: metadata/{DOCUMENT}:1: " in each["said"]
        assert (each["unchanged"], each["complete"]) == (8, True)
    assert scene.mirror.recorded(DOCUMENT) == before


def test_without_the_files_nothing_is_retired(scene: Scene) -> None:
    scene.configure("../images")
    scene.run()
    scene.files.rename(scene.files.with_name("elsewhere"))
    found = scene.run(code=3)

    assert (found["unchanged"], found["unlisted"], found["gone"], found["complete"]) == (8, 0, 0, False)
    assert "is a git repository with a commit" in found["said"]
