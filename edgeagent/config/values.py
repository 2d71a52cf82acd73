"""From a node to a typed value: pure functions that raise Unfit with what was expected and what was probably meant."""

import difflib
import math
import re
from collections.abc import Callable, Collection, Iterable

from edgeagent.config.tree import Node, kind, quoted, shown
from edgeagent.model.errors import ConfigError

MAX_ITEMS = 1000
_INT64 = range(-(2**63), 2**63)


class Unfit(ConfigError):
    """A value that does not fit its key."""

    def __init__(self, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.suggestion = suggestion


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The option that was probably meant, case ignored; None if nothing is near."""
    by_lower = {option.lower(): option for option in options}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def text(
    node: Node, *, pattern: str | None = None, shape: str = "", min_length: int = 1, max_length: int = 4096
) -> str:
    value = node.scalar
    if not isinstance(value, str):
        plain = value is not None and not (isinstance(value, int) and value not in _INT64)
        suggestion = quoted(shown(node)) if plain else None
        raise Unfit(f"cannot use {what(node)}: must be text", suggestion)
    if not value and min_length:
        raise Unfit("cannot use an empty text here")
    if len(value) < min_length:
        raise Unfit(f"cannot use {shown(node)}: must have at least {min_length} characters")
    if len(value) > max_length:
        raise Unfit(f"cannot use {shown(node)}: must have at most {max_length} characters")
    if pattern is not None and not re.fullmatch(pattern, value):
        raise Unfit(f"cannot use {shown(node)}: must {shape or f'match {pattern}'}")
    return value


def items(node: Node) -> tuple[Node, ...]:
    """The items of an array, which may still be anything."""
    if node.array is None:
        suggestion = f"[{shown(node)}]" if isinstance(node.scalar, str) else None
        raise Unfit(f"cannot use {what(node)}: must be an array of texts", suggestion)
    if len(node.array) > MAX_ITEMS:
        raise Unfit(f"cannot use {len(node.array)} items: at most {MAX_ITEMS}")
    return node.array


def integer(node: Node, *, minimum: int | None = None, maximum: int | None = None) -> int:
    value = node.scalar
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit(f"cannot use {what(node)}: must be a whole number", _whole(value))
    if value not in _INT64:  # TOML promises 64 bits; also keeps messages short
        raise Unfit("cannot use this number: it does not fit 64 bits")
    within(value, minimum, maximum, shown(node), str)
    return value


def number(node: Node, *, minimum: float | None = None, maximum: float | None = None) -> float:
    value = node.scalar
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit(f"cannot use {what(node)}: must be a number", _unquoted_number(value))
    if isinstance(value, int) and value not in _INT64:
        raise Unfit("cannot use this number: it does not fit 64 bits")
    if not math.isfinite(value):
        raise Unfit(f"cannot use {shown(node)}: must be a finite number")
    within(value, minimum, maximum, shown(node), _plain)
    return float(value)


def boolean(node: Node) -> bool:
    value = node.scalar
    if isinstance(value, bool):
        return value
    guess = {"true": "true", "yes": "true", "on": "true", "1": "true"}
    guess |= {"false": "false", "no": "false", "off": "false", "0": "false"}
    raise Unfit(f"cannot use {what(node)}: must be true or false", guess.get(shown(node).strip('"').lower()))


def choice(node: Node, options: Collection[str]) -> str:
    value = node.scalar
    if isinstance(value, str) and value in options:
        return value
    near = nearest(str(value), options) if isinstance(value, str | int | float) else None
    listed = ", ".join(quoted(option) for option in sorted(options))
    given = shown(node) if isinstance(value, str) else what(node)
    raise Unfit(f"cannot use {given}: must be one of {listed}", quoted(near) if near is not None else None)


def what(node: Node) -> str:
    """The value as a message names it: `the text "12"`, `the whole number 12`, `a table`."""
    if node.scalar is None:
        return kind(node)
    if isinstance(node.scalar, bool):
        return shown(node)
    return f"the {kind(node).removeprefix('a ')} {shown(node)}"


def _whole(value: object) -> str | None:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,18}", value):
        return value
    return None


def _unquoted_number(value: object) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,15})?", value) else None


def _plain(value: float) -> str:
    return f"{value:.15g}"


def within(
    value: float, minimum: float | None, maximum: float | None, given: str, show: Callable[[float], str]
) -> None:
    if minimum is not None and value < minimum:
        raise Unfit(f"cannot use {given}: must be at least {show(minimum)}")
    if maximum is not None and value > maximum:
        raise Unfit(f"cannot use {given}: must be at most {show(maximum)}")
