"""What came of a run as metrics in a file, which the textfile collector of Prometheus' node_exporter reads."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
from prometheus_client.parser import text_string_to_metric_families

from gcrsync.metadata.sheet import Sheet
from gcrsync.metadata.status import Pulls

_SUCCESS = "gcrsync_success_timestamp_seconds"
_LARGEST = 1 << 20


class _Gauges:
    """Gauges that all have the name of the file and the command as labels: a machine may have several mirrors."""

    def __init__(self, mirror: str, command: str) -> None:
        self.registry = CollectorRegistry()
        self._labels = {"mirror": mirror, "command": command}
        self._gauges: dict[str, Gauge] = {}

    def set(self, name: str, told: str, value: float, **labels: str) -> None:
        """Give a metric a value, for these labels more."""
        every = self._labels | labels
        if name not in self._gauges:
            self._gauges[name] = Gauge(name, told, tuple(every), registry=self.registry)
        self._gauges[name].labels(**every).set(value)


def write_metrics(place: Path, sheet: Sheet, pulls: tuple[Pulls, ...], ended: datetime) -> None:
    """Replace the file at once by the metrics of a run that ended (UTC); the time of the last success is taken over from it.

    Raises OSError for a file that cannot be written.
    """
    gauges = _Gauges(place.stem.encode(errors="replace").decode(), sheet.command)
    gauges.set("gcrsync_run_timestamp_seconds", "When the last run ended.", ended.timestamp())
    gauges.set("gcrsync_run_duration_seconds", "How long the last run took.", (ended - sheet.started).total_seconds())
    gauges.set("gcrsync_run_exit_code", "The exit code of the last run.", sheet.exit)
    success = ended.timestamp() if sheet.succeeded else _last_success(place, sheet.command)
    if success is not None:
        gauges.set(_SUCCESS, "When the last run ended that did all that there was to do.", success)
    _count(gauges, sheet)
    for each in pulls:
        gauges.set("gcrsync_pulls_left", "How many pulls a host gives until its window ends.", each.left, host=each.host)
        gauges.set("gcrsync_pulls_limit", "How many pulls a host gives in a window.", each.most, host=each.host)
    write_to_textfile(str(place), gauges.registry)


def _count(gauges: _Gauges, sheet: Sheet) -> None:
    for part in sheet.counted:
        for state, count in part.counts.items():
            gauges.set("gcrsync_tags", "Tags by what the last run found or made of them.", count, source=part.name, state=state)
        gauges.set("gcrsync_copied_bytes", "Bytes of blobs that the last run sent.", part.copied, source=part.name)
        if part.name:
            gauges.set("gcrsync_requests", "Requests that it took to look at the source.", part.requests, source=part.name)
            told = "Whether all lists of the source were there and believed (1) or not (0)."
            gauges.set("gcrsync_list_complete", told, part.complete, source=part.name)


def _last_success(place: Path, command: str) -> float | None:
    """Give what the file says of an earlier run of the same command, None where it says nothing that can be read."""
    with suppress(OSError, ValueError), place.open(encoding="utf-8") as file:
        families = list(text_string_to_metric_families(file.read(_LARGEST)))
        return next(
            (
                float(sample.value)
                for family in families
                for sample in family.samples
                if sample.name == _SUCCESS and sample.labels.get("command") == command
            ),
            None,
        )
    return None
