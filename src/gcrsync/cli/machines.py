"""``gcrsync mirror-config``: have machines pull from the mirror without another name."""

from pathlib import Path

from gcrsync.cli.command import Exit
from gcrsync.cli.console import Screen
from gcrsync.cli.opening import opened
from gcrsync.cli.record_options import MirrorConfigOptions
from gcrsync.clients.machines import FOLDERS, WRITTEN, Configuration, configuration
from gcrsync.clients.places import Places
from gcrsync.errors import UsageError
from gcrsync.registry.homes import Homes
from gcrsync.store.files import locate, read, replace
from gcrsync.sync.record import read_records


def mirror_config(options: MirrorConfigOptions) -> Exit:
    """Print or write the files of a client, and tell what they cannot lead to the mirror."""
    screen, homes = Screen(verbose=options.verbose), Homes(frozenset())
    places = Places(read_records(opened(options.metadata_repo, branch=options.branch).head()))
    made = configuration(options.client, places, lambda registry: str(homes.url(registry)).rstrip("/"))
    for astray in made.astray:
        screen.warn(f"{astray.source} is not led to the mirror: {astray.reason}")
    if options.output is not None:
        _write(screen, options.output, made)
    else:
        screen.document("\n".join(file.text for file in made.files))
    if made.files:
        screen.note(f"{options.client} looks for {made.files[0].path} in {FOLDERS[options.client]}")
    return Exit.IMAGES if made.astray or not made.files else Exit.DONE


def _write(screen: Screen, folder: Path, made: Configuration) -> None:
    """Write all files, or none where one of them would be in the place of somebody else's."""
    for file in made.files:
        place = locate(folder, file.path)
        if place.exists() and not _is_ours(read(folder, file.path), file.text):
            raise UsageError(f"there is a {place} of somebody else", hint="add by hand what is printed without --output")
    for file in made.files:
        replace(folder, file.path, file.text.encode())
        screen.result(f"wrote {folder / file.path}")


def _is_ours(content: bytes, text: str) -> bool:
    return content == text.encode() or WRITTEN.encode() in content.partition(b"\n")[0]
