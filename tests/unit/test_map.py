"""The map of the modules in CONTRIBUTING.md."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gcrsync"


def test_the_map_names_every_module_in_its_layer_and_no_other() -> None:
    modules = {_place(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if not path.name.startswith("__")}

    assert modules
    assert _mapped() == modules


def test_no_module_is_so_long_that_it_must_have_two_jobs() -> None:
    lengths = {str(path.relative_to(SOURCE)): len(path.read_text("utf-8").splitlines()) for path in SOURCE.rglob("*.py")}

    assert lengths
    assert {name: length for name, length in lengths.items() if length >= 250} == {}


def _place(path: Path) -> str:
    return f"{path.parts[0].removesuffix('.py')}/{path.stem}"


def _mapped() -> set[str]:
    layer, mapped = "", set[str]()
    for first, second in re.findall(
        r"^\| (`\w+`)? ?\| ((?:`\w+` ?)+)\|", (ROOT / ".github" / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE
    ):
        layer = first.strip("`") or layer
        mapped |= {f"{layer}/{module}" for module in re.findall(r"\w+", second)}
    return mapped
