"""Who copies: the threads of this process, or the workers of a cluster that ``--executor`` names."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from gcrsync.errors import UsageError
from gcrsync.mirror.naming import FolderDestination
from gcrsync.registry.opening import Settings
from gcrsync.sync.crew import Crew, by_threads
from gcrsync.sync.job import Job
from gcrsync.sync.stop import Stop

_EXECUTOR = re.compile(r"dask://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")
_EXTRA = "install the extra: pip install '.[dask]' in a clone of gcrsync"
_PORT = "8786"
"""That of a Dask scheduler, unless it is told another."""


@contextmanager
def crew(executor: str | None, job: Job, settings: Settings, jobs: int, stop: Stop) -> Iterator[Crew]:
    """Give who copies; UsageError for what is no executor, or cannot be used for this job."""
    if executor is None:
        yield by_threads
        return
    place = _place(executor)
    destinations = tuple(mirror.destination for mirror in job.mirrors)
    for folder in destinations:
        if isinstance(folder, FolderDestination):
            message = f"{folder.text} is a folder of this machine, which the workers of {executor} do not see"
            raise UsageError(message, hint="mirror to a registry (gcrsync serve makes one of the folder), or leave --executor out")
    try:
        from gcrsync.cli.cluster import on_cluster
        from gcrsync.cli.worker import Terms, build
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("dask", "distributed"):
            raise
        raise UsageError("--executor needs Dask, which is not installed", hint=_EXTRA) from error
    terms = Terms(job.run, destinations, settings.insecure, settings.retry, settings.patience, jobs, build())
    with on_cluster(place, terms, stop) as workers:
        yield workers


def _place(executor: str) -> str:
    """Give the ``host:port`` of a scheduler."""
    found = _EXECUTOR.fullmatch(executor)
    if found is None or int(found[2] or _PORT) not in range(1, 1 << 16):
        hint = "write dask://HOST:8786; it is encrypted with TLS, or on loopback"
        raise UsageError(f"{executor!r} is no executor", hint=hint)
    return f"{found[1]}:{found[2] or _PORT}"
