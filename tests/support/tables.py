"""The table that a run ends with."""


def counted(printed: str) -> dict[str, int]:
    """Give the counts of its first line, by their heads."""
    lines = printed.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("NAMESPACE "))
    head, counts = (line.split()[1:] for line in lines[place : place + 2])
    return {state: int(count.replace(",", "")) for state, count in zip(head, counts, strict=False) if state != "copied"}
