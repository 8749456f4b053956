"""Programs that are not ours, which a person may lack and a CI may not."""

import os
import shutil

import pytest


def needed(name: str, *others: str) -> str:
    """Give the path of a program, or of the first that there is of several.

    Where there is none, tests are skipped for a person and fail in a CI, so that green never means skipped.
    """
    found = next(filter(None, map(shutil.which, (name, *others))), None)
    if found is not None:
        return found
    told = f"none of {', '.join((name, *others))} is on PATH"
    if os.environ.get("CI"):
        pytest.fail(told)
    pytest.skip(told)
