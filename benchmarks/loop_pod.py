"""The pod of the ``loop`` benchmark, as its configuration: 20 racks, 40 rack PDUs, 2,000 points, 200 interlocks.

One load of each rack is P3 and hangs on outlet 1 of both its PDUs; the tables shed it on the first hot reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

RACKS, FEEDS, OUTLETS = 20, ("a", "b"), 16
HOT_C, MILD_C, COOL_C = 36.0, 28.5, 22.0
"""What sheds, what changes nothing, and what lets return."""
PAIRS = 8
"""Outlets of each PDU that a limit looks at."""
ALARMS = 7
"""Interlocks of each rack beside the three that every pod has; they only alarm."""
LEVEL_W = 400.0
"""What an outlet delivers; its limit is far above."""


def racks() -> list[str]:
    """Their names."""
    return [f"r{number:02}" for number in range(1, RACKS + 1)]


def pdus() -> list[str]:
    """Their names, two to a rack."""
    return [f"{rack}-{feed}" for rack in racks() for feed in FEEDS]


def inlet(rack: str) -> str:
    """The point that tells the temperature of the air that goes into a rack."""
    return f"{rack}-a/probe.1.temperature"


def load(rack: str) -> str:
    """The load that goes first."""
    return f"{rack}-1"


def points(pdu: str) -> dict[str, float | str]:
    """What is read of one PDU when all is well, by the name within the device: 50 points."""
    more = {"probe.1.temperature": COOL_C} if pdu.endswith("a") else {"inlet.energy": 1e6}
    found: dict[str, float | str] = {"inlet.power": OUTLETS * LEVEL_W / 2, **more}
    for number in range(1, OUTLETS + 1):
        outlet = f"outlet.{number}"
        found |= {f"{outlet}.state": "on", f"{outlet}.power": LEVEL_W / 2, f"{outlet}.current": 1.0}
    return found


def configuration(devices: Sequence[Mapping[str, Any]], ports: Sequence[int], keyring: Path, place: Path) -> str:
    """The whole ``edgeagent.toml``; ``devices`` are those of pod.json, ``ports`` where each is reached."""
    lines = [
        *("[pod]", 'site = "bench"', 'name = "pod-1"'),
        *("[daemon]", f'state = "{place}/state"', f'runtime = "{place}/run"'),
        *("[api]", "port = 0"),
        *("[uplink]", 'broker = "mqtt://127.0.0.1:1"', f'keyring = "{keyring}"'),
        *("[actuators]", 'restore_every = "0 s"'),
        *("[autonomy]", 'stagger = "1 s"'),
    ]
    for name, device, port in zip(pdus(), devices, ports, strict=True):
        lines += _device(name, device, port)
    return "\n".join([*lines, *_site(), *_tables()]) + "\n"


def _device(name: str, device: Mapping[str, Any], port: int) -> list[str]:
    return [
        *(f"[devices.{name}]", 'driver = "ipdu"', f'address = "snmp://127.0.0.1:{port}"'),
        *(f'community = "{device["community"]}"', f'write_community = "{device["write_community"]}"'),
        *(f'serial = "{device["serial"]}"', "switchable = true", 'off_on_interval = "0 s"'),
    ]


def _site() -> Iterator[str]:
    for rack in racks():
        yield from (f"[racks.{rack}]", 'aisle = "north"', f'inlet = "{inlet(rack)}"')
        for feed in FEEDS:
            yield from (f"[pdus.{rack}-{feed}]", f'feed = "{feed}"', f'rack = "{rack}"')
            yield from (f"[ratings.{rack}-{feed}]", "power_w = 11000")
        for number in range(1, OUTLETS + 1):
            cords = ", ".join(f'"{rack}-{feed}/outlet.{number}"' for feed in FEEDS)
            service = "P3" if number == 1 else "P1"
            yield from (f"[loads.{rack}-{number}]", f'class = "{service}"', f'rack = "{rack}"', f"cords = [{cords}]")


def _tables() -> Iterator[str]:
    """What every pod has, without persistence; and limits on outlets with interlocks over them."""
    for limit in ("inlet-hot", "inlet-cool", "inlet-rising"):
        yield from (f"[limits.{limit}]", "max_change_per_s = 1000.0")
        if limit != "inlet-rising":
            yield from ('for = "0 s"', 'clear_for = "0 s"')
    yield from ("[interlocks.hot-p3]", 'state = "in service"', 'clear_for = "0 s"')
    yield from ("[interlocks.cool-again]", 'state = "in service"', 'clear_for = "0 s"')
    yield from _limit("pdu-full", "{rack}-a/inlet.power", 9000)
    for feed in FEEDS:
        for number in range(1, PAIRS + 1):
            yield from _limit(f"full-{feed}{number}", f"{{rack}}-{feed}/outlet.{number}.power", 2300)
    for number in range(1, ALARMS + 1):
        yield from (f"[interlocks.full-{number}]", f'when = "full-a{number} or full-b{number} and pdu-full"')
        yield 'action = "alarm only"'


def _limit(name: str, point: str, value_w: float) -> tuple[str, ...]:
    head = (f"[limits.{name}]", f'point = "{point}"', 'operator = ">"', f"value = {value_w}")
    return (*head, 'for = "6 s"', "plausible_low = 0", "plausible_high = 20000")
