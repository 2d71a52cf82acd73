"""One table ``[limits.<name>]`` as it is written."""

import re
from collections.abc import Collection

from edgeagent.autonomy.expression import KEYWORDS
from edgeagent.autonomy.templates import LimitTemplate, Scope
from edgeagent.config.reader import Reader
from edgeagent.config.values import nearest
from edgeagent.model.limit import Limit, Operator
from edgeagent.model.points import PointId, device_of

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
POINT = r"[a-z0-9-]+/[a-z0-9_.-]+"
POINT_SHAPE = 'be the name of a point, as in "pdu-a1/probe.1.temperature"'
_PLACE = r"(?:[a-z0-9_.-]|\{rack\}|\{aisle\})+"
_PATTERN = rf"\{{inlet\}}|{_PLACE}/{_PLACE}"
_PATTERN_SHAPE = 'be "{inlet}", or a point in which {rack} or {aisle} may stand'
LONGEST_S = 3600.0
_ORDERED = frozenset({Operator.ABOVE, Operator.AT_LEAST, Operator.BELOW, Operator.AT_MOST})
_FALLING = frozenset({Operator.BELOW, Operator.AT_MOST})


def parse_limit(name: str, reader: Reader, devices: Collection[str]) -> LimitTemplate:
    """One limit, before it is made for racks or aisles; mistakes go to the reader."""
    if not NAME.fullmatch(name) or name in KEYWORDS:
        reader.problem(
            None, "cannot use this name: must be lower-case letters, digits and hyphens, and no word of logic"
        )
    point = reader.text("point", pattern=_PATTERN, shape=_PATTERN_SHAPE)
    check_device(reader, "point", PointId(point), devices)
    operator = Operator(reader.choice("operator", [one.value for one in Operator]))
    limit = Limit(
        id=name,
        point=PointId(point),
        operator=operator,
        value=_value(reader),
        for_s=reader.duration_s("for", 0.0, maximum=LONGEST_S),
        clear_for_s=reader.duration_s("clear_for", 60.0, maximum=LONGEST_S),
        clear_value=reader.number("clear_value") if reader.has("clear_value") else None,
        stale_after_s=reader.duration_s("stale_after", 60.0, minimum=1, maximum=600),
        low=reader.number("plausible_low") if reader.has("plausible_low") else None,
        high=reader.number("plausible_high") if reader.has("plausible_high") else None,
        max_change_per_s=reader.number("max_change_per_s", minimum=1e-6) if reader.has("max_change_per_s") else None,
        window_s=reader.duration_s("rise_over", minimum=10, maximum=LONGEST_S) if reader.has("rise_over") else None,
    )
    _check(reader, limit)
    return LimitTemplate(limit, _scope(point))


def check_device(reader: Reader, key: str, point: PointId, devices: Collection[str]) -> None:
    """Note a point that can never be read, because its device is not configured."""
    device = device_of(point)
    if point and "{" not in device and device not in devices:
        reader.problem(key, f"cannot read {point}: there is no [devices.{device}]", nearest(device, devices))


def _scope(point: str) -> Scope:
    if "{inlet}" in point or "{rack}" in point:
        return Scope.RACK
    return Scope.AISLE if "{aisle}" in point else Scope.POD


def _value(reader: Reader) -> float | str:
    """A number (``value``), or a word of the point (``word``)."""
    if not reader.has("word"):
        return reader.number("value")
    if reader.has("value"):
        reader.problem("word", "cannot use both value and word: a point is a number or a word")
    return reader.text("word", max_length=64)


def _check(reader: Reader, limit: Limit) -> None:
    value, operator = limit.value, limit.operator
    if isinstance(value, str):
        if operator in _ORDERED:
            reader.problem("operator", f'cannot use "{operator}" with a word: must be == or !=')
        for key in ("clear_value", "plausible_low", "plausible_high", "max_change_per_s", "rise_over"):
            if reader.has(key):
                reader.problem(key, "cannot use this key with a word: it is for numbers")
        return
    _check_hysteresis(reader, limit, value)
    low, high = limit.low, limit.high
    if low is not None and high is not None and low >= high:
        reader.problem("plausible_low", f"cannot use {low:g}: must be less than plausible_high, {high:g}")
    elif limit.window_s is None and _outside(operator, value, low, high):
        reader.problem("value", f"cannot reach {value:g}: no reading beyond it would be believed")


def _check_hysteresis(reader: Reader, limit: Limit, value: float) -> None:
    if limit.clear_value is None:
        return
    if limit.operator not in _ORDERED:
        reader.problem("clear_value", f'cannot use this key with "{limit.operator}"')
    elif limit.clear_value < value if limit.operator in _FALLING else limit.clear_value > value:
        side = "at or above" if limit.operator in _FALLING else "at or below"
        reader.problem("clear_value", f"cannot use {limit.clear_value:g}: must be {side} value, {value:g}")


def _outside(operator: Operator, value: float, low: float | None, high: float | None) -> bool:
    """Whether no believable reading can meet the comparison."""
    if operator in _FALLING:
        return low is not None and (value < low or (value == low and operator is Operator.BELOW))
    if operator in _ORDERED:
        return high is not None and (value > high or (value == high and operator is Operator.ABOVE))
    return operator is Operator.EQUAL and ((low is not None and value < low) or (high is not None and value > high))
