"""The registry of the distribution project as a child process: Debian's ``docker-registry``, or ``registry``."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ACCOUNT = ("mirror", "correct horse")
"""The user and the password in ``HTPASSWD``."""

HTPASSWD = "mirror:$2b$05$Qm7yT0uKcWzXn3RvL9eDgO6lq/GM.DVECqm0J2o/ekHGOlYlZT2Ma"
"""The only account of a registry with ``auth``, in the one format that distribution reads (bcrypt)."""

_LISTENING = re.compile(r"listening on (127\.0\.0\.1:[0-9]+)")
_LONGEST_START = 20.0


def binary() -> str | None:
    """Give the path of the registry's program, None where there is none."""
    return shutil.which("docker-registry") or shutil.which("registry")


@contextmanager
def docker_registry(folder: Path, extra: Mapping[str, object] | None = None) -> Iterator[str]:
    """Run a registry that keeps everything below ``folder``, and give ``127.0.0.1:port`` once it listens.

    ``extra`` is more of its configuration, as in ``with_account`` and ``WITH_FOREIGN_LAYERS``.
    """
    program = binary()
    if program is None:
        raise FileNotFoundError("neither docker-registry nor registry is on PATH")
    config, log = folder / "config.json", folder / "log"
    config.write_text(json.dumps(_config(folder / "storage") | dict(extra or {})), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_", "OTEL_"))}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [program, "serve", str(config)], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        ) as process,
    ):
        try:
            yield _address(process, log)
        finally:
            process.terminate()


def with_account(folder: Path) -> Mapping[str, object]:
    """Give the configuration of a registry that only ``ACCOUNT`` may use."""
    htpasswd = folder / "htpasswd"
    htpasswd.write_text(HTPASSWD + "\n", encoding="utf-8")
    return {"auth": {"htpasswd": {"realm": "simulated", "path": str(htpasswd)}}}


WITH_FOREIGN_LAYERS: Mapping[str, object] = {"validation": {"manifests": {"urls": {"allow": ["^https://"]}}}}
"""The configuration of a registry that takes layers which are to be had elsewhere."""


def _config(storage: Path) -> dict[str, object]:
    """Give a configuration; JSON is YAML, and port 0 is one that the system chooses."""
    return {
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(storage)}, "delete": {"enabled": True}},
        "http": {"addr": "127.0.0.1:0", "secret": "not a secret"},
    }


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the registry says where it listens, which it does once it answers."""
    deadline = time.monotonic() + _LONGEST_START
    while time.monotonic() < deadline and process.poll() is None:
        if found := _LISTENING.search(log.read_text(encoding="utf-8", errors="replace")):
            return found[1]
        time.sleep(0.01)
    raise TimeoutError(f"the registry does not start: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
