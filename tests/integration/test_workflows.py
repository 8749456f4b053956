"""Every ``run:`` block of the workflows, run as it stands: with real git and real gcrsync, against registries on loopback."""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from tests.support.build import image, index
from tests.support.faults import Fault, status
from tests.support.runner import ACTION, ROOT, Job, Runner, action_steps, executable, jobs
from tests.support.serving import served
from tests.support.simulator import Simulator

JOBS = {str(job): job for job in jobs()}
MIRROR = JOBS["mirror.yml:mirror"]
USED = MIRROR.step("Mirror")
RUN = Job("action.yml", "gcrsync", action_steps())
CANARY = JOBS["canary.yml:list"]
COPY = JOBS["copy.yml:copy"]
PAGES = JOBS["pages.yml:build"]
INSPECT = JOBS["inspect.yml:inspect"]
REQUIRED = JOBS["ci.yml:required"].step("Require that every job succeeded")
RELEASE = JOBS["release.yml:build"]
PUBLISH = JOBS["release.yml:publish"].step("Make the release page")
RECORD = 'printf "%s\\n" "$(basename "$0") $*" >>"$CALLS"'


@dataclass(frozen=True, slots=True)
class Scene:
    """A runner with a clone of a metadata repository, and the two registries that its gcrsync.toml names."""

    runner: Runner
    origin: Path
    source: Simulator
    destination: Simulator

    def git(self, *arguments: str) -> str:
        """Run git in the repository that the runner pushes to."""
        return _git(self.origin, *arguments)

    def runner_where(self, expression: str, value: str) -> Runner:
        """Give the same runner, but for what one expression gives."""
        return replace(self.runner, values={**self.runner.values, expression: value})


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    source, destination = Simulator(google=True), Simulator()
    source.add("project/tool", image("one"), "v1", "latest")
    with served(source) as source_host, served(destination) as destination_host:
        values = {
            "github.actor": "somebody",
            "github.ref_name": "v1",
            "github.token": "the job's token",
            "inputs.namespaces": "",
            "inputs.platform": "linux/amd64",
            "inputs.source": f"{source_host}/project/tool",
            "inputs.tag": "v1",
            "inputs.target": f"{destination_host}/copied/tool",
            "join(needs.*.result, ' ')": "success success",
            "matrix.namespace": f"{source_host}/project",
            "matrix.shard": "1/1",
            "strategy.job-index": "0",
            "secrets.GCRSYNC_NOTIFY": "",
            "secrets.GCRSYNC_PASSWORD": "",
            "secrets.GCRSYNC_USERNAME": "",
            **dict.fromkeys(("secrets.DOCKERHUB_USERNAME", "secrets.DOCKERHUB_TOKEN"), ""),
            **dict.fromkeys(("secrets.QUAY_USERNAME", "secrets.QUAY_TOKEN"), ""),
        }
        runner = Runner(tmp_path, values)
        values["runner.temp"] = str(runner.temporary)
        origin = _repository(runner.checkout, tmp_path / "origin.git", _config(source_host, destination_host))
        executable_of_gcrsync = Path(sysconfig.get_path("scripts"), "gcrsync")
        (runner.checkout / ".venv" / "bin").mkdir(parents=True)
        (runner.checkout / ".venv" / "bin" / "gcrsync").symlink_to(executable_of_gcrsync)
        runner.install("make", f'{RECORD}\nexec {shutil.which("make")} --dry-run "$@"')
        runner.install("docker", f'{RECORD}\ncat >>"$CALLS"')
        runner.install("gh", RECORD)
        yield Scene(runner, origin, source, destination)


def _config(source: str, destination: str) -> str:
    return (
        f'site = "https://acme.github.io/mirror/"\n[[mirror]]\nsource = "{source}/project"\ndestination = "{destination}/mirror"\n'
    )


