"""The command that looks at one image: inspect."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from gcrsync.cli.command import Exit, first, now, stoppable
from gcrsync.cli.console import Screen, columns, counted
from gcrsync.cli.copying import written
from gcrsync.cli.image_options import InspectOptions
from gcrsync.cli.reporting import give
from gcrsync.cli.setup import means, network
from gcrsync.metadata.image import inspect_json
from gcrsync.metadata.markdown import size
from gcrsync.metadata.timestamp import format_time
from gcrsync.mirror.located import Located, source_of
from gcrsync.oci.attached import Attached
from gcrsync.oci.inspection import Inspection, Part
from gcrsync.sync.inspect import inspect as look
from gcrsync.sync.progress import Watch

_UNKNOWN = "unknown"


def inspect(options: InspectOptions) -> Exit:
    """Show what one image is."""
    screen, started = Screen(verbose=options.verbose), now()
    image = source_of(written(options.image))
    settings = network(options.insecure or (), options.retries, options.timeout)
    with stoppable() as stop, means((), settings, Path.cwd(), options.jobs, (stop, Watch())) as given:
        inspection = look(given, image)
    code = Exit.IMAGES if inspection.unread else Exit.DONE
    is_given = give(screen, options, inspect_json(inspection, image, started, code))
    if not options.json:
        _print(screen, image, inspection, started)
    for line in inspection.unread:
        screen.warn(line)
    return code if is_given else first({code, Exit.RECORD})


def _print(screen: Screen, image: Located, inspection: Inspection, today: datetime) -> None:
    screen.result(str(image.pinned(inspection.descriptor.digest)))
    screen.result(f"type      {inspection.descriptor.media_type}")
    screen.result(f"size      {_size(inspection.size)}")
    screen.result(f"created   {_age(inspection.created, today)}")
    attached = "" if inspection.attached else "nothing was found"
    screen.table(columns(("PLATFORM", "digest", "size"), map(_part_row, inspection.parts), texts=("digest",)))
    screen.result(f"attached  {attached or counted(len(inspection.attached), 'manifest')}")
    if inspection.attached:
        rows = map(_attached_row, inspection.attached)
        screen.table(columns(("KIND", "of", "name", "type"), rows, texts=("of", "name", "type")))


def _part_row(part: Part) -> Iterator[str]:
    yield str(part.descriptor.platform or _UNKNOWN)
    yield part.descriptor.digest.text
    yield _size(part.size)


def _attached_row(each: Attached) -> tuple[str, ...]:
    return each.kind.value, each.subject.text, each.tag or each.descriptor.digest.text, each.descriptor.artifact_type


def _size(count: int | None) -> str:
    return _UNKNOWN if count is None else size(count)


def _age(created: datetime | None, today: datetime) -> str:
    if created is None:
        return _UNKNOWN
    return f"{format_time(created)}, {counted(max(0, (today - created).days), 'day')} ago"
