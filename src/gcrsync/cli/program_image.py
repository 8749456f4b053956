"""The commands that are about single images, as the program shows them."""

from gcrsync.cli.command import Exit, takes
from gcrsync.cli.image_options import CopyOptions
from gcrsync.cli.program import app

PANEL = "Single images"


@app.command(rich_help_panel=PANEL)
@takes(CopyOptions)
def copy(options: CopyOptions) -> Exit:
    """Copy one image, its digest unchanged, with its signatures and whatever else is attached to it.

    SRC and DST are written as Docker writes them. Nothing is recorded: what is to be kept up to date belongs into gcrsync.toml.

    Ends with 0; with 1 if the image is not there or could not be copied whole; with 3 if a registry could not be asked.
    """
    from gcrsync.cli.copying import copy as run

    return run(options)
