"""Registries of vendors that tell more beside the distribution API: Harbor, GitLab and GitHub, rebuilt from what they document."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

import httpx

from tests.support.gate import Gate
from tests.support.simulator import Simulator

PUSHED = "2026-11-20T02:17:00.000Z"
"""When everything was pushed."""


@dataclass(slots=True)
class Harbor(Simulator):
    """A Harbor with an administrator: who is nobody reads what is public, and no catalogue.

    What has a tag of ``accessories`` belongs to another artifact, and is not listed among them.
    """

    gate: Gate = field(
        default_factory=lambda: Gate("bearer", ("admin", "hunter2"), service="harbor-registry", path="/service/token")
    )
    accessories: frozenset[str] = frozenset()

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Give the true answer."""
        path = request.url.raw_path.decode().partition("?")[0]
        if path == "/v2/":
            return self.gate.refusal(request, ["registry:catalog:*"]) or httpx.Response(200, json={})
        return self._told(request, path) if path.startswith("/api/") else Simulator.answer(self, request)

    def _told(self, request: httpx.Request, path: str) -> httpx.Response:
        shown = request.headers.get("Authorization", "")
        if (shown and not self.gate.knows(shown)) or (self.gate.private and not shown):
            return httpx.Response(401, json={"errors": [{"code": "UNAUTHORIZED", "message": "unauthorized"}]})
        if path == "/api/v2.0/projects":
            names = sorted({name.partition("/")[0] for name in self.repositories})
            projects = [{"project_id": 1, "name": name, "repo_count": 1} for name in names]
            return _page(request, projects, min(self.page, int(request.url.params["page_size"])), "X-Total-Count")
        match = re.fullmatch(r"/api/v2\.0/projects/([^/]+)/repositories(?:/([^/]+)/artifacts)?", path)
        assert match, path
        project, name = unquote(match[1]), unquote(unquote(match[2] or ""))
        entries = self._artifacts(f"{project}/{name}") if name else self._repositories(project)
        return _page(request, entries, min(self.page, int(request.url.params["page_size"])), "X-Total-Count")

    def _repositories(self, project: str) -> list[Mapping[str, object]]:
        names = [name for name in self.repositories if name.startswith(f"{project}/")]
        return [{"id": 1, "name": name, "artifact_count": 1, "creation_time": PUSHED} for name in names]

    def _artifacts(self, name: str) -> list[Mapping[str, object]]:
        repository, told = self.repositories[name], list[Mapping[str, object]]()
        for digest, (media_type, raw) in repository.manifests.items():
            tags = [tag for tag, its in repository.tags.items() if its == digest]
            if self.accessories.isdisjoint(tags):
                named = [{"id": 1, "name": tag, "push_time": PUSHED, "immutable": False} for tag in tags] or None
                of_it = {"manifest_media_type": media_type, "size": len(raw), "push_time": PUSHED, "type": "IMAGE"}
                told.append({"digest": digest, "tags": named, **of_it})
        return told


@dataclass(slots=True)
class GitLab(Simulator):
    """A GitLab with these ``projects``: a ``token`` opens all, nobody the projects alone."""

    gate: Gate = field(default_factory=lambda: Gate("bearer", ("ci", "hunter2"), service="container_registry", path="/jwt/auth"))
    projects: tuple[str, ...] = ()
    token: str = "hunter2"

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Give the true answer."""
        path = request.url.raw_path.decode().partition("?")[0]
        if path == "/v2/":
            return self.gate.refusal(request, ["registry:catalog:*"]) or httpx.Response(200, json={})
        return self._told(request, path) if path.startswith("/api/") else Simulator.answer(self, request)

    def _told(self, request: httpx.Request, path: str) -> httpx.Response:
        match = re.fullmatch(r"/api/v4/(projects|groups)/([^/]+)/registry/repositories", path)
        assert match, path
        kind, name = match[1], unquote(match[2])
        shown = request.headers.get("Authorization", "")
        inside = [project for project in self.projects if project == name or (kind == "groups" and project.startswith(f"{name}/"))]
        if not inside or (kind == "groups" and name in self.projects):
            return httpx.Response(404, json={"message": f"404 {kind.removesuffix('s').title()} Not Found"})
        if shown not in ("", f"Bearer {self.token}") or (kind == "groups" and not shown):
            return httpx.Response(401, json={"message": "401 Unauthorized"})
        entries = [
            {"id": 1, "name": path.removeprefix(project).strip("/"), "path": path, "location": f"{request.url.host}/{path}"}
            for project in inside
            for path in self.repositories
            if f"{path}/".startswith(f"{project}/")
        ]
        return _page(request, entries, min(self.page, int(request.url.params["per_page"])), "X-Total")


@dataclass(slots=True)
class GitHub(Simulator):
    """GitHub's registry, and its API at ``api.github.com``, which takes this ``token``.

    Who is none of ``users`` is an organisation.
    """

    host: str = "ghcr.io"
    token: str = "ghp_secret"
    users: frozenset[str] = frozenset()

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Give the true answer."""
        return self._told(request) if request.url.host == "api.github.com" else Simulator.answer(self, request)

    def _told(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return httpx.Response(401, json={"message": "Requires authentication", "status": "401"})
        path = request.url.raw_path.decode().partition("?")[0]
        match = re.fullmatch(r"/(orgs|users)/([^/]+)/packages(?:/container/([^/]+)/versions)?", path)
        assert match, path
        kind, owner, name = match[1], match[2], f"{match[2]}/{unquote(match[3] or '')}"
        names = [each for each in self.repositories if each.startswith(f"{owner}/")]
        if (kind == "users") != (owner in self.users) or not names or (match[3] and name not in names):
            return httpx.Response(404, json={"message": "Not Found", "status": "404"})
        if match[3]:
            return _page(request, self._versions(name), min(self.page, int(request.url.params["per_page"])))
        assert request.url.params["package_type"] == "container"
        packages = [
            {"id": 1, "name": each.partition("/")[2], "package_type": "container", "visibility": "public"} for each in names
        ]
        return _page(request, packages, min(self.page, int(request.url.params["per_page"])))

    def _versions(self, name: str) -> list[Mapping[str, object]]:
        repository = self.repositories[name]
        tagged = {digest: [tag for tag, its in repository.tags.items() if its == digest] for digest in repository.manifests}
        return [
            {"id": 1, "name": digest, "created_at": PUSHED, "metadata": {"package_type": "container", "container": {"tags": tags}}}
            for digest, tags in tagged.items()
        ]


def _page(request: httpx.Request, entries: Iterable[Mapping[str, object]], most: int, count: str = "") -> httpx.Response:
    """Give a page of entries, with a link to the next one and, under the name ``count``, how many there are."""
    everything, page = list(entries), int(request.url.params.get("page", "1"))
    headers = {count: str(len(everything))} if count else {}
    if page * most < len(everything):
        headers["Link"] = f'<{request.url.copy_set_param("page", page + 1)}>; rel="next"'
    return httpx.Response(200, headers=headers, json=everything[(page - 1) * most : page * most])
