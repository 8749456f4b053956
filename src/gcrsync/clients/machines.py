"""The files that make containerd, podman or docker pull from the mirror what is named as at its source."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gcrsync.clients.client import Client
from gcrsync.clients.places import Astray, Places, Way
from gcrsync.oci.name import DOCKER_HUB

Root = Callable[[str], str]
"""Gives the URL of a registry, without a slash at its end."""

WRITTEN = "written by gcrsync mirror-config"
"""Is in the first line of each file that may be written again."""


FOLDERS = {
    Client.CONTAINERD: "/etc/containerd/certs.d",
    Client.PODMAN: "/etc/containers/registries.conf.d",
    Client.DOCKER: "/etc/docker",
}
"""Where each looks for its files."""


@dataclass(frozen=True, slots=True)
class File:
    """A file, by its path below the folder where its client looks."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """The files of a client, and what they cannot lead to the mirror."""

    files: tuple[File, ...]
    astray: tuple[Astray, ...]


def configuration(client: Client, places: Places, root: Root) -> Configuration:
    """Give the files of a client."""
    found = places.by_name() if client is Client.PODMAN else places.by_registry()
    if client is Client.DOCKER:
        found = [_for_docker(way) for way in found]
    ways = [way for way in found if isinstance(way, Way)]
    return Configuration(tuple(_WRITERS[client](ways, root)), tuple(way for way in found if isinstance(way, Astray)))


def _containerd(ways: Iterable[Way], root: Root) -> Iterable[File]:
    """Give a file for each registry; with ``override_path`` containerd adds no ``/v2`` of its own to a host with a path."""
    for way in ways:
        path, place = f"{way.source.registry}/hosts.toml", way.place
        host = f"{root(place.registry)}/v2/{place.path}" if place.path else root(place.registry)
        lines = [
            _head(Client.CONTAINERD, path),
            f'server = "{root(way.source.registry)}"',
            "",
            f'[host."{host}"]',
            '  capabilities = ["pull", "resolve"]',
        ]
        yield File(path, "\n".join([*lines, *(["  override_path = true"] if place.path else []), ""]))


def _podman(ways: Iterable[Way], root: Root) -> Iterable[File]:
    path = "gcrsync.conf"
    tables = [_registry(way, root) for way in ways]
    if tables:
        yield File(path, "\n".join([_head(Client.PODMAN, path), *tables]))


def _registry(way: Way, root: Root) -> str:
    lines = ["[[registry]]", f'prefix = "{way.source}"', f'location = "{way.source}"', *_insecure(way.source.registry, root)]
    lines += ["", "[[registry.mirror]]", f'location = "{way.place}"', *_insecure(way.place.registry, root)]
    return "".join(f"{line}\n" for line in lines)


def _insecure(registry: str, root: Root) -> list[str]:
    return ["insecure = true"] if root(registry).startswith("http:") else []


def _docker(ways: Iterable[Way], root: Root) -> Iterable[File]:
    mirrors = [root(way.place.registry) for way in ways]
    if mirrors:
        yield File("daemon.json", json.dumps({"registry-mirrors": mirrors}, indent=2) + "\n")


def _for_docker(way: Way | Astray) -> Way | Astray:
    """Give the way if docker can be told of it."""
    if isinstance(way, Astray):
        return way
    if way.source.registry != DOCKER_HUB:
        return Astray(way.source, "docker knows mirrors of docker.io alone")
    return Astray(way.source, f"docker knows no mirror below a path: {way.place}") if way.place.path else way


def _head(client: Client, path: str) -> str:
    return f"# {FOLDERS[client]}/{path}, {WRITTEN}"


_WRITERS = {Client.CONTAINERD: _containerd, Client.PODMAN: _podman, Client.DOCKER: _docker}
