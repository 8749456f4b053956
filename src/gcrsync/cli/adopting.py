"""The command that begins the record of a mirror which exists already: adopt."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from gcrsync.cli.command import Exit, first, stoppable
from gcrsync.cli.console import Screen, counted
from gcrsync.cli.identity import identity
from gcrsync.cli.opening import opened, prepared
from gcrsync.cli.progress import Watched, progress
from gcrsync.cli.reporting import tell
from gcrsync.cli.results import codes, print_counts, print_doubts, print_listed, print_publication
from gcrsync.cli.run_options import AdoptOptions
from gcrsync.cli.summary import report_section
from gcrsync.errors import shortened
from gcrsync.metadata.adoption import adoption_json
from gcrsync.metadata.markdown import number
from gcrsync.metadata.sheets import sheet_of_adoption
from gcrsync.mirror.adoption import Adoption, Finding, NamespaceAdoption, State
from gcrsync.sync.adopt import Adopted
from gcrsync.sync.adopt import adopt as run

_MOST_NAMES = 12
_IN_FULL = (State.OLDER, State.DIFFERENT)
"""Of what is found in these states each tag is told with its digests."""


def adopt(options: AdoptOptions) -> Exit:
    """Record what the destination has already; copy nothing."""
    screen = Screen(verbose=options.verbose)
    watched = progress(screen)
    with stoppable() as stop:
        variables = identity(options.author, options.date)
        history = opened(options.metadata_repo, stop, branch=options.branch, variables=variables)
        history.check()
        with prepared("adopt", options, watched, history, stop) as (job, means, _):
            adopted = run(job, means, history)
    return _finished(screen, options, adopted, watched)


def _finished(screen: Screen, options: AdoptOptions, adopted: Adopted, watched: Watched) -> Exit:
    adoption, code = adopted.adoption, first(_codes(adopted, strict=options.strict))
    sheet = sheet_of_adoption(adoption, code, adopted.trouble)
    if not options.json:
        with report_section(screen, adoption.command):
            for namespace in adoption.namespaces:
                _print(screen, namespace)
            for namespace in adoption.namespaces:
                print_listed(screen, namespace.listed)
            print_counts(screen, sheet)
    for namespace in adoption.namespaces:
        print_doubts(screen, namespace.listed)
    _advise(screen, adoption)
    if adopted.trouble is None:
        print_publication(screen, adopted.publication)
    else:
        screen.fail(adopted.trouble)
    pulls = watched.standing().pulls
    return tell(screen, options, sheet, lambda: adoption_json(adoption, code, adopted.trouble), pulls)


def _codes(adopted: Adopted, *, strict: bool) -> set[Exit]:
    held = codes(adopted.adoption.report(), strict=strict)
    if adopted.trouble is not None or adopted.adoption.count(State.UNKNOWN):
        held.add(Exit.RECORD)
    if adopted.adoption.count(State.DIFFERENT):
        held.add(Exit.IMAGES)
    return held


def _advise(screen: Screen, adoption: Adoption) -> None:
    for limit in adoption.limits:
        screen.warn(limit)
    different = adoption.count(State.DIFFERENT)
    if different:
        advice = "a sync puts what the source has there; to keep what is there, exclude it"
        screen.warn(f"{counted(different, 'tag')} of the mirror with what the source does not know: {advice}")
    if adoption.ending is not None:
        screen.note("stopped before everything was asked for; what was found is recorded, run again to go on")


def _print(screen: Screen, namespace: NamespaceAdoption) -> None:
    """Print each repository with what was found of it, and what could not be asked for."""
    for repository, grouped in groupby(namespace.findings, key=attrgetter("repository")):
        told = [finding for finding in grouped if finding.state is not State.UNKNOWN]
        if told:
            screen.result(str(repository))
        for line in _lines(told):
            screen.result(f"  {line}")
    unknown = [finding for finding in namespace.findings if finding.state is State.UNKNOWN]
    for reason, alike in _by_reason(unknown):
        screen.result(f"{State.UNKNOWN}: {_shown([_name(finding) for finding in alike])}: {reason}")


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    for state, alike in groupby(findings, key=attrgetter("state")):
        found = list(alike)
        if state in _IN_FULL:
            yield from (f"{state:<9} {finding.tag} {_digests(finding)}" for finding in found)
            continue
        for reason, tags in _by_reason(found):
            yield f"{state:<9} {_shown([str(finding.tag) for finding in tags])}" + (f": {reason}" if reason else "")


def _by_reason(findings: Sequence[Finding]) -> Iterator[tuple[str, list[Finding]]]:
    reasons: dict[str, list[Finding]] = {}
    for finding in findings:
        reasons.setdefault(finding.reason, []).append(finding)
    return iter(reasons.items())


def _shown(names: Sequence[str]) -> str:
    more = f" and {number(len(names) - _MOST_NAMES)} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _name(finding: Finding) -> str:
    return str(finding.repository) if finding.tag is None else f"{finding.repository}:{finding.tag}"


def _digests(finding: Finding) -> str:
    here, there = (shortened(digest.encoded, 13) if digest else "nothing" for digest in (finding.found, finding.digest))
    return f"({here} here, {there} at the source)"
