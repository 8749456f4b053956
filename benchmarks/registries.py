"""Starts the registries that are measured against, each a process of its own on a port of loopback, and ends them."""

import grp
import io
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.process import ROOT

_PATIENCE = 10.0
"""How long a registry may take to start, in seconds."""

_NGINX = """
daemon off; worker_processes 1; user {user} {group}; pid {folder}/pid; error_log {folder}/errors;
events {{ worker_connections 1024; }}
http {{
  log_format common '$remote_addr - - [$time_local] "$request" $status $body_bytes_sent';
  access_log {folder}/log common; client_body_temp_path {folder}/bodies; proxy_temp_path {folder}/proxied;
  fastcgi_temp_path {folder}/unused; scgi_temp_path {folder}/unused; uwsgi_temp_path {folder}/unused;
  keepalive_requests 1000000; tcp_nodelay on;
  upstream registry {{ server {upstream}; keepalive 64; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port}; default_type application/json;
    location ~ ^/v2/(.+/)?tags/list$ {{ root {lists}; }}
    location / {{
      proxy_pass http://registry; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Connection ""; proxy_set_header Host $http_host;
    }}
  }}
}}
"""


@dataclass(slots=True)
class RunningRegistry:
    """A registry: its host and port, and the file where it writes a line for each request, in one of Apache's formats.

    ``processor`` is the seconds of processor time that it has used, known once it has ended.
    """

    address: str
    log: Path
    processor: float = 0.0


@dataclass(slots=True)
class Replay:
    """A namespace that is replayed: its name with the host and port.

    Known once it has ended: how many requests of each kind it has answered and the ``bytes`` of their bodies, and the seconds of
    processor time it took.
    """

    namespace: str
    counts: dict[str, int] = field(default_factory=dict)
    processor: float = 0.0


def free_port() -> int:
    """Give a port of loopback that nothing listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def docker_registry(folder: Path, port: int) -> Iterator[RunningRegistry]:
    """Run Debian's ``docker-registry`` with all its files in a folder, below ``storage`` what it holds."""
    folder.mkdir(exist_ok=True)
    settings = {
        "version": "0.1",
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}, "cache": {"blobdescriptor": "inmemory"}},
        "validation": {"manifests": {"urls": {"allow": [".*"]}}},  # else it refuses foreign layers, with 500
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    config = folder / "config.yml"
    config.write_text(json.dumps(settings))  # every JSON document is a YAML document
    with _running(("docker-registry", "serve", str(config)), port, folder / "log") as registry:
        yield registry


@contextmanager
def google_front(folder: Path, port: int, lists: Path, upstream: str) -> Iterator[RunningRegistry]:
    """Run Debian's ``nginx`` before a registry: it answers ``tags/list`` from files below a folder, as Google does."""
    folder.mkdir(exist_ok=True)
    config, log = folder / "nginx.conf", folder / "log"
    log.unlink(missing_ok=True)  # nginx adds to what is there
    user, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name  # else root's nginx reads as nobody
    config.write_text(_NGINX.format(folder=folder, port=port, lists=lists, upstream=upstream, user=user, group=group))
    with _running((_nginx(), "-e", str(folder / "errors"), "-c", str(config)), port, folder / "said") as registry:
        registry.log = log
        yield registry


@contextmanager
def replayed(file: Path, port: int = 0) -> Iterator[Replay]:
    """Serve a recorded or generated namespace from another process, at any free port for 0."""
    command = (sys.executable, "-m", "benchmarks.replay", str(file), "--port", str(port))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        lines = process.stdout or io.BytesIO()
        replay = Replay(lines.readline().decode().strip())
        try:
            yield replay
        finally:
            process.terminate()
            replay.counts = json.loads(lines.read() or "{}")
            replay.processor = _processor(process)


def has_nginx() -> bool:
    """Say whether there is an nginx for ``google_front``."""
    return bool(_nginx())


def _nginx() -> str:
    """Give the path of nginx, which Debian puts where only root looks; empty where there is none."""
    return shutil.which("nginx") or shutil.which("/usr/sbin/nginx") or ""


@contextmanager
def _running(command: Sequence[str], port: int, log: Path) -> Iterator[RunningRegistry]:
    registry = RunningRegistry(f"127.0.0.1:{port}", log)
    # Variables of these names would overrule the configuration.
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_", "OTEL_"))}
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output, env=settings) as process:
        try:
            _wait(process, port, log)
            yield registry
        finally:
            process.terminate()
            registry.processor = _processor(process)


def _processor(process: subprocess.Popen[bytes]) -> float:
    """Wait until a process ends, and give the seconds of processor time that it and its children took; 0 where it broke down."""
    if process.returncode is not None:
        return 0.0
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until something listens at the port; no request is sent, for it would be counted."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionError:
            time.sleep(0.02)
        else:
            return
    sys.exit(f"{process.args!r} does not listen at port {port}:\n{log.read_text()}")
