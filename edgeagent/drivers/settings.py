"""The ``[devices.<name>]`` tables: which devices the pod reads, how often, and what each driver needs to know."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from edgeagent.config.reader import Reader
from edgeagent.core.ports import Driver
from edgeagent.drivers.parts import Options, Parts, Times
from edgeagent.drivers.polled import DevicePlan
from edgeagent.drivers.registry import DRIVERS
from edgeagent.model.points import DeviceId
from edgeagent.protocols.guard import Guard, WordGuard, parse_guards

MAX_DEVICES = 500
EVERY_S = 10.0
PROTECTIVE_S = 1.0
TIMEOUT_S = 2.0
SLOW_FACTOR = 6
ANY = "host"
DERIVED = "derived"
CONNECT_DEADLINE_S = 30.0
"""Learning a device takes many requests; a dead one is given up after two time-outs anyway."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """One device: two of these are equal when nothing about the device changed."""

    name: DeviceId
    driver: str
    times: Times
    options: Options
    serial: str | None = None
    guards: Mapping[str, Guard | WordGuard] = field(default_factory=dict)
    """The points that may be set, by their name within the device, and what each is held to."""


def parse(root: Reader) -> list[DeviceSettings]:
    """Every device, in the order of the files; mistakes go to ``root.problems``."""
    tables = root.named_tables("devices")
    if len(tables) > MAX_DEVICES:
        root.problem("devices", f"cannot use {len(tables)} devices: at most {MAX_DEVICES}")
    found = []
    for name, reader in list(tables.items())[:MAX_DEVICES]:
        if not _NAME.fullmatch(name):
            reader.problem(
                None, "cannot use this device name: must be lower-case letters, digits and hyphens, at most 63"
            )
        if name == DERIVED:
            reader.problem(None, "cannot use this device name: it is that of the points that are derived")
        found.append(_device(DeviceId(name), reader))
    return found


def build(devices: Iterable[DeviceSettings], parts: Parts) -> list[tuple[DevicePlan, Driver]]:
    """Plans and drivers, as the Poller takes them; nothing is opened yet."""
    return [
        (
            DevicePlan(one.name, one.times.every_s, CONNECT_DEADLINE_S, one.serial, kind=one.driver),
            _judged(one.name, one.options.build(one.name, one.times, parts), parts),
        )
        for one in devices
    ]


def _judged(device: DeviceId, driver: Driver, parts: Parts) -> Driver:
    return driver if parts.estimates is None else parts.estimates.around(device, driver)


def _device(name: DeviceId, reader: Reader) -> DeviceSettings:
    known = len(reader.problems)
    driver = reader.choice("driver", DRIVERS.keys())
    if len(reader.problems) > known:
        driver = ANY  # needs no keys
        for key in sorted(reader.keys()):
            reader.has(key)  # whether another driver knows them is no news
    return DeviceSettings(
        name, driver, _times(reader), DRIVERS[driver](reader), reader.optional_text("serial"), parse_guards(reader)
    )


def _times(reader: Reader) -> Times:
    every_s = reader.duration_s("every", EVERY_S, minimum=0.1, maximum=3600.0)
    slow_every_s = reader.duration_s("slow_every", SLOW_FACTOR * every_s, minimum=every_s, maximum=86400.0)
    timeout_s = reader.duration_s("timeout", min(TIMEOUT_S, every_s / 3), minimum=0.02, maximum=60.0)
    if timeout_s > every_s:
        reader.problem("timeout", f"cannot be longer than the poll period of {every_s:g} s")
    protective_s = reader.duration_s("protective_every", min(PROTECTIVE_S, every_s), minimum=0.1, maximum=3600.0)
    return Times(every_s, slow_every_s, timeout_s, protective_s)
