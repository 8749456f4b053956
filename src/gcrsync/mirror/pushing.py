"""Which images of an archive are to be pushed, and under which names."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gcrsync.errors import InvalidNameError, NotFoundError, UsageError, shortened
from gcrsync.mirror.located import Located
from gcrsync.oci.archived import ArchivedImage, is_called, tag_of
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Tag

_MOST_NAMES = 10


@dataclass(frozen=True, slots=True)
class Push:
    """An image of an archive, one of its names there (empty where it has none) and the name that it is to get."""

    image: ArchivedImage
    name: str
    target: Located


def target_of(text: str) -> Located:
    """Read the name that images are to get, with a tag or without one; InvalidNameError, and UsageError for a digest."""
    target = Located.parse(text)
    if target.digest is not None:
        raise UsageError(f"{text} names a digest", hint="name the destination by a tag: its digest is that of the image")
    return target


def pushes(images: Sequence[ArchivedImage], wanted: str | None, target: Located, what: str) -> tuple[Push, ...]:
    """Give what is to be pushed of the images in an archive that ``what`` names: all, or the one that is ``wanted``.

    Each gets its own tags at the destination, unless one is named there. Raises NotFoundError where nothing is called as is
    wanted, and UsageError where one name would be that of several images, or of none.
    """
    if not images:
        raise NotFoundError("looking in", what, "there is no image in it")
    named = _named(images) if wanted is None else _wanted(_named(images), wanted, what)
    if target.tag is not None:
        chosen = tuple({image.digest: Push(image, name, target) for image, name in reversed(named)}.values())
        if len(chosen) > 1:
            raise UsageError(f"{target} is one name, and {what} has {len(chosen)} images", hint=_choose(named))
        return chosen
    found: dict[Tag, Push] = {}
    for image, name in named:
        tag = tag_of(name)
        if tag is None:
            continue
        other = found.setdefault(tag, Push(image, name, replace(target, tag=tag)))
        if other.image.digest != image.digest:
            raise UsageError(f"{other.name} and {name} in {what} have one tag", hint=_choose(named))
    if not found:
        raise UsageError(f"neither {what} nor {target} names a tag", hint="name one of the destination: NAME:TAG")
    return tuple(found.values())


def unnamed(images: Sequence[ArchivedImage], chosen: Sequence[Push]) -> tuple[ArchivedImage, ...]:
    """Give the images without a tag that are left out where others are pushed under theirs."""
    pushed = {push.image.digest for push in chosen}
    return tuple(image for image in images if image.digest not in pushed and not any(tag_of(name) for name in image.names))


def _named(images: Sequence[ArchivedImage]) -> tuple[tuple[ArchivedImage, str], ...]:
    return tuple((image, name) for image in images for name in image.names or ("",))


def _wanted(named: Sequence[tuple[ArchivedImage, str]], wanted: str, what: str) -> tuple[tuple[ArchivedImage, str], ...]:
    digest = _digest(wanted)
    found = tuple(
        (image, name) for image, name in named if (image.digest == digest if digest else name and is_called(name, wanted))
    )
    if not found:
        raise NotFoundError("looking in", what, f"there is no image {wanted!r}", hint=_choose(named))
    if len({image.digest for image, _ in found}) > 1:
        raise UsageError(f"{wanted!r} is the name of several images in {what}", hint=_choose(found))
    return found


def _choose(named: Sequence[tuple[ArchivedImage, str]]) -> str:
    names = [name or image.digest.text for image, name in named]
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return f"choose one with --image: {', '.join(shortened(name) for name in names[:_MOST_NAMES])}{more}"


def _digest(text: str) -> Digest | None:
    try:
        return Digest(text)
    except InvalidNameError:
        return None
