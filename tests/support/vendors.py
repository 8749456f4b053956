"""Registries of the internet on loopback: each host of a test is a function, reached by its own name through a proxy, with TLS.

with vendors(tmp_path, {"hub.docker.com": site, "registry-1.docker.io": simulator}) as internet:
    internet.run("compare", "docker.io/acme", "--to", "oci:../images")
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.mirrors import Mirror
from tests.support.misbehaving import Misbehaving
from tests.support.nights import check_lines
from tests.support.serving import Answer, served
from tests.support.tunnels import Proxy, make_authority, proxy

Route = Callable[..., httpx.Response]
"""Gives an answer from a request and the parts of its path that the pattern of the route names in parentheses."""


@dataclass(slots=True)
class Site(Misbehaving):
    """A web API: its ``routes`` are regular expressions for whole ``METHOD /path``; the first that matches answers."""

    routes: dict[str, Route] = field(default_factory=dict)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Give the true answer."""
        request.read()
        for pattern, route in self.routes.items():
            if match := re.fullmatch(pattern, f"{request.method} {request.url.path}"):
                with self.lock:
                    return route(request, *match.groups())
        return httpx.Response(404, json={"message": "object not found"})


@dataclass(frozen=True, slots=True)
class Internet:
    """The hosts of a test, the proxy that leads to them, and a metadata repository in which the program is run."""

    mirror: Mirror
    proxy: Proxy

    def run(self, *arguments: str, code: int = 0, environment: Mapping[str, str] | None = None) -> str:
        """Run gcrsync, and give all that it says; none of it is secret."""
        ended = self.mirror.run(*arguments, code=code, environment=environment)
        check_lines(ended.stdout + ended.stderr)
        return ended.stdout + ended.stderr

    def report(self, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 - a JSON document
        """Run gcrsync with ``--json``, and give the report."""
        return self.mirror.report(*arguments, code=code)

    def log_in(self, registry: str, user: str, password: str) -> None:
        """Put an account for a registry into Docker's configuration, under the key that Docker uses."""
        folder = Path(self.mirror.environment["HOME"], ".docker")
        folder.mkdir(exist_ok=True)
        account = {"username": user, "password": password}
        (folder / "config.json").write_text(json.dumps({"auths": {registry: account}}), "utf-8")


@contextmanager
def vendors(folder: Path, hosts: Mapping[str, Answer]) -> Iterator[Internet]:
    """Have each host answer under its name; the program knows the way to no other."""
    authority = make_authority(folder, *hosts)
    with ExitStack() as stack:
        names = {f"{host}:443": _port(stack.enter_context(served(answer, authority.context))) for host, answer in hosts.items()}
        running = stack.enter_context(proxy(names))
        mirror = Mirror(folder)
        mirror.environment |= {"HTTPS_PROXY": f"http://{running.address}", "SSL_CERT_FILE": str(authority.file)}
        yield Internet(mirror, running)


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])
