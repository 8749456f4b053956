"""The figures of several trials: medians, as Markdown and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.speed.tools import RUNS, YARDSTICK
from benchmarks.speed.trial import Sample

_MB = 1e6
_HEAD = (
    "| tool | run | wall, s | CPU, s | peak, MB | requests: from | to | MB: from | to | registries: CPU, s | not there |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
)

Samples = Mapping[tuple[str, str], Sequence[Sample]]
"""The samples of each tool, by its name, and each run."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The medians of some samples: seconds, bytes and counts. ``status`` is the worst exit code, ``missing`` the most tags."""

    wall: float
    processor: float
    peak: float
    source_requests: float
    destination_requests: float
    source_bytes: float
    destination_bytes: float
    registries: float
    missing: int
    status: int


def figures(samples: Sequence[Sample]) -> Figures:
    """Give the median of every figure, each for itself."""
    return Figures(
        median(sample.ended.cost.wall for sample in samples),
        median(sample.ended.cost.processor for sample in samples),
        median(sample.ended.cost.peak for sample in samples),
        median(sample.source.requests for sample in samples),
        median(sample.destination.requests for sample in samples),
        median(sample.source.content for sample in samples),
        median(sample.destination.content for sample in samples),
        median(sample.registries for sample in samples),
        max(sample.missing for sample in samples),
        max((sample.ended.status for sample in samples), key=abs),
    )


def markdown(samples: Samples) -> Iterator[str]:
    """Give the lines of a table, the first run of each tool before what all took again, with ratios to the yardstick."""
    yield from _HEAD
    for run in RUNS:
        yardstick = figures(samples[YARDSTICK, run]) if (YARDSTICK, run) in samples else None
        for tool, each in samples:
            if each == run:
                yield _row(tool, run, figures(samples[tool, run]), yardstick)


def document(samples: Samples) -> list[dict[str, object]]:
    """Give what a JSON document has of each tool and run: the medians, and every sample with its requests by kind."""
    return [
        {"tool": tool, "run": run, "medians": asdict(figures(each)), "samples": [*map(_sample, each)]}
        for (tool, run), each in samples.items()
    ]


def _row(tool: str, run: str, found: Figures, yardstick: Figures | None) -> str:
    cells = (
        f"{tool} (ended with {found.status})" if found.status else tool,
        run,
        _against(f"{found.wall:.2f}", found.wall, yardstick.wall if yardstick else None),
        _against(f"{found.processor:.2f}", found.processor, yardstick.processor if yardstick else None),
        _against(f"{found.peak / _MB:.0f}", found.peak, yardstick.peak if yardstick else None),
        f"{found.source_requests:,.0f}",
        f"{found.destination_requests:,.0f}",
        f"{found.source_bytes / _MB:,.1f}",
        f"{found.destination_bytes / _MB:,.1f}",
        _against(f"{found.registries:.2f}", found.registries, yardstick.registries if yardstick else None),
        f"{found.missing:,}",
    )
    return f"| {' | '.join(cells)} |"


def _against(text: str, figure: float, yardstick: float | None) -> str:
    """Give a figure, and behind it in brackets how many times the yardstick's it is."""
    return f"{text} ({figure / yardstick:.2f})" if yardstick else text


def _sample(sample: Sample) -> dict[str, object]:
    cost = sample.ended.cost
    return {
        "wall": cost.wall,
        "processor": cost.processor,
        "peak": cost.peak,
        "source": {"requests": dict(sample.source.kinds), "bytes": sample.source.content},
        "destination": {"requests": dict(sample.destination.kinds), "bytes": sample.destination.content},
        "registries": sample.registries,
        "missing": sample.missing,
        "status": sample.ended.status,
    }
