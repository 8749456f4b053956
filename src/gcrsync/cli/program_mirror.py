"""The commands that look at sources, as the program shows them."""

from gcrsync.cli.command import Exit, takes
from gcrsync.cli.program import app
from gcrsync.cli.run_options import AdoptOptions, MonitorOptions, PreviewOptions, RunOptions, SyncOptions

PANEL = "Mirror a namespace"


@app.command(rich_help_panel=PANEL)
@takes(PreviewOptions)
def compare(options: PreviewOptions) -> Exit:
    """Show what a sync would do; touch nothing.

    Lists the source, compares it with the record in git, and prints the tags that are new, moved, gone or held. It needs no
    credentials for the destination.

    Ends with 0, with 10 if there is a difference and --exit-code is given, with 3 if a list failed.

    For example:

        gcrsync compare distroless --to ghcr.io/acme
        gcrsync compare                        # all of gcrsync.toml
        gcrsync compare --exit-code --json     # for a CI
        gcrsync compare registry.k8s.io --why kube-proxy:v1.27.0

    More about it stands in docs/nightly-job.md.
    """
    from gcrsync.cli.commands import compare as run

    return run(options)


@app.command(rich_help_panel=PANEL)
@takes(RunOptions)
def sync(options: RunOptions) -> Exit:
    """Mirror: copy what is new or moved, record what truly happened, commit, push.

    The nightly job. Only what the destination confirmed is recorded; a tag that vanished at the source stays in the mirror.
    Credentials for the destination come from GCRSYNC_USERNAME and GCRSYNC_PASSWORD, or from docker login.

    Ends with 0; 1 if images failed (the others are copied and recorded); 3 if a list failed or the record could not be written
    or pushed; 4 at the end of --deadline or --max-bytes and 130 after a signal, with everything confirmed recorded and pushed.

    For example:

        gcrsync sync distroless/static --to ghcr.io/acme
        gcrsync sync                           # all of gcrsync.toml
        gcrsync sync --deadline 5h30m --report report.json
        gcrsync sync registry.k8s.io --include 'kube-*' --max-bytes 20GiB

    More about it stands in docs/nightly-job.md.
    """
    from gcrsync.cli.syncing import sync as run

    return run(options)


@app.command(rich_help_panel=PANEL)
@takes(SyncOptions)
def test(options: SyncOptions) -> Exit:
    """Rehearse a sync: ask the destination, and make the commit of a full success in a temporary clone.

    Copies nothing and leaves your repository as it is; prints the path of the clone, in which you can look at the commit.

    Ends with 0; 1 if images could not be copied; 3 if a list failed or the destination could not be asked.

    For example:

        gcrsync test distroless --to ghcr.io/acme
        gcrsync test --strict                  # all of gcrsync.toml

    More about it stands in docs/nightly-job.md.
    """
    from gcrsync.cli.syncing import test as run

    return run(options)


@app.command(rich_help_panel=PANEL)
@takes(MonitorOptions)
def monitor(options: MonitorOptions) -> Exit:
    """Count the tags at the source, those mirrored and those pending, again and again.

    Touches nothing. With --status it shows a sync that is under way instead, as the terminal of that does, and ends with it.

    Ends with 0 after --count looks or with the run of --status, with 3 if a list failed in the last one or that run has died, and
    with 130 after a signal.

    For example:

        gcrsync monitor --interval 600
        gcrsync monitor distroless --to ghcr.io/acme --count 1 --json
        gcrsync monitor --status run.json      # of sync --status run.json

    More about it stands in docs/nightly-job.md.
    """
    from gcrsync.cli.commands import monitor as run

    return run(options)


@app.command(rich_help_panel=PANEL)
@takes(AdoptOptions)
def adopt(options: AdoptOptions) -> Exit:
    """Begin the record of a mirror that exists already: record what it has of the source, commit, push; copy nothing.

    For a mirror that was made by hand or by another tool, or whose record is lost. Lists the source and the destination, and
    compares them by digest; what is on record stays as it is. The next sync then copies only the rest.

    Ends with 0; 1 if tags of the mirror serve what the source does not know, which a sync would replace; 3 if a list failed, the
    destination could not be asked, or the record could not be written or pushed.

    For example:

        gcrsync adopt distroless --to ghcr.io/acme
        gcrsync sync distroless --to ghcr.io/acme    # then copies the rest

    More about it stands in docs/record.md.
    """
    from gcrsync.cli.adopting import adopt as run

    return run(options)
