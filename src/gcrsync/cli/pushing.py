"""The command that pushes images of an archive: push."""

from pathlib import Path

from gcrsync.archive.spool import Spool
from gcrsync.cli.command import Exit, first, now, stoppable
from gcrsync.cli.console import Screen
from gcrsync.cli.copying import code_of, place_of, print_copied, tell_copied, written
from gcrsync.cli.image_options import PushOptions
from gcrsync.cli.progress import progress
from gcrsync.cli.reporting import give
from gcrsync.cli.setup import means, network, temporary
from gcrsync.errors import StoppedError
from gcrsync.metadata.image import push_json
from gcrsync.mirror.located import Located
from gcrsync.mirror.pushing import pushes, target_of, unnamed
from gcrsync.mirror.single import Pushed
from gcrsync.sync.job import Means
from gcrsync.sync.push import opened
from gcrsync.sync.push import push as deliver
from gcrsync.sync.stop import Stop


def push(options: PushOptions) -> Exit:
    """Push the images of an archive, and ask the destination for each in the end."""
    screen, started = Screen(verbose=options.verbose), now()
    target = target_of(written(options.destination))
    settings = network(options.insecure or (), options.retries, options.timeout)
    with (
        stoppable() as stop,
        progress(screen).running() as watch,
        means(place_of(target), settings, Path.cwd(), options.jobs, (stop, watch)) as given,
        Spool(temporary(), lambda: _check(stop)) as spool,
    ):
        pushed = _pushed(given, spool, screen, options, target)
    code = first({code_of(copied) for _, copied in pushed.images})
    is_given = give(screen, options, push_json(pushed, started, code))
    _print(screen, pushed, options)
    return code if is_given else first({code, Exit.RECORD})


def _check(stop: Stop) -> None:
    if stop():
        raise StoppedError


def _pushed(given: Means, spool: Spool, screen: Screen, options: PushOptions, target: Located) -> Pushed:
    """Open the archive, choose what is to be pushed, and push it."""
    what = str(options.archive)
    archive = opened(given, options.archive, spool, target)
    chosen = pushes(archive.images, options.image, target, what)
    if options.image is None:
        for image in unnamed(archive.images, chosen):
            screen.warn(f"{image.digest} in {what} has no tag and is left out; push it with --image and a tag of DST")
    for image in dict.fromkeys(push.image for push in chosen if push.image.part_of):
        screen.warn(f"of the index {image.part_of} only {image.digest} is in {what}: signatures of the index do not apply to it")
    copied = tuple(deliver(given, archive, spool, chosen))
    return Pushed(what, archive.keeps_digests, tuple(zip((each.name for each in chosen), copied, strict=True)))


def _print(screen: Screen, pushed: Pushed, options: PushOptions) -> None:
    """Show the name of each image in the archive, and both names with the digests that are there."""
    for name, copied in pushed.images:
        if not options.json:
            if name:
                screen.result(f"image        {name}")
            print_copied(screen, copied)
        tell_copied(screen, copied)
    if not pushed.keeps_digests and any(copied.served for _, copied in pushed.images):
        screen.note(f"{pushed.archive} has no manifests: they were made now, and the digests are theirs")
