"""The commands that are about what is on record, as the program shows them."""

from gcrsync.cli.command import Exit, takes
from gcrsync.cli.program import app
from gcrsync.cli.record_options import (
    HistoryOptions,
    ListOptions,
    MirrorConfigOptions,
    ResolveOptions,
    RewriteOptions,
    SearchOptions,
    SiteOptions,
    VerifyOptions,
)

PANEL = "Ask the record"


@app.command(rich_help_panel=PANEL)
@takes(SearchOptions)
def search(options: SearchOptions) -> Exit:
    """Find images by parts of their names and tags: where they come from, and by which name the mirror has them.

    Reads the metadata repository alone. Ends with 0, or with 1 if nothing fits.

    For example:

        gcrsync search kube-proxy:v1.31
        gcrsync search static debug --limit 0
        gcrsync search pause --metadata-repo https://example.com/mirror.git

    More about it stands in docs/record.md.
    """
    from gcrsync.cli.finding import search as run

    return run(options)


@app.command("list", rich_help_panel=PANEL)
@takes(ListOptions)
def list_(options: ListOptions) -> Exit:
    """List what is on record: the repositories of a namespace, or the tags of a repository, newest version first.

    Reads the metadata repository alone.

    Ends with 0; with 2 if nothing is on record there.

    For example:

        gcrsync list                           # all repositories on record
        gcrsync list distroless/static         # the tags of one

    More about it stands in docs/record.md.
    """
    from gcrsync.cli.finding import list_images as run

    return run(options)


@app.command(rich_help_panel=PANEL)
@takes(ResolveOptions)
def resolve(options: ResolveOptions) -> Exit:
    """Say by which name the mirror has an image, one line for each that is asked for; with --digest the name is pinned.

    Reads the metadata repository alone. Ends with 0, or with 1 if the mirror lacks one of them.

    For example:

        gcrsync resolve gcr.io/distroless/static:latest
        gcrsync resolve --digest nginx:1.27 registry.k8s.io/pause:3.9

    More about it stands in docs/using-a-mirror.md.
    """
    from gcrsync.cli.finding import resolve as run

    return run(options)


@app.command(rich_help_panel=PANEL)
@takes(RewriteOptions)
def rewrite(options: RewriteOptions) -> Exit:
    """Name the images in files as the mirror does, where the mirror has them; nothing else in the files changes.

    What cannot be mapped is named with its line and the reason, and stays as it is. Reads the metadata repository alone.

    Ends with 0, or with 1 if --check finds something to change.

    For example:

        gcrsync rewrite pod.yaml Dockerfile
        gcrsync rewrite --check --digest deploy/*.yaml   # for a CI
        kubectl kustomize . | gcrsync rewrite | kubectl apply -f -

    More about it stands in docs/using-a-mirror.md.
    """
    from gcrsync.cli.rewriting import rewrite as run

    return run(options)


@app.command("mirror-config", rich_help_panel=PANEL)
@takes(MirrorConfigOptions)
def mirror_config(options: MirrorConfigOptions) -> Exit:
    """Print the files that make a machine pull from the mirror what is named as at its source, where the names allow it.

    Reads the metadata repository alone. Ends with 0, or with 1 if something on record is not led to the mirror.

    For example:

        gcrsync mirror-config containerd
        gcrsync mirror-config podman --output registries.conf.d

    More about it stands in docs/using-a-mirror.md.
    """
    from gcrsync.cli.machines import mirror_config as run

    return run(options)


@app.command(rich_help_panel=PANEL)
@takes(HistoryOptions)
def history(options: HistoryOptions) -> Exit:
    """Tell from git what a tag was: each digest that it had, from when to when (UTC), and by which name the mirror has it.

    The times are those of the commits that recorded it. Without a tag, all tags of the repository are told.

    Reads the metadata repository alone. Ends with 0; with 2 if the repository was never on record.

    For example:

        gcrsync history distroless/static:latest
        gcrsync history registry.k8s.io/pause --json

    More about it stands in docs/record.md.
    """
    from gcrsync.cli.past import history as run

    return run(options)


@app.command(rich_help_panel=PANEL)
@takes(VerifyOptions)
def verify(options: VerifyOptions) -> Exit:
    """Ask the destination whether it has what is on record: every tag with its digest, and every signature that was copied.

    Tells what is missing, what is different and what is extra, and changes nothing; with --repair what is missing is copied again.
    Manifests are asked for, not the layers that they name.

    Ends with 0 if all is there; 1 if something is missing or different, and was not repaired; 3 if the destination could not be
    asked.

    For example:

        gcrsync verify                         # all that is on record
        gcrsync verify distroless --sample 5%
        gcrsync verify --repair

    More about it stands in docs/record.md.
    """
    from gcrsync.cli.verifying import verify as run

    return run(options)


@app.command(rich_help_panel=PANEL)
@takes(SiteOptions)
def site(options: SiteOptions) -> Exit:
    """Write a static site of what is on record: each repository with its tags and their history, to browse and to search.

    Reads the metadata repository alone. In the folder it replaces and removes files that it has made, and no others.

    Ends with 0; 2 if a file of somebody else is in the way; 3 if the record cannot be read, or a file not written.

    For example:

        gcrsync site
        gcrsync site --output ../site --metadata-repo ../mirror

    More about it stands in docs/catalogue.md.
    """
    from gcrsync.cli.site import site as run

    return run(options)
