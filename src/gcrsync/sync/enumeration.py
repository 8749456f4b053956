"""Listing a namespace repository by repository, as its vendor names them, with a HEAD for each digest that is not told."""

from collections.abc import Container, Mapping
from dataclasses import replace

from gcrsync.errors import DeniedError, ProtocolError, UnauthorizedError
from gcrsync.mirror.choosing import choose
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Repository, Tag
from gcrsync.registry.catalog import tags
from gcrsync.registry.client import Client
from gcrsync.registry.vendor import Vendor
from gcrsync.sync.found import Failure, Found, Surveyor, told

_HIDDEN = "it is on record, and neither named nor shown: log in, or name it in accept_empty if it is gone"


def enumerate_repositories(surveyor: Surveyor, found: Found, vendor: Vendor) -> None:
    """List every selected repository of the namespace, and note what could not be listed."""
    listings: dict[Repository, Listing] = {}
    named = _named(found, vendor)
    for repository, answer in surveyor.all(lambda each: told(lambda: vendor.tags(each)), [*named, *_missed(surveyor, found)]):
        if isinstance(answer, Failure):
            found.fail(repository.namespace, answer)
            found.requests += 1
        else:
            listings[repository] = answer.listing
            found.requests += answer.requests
    _add(surveyor, found, listings)


def _named(found: Found, vendor: Vendor) -> list[Repository]:
    """Give the selected repositories that the vendor names, and note all that it names in the listing of the namespace."""
    namespace = found.namespace
    if found.selection.only_itself and namespace.path:
        return found.own([Repository(namespace.registry, namespace.path)])
    answer = told(lambda: vendor.repositories(namespace))
    if isinstance(answer, Failure):
        found.requests += 1
        found.fail(namespace, answer)
        return []
    found.requests += answer.requests
    if answer.unseen:
        found.unseen[namespace] = answer.unseen
    else:
        below = frozenset(repository.path for repository in answer.repositories if repository.namespace != namespace)
        found.listings[namespace] = Listing(children=below)
    return found.own(answer.repositories)


def _missed(surveyor: Surveyor, found: Found) -> list[Repository]:
    """Give the repositories on record that the vendor's list does not name and the registry has all the same.

    Who may not see a repository gets a list without it, and one that changes while it is read may miss another: only what the
    registry itself does not have is gone.
    """
    namespace = found.namespace
    if namespace not in found.listings or found.selection.believes_empty(namespace):
        return []
    children = found.listings[namespace].children | {namespace.path}
    lost = [each for each in found.recorded if each.path not in children and not found.selection.believes_empty(each.namespace)]
    there: list[Repository] = []
    for repository, answer in surveyor.all(lambda each: told(lambda: tags(surveyor.session, each)), lost):
        found.requests += 1
        if isinstance(answer, UnauthorizedError | DeniedError):
            found.unseen[repository.namespace] = f"{_HIDDEN} ({answer.reason})"
        elif isinstance(answer, Failure):
            found.fail(repository.namespace, answer)
        elif answer[0]:
            there.append(repository)
    return there


def _add(surveyor: Surveyor, found: Found, listings: Mapping[Repository, Listing]) -> None:
    """Ask for the digest of each selected tag that has none yet, and note the listings with what was answered."""
    seen = {repository: dict(found.asked.get(repository, {})) for repository in listings}
    wanted = [
        (repository, tag) for repository, names in seen.items() for tag in _wanted(found, repository, listings[repository], names)
    ]
    client = Client(surveyor.session)
    for (repository, tag), answer in surveyor.all(lambda each: _head(client, *each), wanted):
        found.requests += 1
        if isinstance(answer, Failure):
            found.fail(repository.namespace, answer)
        else:
            seen[repository][tag] = answer
    for repository, descriptors in seen.items():
        if repository.namespace not in found.failures:
            children = found.listings.get(repository.namespace, Listing()).children
            found.listings[repository.namespace] = replace(_with(listings[repository], descriptors), children=children)
            surveyor.watch.listed(repository.namespace)


def _wanted(found: Found, repository: Repository, listing: Listing, asked: Container[Tag]) -> list[Tag]:
    """Give the tags that are chosen and have no digest yet, sorted."""
    left = choose(found.selection, repository, listing).left
    wanted = (tag for tag in listing.unasked if tag not in left and tag not in asked and tag not in found.selection.pins)
    return sorted(wanted, key=lambda tag: tag.sort_key)


def _head(client: Client, repository: Repository, tag: Tag) -> Descriptor | Failure:
    answer = told(lambda: client.head_manifest(repository, tag))
    if answer is None:
        return ProtocolError("reading", f"{repository}:{tag}", "the registry lists the tag, but has no manifest under it")
    return answer


def _with(listing: Listing, descriptors: Mapping[Tag, Descriptor]) -> Listing:
    """Give a listing with the digests that were asked for of tags that it names."""
    descriptors = {tag: descriptor for tag, descriptor in descriptors.items() if tag in listing.unasked}
    asked = {descriptor.digest: Described(descriptor.media_type) for descriptor in descriptors.values()}
    return replace(
        listing,
        tags={**listing.tags, **{tag: descriptor.digest for tag, descriptor in descriptors.items()}},
        manifests={**asked, **listing.manifests},
        unasked=listing.unasked - set(descriptors),
    )
