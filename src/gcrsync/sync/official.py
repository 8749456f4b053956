"""Docker Hub's ``library`` as the files of official-images name it, with one HEAD for each image that has not changed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

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
from gcrsync.sync.found import Basis, Failure, Found, Surveyor, told

FOLDER = "library"
"""The folder of the files, and the namespace of the images."""

LIBRARY = Namespace(DOCKER_HUB, FOLDER)
"""What the files are about."""

_Seen = dict[Repository, dict[Tag, Descriptor]]


@dataclass(frozen=True, slots=True)
class _Image:
    """One image of a repository, by its selected names."""

    repository: Repository
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is wanted of a repository: its ``images``, by the names that are ``chosen``; and the names that are not."""

    repository: Repository
    images: tuple[_Image, ...]
    chosen: frozenset[Tag]
    left: frozenset[Tag]
    unbuilt: frozenset[Tag]

    def listing(self, seen: Mapping[Tag, Descriptor], kept: Mapping[Tag, Digest]) -> Listing:
        """Put together what there is in it: what was asked for, and what is ``kept`` of what was seen before."""
        tags = {**kept, **{tag: descriptor.digest for tag, descriptor in seen.items()}}
        return Listing(
            tags=tags,
            manifests={descriptor.digest: Described(descriptor.media_type) for descriptor in seen.values()},
            unasked=self.left,
            unbuilt=self.unbuilt,
            missing=self.chosen.difference(tags),
        )


def enumerate_library(surveyor: Surveyor, found: Found, basis: Basis) -> None:
    """List every selected repository that has a file; of each image the first name is asked for, and the others only if need be."""
    try:
        foreign = basis.open(found.selection.official_images)
        files = _files(found, foreign)
        official = found.official = _read(found, basis, foreign, files)
    except StoreError as error:
        found.failures[found.namespace] = str(error)
        return
    _note(found, files)
    wanted = [_wanted(found, repository, groups) for repository, groups in _taken(found, official).items()]
    images = [image for each in wanted for image in each.images]
    seen: _Seen = {each.repository: {} for each in wanted}
    _ask(surveyor, found, [(image.repository, image.tags[0]) for image in images], seen)
    kept = _unmoved(images, seen, basis.records)
    others = [(image.repository, tag) for image in images for tag in image.tags[1:] if tag not in kept[image.repository]]
    _ask(surveyor, found, [each for each in others if each[0].namespace not in found.failures], seen)
    for each in wanted:
        if each.repository.namespace not in found.failures:
            found.listings[each.repository.namespace] = each.listing(seen[each.repository], kept[each.repository])
            surveyor.watch.listed(each.repository.namespace)


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


def _read(found: Found, basis: Basis, foreign: Foreign, files: Mapping[str, Entry]) -> Official:
    """Read the files of the selected repositories, those that have not changed since they were read excepted."""
    changed = foreign.changed(basis.official.commit, FOLDER)
    known = {} if changed is None else basis.official.repositories
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


def _wanted(found: Found, repository: Repository, groups: Groups) -> _Wanted:
    """Choose among the tags of the images that are built for a platform that is wanted."""
    platforms = found.selection.rules.platforms_of(repository)
    built = frozenset(tag for group in groups if group.is_for(platforms) for tag in group.tags)
    chosen = built.difference(choose(found.selection, repository, Listing(unasked=built)).left)
    images = ((repository, tuple(filter(chosen.__contains__, group.tags))) for group in groups)
    unbuilt = frozenset(tag for group in groups for tag in group.tags) - built
    return _Wanted(repository, tuple(_Image(*image) for image in images if image[1]), chosen, built - chosen, unbuilt)


def _ask(surveyor: Surveyor, found: Found, wanted: Iterable[tuple[Repository, Tag]], seen: _Seen) -> None:
    """Ask for digests; a name under which nothing is may be one whose image is not built yet."""
    client = Client(surveyor.session)
    for (repository, tag), answer in surveyor.all(lambda each: told(lambda: client.head_manifest(*each)), wanted):
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
