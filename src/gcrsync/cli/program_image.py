"""The commands that are about single images, as the program shows them."""

from gcrsync.cli.command import Exit, takes
from gcrsync.cli.image_options import CopyOptions, InspectOptions, PushOptions
from gcrsync.cli.program import app

PANEL = "Single images"


@app.command(rich_help_panel=PANEL)
@takes(CopyOptions)
def copy(options: CopyOptions) -> Exit:
    """Copy one image, its digest unchanged, with its signatures and whatever else is attached to it.

    SRC and DST are written as Docker writes them. Nothing is recorded: what is to be kept up to date belongs into gcrsync.toml.

    Ends with 0; with 1 if the image is not there or could not be copied whole; with 3 if a registry could not be asked.

    For example:

        gcrsync copy nginx:1.27 ghcr.io/acme/nginx
        gcrsync copy quay.io/acme/app:v1 oci:images/app --platform linux/arm64
        gcrsync copy oci:images/app:v1 ghcr.io/acme/app

    More about it stands in docs/single-images.md.
    """
    from gcrsync.cli.copying import copy as run

    return run(options)


@app.command(rich_help_panel=PANEL)
@takes(PushOptions)
def push(options: PushOptions) -> Exit:
    """Push images that were built or saved to a file: what docker save, podman, buildah, kaniko or skopeo write.

    All of it is read and checked before the first byte is sent. An OCI image layout, in a folder or an archive, keeps its digests;
    docker save knows none, so that the image gets a new one, which is shown. Nothing is recorded.

    Ends with 0; with 1 if the archive or an image in it is not whole, or could not be pushed; with 3 if the registry could not be
    asked.

    For example:

        gcrsync push app.tar ghcr.io/acme/app:v1
        gcrsync push saved.tar.gz ghcr.io/acme/app --image app:v2
        docker save app:v1 | gcrsync push /dev/stdin ghcr.io/acme/app

    More about it stands in docs/push.md.
    """
    from gcrsync.cli.pushing import push as run

    return run(options)


@app.command(rich_help_panel=PANEL)
@takes(InspectOptions)
def inspect(options: InspectOptions) -> Exit:
    """Show what an image is: its digest and those of its platforms, sizes, age, what is attached, and the name that pins it.

    Reads manifests and one configuration, no layers. The first line is the name to pin: name:tag@digest.

    Ends with 0; with 1 if the image or a manifest that it names is not there; with 3 if the registry could not be asked.

    For example:

        gcrsync inspect nginx
        gcrsync inspect --json gcr.io/distroless/static:latest

    More about it stands in docs/single-images.md.
    """
    from gcrsync.cli.inspecting import inspect as run

    return run(options)
