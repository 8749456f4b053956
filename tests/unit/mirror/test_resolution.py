"""By which name the mirror has an image."""

from dataclasses import replace

import pytest

from gcrsync.mirror.resolution import Resolution, Unmirrored, namesakes, resolve
from gcrsync.oci.name import Tag
from gcrsync.oci.reference import Reference
from tests.support.values import digest, record, records

WHOLE = record("gcr.io/acme/app", {"v1": "one", "latest": "two"}, gone={"v0": "zero"}, held={"v2": "three"})
CHOSEN = replace(
    record("docker.io/library/nginx", {"1.27": "index"}),
    manifests={digest("index"): WHOLE.manifests[digest("one")]._replace(mirror_digest=digest("child"))},
)
KNOWN = records(WHOLE, CHOSEN)


@pytest.mark.parametrize(
    ("image", "name", "pinned"),
    [
        ("gcr.io/acme/app:v1", "mirror.example/acme/app:v1", f"mirror.example/acme/app:v1@{digest('one')}"),
        ("gcr.io/acme/app", "mirror.example/acme/app:latest", f"mirror.example/acme/app:latest@{digest('two')}"),
        ("gcr.io/acme/app:v0", "mirror.example/acme/app:v0", f"mirror.example/acme/app:v0@{digest('zero')}"),
        ("nginx:1.27", "mirror.example/library/nginx:1.27", f"mirror.example/library/nginx:1.27@{digest('child')}"),
        (
            f"gcr.io/acme/app@{digest('one')}",
            f"mirror.example/acme/app@{digest('one')}",
            f"mirror.example/acme/app@{digest('one')}",
        ),
        (f"nginx@{digest('index')}", f"mirror.example/library/nginx@{digest('child')}", None),
        (f"gcr.io/acme/app:v1@{digest('one')}", "mirror.example/acme/app:v1", None),
        (f"gcr.io/acme/app:latest@{digest('one')}", f"mirror.example/acme/app@{digest('one')}", None),
    ],
)
def test_an_image_has_its_tag_at_the_mirror_or_the_mirror_s_digest_where_the_tag_is_another(
    image: str, name: str, pinned: str | None
) -> None:
    found = resolve(KNOWN, Reference.parse(image))

    assert isinstance(found, Resolution)
    assert found.name == name
    assert pinned in (None, found.pinned)
    assert found.pinned.endswith(str(found.digest))


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("gcr.io/acme/other:v1", "its repository is not on record"),
        ("gcr.io/acme/app:v9", "the mirror has no such tag"),
        ("gcr.io/acme/app:v2", "refused: not taken"),
        (f"gcr.io/acme/app@{digest('three')}", "the mirror has no such digest"),
    ],
)
def test_what_the_mirror_lacks_has_a_reason(image: str, reason: str) -> None:
    assert resolve(KNOWN, Reference.parse(image)) == Unmirrored(reason)


def test_a_tag_is_told_as_it_is_written_with_its_case() -> None:
    known = records(record("gcr.io/acme/app", {"V1": "one", "v1": "two"}))
    assert resolve(known, Reference.parse("gcr.io/acme/app:V1")) == Resolution("mirror.example/acme/app", Tag("V1"), digest("one"))


def test_a_name_without_its_host_has_namesakes_at_other_registries() -> None:
    assert namesakes(KNOWN, Reference.parse("acme/app")) == (WHOLE.repository,)
    assert namesakes(KNOWN, Reference.parse("gcr.io/acme/app")) == ()
