"""Google's way through a namespace: each path names its tags and digests, and the paths one level below."""

from dataclasses import replace

from gcrsync.errors import ProtocolError
from gcrsync.oci.name import Namespace
from gcrsync.registry.listing import GoogleAnswer, PlainAnswer, ask
from gcrsync.registry.session import Session
from gcrsync.sync.found import Failure, Found, Surveyor, told


def walk(surveyor: Surveyor, found: Found, root: GoogleAnswer) -> None:
    """Follow ``child`` from the root of the namespace down, also where a repository has tags of its own."""
    level = _take(surveyor, found, found.namespace, root)
    named, level = 1 + len(level), list(filter(found.selection.reaches, level))
    bounded = replace(surveyor, stopped=lambda: named > surveyor.most or surveyor.stopped())
    while level:
        below: list[Namespace] = []
        for path, answer in bounded.all(lambda path: _ask(surveyor.session, path), level):
            if isinstance(answer, GoogleAnswer):
                children = _take(surveyor, found, path, answer)
                named += len(children)
                below.extend(filter(found.selection.reaches, children))
            else:
                found.fail(path, answer)
                found.requests += 1
        level = below
    if named > surveyor.most:
        found.failures[found.namespace] = f"more than {surveyor.most:,} paths: {found.namespace} is not listed whole"


def _take(surveyor: Surveyor, found: Found, path: Namespace, answer: GoogleAnswer) -> list[Namespace]:
    found.listings[path] = answer.listing
    found.requests += answer.requests
    surveyor.watch.listed(path)
    return [path.child(component) for component in sorted(answer.listing.children)]


def _ask(session: Session, path: Namespace) -> GoogleAnswer | Failure:
    answer = told(lambda: ask(session, path))
    if isinstance(answer, PlainAnswer):
        where = str(path)
        return answer.error or ProtocolError("listing", where, "the registry gave Google's list above, and a plain one here")
    return answer
