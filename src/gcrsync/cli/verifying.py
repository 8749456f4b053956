"""The command that asks whether the mirror has what is on record: verify."""

import random
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from fractions import Fraction
from itertools import groupby
from operator import attrgetter

from gcrsync.cli.command import Exit, first, now, stoppable
from gcrsync.cli.config import config_beside, read_config
from gcrsync.cli.console import Screen, columns, counted
from gcrsync.cli.job import Base
from gcrsync.cli.opening import opened
from gcrsync.cli.progress import Watched, progress
from gcrsync.cli.quantities import share
from gcrsync.cli.record_options import VerifyOptions
from gcrsync.cli.reporting import tell
from gcrsync.cli.setup import insecure_hosts, means, network
from gcrsync.cli.summary import report_section
from gcrsync.errors import UsageError
from gcrsync.metadata.markdown import number, size
from gcrsync.metadata.sheets import sheet_of_verification
from gcrsync.metadata.verification import verification_json
from gcrsync.mirror.ending import Ending
from gcrsync.mirror.naming import folder_of, registry_destination
from gcrsync.mirror.record import Records
from gcrsync.mirror.verification import Finding, Question, State, Verification
from gcrsync.oci.name import Namespace, Repository
from gcrsync.store.history import History
from gcrsync.sync.record import read_records
from gcrsync.sync.stop import Stop
from gcrsync.sync.verify import Choose, Request
from gcrsync.sync.verify import verify as ask


def verify(options: VerifyOptions) -> Exit:
    """Ask the destination for what is on record, and copy again what is missing where that is wanted."""
    screen = Screen(verbose=options.verbose)
    watched = progress(screen)
    sample = None if options.sample is None else _sampling(share(options.sample))
    with stoppable() as stop:
        history = opened(options.metadata_repo, stop, branch=options.branch)
        with history.locked() if options.repair else nullcontext():
            records = _narrowed(read_records(history.head()), history, options.namespaces or ())
            verification = _verified(watched, options, history, stop, Request(records, now(), sample, options.repair))
    return _finished(screen, options, verification, watched)


def _verified(watched: Watched, options: VerifyOptions, history: History, stop: Stop, request: Request) -> Verification:
    base = Base(history.root, options.config or config_beside(history.root), ours=history.cached)
    tables = read_config(base.config) if base.config else ()
    settings = network(insecure_hosts(options.insecure, tables), options.retries, options.timeout)
    mirrors = [record.mirror for record in request.records.values() if record.served]
    hosts = {Repository.parse(mirror).registry for mirror in mirrors if folder_of(mirror) is None}
    destinations = [registry_destination(host, None) for host in hosts]
    with watched.running() as watch, means(destinations, settings, base.root, options.jobs, (stop, watch)) as given:
        return ask(given, request)


def _narrowed(records: Records, history: History, named: Sequence[str]) -> Records:
    """Give the records below the namespaces that are named. Raises UsageError where there are none."""
    if not records:
        raise UsageError(f"nothing is on record in {history.root}", hint="name the repository with the record: --metadata-repo")
    namespaces = [Namespace.parse(text) for text in named]
    for namespace in namespaces:
        if not any(map(namespace.covers, records)):
            raise UsageError(f"nothing is on record under {namespace}", hint="name what is mirrored, as it is named at its source")
    if not namespaces:
        return records
    return {name: record for name, record in records.items() if any(namespace.covers(name) for namespace in namespaces)}


def _sampling(part: Fraction) -> Choose:
    """Choose a part of the questions by chance, and one at least."""

    def choose(questions: Sequence[Question]) -> Sequence[Question]:
        return random.sample(questions, min(len(questions), max(1, round(len(questions) * part))))

    return choose


def _finished(screen: Screen, options: VerifyOptions, verification: Verification, watched: Watched) -> Exit:
    held = _codes(verification)
    if not options.json:
        with report_section(screen, "verify"):
            _print(screen, verification)
    for limit in verification.limits:
        screen.warn(limit)
    if verification.ending is not None:
        screen.note("stopped before everything was asked for; nothing is recorded, run again")
    code = first(held)
    sheet = sheet_of_verification(verification, code)
    return tell(screen, options, sheet, lambda: verification_json(verification, code), watched.standing().pulls)


def _codes(verification: Verification) -> set[Exit]:
    held = set[Exit]()
    if verification.ending is Ending.SIGNAL:
        held.add(Exit.STOPPED)
    if verification.count(State.UNKNOWN):
        held.add(Exit.RECORD)
    if not verification.is_whole:
        held.add(Exit.IMAGES)
    if verification.limits:
        held.add(Exit.BUDGET)
    return held


def _print(screen: Screen, verification: Verification) -> None:
    """Print each mirror that is not as it is on record with what it lacks, and the counts of all."""
    rows = []
    for repository, grouped in groupby(verification.findings, key=attrgetter("repository")):
        found = list(grouped)
        screen.result(f"{repository} at {verification.mirrors[repository]}")
        for line in map(_line, found):
            screen.result(f"  {line}")
        rows.append((str(repository), *_counts(found)))
    everything = counted(len(verification.mirrors), "mirror")
    rows.append((everything, *_counts(verification.findings)))
    screen.table(columns(("REPOSITORY", *State, "repaired"), rows))
    copied = f"; {size(verification.copied)} copied" if verification.copied else ""
    screen.result(f"asked for {number(verification.asked)} of {counted(verification.recorded, 'name')} on record{copied}")


def _counts(findings: Sequence[Finding]) -> Iterator[str]:
    for state in State:
        yield number(sum(finding.state is state for finding in findings))
    yield number(sum(finding.repaired for finding in findings))


def _line(finding: Finding) -> str:
    name = finding.tag or finding.digest or "its list of tags"
    told = f" ({finding.digest})" if finding.tag and finding.digest else ""
    instead = f" serves {finding.found}" if finding.found else ""
    end = "; copied again" if finding.repaired else f": {finding.reason}" if finding.reason else ""
    return f"{finding.state.value:<9} {name}{told}{instead}{end}"
