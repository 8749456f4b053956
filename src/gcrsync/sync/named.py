"""Looking at the one repository of which every tag is named: one HEAD a tag, and no list unless a tag is not there."""

from dataclasses import replace

from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Repository, Tag
from gcrsync.registry.client import Client
from gcrsync.registry.google_names import leads_to_google
from gcrsync.sync.found import Failure, Found, Surveyor, told

IMAGES = "images"
"""The way of looking that needs no list."""


def ask_by_name(surveyor: Surveyor, found: Found) -> bool:
    """Ask for each tag that is named, and say whether that was enough.

    It is not where the selection names no single tags, or where one is not there: the whole list alone can say that it is gone.
    Google is always asked for its list: that takes one request, and names what refers to the images too.
    """
    tags, namespace = found.selection.named_tags, found.namespace
    if tags is None or leads_to_google(namespace.registry):
        return False
    repository = Repository(namespace.registry, namespace.path)
    return not found.own([repository]) or _found_whole(surveyor, found, repository, tags)


def put_pins(found: Found) -> None:
    """Put each pinned digest under its tag, whatever the source has there; a list without any tag stays what it is to be judged."""
    namespace, pins = found.selection.source, found.selection.pins
    listing = found.listings.get(namespace)
    if pins and listing is not None and (listing.tags or listing.unasked):
        found.listings[namespace] = replace(listing, tags={**listing.tags, **pins}, unasked=listing.unasked - set(pins))


def _found_whole(surveyor: Surveyor, found: Found, repository: Repository, tags: frozenset[Tag]) -> bool:
    client = Client(surveyor.session)
    asked: dict[Tag, Descriptor | None] = {}
    for tag, answer in surveyor.all(lambda tag: told(lambda: client.head_manifest(repository, tag)), sorted(tags)):
        found.requests += 1
        if isinstance(answer, Failure):
            found.fail(repository.namespace, answer)
        else:
            asked[tag] = answer
    there = {tag: descriptor for tag, descriptor in asked.items() if descriptor is not None}
    if repository.namespace in found.failures:
        return True
    if len(there) < len(asked):
        found.asked[repository] = there
        return False
    found.listings[repository.namespace] = Listing(
        tags={**{tag: descriptor.digest for tag, descriptor in there.items()}, **found.selection.pins},
        manifests={descriptor.digest: Described(descriptor.media_type) for descriptor in there.values()},
        unasked=found.selection.literal_tags.difference(tags, found.selection.pins),
    )
    surveyor.watch.listed(repository.namespace)
    return True
