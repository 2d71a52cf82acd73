"""Faults: what breaks, when and for how long, from a timetable or at run time.

A fault is a level (it holds while it is active) or an instant (it happens when it starts). Whenever the set of active
faults changes, every device is put back to health and the active ones are laid on again: overlapping faults end right.
Times are seconds of the clock that the owner passes in; in a pod that is real time since it was ready.
"""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from firmware_stubs import fault_cards, fault_plant, fault_servers
from firmware_stubs.fault_kinds import FaultError, Kind, Kinds, Option, Options, Part
from firmware_stubs.racks import Rack
from firmware_stubs.snmp_card import Card
from firmware_stubs.sysfs_tree import SysfsTree

HOST = "host"  # the device name of the sysfs tree
MAX_FAULTS = 10_000
KINDS: Kinds = {**fault_cards.KINDS, **fault_servers.KINDS, **fault_plant.KINDS}
HEALTH = {**fault_cards.HEALTH, **fault_servers.HEALTH, **fault_plant.HEALTH}


@dataclass
class Fault:
    """One fault. `for_s` is None for one that lasts until it is cleared."""

    device: str
    kind: str
    at_s: float = 0.0
    for_s: float | None = None
    options: Options = field(default_factory=dict)
    number: int = 0

    @property
    def ends_s(self) -> float:
        return math.inf if self.for_s is None else self.at_s + self.for_s


class FaultBoard:
    """All faults of a pod: waiting, active, over. `more` are parts of devices beside cards, racks and the tree.

    `changed` is called whenever faults began or ended, so that the world can follow.
    """

    def __init__(
        self,
        cards: Mapping[str, Card],
        racks: Mapping[str, Rack],
        tree: SysfsTree | None,
        more: Iterable[tuple[str, Part]] = (),
        changed: Callable[[], object] = lambda: None,
    ) -> None:
        self._tree = tree
        self._changed = changed
        self._parts: dict[str, list[Part]] = {}
        for name, card in cards.items():
            self.add(name, Part("card", card))
        for name, rack in racks.items():
            self.add(name, Part("rack", rack))
        if tree is not None:
            self.add(HOST, Part("host", tree))
        for name, part in more:
            self.add(name, part)
        self._numbers = itertools.count(1)
        self._waiting: list[Fault] = []
        self._active: list[Fault] = []

    def add(self, device: str, part: Part) -> None:
        """Let a device have what this part can have."""
        self._parts.setdefault(device, []).append(part)

    @property
    def active(self) -> tuple[Fault, ...]:
        return tuple(self._active)

    def plan(self, fault: Fault) -> Fault:
        """Take a fault on; it starts at its time. FaultError when device, kind or an option does not exist."""
        if len(self._waiting) + len(self._active) >= MAX_FAULTS:
            raise FaultError(f"there are {MAX_FAULTS} faults already: clear some")
        fault.options = self._checked(fault)
        fault.number = next(self._numbers)
        self._waiting.append(fault)
        self._waiting.sort(key=lambda waiting: waiting.at_s)
        return fault

    def advance(self, now_s: float) -> bool:
        """Start what is due and end what is over; True when something changed."""
        changed = False
        while self._waiting and self._waiting[0].at_s <= now_s:
            self._start(self._waiting.pop(0))
            changed = True
        over = [fault for fault in self._active if fault.ends_s <= now_s]
        self._end(over)
        return changed or bool(over)

    def clear(self, device: str | None = None, kind: str | None = None) -> int:
        """End every fault of a device and kind (None: of all), also those that wait; returns how many."""

        def meant(fault: Fault) -> bool:
            return device in (None, fault.device) and kind in (None, fault.kind)

        gone = [fault for fault in self._waiting if meant(fault)]
        self._waiting = [fault for fault in self._waiting if not meant(fault)]
        over = [fault for fault in self._active if meant(fault)]
        self._end(over)
        return len(gone) + len(over)

    def _start(self, fault: Fault) -> None:
        part, kind = self._meant(fault)
        if kind.instant:
            kind.act(part.thing, fault.options)
        else:
            self._active.append(fault)
        self._lay_on()

    def _end(self, over: list[Fault]) -> None:
        if not over:
            return
        self._active = [fault for fault in self._active if fault not in over]
        for fault in over:
            part, kind = self._meant(fault)
            kind.end(part.thing, fault.options)
        self._lay_on()

    def _lay_on(self) -> None:
        """Health first, then the active faults in the order they came."""
        for part in itertools.chain.from_iterable(self._parts.values()):
            HEALTH[part.word](part.thing)
        for fault in self._active:
            part, kind = self._meant(fault)
            kind.act(part.thing, fault.options)
        if self._tree is not None:
            self._tree.refresh()
        self._changed()

    def _checked(self, fault: Fault) -> Options:
        part, kind = self._meant(fault)
        for name, value in fault.options.items():
            if name not in kind.options or not _same_kind(value, kind.options[name]):
                raise FaultError(f"fault {fault.kind} takes no {name} = {value!r}: it takes {dict(kind.options)}")
        options = {**kind.options, **fault.options}
        kind.check(part.thing, options)
        if kind.needs_end and fault.for_s is None:
            raise FaultError(f"a {fault.kind} needs for_s: the seconds that the card takes to come back")
        return options

    def _meant(self, fault: Fault) -> tuple[Part, Kind]:
        """The part of a device that has this kind of fault; FaultError when there is none."""
        parts = self._parts.get(fault.device)
        if parts is None:
            raise FaultError(f"there is no device {fault.device!r}: there are {', '.join(self._parts)}")
        for part in parts:
            if kind := KINDS.get((part.word, fault.kind)):
                return part, kind
        words = [part.word for part in parts]
        known = ", ".join(kind for word, kind in KINDS if word in words)
        raise FaultError(f"{fault.device} cannot have fault {fault.kind!r}: it can have {known}")


def _same_kind(value: object, default: Option) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, float):
        return isinstance(value, int | float) and math.isfinite(value) and value >= 0
    return isinstance(value, str)


def fault_from(table: Mapping[str, Any], now_s: float = 0.0) -> Fault:
    """A fault from `{device, kind, at_s, for_s, ...options}`; `now_s` is when it starts if it does not say."""
    entry = dict(table)
    device, kind = entry.pop("device", None), entry.pop("kind", None)
    at_s, for_s = entry.pop("at_s", now_s), entry.pop("for_s", None)
    if not isinstance(device, str) or not isinstance(kind, str):
        raise FaultError(f"a fault needs a device and a kind, as text: {table!r}")
    for name, value in (("at_s", at_s), ("for_s", 0.0 if for_s is None else for_s)):
        if not _same_kind(value, 0.0):
            raise FaultError(f"{name} is {value!r}: it must be seconds, zero or more")
    return Fault(device, kind, float(at_s), None if for_s is None else float(for_s), entry)


def read_timetable(text: str) -> list[Fault]:
    """The `[[fault]]` tables of a TOML text; FaultError when it is none."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultError(f"the timetable is not TOML: {error}") from error
    unknown = set(document) - {"fault"}
    if unknown or not isinstance(document.get("fault", []), list):
        raise FaultError("a timetable holds [[fault]] tables and nothing else")
    return [fault_from(table) for table in document.get("fault", [])]
