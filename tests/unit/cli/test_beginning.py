"""What init is to write, where nobody answers."""

from dataclasses import replace
from pathlib import Path

import pytest

from gcrsync.cli.beginning import Chooser, Ground, forge, nightly, table
from gcrsync.cli.forge import Forge, Remote
from gcrsync.cli.init_options import InitOptions
from gcrsync.cli.origin import Origin
from gcrsync.errors import InputError, UsageError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NOBODY = Chooser(asking=False)
GITHUB = Remote("github.com", "acme/mirror")


def test_the_nightly_job_runs_the_gcrsync_that_wrote_it() -> None:
    text = nightly(InitOptions(), Ground(Path("/m"), GITHUB, Origin.parse(f"a/b@{COMMIT}")), NOBODY, Forge.GITHUB)

    assert f"uses: a/b/.github/actions/gcrsync@{COMMIT}\n" in text


@pytest.mark.parametrize("own", [None, Origin("https://gitlab.com/a/b", COMMIT)])
def test_where_a_workflow_cannot_have_that_it_has_to_be_named(own: Origin | None) -> None:
    with pytest.raises(UsageError, match="nothing says --action OWNER/REPO@COMMIT"):
        nightly(InitOptions(), Ground(Path("/m"), GITHUB, own), NOBODY, Forge.GITHUB)


def test_there_are_as_many_machines_as_the_forge_lets_a_matrix_have() -> None:
    ground = Ground(Path("/m"), GITHUB, Origin.parse(f"a/b@{COMMIT}"))

    assert '"200/200"' in nightly(InitOptions(shards=200), ground, NOBODY, Forge.GITLAB)
    assert '"256/256"' in nightly(InitOptions(shards=256), ground, NOBODY, Forge.GITHUB)
    for chosen, number in ((Forge.GITLAB, 201), (Forge.GITHUB, 257), (Forge.GITHUB, 0)):
        with pytest.raises(UsageError, match=f"'{number}' is no number of machines at {chosen}"):
            nightly(InitOptions(shards=number), ground, NOBODY, chosen)


def test_a_folder_on_this_machine_is_filled_by_no_forge_unless_that_is_said() -> None:
    ground = Ground(Path("/m"), GITHUB, None)

    assert forge(InitOptions(), ground, NOBODY, ["ghcr.io/acme"]) is Forge.GITHUB
    assert forge(InitOptions(), ground, NOBODY, ["oci:../images", "ghcr.io/acme"]) is Forge.GITHUB
    assert forge(InitOptions(), ground, NOBODY, ["oci:../images"]) is Forge.NONE
    assert forge(InitOptions(ci=Forge.GITLAB), ground, NOBODY, ["oci:../images"]) is Forge.GITLAB


def test_an_option_is_a_pattern_whatever_it_says_and_never_all_for_want_of_one() -> None:
    ground, options = Ground(Path("/m"), GITHUB, None), InitOptions("gcr.io/acme", "ghcr.io/acme")

    assert 'include = ["all"]\n' in table(replace(options, include=["all"]), ground, NOBODY)
    assert "include" not in table(options, ground, NOBODY)
    for text in ("", "\udcff"):
        with pytest.raises(InputError):
            table(replace(options, include=[text]), ground, NOBODY)
