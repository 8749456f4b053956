"""Google's way through a namespace: each path names its tags and digests, and the paths one level below."""

from dataclasses import replace

from gcrsync.errors import ProtocolError
from gcrsync.oci.name import Namespace
from gcrsync.registry.listing import GoogleAnswer, PlainAnswer, ask
from gcrsync.registry.session import Session
from gcrsync.sync.found import Failure, Found, Means, told


def walk(means: Means, found: Found, root: GoogleAnswer) -> None:
    """Follow ``child`` from the root of the namespace down, also where a repository has tags of its own."""
    level = _take(means, found, found.namespace, root)
    named, level = 1 + len(level), list(filter(found.selection.reaches, level))
    bounded = replace(means, stopped=lambda: named > means.most or means.stopped())
    while level:
        below: list[Namespace] = []
        for path, answer in bounded.all(lambda path: _ask(means.session, path), level):
            if isinstance(answer, GoogleAnswer):
                children = _take(means, found, path, answer)
                named += len(children)
                below.extend(filter(found.selection.reaches, children))
            else:
                found.fail(path, answer)
                found.requests += 1
        level = below
    if named > means.most:
        found.failures[found.namespace] = f"more than {means.most:,} paths: {found.namespace} is not listed whole"


def _take(means: Means, found: Found, path: Namespace, answer: GoogleAnswer) -> list[Namespace]:
    found.listings[path] = answer.listing
    found.requests += answer.requests
    means.watch.listed(path)
    return [path.child(component) for component in sorted(answer.listing.children)]


def _ask(session: Session, path: Namespace) -> GoogleAnswer | Failure:
    answer = told(lambda: ask(session, path))
    if isinstance(answer, PlainAnswer):
        where = str(path)
        return answer.error or ProtocolError("listing", where, "the registry gave Google's list above, and a plain one here")
    return answer
