"""Docker Hub's ``library`` as the files of official-images name it, with one HEAD for each image that has not changed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from gcrsync.errors import GitError, IntegrityError, InvalidNameError, StoreError
from gcrsync.mirror.choosing import choose
from gcrsync.mirror.library import Groups, Official, parse_library
from gcrsync.mirror.record import Record, Records
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import DOCKER_HUB, Namespace, Repository, Tag
from gcrsync.registry.client import Client
from gcrsync.store.foreign import Foreign
from gcrsync.store.tree import Entry
from gcrsync.sync.found import Failure, Found, Means, told

FOLDER = "library"
"""The folder of the files, and the namespace of the images."""

LIBRARY = Namespace(DOCKER_HUB, FOLDER)
"""What the files are about."""

_Seen = dict[Repository, dict[Tag, Descriptor]]


@dataclass(frozen=True, slots=True)
class Library:
    """What a look at official images begins with: what is on record, what was read of the files, what opens their repository."""

    records: Records
    official: Official
    open: Callable[[str], Foreign]


@dataclass(frozen=True, slots=True)
class _Image:
    """One image of a repository, by its selected names."""

    repository: Repository
    tags: tuple[Tag, ...]


def enumerate_library(means: Means, found: Found, library: Library) -> None:
    """List every selected repository that has a file; of each image the first name is asked for, and the others only if need be."""
    try:
        foreign = library.open(found.selection.official_images)
        files = _files(found, foreign)
        official = found.official = _read(found, library, foreign, files)
    except StoreError as error:
        found.failures[found.namespace] = str(error)
        return
    _note(found, files)
    taken = _taken(found, official)
    images = [image for repository, groups in taken.items() for image in _images(found, repository, groups)]
    seen: _Seen = {repository: {} for repository in taken}
    _ask(means, found, [(image.repository, image.tags[0]) for image in images], seen)
    kept = _unmoved(images, seen, library.records)
    others = [(image.repository, tag) for image in images for tag in image.tags[1:] if tag not in kept[image.repository]]
    _ask(means, found, [each for each in others if each[0].namespace not in found.failures], seen)
    for repository, groups in taken.items():
        if repository.namespace not in found.failures:
            listing = _listing(seen[repository], kept[repository])
            named, built = frozenset(tag for group in groups for tag in group.tags), _built(found, repository, groups)
            chosen = _chosen(found, repository, built)
            found.listings[repository.namespace] = replace(
                listing, unasked=built - chosen, unbuilt=named - built, missing=chosen.difference(listing.tags)
            )
            means.watch.listed(repository.namespace)


def _note(found: Found, files: Iterable[str]) -> None:
    """Note all repositories that there are, those too whose files nobody reads."""
    named = (Repository(DOCKER_HUB, f"{FOLDER}/{name}") for name in files)
    below = frozenset(repository.path for repository in named if found.namespace.covers(repository))
    found.listings[found.namespace] = Listing(children=below - {found.namespace.path})


def _taken(found: Found, official: Official) -> dict[Repository, Groups]:
    """Give the selected repositories of this shard."""
    named = {Repository(DOCKER_HUB, f"{FOLDER}/{name}"): groups for name, groups in official.repositories.items()}
    return {repository: named[repository] for repository in found.own(sorted(named))}


def _files(found: Found, foreign: Foreign) -> Mapping[str, Entry]:
    """Give the file of each repository, by its name; GitError where there is none."""
    files = dict(_named(foreign.tree.entries(f"{FOLDER}/")))
    if not files:
        reason = f"{found.selection.official_images} has no files in the folder {FOLDER}; is it official-images?"
        raise GitError("ls-tree", reason)
    return files


def _read(found: Found, library: Library, foreign: Foreign, files: Mapping[str, Entry]) -> Official:
    """Read the files of the selected repositories, those that have not changed since they were read excepted."""
    changed = foreign.changed(library.official.commit, FOLDER)
    known = {} if changed is None else library.official.repositories
    groups = {name: known[name] for name in files if name in known and f"{FOLDER}/{name}" not in (changed or ())}
    wanted = {f"{FOLDER}/{name}": entry for name, entry in files.items() if name not in groups and _takes(found, name)}
    for path, content in foreign.tree.contents(wanted):
        try:
            groups[path.removeprefix(f"{FOLDER}/")] = parse_library(content.decode(errors="replace"), path)
        except IntegrityError as error:
            found.fail(Namespace(DOCKER_HUB, path), error)
    return Official(foreign.tree.commit, groups)


def _named(entries: Mapping[str, Entry]) -> Iterator[tuple[str, Entry]]:
    """Give what can be the file of a repository, by its name."""
    for path, entry in entries.items():
        name = path.removeprefix(f"{FOLDER}/")
        try:
            if entry.is_file and "/" not in name:
                Repository(DOCKER_HUB, path)
                yield name, entry
        except InvalidNameError:
            continue


def _takes(found: Found, name: str) -> bool:
    return found.selection.takes(Repository(DOCKER_HUB, f"{FOLDER}/{name}"))


def _images(found: Found, repository: Repository, groups: Groups) -> Iterator[_Image]:
    chosen = _chosen(found, repository, _built(found, repository, groups))
    for group in groups:
        tags = tuple(filter(chosen.__contains__, group.tags))
        if tags:
            yield _Image(repository, tags)


def _built(found: Found, repository: Repository, groups: Groups) -> frozenset[Tag]:
    """Give the tags of the images that are built for a platform that is wanted."""
    platforms = found.selection.rules.platforms_of(repository)
    return frozenset(tag for group in groups if group.is_for(platforms) for tag in group.tags)


def _chosen(found: Found, repository: Repository, built: frozenset[Tag]) -> frozenset[Tag]:
    """Give those of the tags that are wanted."""
    return built.difference(choose(found.selection, repository, Listing(unasked=built)).left)


def _ask(means: Means, found: Found, wanted: Iterable[tuple[Repository, Tag]], seen: _Seen) -> None:
    """Ask for digests; a name under which nothing is may be one whose image is not built yet."""
    client = Client(means.session)
    for (repository, tag), answer in means.all(lambda each: told(lambda: client.head_manifest(*each)), wanted):
        found.requests += 1
        if isinstance(answer, Failure):
            found.fail(repository.namespace, answer)
        elif answer is not None:
            seen[repository][tag] = answer


def _unmoved(images: Iterable[_Image], seen: _Seen, records: Records) -> dict[Repository, dict[Tag, Digest]]:
    """Give the other names of each image that had its digest at the last look already."""
    unmoved: dict[Repository, dict[Tag, Digest]] = {repository: {} for repository in seen}
    for image in images:
        first, record = seen[image.repository].get(image.tags[0]), records.get(image.repository)
        if first is not None and record is not None:
            alike = [tag for tag in image.tags[1:] if _last_seen(record, tag) == first.digest]
            unmoved[image.repository] |= dict.fromkeys(alike, first.digest)
    return unmoved


def _last_seen(record: Record, tag: Tag) -> Digest | None:
    """Give what the source had under a tag when it was last asked: a tag that is held has something else at the mirror."""
    held = record.held.get(tag)
    return record.tags.get(tag) if held is None else held.digest


def _listing(seen: Mapping[Tag, Descriptor], kept: Mapping[Tag, Digest]) -> Listing:
    """Put together what there is in a repository."""
    return Listing(
        tags={**kept, **{tag: descriptor.digest for tag, descriptor in seen.items()}},
        manifests={descriptor.digest: Described(descriptor.media_type) for descriptor in seen.values()},
    )
