"""Looking at a source: every repository and tag of a namespace, and which of it could not be had."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import TypeVar

from gcrsync.errors import IntegrityError, ProtocolError, PullLimitError, RegistryError, StoppedError
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.snapshot import GOOGLE, Snapshot
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.registry.catalog import catalog, tags
from gcrsync.registry.client import Client
from gcrsync.registry.listing import GoogleAnswer, PlainAnswer, ask
from gcrsync.registry.session import Session
from gcrsync.sync.pool import Pool, Stopped, each
from gcrsync.sync.progress import Watch

CATALOG = "catalog"
MOST_PATHS = 100_000
"""The most paths that are listed of a namespace: one whose paths all have children of their own would never end."""

_NOT_SEEN_BELOW = "the registry has no catalogue that can be read, so nothing below is seen"

Failure = RegistryError | IntegrityError
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Means:
    """What a survey works with: ``executor`` runs at most ``ahead`` requests at a time, for ``most`` paths of a namespace."""

    session: Session
    executor: Executor
    ahead: int
    stopped: Stopped
    watch: Watch
    most: int = MOST_PATHS


@dataclass(slots=True)
class _Found:
    """What has been seen so far; only the thread that asked for the survey writes it."""

    namespace: Namespace
    listings: dict[Namespace, Listing] = field(default_factory=dict)
    failures: dict[Namespace, str] = field(default_factory=dict)
    limited: set[Namespace] = field(default_factory=set)
    unseen: dict[Namespace, str] = field(default_factory=dict)
    others: set[Repository] = field(default_factory=set)
    requests: int = 0
    named: int = 1
    """How many paths Google's lists have named so far, the namespace with them."""

    def fail(self, path: Namespace, error: Failure) -> None:
        self.failures[path] = str(error)
        if isinstance(error, PullLimitError):
            self.limited.add(path)

    def snapshot(self, listed_by: str) -> Snapshot:
        limited, others = frozenset(self.limited), frozenset(self.others)
        return Snapshot(self.namespace, self.listings, self.failures, self.unseen, listed_by, self.requests, limited, others)


def survey(means: Means, selection: Selection) -> Snapshot:
    """List the namespace of a selection, whole or with a note of what could not be listed.

    Google's list is known by its answer. StoppedError where the run was asked to stop before everything was seen.
    """
    namespace = selection.namespace
    means.watch.surveying(namespace)
    found = _Found(namespace)
    listed_by = CATALOG
    try:
        answer = ask(means.session, namespace)
    except (RegistryError, IntegrityError) as error:
        found.fail(namespace, error)
        found.requests = 1
        return found.snapshot(listed_by)
    if isinstance(answer, GoogleAnswer):
        listed_by = GOOGLE
        _walk(means, selection, found, answer)
    else:
        _read_catalogue(means, selection, found, answer)
    if means.stopped():
        raise StoppedError
    return found.snapshot(listed_by)


def _walk(means: Means, selection: Selection, found: _Found, root: GoogleAnswer) -> None:
    """Follow ``child`` from the root of the namespace down, also where a repository has tags of its own."""
    level = _take(means, found, found.namespace, root)
    if selection.only_itself:
        return
    bounded = replace(means, stopped=lambda: found.named > means.most or means.stopped())
    while level:
        below: list[Namespace] = []
        for path, answer in _all(bounded, lambda path: _ask_google(means.session, path), level):
            if isinstance(answer, GoogleAnswer):
                below.extend(_take(means, found, path, answer))
            else:
                found.fail(path, answer)
                found.requests += 1
        level = below
    if found.named > means.most:
        found.failures[found.namespace] = f"more than {means.most:,} paths: {found.namespace} is not listed whole"


def _take(means: Means, found: _Found, path: Namespace, answer: GoogleAnswer) -> list[Namespace]:
    found.listings[path] = answer.listing
    found.requests += answer.requests
    means.watch.listed(path)
    found.named += len(answer.listing.children)
    return [path.child(component) for component in sorted(answer.listing.children)]


def _ask_google(session: Session, path: Namespace) -> GoogleAnswer | Failure:
    answer = _told(lambda: ask(session, path))
    if isinstance(answer, PlainAnswer):
        where = str(path)
        return answer.error or ProtocolError("listing", where, "the registry gave Google's list above, and a plain one here")
    return answer


