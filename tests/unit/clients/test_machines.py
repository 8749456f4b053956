"""The files that make a machine pull from the mirror."""

import json
import tomllib

import pytest

from gcrsync.clients.client import Client
from gcrsync.clients.machines import Configuration, configuration
from gcrsync.clients.places import Places
from gcrsync.mirror.record import Record
from tests.support.values import record, records


def has(source: str, mirror: str) -> Record:
    """Give what is recorded of a repository with one tag."""
    return record(source, {"v1": source}, mirror=mirror)


A, B = has("gcr.io/p/a", "ghcr.io/acme/p/a"), has("gcr.io/p/a/b", "ghcr.io/acme/p/a/b")
NGINX, ROOT = has("docker.io/library/nginx", "127.0.0.1:5000/library/nginx"), has("registry.k8s.io/pause", "m.example/pause")
FLAT, FLAT_TOO = has("gcr.io/p/a", "docker.io/me/gcr.io_p_a"), has("gcr.io/p/b", "docker.io/me/gcr.io_p_b")
FOLDER = has("quay.io/a/b", "oci:../images/a/b")


def made(client: Client, *each: Record) -> Configuration:
    """Give the files of a client, with loopback as plain HTTP."""
    return configuration(client, Places(records(*each)), lambda name: f"http{'' if name.startswith('127.') else 's'}://{name}")


def reasons(found: Configuration) -> dict[str, str]:
    """Give what is not led to the mirror, with the reasons."""
    return {str(astray.source): astray.reason for astray in found.astray}


def test_containerd_gets_a_file_for_each_registry_with_the_path_where_there_is_one() -> None:
    found = made(Client.CONTAINERD, A, B, NGINX, ROOT)
    files = {file.path: tomllib.loads(file.text) for file in found.files}

    assert found.astray == ()
    assert files == {
        "docker.io/hosts.toml": {
            "server": "https://docker.io",
            "host": {"http://127.0.0.1:5000": {"capabilities": ["pull", "resolve"]}},
        },
        "gcr.io/hosts.toml": {
            "server": "https://gcr.io",
            "host": {"https://ghcr.io/v2/acme": {"capabilities": ["pull", "resolve"], "override_path": True}},
        },
        "registry.k8s.io/hosts.toml": {
            "server": "https://registry.k8s.io",
            "host": {"https://m.example": {"capabilities": ["pull", "resolve"]}},
        },
    }


def test_podman_gets_a_table_for_each_registry_or_for_each_repository_of_one_with_other_names() -> None:
    found = made(Client.PODMAN, A, B, NGINX)
    (file,) = found.files
    assert tomllib.loads(file.text)["registry"] == [
        {"prefix": "docker.io", "location": "docker.io", "mirror": [{"location": "127.0.0.1:5000", "insecure": True}]},
        {"prefix": "gcr.io", "location": "gcr.io", "mirror": [{"location": "ghcr.io/acme"}]},
    ]

    (flat,) = made(Client.PODMAN, FLAT, FLAT_TOO).files
    tables = tomllib.loads(flat.text)["registry"]
    assert {table["prefix"]: table["mirror"][0]["location"] for table in tables} == {
        "gcr.io/p/a": "docker.io/me/gcr.io_p_a",
        "gcr.io/p/b": "docker.io/me/gcr.io_p_b",
    }


def test_docker_gets_a_mirror_of_docker_io_at_the_root_of_a_registry() -> None:
    found = made(Client.DOCKER, A, NGINX)
    (file,) = found.files

    assert json.loads(file.text) == {"registry-mirrors": ["http://127.0.0.1:5000"]}
    assert reasons(found) == {"gcr.io": "docker knows mirrors of docker.io alone"}
    below = made(Client.DOCKER, has("docker.io/library/nginx", "m.example/hub/library/nginx"))
    assert (below.files, reasons(below)) == ((), {"docker.io": "docker knows no mirror below a path: m.example/hub"})


@pytest.mark.parametrize("client", [Client.CONTAINERD, Client.DOCKER])
def test_a_registry_whose_names_are_others_at_the_mirror_gets_no_file(client: Client) -> None:
    for each in ((FLAT, FLAT_TOO), (A, has("gcr.io/p/c", "ghcr.io/other/p/c")), (FOLDER,)):
        found = made(client, *each)
        assert found.files == ()
        assert len(found.astray) == 1
    assert reasons(made(Client.CONTAINERD, FLAT)) == {
        "gcr.io": "not all of its names are the same behind one beginning: gcr.io/p/a is docker.io/me/gcr.io_p_a"
    }
    assert "in a folder" in reasons(made(Client.CONTAINERD, FOLDER))["quay.io"]


def test_no_name_is_led_to_an_image_that_comes_from_elsewhere() -> None:
    quay = has("quay.io/p/q", "ghcr.io/acme/p/q")
    found = made(Client.CONTAINERD, A, quay)
    assert found.files == ()
    assert reasons(found)["gcr.io"] == "gcr.io/p/q would lead to ghcr.io/acme/p/q, which is quay.io/p/q"

    (file,) = made(Client.PODMAN, A, quay).files
    assert [table["prefix"] for table in tomllib.loads(file.text)["registry"]] == ["gcr.io/p/a", "quay.io/p/q"]
    under = has("quay.io/b", "ghcr.io/acme/p/a/b")
    assert list(reasons(made(Client.PODMAN, A, under))) == ["gcr.io/p/a"]
    assert made(Client.CONTAINERD, A, has("quay.io/p/q", "ghcr.io/acme-more/p/q")).astray == ()


def test_what_is_on_record_without_a_tag_at_the_mirror_does_not_count() -> None:
    assert made(Client.CONTAINERD, record("gcr.io/p/a", mirror="")) == Configuration((), ())
