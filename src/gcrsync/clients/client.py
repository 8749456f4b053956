"""The programs on machines that pull images, as far as their configuration is known."""

from enum import StrEnum


class Client(StrEnum):
    """Who pulls."""

    CONTAINERD = "containerd"
    PODMAN = "podman"
    DOCKER = "docker"
