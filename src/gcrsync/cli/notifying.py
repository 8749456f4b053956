"""Notices of how a command has ended, to wherever ``GCRSYNC_NOTIFY`` says: Telegram, Slack, mail, a webhook..."""

import logging
import os
import warnings
from collections.abc import Callable
from threading import Thread

from gcrsync.cli.console import Screen
from gcrsync.cli.options import Occasion
from gcrsync.metadata.notice import body, title
from gcrsync.metadata.sheet import Sheet

VARIABLE = "GCRSYNC_NOTIFY"
"""Has the addresses, which are secrets: they stand in no argument and no file, and are never shown."""

_PATIENCE = 30.0
"""For how many seconds an address is waited for."""


def notify(screen: Screen, occasion: Occasion, sheet: Sheet) -> None:
    """Send a notice where there is an occasion for one; that it could not be sent is a warning, and changes nothing else."""
    addresses = os.environ.get(VARIABLE, "").split()
    if not addresses or (occasion is Occasion.FAILURES and not sheet.failed):
        return
    _keep_quiet()
    for number, address in enumerate(addresses, 1):
        reason = _trouble(address, sheet)
        if reason:
            screen.warn(f"address {number} of {len(addresses)} in {VARIABLE} got no notice: {reason}")


def _trouble(address: str, sheet: Sheet) -> str:
    """Send a notice, and say why that failed, without the address; empty where it did not."""
    try:
        import apprise  # noqa: PLC0415 - it is an extra
    except ImportError:
        return "install gcrsync with the extra gcrsync[notify]"
    service = apprise.Apprise.instantiate(address)
    if service is None:
        return "apprise knows no such address"
    kinds = apprise.NotifyType
    kind = kinds.FAILURE if sheet.failed else kinds.SUCCESS if sheet.succeeded else kinds.WARNING
    message = {"title": title(sheet), "body": body(sheet), "notify_type": kind, "body_format": apprise.NotifyFormat.TEXT}
    return _sent(lambda: bool(service.notify(**message)))


def _sent(send: Callable[[], bool]) -> str:
    """Send, and say what went wrong; one that takes too long is left behind."""
    ended: list[str] = []

    def work() -> None:
        try:
            ended.append("" if send() else "the service did not take it, or could not be reached")
        except Exception as error:  # noqa: BLE001 - whatever a service is up to, the run is done
            ended.append(f"it failed with {type(error).__name__}")

    thread = Thread(target=work, name="gcrsync-notice", daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    return ended[0] if ended else f"it took more than {_PATIENCE:.0f} seconds"


def _keep_quiet() -> None:
    """Drop what apprise, and what it rests on, would log or warn of, for good: it has addresses, and who is left behind goes on."""
    logging.disable()
    warnings.simplefilter("ignore")
