"""What the URL of a git remote tells."""

import pytest

from gcrsync.cli.forge import Forge, Remote


@pytest.mark.parametrize(
    ("url", "host", "path", "forge", "registry"),
    [
        ("https://github.com/Acme/mirror.git", "github.com", "Acme/mirror", Forge.GITHUB, "ghcr.io/acme"),
        ("git@github.com:acme/mirror", "github.com", "acme/mirror", Forge.GITHUB, "ghcr.io/acme"),
        ("ssh://git@github.com:22/acme/mirror.git", "github.com", "acme/mirror", Forge.GITHUB, "ghcr.io/acme"),
        ("ssh://git@ssh.github.com:443/acme/mirror.git", "github.com", "acme/mirror", Forge.GITHUB, "ghcr.io/acme"),
        ("ssh://git@altssh.gitlab.com:443/a/b.git", "gitlab.com", "a/b", Forge.GITLAB, "registry.gitlab.com/a/b"),
        ("https://me:s3cret@gitlab.com/A/b/c.git", "gitlab.com", "A/b/c", Forge.GITLAB, "registry.gitlab.com/a/b/c"),
        ("https://gitlab.example.com:8443/a/b", "gitlab.example.com:8443", "a/b", Forge.GITLAB, ""),
        ("https://git.example.com/github.com/b.git/", "git.example.com", "github.com/b", Forge.NONE, ""),
    ],
)
def test_a_remote_tells_its_forge_and_the_registry_that_belongs_to_it(
    url: str, host: str, path: str, forge: Forge, registry: str
) -> None:
    remote = Remote.parse(url)

    assert remote == Remote(host, path)
    assert (remote.forge, remote.registry) == (forge, registry)


@pytest.mark.parametrize(
    "url", ["", "/srv/git/mirror.git", "../mirror", "file:///srv/mirror.git", "https://[bad", "https://github.com"]
)
def test_a_place_that_is_at_no_host_tells_nothing(url: str) -> None:
    assert Remote.parse(url) is None
