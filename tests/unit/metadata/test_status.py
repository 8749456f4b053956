"""How a run goes on, as a document."""

import json

import pytest

from gcrsync.errors import InvalidMetadataError
from gcrsync.metadata.status import Copying, Due, Pulls, Standing, Status, parse_status, status_json
from tests.support.values import NOW

COPYING, PULLS = Copying("gcr.io/p/a:v1", 1, 2, 3), Pulls("docker.io", 57, 100)
STANDING = Standing("copying", 60, 9, 12, 3, 1, 5, 9, 2, (COPYING,), (PULLS,), (Due("the checkpoint", 252),))
STATUS = Status("sync", NOW, NOW, None, STANDING)


@pytest.mark.parametrize("code", [None, 0, 130])
def test_a_status_that_was_written_reads_as_it_was(code: int | None) -> None:
    status = Status("sync", NOW, NOW, code, STANDING)

    assert parse_status(status_json(status), "s.json") == status


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"images": []},
        {"bytes": {"sent": "1", "of": 1, "rate": 1}},
        {"elapsed": -1},
        {"elapsed": True},
        {"copying": ["gcr.io/p/a"]},
        {"started": "yesterday"},
        {"exit": "0"},
    ],
)
def test_what_is_no_status_is_refused_in_a_line(change: dict[str, object]) -> None:
    document = json.loads(status_json(STATUS)) | change

    with pytest.raises(InvalidMetadataError, match=r"^s\.json: not the status of a run: .*"):
        parse_status(json.dumps(document), "s.json")
    with pytest.raises(InvalidMetadataError):
        parse_status(json.dumps([document]), "s.json")


def test_nothing_in_a_status_can_move_a_cursor() -> None:
    document = json.loads(status_json(STATUS)) | {"doing": "copying\x1b[2J\n"}

    assert parse_status(json.dumps(document), "s.json").standing.doing == "copying [2J"
