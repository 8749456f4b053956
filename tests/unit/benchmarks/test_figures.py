from benchmarks.process import Cost, Ended
from benchmarks.speed.figures import document, figures, markdown
from benchmarks.speed.footprint import heavy_imports
from benchmarks.speed.traffic import Traffic
from benchmarks.speed.trial import Sample


def sample(wall: float, *, status: int = 0, missing: int = 0) -> Sample:
    cost = Cost(wall, 2 * wall, int(wall * 1e6))
    return Sample(Ended(cost, status, ""), Traffic({"GET blobs": 3}, 5_000_000), Traffic({"PUT blobs": 4}), 1.0, missing)


def test_each_figure_is_a_median_and_a_single_failure_still_shows() -> None:
    found = figures([sample(1), sample(9, status=3, missing=7), sample(2)])
    assert (found.wall, found.processor, found.peak) == (2, 4, 2e6)
    assert (found.source_requests, found.destination_requests, found.source_bytes) == (3, 4, 5e6)
    assert (found.status, found.missing) == (3, 7)


def test_a_program_killed_by_a_signal_is_a_failure() -> None:
    assert figures([sample(1), sample(1, status=-9)]).status == -9


def test_ratios_are_to_skopeo_in_the_same_run() -> None:
    samples = {
        ("gcrsync", "first"): [sample(1)],
        ("gcrsync", "again"): [sample(1)],
        ("skopeo", "first"): [sample(4)],
        ("skopeo", "again"): [sample(2, status=1)],
    }
    rows = [row.split(" | ")[:4] for row in markdown(samples)][2:]
    assert rows == [
        ["| gcrsync", "first", "1.00 (0.25)", "2.00 (0.25)"],
        ["| skopeo", "first", "4.00 (1.00)", "8.00 (1.00)"],
        ["| gcrsync", "again", "1.00 (0.50)", "2.00 (0.50)"],
        ["| skopeo (ended with 1)", "again", "2.00 (1.00)", "4.00 (1.00)"],
    ]


def test_without_skopeo_there_are_figures_and_no_ratios() -> None:
    *_, row = markdown({("gcrsync", "first"): [sample(1)]})
    assert row == "| gcrsync | first | 1.00 | 2.00 | 1 | 3 | 4 | 5.0 | 0.0 | 1.00 | 0 |"


def test_the_document_has_every_sample_with_its_requests_by_kind() -> None:
    (entry,) = document({("gcrsync", "first"): [sample(1), sample(3)]})
    assert (entry["tool"], entry["run"]) == ("gcrsync", "first")
    assert isinstance(entry["samples"], list)
    assert [each["wall"] for each in entry["samples"]] == [1, 3]
    assert entry["samples"][0]["source"] == {"requests": {"GET blobs": 3}, "bytes": 5_000_000}


def test_heavy_imports_are_packages_with_the_time_of_their_slowest_module() -> None:
    trace = """import time: self [us] | cumulative | imported package
import time:       200 |        200 |       json
import time:     11000 |      12000 |       rich.text
import time:     30000 |      55000 |     rich
import time:      1000 |      70000 |   typer
"""
    assert heavy_imports(trace) == {"typer": 70_000, "rich": 55_000}
