"""What a run works with, put together for tests of a part of it: simulated registries, real threads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx

from gcrsync.oci.name import Repository
from gcrsync.registry.client import Client
from gcrsync.registry.destination import Destination
from gcrsync.sync.job import Means
from gcrsync.sync.progress import Watch
from gcrsync.sync.stop import Stop
from tests.support.repositories import no_foreign
from tests.support.sessions import session_to


@contextmanager
def means_to(answer: Callable[[httpx.Request], httpx.Response], stop: Stop) -> Iterator[Means]:
    """Give what works with whoever answers, source and destinations alike; nothing is repeated."""
    with session_to(answer) as session, ThreadPoolExecutor(3) as executor, ThreadPoolExecutor(1) as blobs:
        target = Destination(session)
        yield Means(
            session=session,
            source=Client(session),
            target=lambda _: target,
            recorded=lambda name: (target, Repository.parse(name)),
            foreign=no_foreign,
            executor=executor,
            blobs=blobs,
            ahead=2,
            repeat=lambda work: work(),
            stopped=stop,
            watch=Watch(),
        )
