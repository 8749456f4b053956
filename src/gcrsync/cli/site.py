"""``gcrsync site``: a static site of what is on record."""

from gcrsync.cli.command import Exit
from gcrsync.cli.console import Screen, counted
from gcrsync.cli.opening import opened
from gcrsync.cli.record_options import SiteOptions
from gcrsync.site.catalogue import Contents
from gcrsync.site.catalogue import site as made
from gcrsync.site.paths import FRONT
from gcrsync.store.folder import remake
from gcrsync.store.history import History
from gcrsync.store.past import SHALLOW
from gcrsync.sync.past import pasts
from gcrsync.sync.record import read_records


def site(options: SiteOptions) -> Exit:
    """Write the site, and say where."""
    screen = Screen(verbose=options.verbose)
    contents = contents_of(screen, opened(options.metadata_repo, branch=options.branch))
    files = made(contents)
    remake(options.output, files)
    tags = sum(len(record.tags) for record in contents.records.values())
    repositories = counted(len(contents.records), "repository", "repositories")
    screen.result(f"{repositories} with {counted(tags, 'tag')} in {counted(len(files), 'file')}")
    screen.result((options.output.resolve() / FRONT).as_uri())
    return Exit.DONE


def contents_of(screen: Screen, history: History) -> Contents:
    """Give what the metadata repository records, now and in the past; of what cannot be read of the past a person is told."""
    tree = history.head()
    records = read_records(tree)
    told = pasts(history, records.values())
    skipped = {commit: reason for past in told for commit, reason in past.skipped.items()}
    for commit, reason in skipped.items():
        screen.warn(f"commit {commit[:12]} is left out of the history: {reason}")
    if any(past.shallow for past in told):
        screen.warn(SHALLOW)
    note = f"As of commit {tree.commit[:12]} of the metadata repository." if tree.commit else ""
    return Contents(records, {past.repository: past.tags for past in told}, note)
