"""The program with a metadata repository of any kind, as people and CI have them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.build import image
from tests.support.git_server import GitServer
from tests.support.nights import SECRET, Night, night
from tests.support.runner import executable
from tests.support.serving import served


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Night]:
    """Give a night with one image at the source."""
    with night(tmp_path) as made:
        made.source.add("acme/app", image("app"), "1")
        made.mirror.environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
        yield made


def test_ci_that_checks_out_a_commit_publishes_to_the_branch_that_it_names(begun: Night) -> None:
    place, clone = begun.mirror.place, begun.mirror.root
    place.git(clone, "checkout", "--quiet", "--detach")
    place.git(clone, "branch", "--quiet", "--delete", "--force", "main")
    assert "or say with --branch which one to publish to" in begun.sync(code=3).stderr
    begun.sync("--branch", "main")
    assert begun.recorded("app")["tags"]
    assert place.git(clone, "status", "--porcelain", "--branch").startswith("## main")


def test_a_commit_is_by_whom_and_of_when_the_options_say_and_git_is_configured_as_before(begun: Night) -> None:
    place = begun.mirror.place
    before = place.git(begun.mirror.root, "config", "--list")
    begun.sync("--author", "Mirror Bot <bot@example.com>", "--date", "2026-11-21T02:17:00+01:00")
    told = place.git(place.remote, "log", "-1", "--format=%an <%ae> %aI|%cn <%ce> %cI", "main")
    assert told == "|".join(["Mirror Bot <bot@example.com> 2026-11-21T02:17:00+01:00"] * 2)
    assert place.git(begun.mirror.root, "config", "--list") == before
    assert "--author 'nobody' is no name" in begun.sync("--author", "nobody", code=2).stderr


def test_a_repository_behind_a_password_is_cloned_read_and_pushed_to(begun: Night) -> None:
    account = {"GCRSYNC_GIT_USERNAME": "ann", "GCRSYNC_GIT_PASSWORD": SECRET}
    with served(GitServer(begun.mirror.place.folder, f"ann:{SECRET}")) as host:
        named = ("--metadata-repo", f"http://{host}/remote.git")
        begun.sync(*named, environment=account)
        assert begun.recorded("app")["tags"]
        compared = begun.run("compare", begun.namespace, "--to", begun.destination, *named, environment=account)
        assert "nothing to do" in compared.stderr
        refused = begun.sync(*named, environment=account | {"GCRSYNC_GIT_PASSWORD": "wrong"}, code=3)
    assert re.search(r"git fetch: .*Authentication failed.*: set GCRSYNC_GIT_USERNAME and GCRSYNC_GIT_PASSWORD", refused.stderr)


def test_a_repository_behind_ssh_is_cloned_and_pushed_to(begun: Night, tmp_path: Path) -> None:
    executable(tmp_path / "ssh", 'for command; do :; done; exec sh -c "$command"')
    over_ssh = {"GIT_SSH": str(tmp_path / "ssh"), "GIT_SSH_VARIANT": "simple"}
    begun.sync("--metadata-repo", f"git@git.example:{begun.mirror.place.remote}", environment=over_ssh)
    assert begun.recorded("app")["tags"]
    executable(tmp_path / "ssh", "echo 'git@git.example: Permission denied (publickey).' >&2; exit 255")
    refused = begun.sync("--metadata-repo", f"git@git.example:{begun.mirror.place.remote}", environment=over_ssh, code=3)
    assert "or let a credential helper or an SSH key of git's open it" in refused.stderr


def test_a_clone_in_the_cache_that_broke_is_made_anew_in_one_line(begun: Night, tmp_path: Path) -> None:
    url = begun.mirror.place.remote.as_uri()
    begun.sync("--metadata-repo", url)
    [clone] = (tmp_path / "cache" / "gcrsync").iterdir()
    (clone / ".git" / "HEAD").unlink()
    begun.source.add("acme/other", image("other"), "1")
    ended = begun.sync("--metadata-repo", url)
    assert [line for line in ended.stderr.splitlines() if "was made anew" in line] == [
        f"warning: the clone of {url} could not be read and was made anew"
    ]
    assert begun.recorded("other")["tags"]
