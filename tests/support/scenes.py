"""The world that the pages of the documentation are about: registries by their own names, a mirror, and what happens meanwhile."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gcrsync.metadata.document import encode
from tests.support.archives import built_plain, layer, saved_together, signed, write
from tests.support.beginnings import BEGINNINGS, beginning
from tests.support.build import SBOM, Built, image, index, referrer
from tests.support.pages import Session
from tests.support.simulator import Simulator
from tests.support.values import record
from tests.support.vendors import Internet, vendors

SIGNED = index(image("amd64", shared="base"), image("arm64", shared="base"))


def _built(word: str) -> Built:
    return index(image(f"{word} amd64", shared="base amd64"), image(f"{word} arm64", shared="base arm64"))


class Scene:
    """The registries, and the metadata repository that a reader stands in."""

    def __init__(self) -> None:
        """Fill the sources as they are on the first night."""
        self.google, self.kubernetes = Simulator("gcr.io", google=True), Simulator("registry.k8s.io", google=True)
        self.quay, self.mirror = Simulator("quay.io", referrers=True), Simulator("ghcr.io", referrers=True)
        self.google.add("distroless/static", _built("static"), "latest", "nonroot")
        self.google.add("distroless/static", _built("static debug"), "debug")
        self.google.add("distroless/java", _built("java 17"), "17")
        self.google.add("distroless/java", _built("java 21"), "21", "latest")
        for name, tags in (("kube-proxy", ("v1.27.0", "v1.28.0", "v1.28.1")), ("pause", ("3.9", "3.10"))):
            for tag in tags:
                self.kubernetes.add(name, _built(f"{name} {tag}"), tag)
        self.quay.add("acme/app", SIGNED, "v1")
        self.quay.add("acme/app", image("signature", layers=1), f"sha256-{SIGNED.digest.encoded}.sig")
        self.quay.add("acme/app", referrer(SIGNED, "bill", SBOM))

    @property
    def hosts(self) -> dict[str, Simulator]:
        """The registries by their names."""
        return {each.host: each for each in (self.google, self.kubernetes, self.quay, self.mirror)}

    def a_night_passes(self) -> None:
        """Change the source as time does: a tag moves, a new one comes, one vanishes."""
        self.google.add("distroless/static", _built("static, newer"), "latest", "nonroot")
        self.google.add("distroless/java", _built("java 25"), "25")
        del self.google.repositories["distroless/java"].tags["17"]

    def a_tag_is_lost(self) -> None:
        """Lose a tag at the mirror, as by somebody who cleans up there."""
        del self.mirror.repositories["acme/distroless/java"].tags["21"]

    def somebody_copies_by_hand(self) -> None:
        """Put a part of the source into the mirror without a record of it."""
        for name, tag in (("pause", "3.9"), ("kube-proxy", "v1.28.0"), ("kube-proxy", "v1.28.1")):
            self.mirror.add(f"acme/k8s/{name}", _built(f"{name} {tag}"), tag)


def _two_nights(internet: Internet, told: Scene) -> None:
    internet.mirror.configure("gcr.io/distroless", "ghcr.io/acme")
    internet.run("sync")
    told.a_night_passes()
    internet.run("sync")


@contextmanager
def scene(folder: Path, page: str) -> Iterator[Session]:
    """Give the place in which the commands of a page are run, by the page's name."""
    if page in BEGINNINGS:
        with beginning(folder, page) as session:
            yield session
        return
    told = Scene()
    with vendors(folder, told.hosts) as internet:
        mirror = internet.mirror
        programs = Path(sys.executable).parent
        environment = {**mirror.environment, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        happenings: dict[str, Callable[[], None]] = {
            "a night passes": told.a_night_passes,
            "a tag is lost at the mirror": told.a_tag_is_lost,
        }
        told.somebody_copies_by_hand()
        if page in ("catalogue.md", "record.md"):
            _two_nights(internet, told)
        if page == "push.md":
            write(mirror.root, signed(built_plain(layer("hello"))), "app.tar")
            write(mirror.root, saved_together(), "saved.tar")
        if page == "using-a-mirror.md":
            nginx = record("docker.io/library/nginx", {"1.27": "nginx"}, mirror="ghcr.io/acme/docker.io/library/nginx")
            static = record("gcr.io/distroless/static", {"latest": "static"}, mirror="ghcr.io/acme/gcr.io/distroless/static")
            mirror.place.commit(
                mirror.root, "record", {f"metadata/{each.repository}.json": encode(each) for each in (nginx, static)}
            )
        yield Session(mirror.root, environment, happenings)
