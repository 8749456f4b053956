"""Pages for people who browse the metadata repository, made from the records alone: no clock, equal records give equal pages."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from urllib.parse import quote

from gcrsync.metadata.markdown import code, link, number, row, size
from gcrsync.metadata.paths import README, folders_of, page_of, path_of, site_page_of
from gcrsync.mirror.record import Record, Records
from gcrsync.oci.name import Repository

_NOTE = "Made by gcrsync from the files beside this page."
_FOLDER_HEAD = (
    "| folder | repositories | tags | newest | size | held | gone |",
    "| --- | ---: | ---: | --- | ---: | ---: | ---: |",
)
_REPOSITORY_HEAD = (
    "| repository | tags | newest | size | held | gone | mirror |",
    "| --- | ---: | --- | ---: | ---: | ---: | --- |",
)

FIRST_PAGE = """\
# What the mirror has

Each `.json` file below this folder describes one repository of container images: which tags its mirror serves, and with
which digests. gcrsync writes the files, and only what the mirror has confirmed is in them. `CHANGELOG.md`, at the root,
tells what each run changed.

The file of `gcr.io/distroless/static` is `gcr.io/distroless/static.json`. Each registry and each folder directly under one
has a page with a table of what lies below it. In file names the `:` of a port is `_`, and a dot before `json` at the end of
a name is `%2E`.

## Reading a file

    {
      "repository": "gcr.io/distroless/static",
      "mirror": "ghcr.io/acme/distroless/static",
      "tags": {
        "latest": "sha256:4f1c..."
      },
      "manifests": {
        "sha256:4f1c...": {"mediaType": "...", "size": 6415, "uploaded": "2021-03-04T05:06:07Z", "mirrored": "2026-11-21T02:17:00Z"}
      }
    }

- `repository` is the source, `mirror` its copy.
- `tags` are the tags that the mirror serves, each with its digest at the source.
- `manifests` tells of each digest its media type, the bytes of its config and layers over all platforms, and when it was
  uploaded to the source and copied to the mirror. What is not known is left out.
  - `platforms` are those that the mirror has of an image for several. Without it, the mirror has all.
  - `mirrorDigest` is the digest by which the mirror has it, where platforms were chosen and that made another one.
  - `referrers` are the signatures, bills of materials and the like that were copied with it.
- `held` are tags of which the mirror does not have what the source has, and why: `refused` (the mirror's registry does not
  take this kind of image), `young` (not seen for long enough), `frozen` (the tag may not move) or `large` (larger than the
  mirror takes).
- `gone` are tags that the source no longer has, and since when. The mirror still serves them.
- `kept` are names of the mirror's own, under which it keeps what a tag had before it moved.
- `former` are tags that the mirror has as an earlier choice of platforms made them, each with what `manifests` said then.
- `untagged` are manifests that the source lists without a tag, each with what it refers to, so that none is read twice.

Times are in UTC. Other keys are kept as they are.

## Pulling an image

Put the `mirror` before a tag, or before a digest (the `mirrorDigest` where there is one) to get exactly those bytes:

    docker pull ghcr.io/acme/distroless/static:latest
    docker pull ghcr.io/acme/distroless/static@sha256:4f1c...

## Searching

    git grep -l '"v1.2.3"' -- metadata                      which repositories have a tag
    git grep -l 'sha256:4f1c' -- metadata                   which have a digest
    git log -p -- metadata/gcr.io/distroless/static.json    how a repository changed
    jq -r '.tags | keys[]' metadata/gcr.io/distroless/static.json
"""
"""``metadata/README.md``: what a person who browses the metadata repository sees first. The first run writes it."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What a row says of some records: ``newest`` is when the newest of their manifests was mirrored, ``size`` is in bytes."""

    repositories: int
    tags: int
    newest: datetime | None
    size: int
    held: int
    gone: int

    @classmethod
    def of(cls, records: Sequence[Record]) -> "Totals":
        """Count what is in some records."""
        manifests = [manifest for record in records for manifest in record.manifests.values()]
        return cls(
            repositories=len(records),
            tags=sum(len(record.tags) for record in records),
            newest=max((manifest.mirrored for manifest in manifests if manifest.mirrored), default=None),
            size=sum(manifest.size or 0 for manifest in manifests),
            held=sum(len(record.held) for record in records),
            gone=sum(len(record.gone) for record in records),
        )

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of a row, without the number of repositories."""
        day = self.newest.date().isoformat() if self.newest else ""
        return number(self.tags), day, size(self.size), number(self.held), number(self.gone)


def pages(records: Records, folders: Collection[str], site: str = "") -> dict[str, str]:
    """Give the text of each folder's page by its path.

    ``folders`` are of those that :func:`~gcrsync.metadata.paths.folders_of` gives, ``records`` all that is recorded. A folder
    without any has no page. ``site`` is the address of the site, with a ``/`` at its end, which they lead to where there is one.
    """
    below: dict[str, list[Record]] = {folder: [] for folder in sorted(folders)}
    for repository in sorted(records):
        for folder in folders_of(repository):
            if folder in below:
                below[folder].append(records[repository])
    return {page_of(folder): _page(folder, found, site) for folder, found in below.items() if found}


def _page(folder: str, records: Sequence[Record], site: str) -> str:
    """Give the page of a registry, with its folders and the repositories directly under it, or of one of those folders."""
    totals = Totals.of(records)
    counts = f"Repositories: {number(totals.repositories)}. Tags: {number(totals.tags)}."
    here = [record for record in records if _page_folder(record) == folder]
    deeper = [record for record in records if _page_folder(record) != folder]
    folders = (_folder_row(folder, below, list(found)) for below, found in groupby(deeper, key=_page_folder))
    parts = [
        f"# {_title(folder, records[0].repository)}",
        _NOTE,
        f"{counts} [What the files say]({_to_readme(folder)}).{_to_site(folder, site)}",
    ]
    parts += ["\n".join((*_FOLDER_HEAD, *folders))] if deeper else []
    parts += ["\n".join((*_REPOSITORY_HEAD, *(_repository_row(folder, record) for record in here)))] if here else []
    return "\n\n".join(parts) + "\n"


def _page_folder(record: Record) -> str:
    """Give the folder whose page has a row for the record itself."""
    return folders_of(record.repository)[-1]


def _folder_row(folder: str, below: str, records: Sequence[Record]) -> str:
    totals = Totals.of(records)
    name = records[0].repository.path.partition("/")[0]
    return row((link(name, page_of(below).removeprefix(f"{folder}/")), number(totals.repositories), *totals.cells))


def _repository_row(folder: str, record: Record) -> str:
    name = link(record.repository.path, path_of(record.repository).removeprefix(f"{folder}/"))
    return row((name, *Totals.of([record]).cells, code(record.mirror)))


def _title(folder: str, repository: Repository) -> str:
    top = repository.path.partition("/")[0]
    return code(repository.registry if folder == folders_of(repository)[0] else f"{repository.registry}/{top}")


def _to_site(folder: str, site: str) -> str:
    return f" [Browse and search](<{site}{quote(site_page_of(folder))}>)." if site else ""


def _to_readme(folder: str) -> str:
    return "../" * folder.count("/") + README.rpartition("/")[2]
