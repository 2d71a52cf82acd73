"""What of a device's totals outlives the process: a fact per device, bound to its serial."""

import json
from dataclasses import replace

import msgspec

from edgeagent.core.clock import Anchor
from edgeagent.drivers.estimates.counters import Running, moved

VERSION = 1


class _Kept(msgspec.Struct, frozen=True):
    """The fact. ``counters`` are by the name of the point; budgets and times are of the process that kept them."""

    v: int
    anchor: Anchor
    serial: str
    counters: dict[str, Running]


def kept(counters: dict[str, Running], serial: str, anchor: Anchor) -> object:
    """The totals as plain JSON data; ``anchor`` is of now."""
    return msgspec.to_builtins(_Kept(VERSION, anchor, serial, counters), str_keys=True)


def resumed(fact: object, serial: str, now: Anchor, power_w: float) -> tuple[dict[str, Running], str]:
    """The totals to go on with, and what is wrong with the fact, if anything.

    ``power_w`` is the most that can have flowed meanwhile. Those of another serial are `moved`: their counters mean
    nothing, their totals go on.
    """
    if fact is None:
        return {}, ""
    try:
        json.dumps(fact, allow_nan=False)
        found = msgspec.convert(fact, _Kept)
    except (ValueError, msgspec.ValidationError) as error:
        return {}, f"cannot use the totals that were kept: {error}"
    if found.v != VERSION:
        return {}, f"cannot use the totals that were kept: they are of version {found.v}"
    away_s = max(0.0, now.boottime_s - found.anchor.boottime_s - found.anchor.shift_s(now))
    debt_wh = -power_w * away_s / 3600  # budgets begin at zero in each process
    is_other = bool(serial and found.serial and serial != found.serial)
    return {name: moved(one) if is_other else _owing(one, debt_wh) for name, one in found.counters.items()}, ""


def _owing(one: Running, debt_wh: float) -> Running:
    levels = tuple(replace(level, budget_wh=debt_wh) for level in one.levels)
    return replace(one, budget_wh=debt_wh, levels=levels, fell_s=None)
