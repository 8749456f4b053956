"""GitHub's runner, as far as it matters to ``run:`` blocks: runs the steps of a job here, one after another, as they stand.

Expressions are looked up in a table, so that a new one fails until somebody says what it gives. Of a step that uses gcrsync's own
action the steps of that are run; steps that use another one do nothing.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypedDict

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
ACTION = Path(".github", "actions", "gcrsync")

Step = TypedDict(
    "Step",
    {
        "id": str,
        "name": str,
        "if": str,
        "uses": str,
        "with": dict[str, object],
        "run": str,
        "shell": str,
        "env": dict[str, str],
    },
    total=False,
)


@dataclass(frozen=True, slots=True)
class Job:
    """A job of a workflow: ``file`` is the workflow's file name."""

    file: str
    name: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        """Name the job."""
        return f"{self.file}:{self.name}"

    def step(self, name: str) -> Step:
        """Give the step of this name."""
        (found,) = (step for step in self.steps if step["name"] == name)
        return found


@dataclass(frozen=True, slots=True)
class Ended:
    """How a step ended: ``output`` is what it wrote to both of its streams."""

    name: str
    code: int
    output: str


@dataclass(frozen=True, slots=True)
class Runner:
    """A machine in a folder: ``values`` says what expressions give, ``programs`` are found before all others."""

    folder: Path
    values: Mapping[str, str]
    path: str = field(default_factory=lambda: os.environ["PATH"])

    def __post_init__(self) -> None:
        """Make the folders and a ``python``."""
        for each in (self.checkout, self.temporary, self.programs, self.home):
            each.mkdir(exist_ok=True)
        self.install("python", f'exec "{sys.executable}" "$@"')

    @property
    def checkout(self) -> Path:
        """Where steps run."""
        return self.folder / "checkout"

    @property
    def action(self) -> Path:
        """Where gcrsync's action is: in what is checked out, or where the runner puts that of another repository."""
        own = self.checkout / ACTION
        return own if own.exists() else self.folder / "action" / ACTION

    @property
    def temporary(self) -> Path:
        """RUNNER_TEMP."""
        return self.folder / "temporary"

    @property
    def programs(self) -> Path:
        """The first entry of PATH."""
        return self.folder / "programs"

    @property
    def home(self) -> Path:
        """HOME."""
        return self.folder / "home"

    @property
    def summary(self) -> str:
        """What steps have put into the summary."""
        path = self.folder / "summary"
        return path.read_text("utf-8") if path.exists() else ""

    @property
    def calls(self) -> list[str]:
        """What the installed programs have noted of their calls, a line for each."""
        return self._lines("calls")

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every step: nothing of the caller's, save PATH and what measures coverage."""
        measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
        return measured | {
            "PATH": os.pathsep.join([*reversed(self._lines("path")), str(self.programs), self.path]),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "CI": "true",
            "CALLS": str(self.folder / "calls"),
            "GITHUB_ACTION_PATH": str(self.action),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_PATH": str(self.folder / "path"),
            "GITHUB_REPOSITORY": "acme/mirror",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "RUNNER_TEMP": str(self.temporary),
        }

    def install(self, program: str, script: str) -> None:
        """Put a shell script on PATH."""
        executable(self.programs / program, script)

    def run_job(self, job: Job) -> list[Ended]:
        """Run the steps of a job whose conditions hold; after a failure only those that always run."""
        ended: list[Ended] = []
        for step in job.steps:
            if self._holds(step.get("if", ""), failed=any(each.code for each in ended)):
                ended.append(self.run(step))
        return ended

    def run(self, step: Step) -> Ended:
        """Run one step, whatever its condition."""
        if ACTION.as_posix() in step.get("uses", ""):
            ended = self.using(step).run_job(Job("action.yml", "gcrsync", action_steps()))
            code = next((each.code for each in ended if each.code), 0)
            return Ended(step["name"], code, "".join(each.output for each in ended))
        if "run" not in step:
            return Ended(step["name"], 0, "")
        process = self.start(step)
        output, _ = process.communicate(timeout=60)
        return Ended(step["name"], process.returncode, output)

    def using(self, step: Step) -> "Runner":
        """Give the runner within gcrsync's action, as a step uses it: with the values of the inputs."""
        inputs: dict[str, str] = {name: str(each.get("default", "")) for name, each in _action()["inputs"].items()}
        given = {name: str(value) for name, value in step["with"].items()}
        assert given.keys() <= inputs.keys()
        values = {f"inputs.{name}": self._evaluated(value) for name, value in (inputs | given).items()}
        values["inputs.notify && 'notify'"] = "notify" if values["inputs.notify"] else ""
        return replace(self, values={**self.values, "steps.python.outputs.python-path": sys.executable, **values})

    def start(self, step: Step) -> subprocess.Popen[str]:
        """Start the script of a step with the options that GitHub documents for its shell."""
        shells = {"bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"], "python": ["python"]}
        script = self.folder / "script"
        script.write_text(step["run"], "utf-8")
        environment = self.environment | {name: self._evaluated(value) for name, value in step.get("env", {}).items()}
        return subprocess.Popen(
            ["env", "--default-signal=INT", *shells[step.get("shell", "bash")], str(script)],  # which who runs the tests may ignore
            cwd=self.checkout,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _evaluated(self, text: str) -> str:
        return re.sub(r"\$\{\{ (.+?) \}\}", lambda match: self.values[match[1]], text)

    def _holds(self, condition: str, *, failed: bool) -> bool:
        """Say whether a step is run; its condition may hold ``always()`` and outputs of steps, joined by ``&&``."""
        terms = [term for term in condition.split(" && ") if term]
        if failed and "always()" not in terms:
            return False
        return all(self._output(term) for term in terms if term != "always()")

    def _output(self, term: str) -> str:
        if term.startswith("inputs."):
            return self.values[term]
        match = re.fullmatch(r"steps\.\w+\.outputs\.(\w+)", term)
        assert match is not None, f"no value is known for the condition {term}"
        return dict(line.split("=", 1) for line in self._lines("output")).get(match[1], "")

    def _lines(self, file: str) -> list[str]:
        path = self.folder / file
        return path.read_text("utf-8").splitlines() if path.exists() else []


def jobs() -> list[Job]:
    """Give every job of every workflow."""
    return [job for path in sorted(WORKFLOWS.glob("*.yml")) for job in jobs_of(path)]


def jobs_of(path: Path) -> list[Job]:
    """Give every job of a workflow."""
    return [Job(path.name, name, tuple(job["steps"])) for name, job in yaml.safe_load(path.read_text("utf-8"))["jobs"].items()]


def action_steps() -> tuple[Step, ...]:
    """Give the steps of gcrsync's action."""
    return tuple(_action()["runs"]["steps"])


def _action() -> Any:  # noqa: ANN401 - a YAML document
    return yaml.safe_load((ROOT / ACTION / "action.yml").read_text("utf-8"))


def executable(path: Path, script: str) -> None:
    """Write a shell script that can be run."""
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)
