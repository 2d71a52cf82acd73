"""Faults: what breaks, when and for how long, from a timetable or at run time.

A fault is a level (it holds while it is active) or an instant (it happens when it starts). Whenever the set of active
faults changes, every device is put back to health and the active ones are laid on again: overlapping faults end right.
Times are seconds of the clock that the owner passes in; in a pod that is real time since it was ready.
"""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from firmware_stubs.snmp_card import Card, Garbage
from firmware_stubs.sysfs_tree import SysfsTree
from firmware_stubs.world import Rack

HOST = "host"  # the device name of the sysfs tree
MAX_FAULTS = 10_000
Option = float | bool | str

# (target, kind) -> options with their defaults; what each does is in FaultBoard.
KINDS: Mapping[tuple[str, str], Mapping[str, Option]] = {
    ("card", "hang"): {},
    ("card", "slow"): {"delay_s": 5.0},
    ("card", "reset"): {"engine_id_change": False},
    ("card", "garbage"): {"mode": "mixed"},
    ("card", "sentinel"): {},
    ("card", "probe_unplugged"): {},
    ("card", "probe_wrong"): {"factor": 10.0},
    ("card", "card_reboot"): {},
    ("card", "swap_identity"): {"serial": ""},
    ("rack", "hot_inlet"): {"kelvin": 12.0},
    ("host", "missing"): {"path": ""},
    ("host", "garbage"): {"path": ""},
}
INSTANT = frozenset({"reset"})


class FaultError(ValueError):
    """A fault that cannot be: the message says what would do."""


@dataclass
class Fault:
    """One fault. `for_s` is None for one that lasts until it is cleared."""

    device: str
    kind: str
    at_s: float = 0.0
    for_s: float | None = None
    options: dict[str, Option] = field(default_factory=dict)
    number: int = 0

    @property
    def ends_s(self) -> float:
        return math.inf if self.for_s is None else self.at_s + self.for_s


class FaultBoard:
    """All faults of a pod: waiting, active, over."""

    def __init__(self, cards: Mapping[str, Card], racks: Mapping[str, Rack], tree: SysfsTree | None) -> None:
        self._cards = cards
        self._racks = racks
        self._tree = tree
        self._serials = {name: card.serial for name, card in cards.items()}
        self._numbers = itertools.count(1)
        self._waiting: list[Fault] = []
        self._active: list[Fault] = []

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
        if fault.kind in INSTANT:
            card = self._cards[fault.device]
            if fault.options["engine_id_change"]:
                card.replace()
            else:
                card.restart()
            return
        self._active.append(fault)
        self._lay_on()

    def _end(self, over: list[Fault]) -> None:
        if not over:
            return
        self._active = [fault for fault in self._active if fault not in over]
        for fault in over:
            if fault.kind == "card_reboot":
                self._cards[fault.device].restart()
        self._lay_on()

    def _lay_on(self) -> None:
        """Health first, then the active faults in the order they came."""
        for name, card in self._cards.items():
            card.silent, card.delay_s, card.garbage, card.sensors_lost = False, 0.0, None, False
            card.probe_lost, card.probe_factor = False, 1.0
            card.serial = self._serials[name]
        for rack in self._racks.values():
            rack.hot_k = 0.0
        if self._tree is not None:
            self._tree.missing.clear()
            self._tree.garbage.clear()
        for fault in self._active:
            self._apply(fault)
        if self._tree is not None:
            self._tree.refresh()

    def _apply(self, fault: Fault) -> None:
        options = fault.options
        if fault.device in self._racks:
            self._racks[fault.device].hot_k += float(options["kelvin"])
        elif fault.device == HOST:
            assert self._tree is not None
            hidden = self._tree.missing if fault.kind == "missing" else self._tree.garbage
            hidden.add(str(options["path"]) or self._tree.paths[0])
        else:
            self._apply_to_card(self._cards[fault.device], fault.kind, options)

    def _apply_to_card(self, card: Card, kind: str, options: Mapping[str, Option]) -> None:
        if kind in ("hang", "card_reboot"):
            card.silent = True
        elif kind == "slow":
            card.delay_s = float(options["delay_s"])
        elif kind == "garbage":
            card.garbage = Garbage(str(options["mode"]))
        elif kind == "sentinel":
            card.sensors_lost = True
        elif kind == "probe_unplugged":
            card.probe_lost = True
        elif kind == "probe_wrong":
            card.probe_factor = float(options["factor"])
        elif kind == "swap_identity":
            card.serial = str(options["serial"]) or f"X{card.serial}"

    def _checked(self, fault: Fault) -> dict[str, Option]:
        target = self._target(fault.device)
        defaults = KINDS.get((target, fault.kind))
        if defaults is None:
            known = ", ".join(kind for where, kind in KINDS if where == target)
            raise FaultError(f"{fault.device} cannot have fault {fault.kind!r}: it can have {known}")
        for name, value in fault.options.items():
            if name not in defaults or not _same_kind(value, defaults[name]):
                raise FaultError(f"fault {fault.kind} takes no {name} = {value!r}: it takes {dict(defaults)}")
        options = {**defaults, **fault.options}
        self._check_values(options)
        if fault.kind == "card_reboot" and fault.for_s is None:
            raise FaultError("a card_reboot needs for_s: the seconds that the card takes to come back")
        return options

    def _check_values(self, options: Mapping[str, Option]) -> None:
        if "mode" in options and options["mode"] not in list(Garbage):
            raise FaultError(f"garbage has no mode {options['mode']!r}: it has {', '.join(Garbage)}")
        path = options.get("path")
        if path and self._tree is not None and path not in self._tree.paths:
            raise FaultError(f"the sysfs tree has no {path}: it has {', '.join(self._tree.paths)}")

    def _target(self, device: str) -> str:
        if device in self._cards:
            return "card"
        if device in self._racks:
            return "rack"
        if device == HOST and self._tree is not None:
            return "host"
        names = ", ".join([*self._cards, *self._racks, HOST])
        raise FaultError(f"there is no device {device!r}: there are {names}")


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