def _repository(checkout: Path, origin: Path, config: str) -> Path:
    """Make a repository with what a fork of this one has, cloned at ``checkout`` from the bare ``origin``."""
    for name in ("Makefile", "pyproject.toml", ".gitignore"):
        shutil.copy(ROOT / name, checkout)
    for name in (".ci", "requirements", str(ACTION)):
        shutil.copytree(ROOT / name, checkout / name)
    (checkout / "dist").mkdir()
    (checkout / "dist" / "gcrsync-1-py3-none-any.whl").touch()
    (checkout / "gcrsync.toml").write_text(config, "utf-8")
    person = ("-c", "user.name=A Person", "-c", "user.email=person@example.test")
    _git(checkout, "init", "--quiet", "--initial-branch", "main")
    _git(checkout, "add", ".")
    _git(checkout, *person, "commit", "--quiet", "--message", "Set up the mirror")
    _git(checkout.parent, "clone", "--quiet", "--bare", str(checkout), str(origin))
    _git(checkout, "remote", "add", "origin", str(origin))
    _git(checkout, "fetch", "--quiet", "origin")
    _git(checkout, "branch", "--quiet", "--set-upstream-to", "origin/main")
    return origin


def _git(folder: Path, *arguments: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    return subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout


def _replace_gcrsync(runner: Runner, script: str) -> None:
    path = runner.checkout / ".venv" / "bin" / "gcrsync"
    path.unlink()
    executable(path, script)


@pytest.mark.parametrize("job", JOBS.values(), ids=str)
def test_every_step_of_a_job_ends_well(scene: Scene, job: Job) -> None:
    ended = scene.runner.run_job(job)

    assert [each.name for each in ended] == [step["name"] for step in job.steps]
    assert [each for each in ended if each.code] == []


@pytest.mark.parametrize("job", [job for job in JOBS.values() if any("run" in step for step in job.steps)], ids=str)
def test_run_blocks_get_values_through_their_environment_alone(job: Job) -> None:
    blocks = [step["run"] for step in (*job.steps, *action_steps()) if "run" in step]

    assert blocks
    assert [block for block in blocks if "${{" in block] == []


def test_without_a_configuration_the_nightly_job_says_so_and_does_nothing_else(scene: Scene) -> None:
    (scene.runner.checkout / "gcrsync.toml").unlink()

    ended = scene.runner.run_job(MIRROR)

    assert [each.name for each in ended] == ["Check out", "Look for gcrsync.toml"]
    assert [each.code for each in ended] == [0, 0]
    assert ended[-1].output.startswith("::notice::There is no gcrsync.toml")
    assert "nothing to mirror" in scene.runner.summary


def test_the_nightly_job_copies_commits_pushes_and_sums_up(scene: Scene) -> None:
    scene.runner.run_job(MIRROR)

    assert set(scene.destination.repositories["mirror/project/tool"].tags) == {"latest", "v1"}
    assert scene.git("rev-list", "--count", "main") == "2\n"
    assert scene.git("log", "-1", "--format=%an") == "github-actions[bot]\n"
    assert f"| `{scene.runner.values['matrix.namespace']}` | 2 | 0 |" in scene.runner.summary


def test_a_quiet_night_makes_no_commit_and_is_green(scene: Scene) -> None:
    scene.runner.run_job(MIRROR)
    first = scene.git("rev-parse", "main")

    ended = scene.runner.run_job(MIRROR)

    assert ended[-1].name == MIRROR.steps[-1]["name"]
    assert [each for each in ended if each.code] == []
    assert scene.git("rev-parse", "main") == first


def test_the_schedule_is_renewed_each_night(scene: Scene) -> None:
    scene.runner.run(MIRROR.step("Keep the schedule enabled"))

    assert scene.runner.calls == ["gh api --method PUT --silent repos/acme/mirror/actions/workflows/mirror.yml/enable"]


def test_a_schedule_that_cannot_be_renewed_is_a_warning(scene: Scene) -> None:
    scene.runner.install("gh", "exit 1")

    ended = scene.runner.run(MIRROR.step("Keep the schedule enabled"))

    assert ended.code == 0
    assert ended.output.startswith("::warning::The schedule could not be renewed")


def test_the_token_of_the_job_goes_to_ghcr_io_alone_and_never_into_arguments(scene: Scene) -> None:
    _replace_gcrsync(scene.runner, "env")
    ended = scene.runner.run(MIRROR.step("Mirror"))

    assert scene.runner.calls[-2:] == ["docker login ghcr.io --username somebody --password-stdin", "the job's token"]
    assert "RUNNER_TEMP=" in ended.output
    assert "the job's token" not in ended.output
    assert "GCRSYNC_" not in ended.output


def test_a_github_of_somebody_s_own_has_no_token_for_ghcr_io(scene: Scene) -> None:
    runner = scene.runner.using(USED)
    step = RUN.step("Log in to ghcr.io")
    runner.run({**step, "env": {**step["env"], "GITHUB_SERVER_URL": "https://github.example.com"}})

    assert runner.calls == []


def test_the_action_installs_from_the_lock_of_its_own_commit_and_puts_nothing_but_gcrsync_on_the_path(scene: Scene) -> None:
    ended = scene.runner.run(USED)

    (made,) = (call for call in scene.runner.calls if call.startswith("make "))
    assert made == f"make -C {scene.runner.checkout} install PYTHON={sys.executable} EXTRAS="
    assert "--require-hashes --requirement requirements/run.txt" in ended.output
    assert "requirements/notify.txt" not in ended.output
    (added,) = Path(scene.runner.environment["GITHUB_PATH"]).read_text("utf-8").splitlines()
    assert [path.name for path in Path(added).iterdir()] == ["gcrsync"]


def test_a_password_without_a_name_is_told_and_not_left_out(scene: Scene) -> None:
    ended = scene.runner_where("secrets.GCRSYNC_PASSWORD", "hidden").run(USED)

    assert ended.code
    assert "GCRSYNC_USERNAME is empty" in ended.output


def test_whoever_wants_notices_gets_what_sends_them_from_the_lock_too(scene: Scene) -> None:
    _replace_gcrsync(scene.runner, 'echo "$GCRSYNC_NOTIFY"')
    ended = scene.runner_where("secrets.GCRSYNC_NOTIFY", "json://example.com").run(USED)

    assert "--require-hashes --requirement requirements/notify.txt" in ended.output
    assert ended.output.splitlines()[-1] == "json://example.com"


def test_the_page_names_each_input_and_output_of_the_action_and_no_other() -> None:
    action = yaml.safe_load((ROOT / ACTION / "action.yml").read_text("utf-8"))
    page = (ROOT / "docs" / "start-on-github.md").read_text("utf-8")
    rows = re.findall(r"^\| ((?:`[a-z-]+`(?:, )?)+) \|", page, re.MULTILINE)

    assert {name for row in rows for name in re.findall(r"[a-z-]+", row)} == set(action["inputs"])
    assert all(f"`{name}`" in page for name in action["outputs"])


@pytest.mark.parametrize("code", [0, 4])
def test_the_action_ends_as_gcrsync_does_and_tells_how(scene: Scene, code: int) -> None:
    _replace_gcrsync(scene.runner, f"exit {code}")
    ended = scene.runner.run(USED)

    assert ended.code == code
    assert f"exit-code={code}\n" in Path(scene.runner.environment["GITHUB_OUTPUT"]).read_text("utf-8")


def test_credentials_from_the_secrets_reach_gcrsync(scene: Scene) -> None:
    _replace_gcrsync(scene.runner, "env")
    secrets = {"secrets.GCRSYNC_USERNAME": "me", "secrets.GCRSYNC_PASSWORD": "hidden"}
    runner = replace(scene.runner, values={**scene.runner.values, **secrets})

    ended = runner.run(MIRROR.step("Mirror"))

    assert "GCRSYNC_USERNAME=me\n" in ended.output
    assert "GCRSYNC_PASSWORD=hidden\n" in ended.output


def test_signals_reach_gcrsync_each_of_them_and_its_end_is_waited_for(scene: Scene) -> None:
    twice = """trap 'trap "echo twice; exit 130" TERM; echo once' TERM; echo begun; while :; do sleep 0.05; done"""
    _replace_gcrsync(scene.runner, twice)
    runner = scene.runner.using(USED)
    runner.run(RUN.step("Install gcrsync"))

    process = runner.start(RUN.step("Run"))
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    for number, told in ((signal.SIGINT, "once\n"), (signal.SIGTERM, "twice\n")):
        process.send_signal(number)
        assert process.stdout.readline() == told
    assert process.wait(60) == 130
    process.stdout.close()
    assert "exit-code=130\n" in Path(runner.environment["GITHUB_OUTPUT"]).read_text("utf-8")


def test_the_namespaces_that_a_person_asks_for_are_words_and_never_options_or_code(scene: Scene) -> None:
    _replace_gcrsync(scene.runner, 'printf "%s\\n" "$@"')
    runner = scene.runner_where("inputs.namespaces", "gcr.io/one --move $(id)")

    ended = runner.run(MIRROR.step("Mirror"))

    given = ended.output.splitlines()
    assert given[given.index("sync") :] == [
        "sync",
        "--shard=1/1",
        "--deadline=5h40m",
        "--author=github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>",
        "--report",
        f"{runner.temporary}/report.json",
        "--",
        "gcr.io/one",
        "--move",
        "$(id)",
    ]


def test_the_summary_says_why_a_run_came_to_nothing(scene: Scene) -> None:
    (scene.runner.checkout / "gcrsync.toml").write_text("[[mirror]]\nsource = 1\n", "utf-8")

    ended = scene.runner.run_job(MIRROR)

    assert [(each.name, each.code) for each in ended if each.code] == [("Mirror", 2)]
    *_, line = scene.runner.summary.splitlines()
    assert line.startswith("- ")
    assert "/gcrsync.toml:2: " in line


def test_the_summary_says_why_a_list_failed(scene: Scene) -> None:
    scene.source.faults.append(Fault("GET", "tags/list", status(403, "DENIED"), times=None))

    scene.runner.run_job(MIRROR)

    (line,) = [line for line in scene.runner.summary.splitlines() if line.startswith("- ")]
    assert line.startswith(f"- `{scene.runner.values['matrix.namespace']}/tool: ")
    assert "403 Forbidden" in line


@pytest.mark.parametrize("results", ["success failure", "cancelled success", "success skipped"])
def test_the_required_check_fails_where_a_job_did_not_succeed(scene: Scene, results: str) -> None:
    ended = scene.runner_where("join(needs.*.result, ' ')", results).run(REQUIRED)

    assert ended.code == 1
    assert ended.output.startswith("::error::A job ended with: ")


def test_a_tag_that_is_not_the_version_of_the_package_makes_no_release(scene: Scene) -> None:
    ended = scene.runner_where("github.ref_name", "v2").run_job(RELEASE)

    assert (ended[-1].name, ended[-1].code) == ("Require the version of the tag", 1)
    assert "The tag v2 is not the version of the package: there is dist/gcrsync-1-py3-none-any.whl" in ended[-1].output


def test_a_release_is_the_wheel_that_was_tested(scene: Scene) -> None:
    ended = scene.runner.run_job(RELEASE)
    scene.runner.run(PUBLISH)

    assert [each for each in ended if each.code] == []
    assert scene.runner.calls[-2:] == [
        "make test",
        "gh release create v1 dist/gcrsync-1-py3-none-any.whl --repo acme/mirror --verify-tag --title gcrsync 1 --generate-notes",
    ]


def test_the_canary_fails_where_a_registry_names_nothing(scene: Scene) -> None:
    scene.source.repositories.clear()

    ended = scene.runner.run_job(CANARY)

    assert [(each.name, each.code) for each in ended if each.code] == [("Require images", 1)]


def test_the_canary_fails_where_a_registry_does_not_answer(scene: Scene) -> None:
    runner = scene.runner_where("matrix.namespace", "127.0.0.1:1/project")

    ended = runner.run_job(CANARY)

    assert [(each.name, each.code) for each in ended if each.code] == [("Compare with nothing", 3)]


@pytest.mark.parametrize(("platform", "child"), [("linux/arm64", True), ("all", False)])
def test_the_form_copies_one_platform_or_all_and_sums_up_both_digests(scene: Scene, platform: str, *, child: bool) -> None:
    whole = scene.source.add("project/tool", index(image("amd64"), image("arm64")), "v1")

    ended = scene.runner_where("inputs.platform", platform).run_job(COPY)

    put = whole.children[1].digest if child else whole.digest
    assert [each for each in ended if each.code] == []
    assert scene.destination.repositories["copied/tool"].tags == {"v1": str(put)}
    source, target = scene.runner.summary.splitlines()[2:]
    assert source == f"| source | {scene.runner.values['inputs.source']}:v1@{whole.digest} | {whole.digest} |"
    assert target == f"| destination | {scene.runner.values['inputs.target']}:v1 | {put} |"


def test_what_a_form_says_is_a_name_and_never_an_option_or_code(scene: Scene) -> None:
    for job, step in ((COPY, "Copy"), (INSPECT, "Inspect")):
        ended = scene.runner_where("inputs.source", "--all $(id)").run(job.step(step))
        assert ended.code == 2
        assert "'docker.io/library/--all $(id)' is not a valid repository" in ended.output


def test_a_copy_that_comes_to_nothing_is_red_and_sums_up_why(scene: Scene) -> None:
    ended = scene.runner_where("inputs.tag", "v9").run_job(COPY)

    assert [(each.name, each.code) for each in ended if each.code] == [("Copy", 1)]
    assert "v9: there is no such image" in scene.runner.summary


def test_the_form_shows_an_image_with_the_name_that_pins_it(scene: Scene) -> None:
    scene.runner.run_job(INSPECT)

    first = scene.runner.summary.splitlines()[0]
    assert first == f"    {scene.runner.values['inputs.source']}:v1@{image('one').digest}"


def test_each_registry_gets_its_own_secret_on_standard_input_and_only_where_there_is_one(scene: Scene) -> None:
    secrets = {"secrets.QUAY_USERNAME": "me", "secrets.QUAY_TOKEN": "hidden"}
    runner = replace(scene.runner, values={**scene.runner.values, **secrets})

    ended = [runner.run(job.step("Log in to docker.io and quay.io")).code for job in (COPY, INSPECT)]

    assert ended == [0, 0]
    assert runner.calls == ["docker login quay.io --username me --password-stdin", "hidden"] * 2


def test_a_night_starts_the_publishing_of_the_catalogue_where_one_is_published(scene: Scene) -> None:
    step, runner = MIRROR.step("Publish the catalogue"), scene.runner_where("github.ref_name", "main")

    assert runner.run(step).code == 0
    assert runner.calls == ["gh workflow run pages.yml --repo acme/mirror --ref main"]

    runner.install("gh", f"{RECORD}\nexit 1")
    assert runner.run(step).output.startswith("::warning::The catalogue was not published")

    _forget_the_site(scene)
    assert runner.run(step).output == ""
    assert len(runner.calls) == 2


def test_the_site_of_what_the_night_has_recorded_is_written(scene: Scene) -> None:
    scene.runner.run_job(MIRROR)

    ended = scene.runner.run_job(PAGES)

    assert [each for each in ended if each.code] == []
    assert ended[-1].name == "Keep the site"
    registry = scene.runner.values["matrix.namespace"].removesuffix("/project").replace(":", "_")
    site = scene.runner.temporary / "site"
    assert "latest" in (site / "r" / registry / "project" / "tool" / "index.html").read_text("utf-8")
    page = scene.git("show", f"main:metadata/{registry}/project/README.md")
    assert f"https://acme.github.io/mirror/n/{registry}/project/index.html" in page
    assert (site / "n" / registry / "project" / "index.html").is_file()


def test_without_the_address_of_a_site_nothing_is_published(scene: Scene) -> None:
    _forget_the_site(scene)

    ended = scene.runner.run_job(PAGES)

    assert [each.name for each in ended] == ["Check out", "Look for the address of the site"]
    assert "names no site" in scene.runner.summary


def _forget_the_site(scene: Scene) -> None:
    config = scene.runner.checkout / "gcrsync.toml"
    config.write_text(config.read_text("utf-8").partition("\n")[2], "utf-8")
