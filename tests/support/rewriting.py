"""What a mirror has, for tests that rewrite files, and short ways to rewrite them."""

from dataclasses import replace

from gcrsync.clients.rewriting import Catalogue, rewrite
from tests.support.values import digest, record, records

APP = record("gcr.io/acme/app", {"v1": "one", "latest": "two", "1.10": "ten"}, mirror="ghcr.io/m/acme/app")
CHOSEN = replace(
    record("docker.io/library/nginx", {"1.27": "index", "latest": "index"}, mirror="ghcr.io/m/library/nginx"),
    manifests={digest("index"): APP.manifests[digest("one")]._replace(mirror_digest=digest("child"))},
)
FLAT = record("registry.k8s.io/pause", {"3.10": "pause"}, mirror="docker.io/me/registry.k8s.io_pause")
FOLDER = record("quay.io/a/b", {"v1": "b"}, mirror="oci:../images/a/b")
KNOWN = Catalogue.of(records(APP, CHOSEN, FLAT, FOLDER))
ONE, CHILD = digest("one"), digest("child")


def rewritten(name: str, text: str, *, pin: bool = False) -> str:
    """Rewrite a text, and see that doing it again changes nothing."""
    once = rewrite(name, text, KNOWN, pin=pin)
    assert rewrite(name, once.text, KNOWN, pin=pin).text == once.text
    return once.text


def reasons(name: str, text: str, *, pin: bool = False) -> list[tuple[int, str]]:
    """Rewrite a text in which nothing can be mapped, and give the reasons with their lines."""
    after = rewrite(name, text, KNOWN, pin=pin)
    assert after.text == text
    assert [image for image in after.images if image.mirror] == []
    return [(image.line, image.reason) for image in after.images]
