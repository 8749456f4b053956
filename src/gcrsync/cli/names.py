"""The names that commands are given: what is mirrored, and where to."""

from typing import Annotated

import typer

from gcrsync.cli.completion import destinations, namespaces

WHERE = "Where from, where to"

Namespaces = Annotated[
    list[str] | None,
    typer.Argument(
        autocompletion=namespaces,
        metavar="[NAMESPACE]...",
        help="distroless (under gcr.io), gcr.io/distroless, registry.k8s.io... Without any: all of gcrsync.toml.",
        show_default=False,
    ),
]
To = Annotated[
    str | None,
    typer.Option(
        autocompletion=destinations,
        help="The destination: docker.io/me, ghcr.io/acme, 127.0.0.1:5000/mirror, or oci:FOLDER for image layouts on disk.",
        metavar="DESTINATION",
        rich_help_panel=WHERE,
        show_default=False,
    ),
]
