"""What names at Google's registries mean: which hosts they are, and where in a path projects and repositories end."""


def is_google(registry: str) -> bool:
    """Say whether a registry is Google's: Container Registry or Artifact Registry."""
    host = registry.partition(":")[0]
    return host == "gcr.io" or host.endswith((".gcr.io", ".pkg.dev"))


def leads_to_google(registry: str) -> bool:
    """Say whether a list of this registry will be Google's, before it is asked for one: Kubernetes' redirects there."""
    return is_google(registry) or registry == "registry.k8s.io"


def readable_part(registry: str, path: str) -> str:
    """Give the beginning of a path that the same people may read: a project, and on pkg.dev a repository in it."""
    return "/".join(path.split("/")[: _depth(registry, path)])


def is_too_short(registry: str, path: str) -> bool:
    """Say whether a path ends above what can be listed: Artifact Registry names nothing above one of its repositories."""
    return _is_artifact_registry(registry) and len(path.split("/")) < _depth(registry, path)


def _depth(registry: str, path: str) -> int:
    """Give the number of components after which the images begin; the name of a project may begin with its domain."""
    has_domain = "." in path.partition("/")[0]
    return 1 + _is_artifact_registry(registry) + has_domain


def _is_artifact_registry(registry: str) -> bool:
    return registry.endswith(".pkg.dev")
