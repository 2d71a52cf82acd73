"""Names of points by the rows they stand in, as a template says them: ``[unit.{unit}.]inlet.[{inlet}.]power``.

What stands in square brackets goes unsaid where it says nothing: a part of the index with a home number, at that
number; another part, where no two rows would bear one name without it.
"""

import re
from collections.abc import Callable, Iterable, Mapping

_SEGMENT = r"([a-z0-9_]+|\{[a-z]+\})"
_GROUP = rf"\[({_SEGMENT}\.)+\]"
NAME = rf"(?=[a-z\[])({_GROUP})*{_SEGMENT}(\.({_GROUP})*{_SEGMENT})*"
"""What a template looks like; one without braces and brackets is a name."""
PLACE = re.compile(r"\{([a-z]+)\}")
_BRACKET = re.compile(r"\[([^\]]*)\]")
NUMBER = "[1-9][0-9]{0,8}"


def brief(template: str, parts: Mapping[str, int], home: Mapping[str, int]) -> str:
    """The name with no more of the brackets than what is away from home."""
    return _named(template, parts, lambda part: part in home and parts[part] != home[part])


def full(template: str, parts: Mapping[str, int], home: Mapping[str, int]) -> str:
    """The name with all of the brackets but what is at home."""
    return _named(template, parts, lambda part: part not in home or parts[part] != home[part])


def names(template: str, rows: Iterable[Mapping[str, int]], home: Mapping[str, int]) -> list[str]:
    """The names of all rows of one template: brief where these are different, else full."""
    known = list(rows)
    short = [brief(template, parts, home) for parts in known]
    return short if len(set(short)) == len(short) else [full(template, parts, home) for parts in known]


def numbers(template: str, name: str, home: Mapping[str, int]) -> dict[str, int] | None:
    """The parts that a name says, with those that are at home; None where it is no name of the template."""
    found = re.fullmatch(_pattern(template), name)
    if found is None:
        return None
    said = {part: int(number) for part, number in found.groupdict().items() if number is not None}
    return {**home, **said}


def _named(template: str, parts: Mapping[str, int], is_said: Callable[[str], bool]) -> str:
    def group(found: re.Match[str]) -> str:
        return found[1] if all(is_said(part) for part in PLACE.findall(found[1])) else ""

    return _BRACKET.sub(group, template).format(**parts)


def _pattern(template: str) -> str:
    parts = re.split(r"(\[|\]|\{[a-z]+\})", template)
    return "".join(_regular(part) for part in parts)


def _regular(part: str) -> str:
    match part[:1]:
        case "[":
            return "(?:"
        case "]":
            return ")?"
        case "{":
            return f"(?P<{part[1:-1]}>{NUMBER})"
    return re.escape(part)
