"""``gcrsync init``: make a metadata repository of the git repository that one stands in, and show what it would mirror."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import unified_diff

from gcrsync.cli.asking import can_ask
from gcrsync.cli.beginning import Chooser, Ground, forge, nightly, table
from gcrsync.cli.command import Exit, first
from gcrsync.cli.commands import compare
from gcrsync.cli.config import FILE_NAME, config_beside, parse_config, read_config
from gcrsync.cli.console import Screen
from gcrsync.cli.forge import Forge, Remote
from gcrsync.cli.init_options import InitOptions
from gcrsync.cli.nightly import PATHS
from gcrsync.cli.opening import opened
from gcrsync.cli.origin import own_origin
from gcrsync.cli.run_options import PreviewOptions
from gcrsync.cli.table import Table
from gcrsync.errors import GcrsyncError, UsageError
from gcrsync.metadata.pages import FIRST_PAGE
from gcrsync.metadata.paths import README
from gcrsync.store import files
from gcrsync.store.history import History

_NEXT = {
    Forge.GITHUB: "commit and push what was written, then start the workflow once by hand: Actions, Mirror, Run workflow",
    Forge.GITLAB: f"commit and push what was written, then click what is said at the top of {PATHS[Forge.GITLAB]}",
    Forge.NONE: "commit what was written, then run `gcrsync sync`",
}


def initialize(options: InitOptions) -> Exit:
    """Write a configuration, the file of the nightly job and the first page of the metadata, then compare.

    What is there already is left alone, and where it is another than it would be the end is IMAGES. Nothing is written before
    everything is known. Raises UsageError, InvalidNameError and InvalidConfigError for what cannot be used, and StoreError where a
    file cannot be written.
    """
    screen, history = Screen(verbose=options.verbose), opened(options.metadata_repo)
    if history.cached:
        raise UsageError("init writes into a git repository of yours, and not to a URL", hint="clone it, and run init there")
    chooser = Chooser(can_ask() and not options.yes)
    ground = Ground(history.root, _remote(history), own_origin(os.environ))
    config = config_beside(history.root)
    wanted = "" if config and options.source is None and options.to is None else table(options, ground, chooser)
    tables = _tables(history, wanted)
    chosen = forge(options, ground, chooser, [each.destination for each in tables])
    contents = {README: FIRST_PAGE}
    if chosen is not Forge.NONE:
        contents[PATHS[chosen]] = nightly(options, ground, chooser, chosen)
    codes = {_configure(screen, history, wanted, tables), _write(screen, history, contents)}
    return first(codes | {_compare(screen, options, _NEXT[chosen])})


def _remote(history: History) -> Remote | None:
    """Give the remote of the repository: ``origin``, or the only one."""
    names = history.git.run("remote").text.split()
    name = "origin" if "origin" in names or len(names) != 1 else names[0]
    return Remote.parse(history.git.attempt("remote", "get-url", name).text)


def _tables(history: History, wanted: str) -> tuple[Table, ...]:
    """Give what is to be mirrored: what is wanted, or what is configured already."""
    config = history.root / FILE_NAME
    return parse_config(wanted, str(config)) if wanted else read_config(config)


def _configure(screen: Screen, history: History, wanted: str, tables: Sequence[Table]) -> Exit:
    """Write the configuration, or say what it lacks of the tables that are wanted."""
    config = history.root / FILE_NAME
    if not config.exists():
        return _write(screen, history, {FILE_NAME: wanted})
    present = [replace(each, line=0) for each in read_config(config)]
    if all(replace(each, line=0) in present for each in tables):
        screen.note(f"{FILE_NAME} is there already")
        return Exit.DONE
    screen.warn(f"{FILE_NAME} is there already, and is left as it is; it does not have this:")
    for line in wanted.splitlines():
        screen.result(f"    {line}")
    return Exit.IMAGES


def _write(screen: Screen, history: History, contents: Mapping[str, str]) -> Exit:
    """Write the files that are not there, and say of the others what is different in them."""
    code = Exit.DONE
    for path, content in contents.items():
        place = files.locate(history.root, path)
        if not place.exists():
            files.replace(history.root, path, content.encode())
            screen.result(f"wrote {path}")
            continue
        present = files.read(history.root, path).decode(errors="replace")
        if present == content or path == README:
            screen.note(f"{path} is there already")
            continue
        screen.warn(f"{path} is there already, and is left as it is; init would write it like this:")
        for line in unified_diff(present.splitlines(), content.splitlines(), path, "init", n=1, lineterm=""):
            screen.result(f"    {line}")
        code = Exit.IMAGES
    return code


def _compare(screen: Screen, options: InitOptions, then: str) -> Exit:
    """Show what a sync would do, and say what to do then; that it fails changes nothing of what was written."""
    screen.note("comparing, which touches nothing:")
    failed = (
        f"what was written stays, though the comparison failed: change {FILE_NAME} if it is wrong, and once `gcrsync compare` "
        f"ends well, {then}"
    )
    try:
        code = compare(PreviewOptions(metadata_repo=options.metadata_repo, verbose=options.verbose))
    except GcrsyncError:
        screen.note(failed)
        raise
    screen.note(then if code is Exit.DONE else failed)
    return code