def _read_catalogue(means: Means, selection: Selection, found: _Found, root: PlainAnswer) -> None:
    """List what the catalogue names under the namespace: the tags of each repository, and a HEAD for each tag."""
    found.requests += root.requests
    repositories = _catalogued(means, selection, found, root)
    if root.tags is not None and found.namespace.path:
        repositories = [repository for repository in repositories if repository.namespace != found.namespace]
        itself = Repository(found.namespace.registry, found.namespace.path)
        _add_tags(means, selection, found, dict.fromkeys(_own(selection, found, [itself]), root.tags))
    named: dict[Repository, tuple[Tag, ...]] = {}
    for repository, answer in _all(means, lambda repository: _told(lambda: tags(means.session, repository)), repositories):
        if isinstance(answer, Failure):
            found.fail(repository.namespace, answer)
            found.requests += 1
        else:
            named[repository], requests = answer
            found.requests += requests
    _add_tags(means, selection, found, named)


def _catalogued(means: Means, selection: Selection, found: _Found, root: PlainAnswer) -> list[Repository]:
    """Give the selected repositories that the catalogue names, and note those it names in the listing of the namespace."""
    if selection.only_itself:
        if root.tags is None:
            found.failures[found.namespace] = str(root.error)
        return []
    answer = _told(lambda: catalog(means.session, found.namespace))
    if isinstance(answer, Failure):
        found.requests += 1
        if isinstance(answer, PullLimitError):
            found.fail(found.namespace, answer)
        elif root.tags is None:
            found.failures[found.namespace] = f"{answer}; and {root.error}" if root.error else str(answer)
        else:
            found.unseen[found.namespace] = f"{_NOT_SEEN_BELOW} ({answer.message})"
        return []
    repositories, requests = answer
    found.requests += requests
    if not repositories and root.tags is None and root.error is not None:
        found.failures[found.namespace] = f"the catalogue names nothing here, and {root.error}"
        return []
    below = frozenset(repository.path for repository in repositories if repository.namespace != found.namespace)
    found.listings[found.namespace] = Listing(children=below)
    return _own(selection, found, repositories)


def _own(selection: Selection, found: _Found, repositories: Iterable[Repository]) -> list[Repository]:
    """Give the selected repositories that are this shard's, and note the others."""
    taken = [repository for repository in repositories if selection.takes(repository)]
    found.others |= {repository for repository in taken if not selection.judges(repository)}
    return [repository for repository in taken if repository not in found.others]


def _add_tags(means: Means, selection: Selection, found: _Found, named: dict[Repository, tuple[Tag, ...]]) -> None:
    """Ask for the digest of each selected tag, and make the listings of the repositories from the answers."""
    wanted = [(repository, tag) for repository, each_tag in named.items() for tag in each_tag if selection.takes_tag(tag)]
    client = Client(means.session)
    seen: dict[Repository, dict[Tag, Descriptor]] = {repository: {} for repository in named}
    for (repository, tag), answer in _all(means, lambda each: _head(client, *each), wanted):
        found.requests += 1
        if isinstance(answer, Failure):
            found.fail(repository.namespace, answer)
        else:
            seen[repository][tag] = answer
    for repository, descriptors in seen.items():
        if repository.namespace not in found.failures:
            children = found.listings.get(repository.namespace, Listing()).children
            found.listings[repository.namespace] = _plain_listing(descriptors, named[repository], children)
            means.watch.listed(repository.namespace)


def _head(client: Client, repository: Repository, tag: Tag) -> Descriptor | Failure:
    answer = _told(lambda: client.head_manifest(repository, tag))
    if answer is None:
        return ProtocolError("reading", f"{repository}:{tag}", "the registry lists the tag, but has no manifest under it")
    return answer


def _plain_listing(descriptors: dict[Tag, Descriptor], named: Iterable[Tag], children: frozenset[str]) -> Listing:
    digests: dict[Tag, Digest] = {tag: descriptor.digest for tag, descriptor in descriptors.items()}
    manifests = {descriptor.digest: Described(descriptor.media_type) for descriptor in descriptors.values()}
    return Listing(digests, manifests, children, unasked=frozenset(named) - set(digests))


def _told(work: Callable[[], Result]) -> Result | Failure:
    """Give what the work gives, or the registry's failure as a value: one repository's failure is not the others'."""
    try:
        return work()
    except (RegistryError, IntegrityError) as error:
        return error


def _all(means: Means, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result]]:
    """Do the work for all items at once, as far as the executor goes, and give each with its result."""
    return each(Pool(means.executor, means.ahead, means.stopped), lambda item: (item, work(item)), items)
