"""References to images, as a table may name them."""

import pytest

from gcrsync.cli.table import parse_image
from gcrsync.errors import InvalidNameError
from gcrsync.mirror.selection import Patterns
from gcrsync.oci.name import Repository


@pytest.mark.parametrize(
    ("text", "repository", "tag"),
    [
        ("nginx", "docker.io/library/nginx", "latest"),
        ("library/nginx:1", "docker.io/library/nginx", "1"),
        ("me/app", "docker.io/me/app", "latest"),
        ("index.docker.io/me/app:x", "docker.io/me/app", "x"),
        ("localhost:5000/app", "localhost:5000/app", "latest"),
        ("gcr.io/a/b/c:v1.*", "gcr.io/a/b/c", "v1.*"),
    ],
)
def test_an_image_is_read_as_docker_reads_it(text: str, repository: str, tag: str) -> None:
    assert parse_image(text) == (Repository.parse(repository), tag)


@pytest.mark.parametrize("text", ["", "UPPER", "a:", "a@sha256:" + "0" * 64, "a//b"])
def test_what_is_no_image_is_refused(text: str) -> None:
    with pytest.raises(InvalidNameError):
        Patterns((parse_image(text)[1],))
