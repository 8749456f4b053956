"""What commands begin with: the metadata repository, and all that a look at sources is made with."""

import os
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from gcrsync.cli.config import config_beside
from gcrsync.cli.console import Screen
from gcrsync.cli.job import Base, choices, job
from gcrsync.cli.options import CompareOptions
from gcrsync.cli.progress import Watched
from gcrsync.cli.setup import insecure_hosts, means, network
from gcrsync.registry.opening import Settings
from gcrsync.store.command import LONGEST, never
from gcrsync.store.history import History
from gcrsync.store.opening import Surroundings, is_url, open_history, open_remote
from gcrsync.sync.job import Job, Means
from gcrsync.sync.stop import Stop


def opened(
    named: str | None,
    stop: Stop | None = None,
    *,
    branch: str | None = None,
    variables: Mapping[str, str] | None = None,
    longest: float = LONGEST,
) -> History:
    """Open the metadata repository: the one of this folder, or the one that is named, by a path or by a URL.

    ``branch`` is the one to publish to where the user has named it, ``variables`` are added to the environment of git,
    and ``longest`` is the most seconds that a command of it may take.
    """
    environment = {**os.environ, **(variables or {})}
    around = Surroundings(environment, time.sleep, random.random, stop.seconds if stop else never, Screen().warn, longest)
    if named is None:
        return open_history(Path.cwd(), around, named=False, branch=branch or "")
    if is_url(named):
        return open_remote(named, platformdirs.user_cache_path("gcrsync"), around, branch=branch or "")
    return open_history(Path(named), around, named=True, branch=branch or "")


@contextmanager
def prepared(
    command: str, options: CompareOptions, watched: Watched, history: History, stop: Stop
) -> Iterator[tuple[Job, Means, Settings]]:
    """Give what a run is asked to do, what it does it with, watched as it goes on, and what its sessions are told."""
    base = Base(history.root, options.config or config_beside(history.root), ours=history.cached)
    chosen = choices(options, base)
    asked = job(command, options, base, chosen)
    insecure = insecure_hosts(options.insecure, [choice.table for choice in chosen], options.to)
    settings = network(insecure, options.retries, options.timeout)
    places = [mirror.destination for mirror in asked.mirrors]
    with watched.running() as watch, means(places, settings, base.root, options.jobs, (stop, watch)) as given:
        yield asked, given, settings
