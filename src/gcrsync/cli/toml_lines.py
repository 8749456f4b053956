"""The line of a key in a TOML text, for the messages about it: the standard parser gives values without places."""

import re

_HEADER = re.compile(r"\s*\[\[\s*mirror\s*\]\]")
_SUBTABLE = re.compile(r"\s*\[\s*mirror\s*\.\s*([A-Za-z0-9_\-\"']+)\s*\]")
_RULE = re.compile(r"\s*\[\[\s*mirror\s*\.\s*[\"']?rule[\"']?\s*\]\]")
_ANY_HEADER = re.compile(r"\s*\[")
_PARSER_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def line_of_key(text: str, table: int, key: str) -> int:
    """Give the line (from 1) of a key in the mirror table of this number (from 0).

    It is such as ``name``, ``tags.include``, or ``rule.0.match`` for the first of its rules.

    Where it cannot be found (in an inline table, say) the line of the nearest thing around it is given.
    """
    current, rules, prefix, best = -1, 0, "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if _HEADER.match(line):
            current, rules, prefix = current + 1, 0, ""
            best = number if current == table else best
        elif _RULE.match(line):
            rules, prefix = rules + 1, f"rule.{rules}."
            best = number if current == table and key.startswith(prefix) else best
        elif found := _SUBTABLE.match(line):
            prefix = found.group(1).strip("\"'") + "."
            best = number if current == table and f"{key}.".startswith(prefix) else best
        elif current == table and _assigns(line, prefix, key):
            return number
        elif current == table and _assigns(line, prefix, key.partition(".")[0]):
            best = number
    return best


def line_of_top_key(text: str, key: str) -> int:
    """Give the line (from 1) of a key or header outside of all mirror tables."""
    wanted = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[\].=]")
    return next((number for number, line in enumerate(text.splitlines(), start=1) if wanted.match(line)), 0)


def line_of_parser_error(text: str, message: str) -> int:
    """Give the line that the standard parser names in its message; where it names none it has reached the end of the text."""
    found = _PARSER_LINE.search(message)
    return int(found.group(1)) if found else len(text.splitlines())


def _assigns(line: str, prefix: str, key: str) -> bool:
    if _ANY_HEADER.match(line) or not key.startswith(prefix):
        return False
    name = r"\s*\.\s*".join(rf"[\"']?{re.escape(part)}[\"']?" for part in key.removeprefix(prefix).split("."))
    return re.match(rf"\s*{name}\s*[=.]", line) is not None
