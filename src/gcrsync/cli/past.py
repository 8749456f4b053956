"""The command that tells of the past: history."""

from gcrsync.cli.command import Exit
from gcrsync.cli.console import Screen
from gcrsync.cli.opening import opened
from gcrsync.cli.record_options import HistoryOptions
from gcrsync.cli.reporting import give
from gcrsync.errors import InvalidNameError
from gcrsync.metadata.past import history_json
from gcrsync.metadata.timestamp import format_time
from gcrsync.mirror.span import Span
from gcrsync.oci.name import Namespace, Repository, Tag, is_host
from gcrsync.store.past import SHALLOW
from gcrsync.sync.past import past

_NOW = "now"


def history(options: HistoryOptions) -> Exit:
    """Tell what each commit made of a tag, or of all tags of a repository."""
    screen = Screen(verbose=options.verbose)
    repository, tag = parse_name(options.name)
    told = past(opened(options.metadata_repo, branch=options.branch), repository, tag)
    document = history_json(told.repository, told.tags, told.skipped, shallow=told.shallow)
    is_given = give(screen, options, document)
    if not options.json:
        for each, spans in told.tags.items():
            screen.result(f"{repository}:{each}")
            for span in spans:
                screen.result(f"  {_line(span)}", span.standing.state.value)
    for commit, reason in told.skipped.items():
        screen.warn(f"commit {commit[:12]} is left out: {reason}")
    if told.shallow:
        screen.warn(SHALLOW)
    return Exit.DONE if is_given else Exit.RECORD


def parse_name(text: str) -> tuple[Repository, Tag | None]:
    """Read the name of a repository at its source, without a host under gcr.io, and of a tag in it if there is one.

    Raises InvalidNameError, for a name with a digest too.
    """
    if "@" in text:
        raise InvalidNameError("name", text, "a digest has no history; name a tag, or the repository alone")
    name, colon, tag = text.rpartition(":")
    if not colon or "/" in tag or ("/" not in name and is_host(name)):
        name, tag = text, ""
    namespace = Namespace.parse(name)
    if not namespace.path:
        raise InvalidNameError("name", text, "that is a registry; name a repository in it")
    return Repository(namespace.registry, namespace.path), Tag(tag) if tag or name != text else None


def _line(span: Span) -> str:
    """Tell of a span: from when, until when, and what the mirror serves; of what it does not, what the source has and why."""
    standing = span.standing
    until = _NOW if span.until is None else format_time(span.until)
    line = f"{format_time(span.since)}  {until:<20}  {standing.state.value:<8}  "
    if standing.mirror_digest is None:
        return f"{line}{standing.digest}: {standing.reason}"
    source = "" if standing.mirror_digest == standing.digest else f" ({standing.digest} at the source)"
    return f"{line}{standing.mirror}@{standing.mirror_digest}{source}"
