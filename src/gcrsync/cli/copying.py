"""The command that copies one image: copy."""

import os
from pathlib import Path

from gcrsync.cli.command import Exit, first, now, stoppable
from gcrsync.cli.console import Screen, counted
from gcrsync.cli.image_options import CopyOptions
from gcrsync.cli.progress import progress
from gcrsync.cli.reporting import give
from gcrsync.cli.setup import means, network
from gcrsync.errors import UsageError
from gcrsync.metadata.image import copy_json
from gcrsync.metadata.markdown import size
from gcrsync.mirror.located import Located, destination_of, source_of
from gcrsync.mirror.naming import RegistryDestination, folder_of, registry_destination
from gcrsync.mirror.outcome import Problem
from gcrsync.mirror.platforms import NARROWED, Platforms, choice
from gcrsync.mirror.single import Copied
from gcrsync.oci.manifest import Platform
from gcrsync.oci.name import Repository
from gcrsync.sync.single import copy_image

_CODES = {Problem.STOPPED: Exit.STOPPED, Problem.LIMITED: Exit.BUDGET}


def copy(options: CopyOptions) -> Exit:
    """Copy one image, and ask the destination for it in the end."""
    screen, started = Screen(verbose=options.verbose), now()
    source = source_of(written(options.source))
    target = destination_of(written(options.destination), source)
    platforms = _platforms(options)
    settings = network(options.insecure or (), options.retries, options.timeout)
    with (
        stoppable() as stop,
        progress(screen).running() as watch,
        means(place_of(target), settings, Path.cwd(), options.jobs, (stop, watch)) as given,
    ):
        copied = copy_image(given, source, target, platforms)
    code = code_of(copied)
    is_given = give(screen, options, copy_json(copied, started, code))
    if not options.json:
        print_copied(screen, copied)
    tell_copied(screen, copied)
    return code if is_given else first({code, Exit.RECORD})


def written(text: str) -> str:
    """Give the name of an image with the home folder of an ``oci:`` name written out, which a shell does not do there."""
    folder = folder_of(text)
    return text if folder is None else f"oci:{os.path.expanduser(folder)}"  # noqa: PTH111 - it leaves a user whom nobody knows


def place_of(target: Located) -> list[RegistryDestination]:
    """Give the registry that an image is copied to, which credentials of the environment are for; none for a folder."""
    return [] if folder_of(target.name) is not None else [registry_destination(Repository.parse(target.name).registry, None)]


def code_of(copied: Copied) -> Exit:
    """Give how the program ends for what came of an image."""
    return Exit.DONE if copied.problem is None else _CODES.get(copied.problem, Exit.IMAGES)


def _platforms(options: CopyOptions) -> Platforms:
    if options.all and options.platform:
        raise UsageError("--all and --platform do not fit together", hint="leave one of them out")
    return choice(tuple(Platform.parse(text) for text in options.platform or ()))


def print_copied(screen: Screen, copied: Copied) -> None:
    """Show both names with the digests that are there."""
    screen.result(f"source       {copied.source}")
    if copied.served is not None:
        screen.result(f"destination  {copied.target.pinned(copied.served)}")


def tell_copied(screen: Screen, copied: Copied) -> None:
    """Say what came of an image, in words."""
    if copied.problem is not None:
        screen.warn(f"{copied.target} is not as it should be: {copied.reason}")
        return
    if copied.is_narrowed:
        screen.warn(f"another digest: this is {NARROWED}")
    elif copied.is_for_one_platform:
        screen.note("the image is no index, and was copied as it is; whether it is for that platform was not asked")
    beside = len(copied.outcome.referrers) + len(copied.attached)
    same = "" if copied.is_narrowed else "the digest is the same on both sides; "
    attached = f", with {counted(beside, 'manifest')} attached to it" if beside else ""
    screen.note(f"{same}{size(copied.copied)} copied{attached}")
