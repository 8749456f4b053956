"""Looking at a source: every repository and tag of a namespace, and which of it could not be had."""

from gcrsync.errors import StoppedError
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.snapshot import GOOGLE, OFFICIAL_IMAGES, Snapshot
from gcrsync.oci.name import Namespace, Repository
from gcrsync.registry.google_names import leads_to_google
from gcrsync.registry.listing import GoogleAnswer, PlainAnswer, ask
from gcrsync.registry.plain import Plain
from gcrsync.registry.refused import UnlessRefused
from gcrsync.registry.session import Session
from gcrsync.registry.vendor import Vendor
from gcrsync.registry.vendors import known, recognised
from gcrsync.sync.enumeration import enumerate_repositories
from gcrsync.sync.found import Basis, Failure, Found, Surveyor, told
from gcrsync.sync.named import IMAGES, ask_by_name, put_pins
from gcrsync.sync.official import enumerate_library
from gcrsync.sync.walk import walk


def survey(surveyor: Surveyor, selection: Selection, basis: Basis | None = None) -> Snapshot:
    """List the namespace of a selection, whole or with a note of what could not be listed.

    Google's list is known by its answer; ``basis`` is what is on record, and what a selection with official-images begins with.
    StoppedError where the run was asked to stop before everything was seen.
    """
    surveyor.watch.began(f"listing {selection.namespace}")
    found = Found(selection, recorded=_recorded(selection, basis))
    listed_by = _looked(surveyor, found, basis)
    put_pins(found)
    if surveyor.stopped():
        raise StoppedError
    return found.snapshot(listed_by)


def reached(session: Session, selection: Selection) -> str:
    """Ask the source what a survey asks first, and say in which way it is listed; RegistryError where it does not answer."""
    namespace = selection.namespace
    vendor = known(session, namespace.registry, selection.vendor)
    if vendor is None:
        answer = ask(session, namespace)
        if isinstance(answer, GoogleAnswer):
            return GOOGLE
        vendor = _ordinary(session, namespace, answer)
    if not vendor.repositories(namespace).requests:
        ask(session, namespace)
    return vendor.name


def _recorded(selection: Selection, basis: Basis | None) -> tuple[Repository, ...]:
    """Give the selected repositories of which the source had tags at the last look."""
    records = {} if basis is None else basis.records
    return tuple(sorted(repository for repository, record in records.items() if record.tags and selection.judges(repository)))


def _looked(surveyor: Surveyor, found: Found, basis: Basis | None) -> str:
    """Look where the selection says what there is, or else at the source, and say in which way."""
    if basis is not None and found.selection.official_images:
        enumerate_library(surveyor, found, basis)
        return OFFICIAL_IMAGES
    return IMAGES if ask_by_name(surveyor, found) else _seen(surveyor, found)


def _seen(surveyor: Surveyor, found: Found) -> str:
    """Look at the source, and say in which way."""
    namespace = found.namespace
    vendor = known(surveyor.session, namespace.registry, found.selection.vendor)
    if vendor is not None:
        return _enumerated(surveyor, found, vendor)
    answer = told(lambda: ask(surveyor.session, namespace))
    if isinstance(answer, Failure):
        found.fail(namespace, answer)
        found.requests = 1
        return GOOGLE if leads_to_google(namespace.registry) else Plain.name
    if isinstance(answer, GoogleAnswer):
        walk(surveyor, found, answer)
        return GOOGLE
    found.requests += answer.requests
    return _enumerated(surveyor, found, _ordinary(surveyor.session, namespace, answer))


def _ordinary(session: Session, namespace: Namespace, root: PlainAnswer) -> Vendor:
    """Give the vendor that the registry shows itself to be, or the way that every registry can be listed in."""
    plain = Plain(session, namespace, root)
    shown = told(lambda: recognised(session, namespace))
    return plain if shown is None or isinstance(shown, Failure) else UnlessRefused(shown, plain)


def _enumerated(surveyor: Surveyor, found: Found, vendor: Vendor) -> str:
    enumerate_repositories(surveyor, found, vendor)
    return vendor.name
