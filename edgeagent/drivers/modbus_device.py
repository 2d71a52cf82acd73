"""Devices that speak Modbus and are described by a profile: of this release by its name, or a file of one's own."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from edgeagent.config.reader import Reader
from edgeagent.config.values import nearest
from edgeagent.core.clock import Clock
from edgeagent.core.ports import Driver
from edgeagent.drivers.identity import DeviceChanged
from edgeagent.drivers.modbus_inputs import Wiring, parse_wiring
from edgeagent.drivers.own_keys import address_of, own_profile
from edgeagent.drivers.parts import Parts, Times
from edgeagent.model.device import DeviceInfo, Group
from edgeagent.model.errors import DeviceGarbled
from edgeagent.model.points import DeviceId, Point
from edgeagent.model.reading import Quality, Reading, Reason, bad
from edgeagent.protocols.guard import Guard, WordGuard
from edgeagent.protocols.modbus import lease
from edgeagent.protocols.modbus_address import ModbusAddress, parse_modbus_address
from edgeagent.protocols.modbus_blocks import BlockReader, Words
from edgeagent.protocols.modbus_decode import Decoder, decoder, label_of
from edgeagent.protocols.modbus_family import Talks, Unit
from edgeagent.protocols.modbus_profile import Label, ModbusProfile, RegisterRow, Span
from edgeagent.protocols.modbus_profile_file import ModbusProfiles, parse_modbus_profile
from edgeagent.protocols.profile import Pace

AUTO = "auto"
TRIES = 2
"""How often the session tries each exchange; see `protocols.modbus`."""


class Hold(Protocol):
    """The hold on a Modbus session; see `protocols.session.Lease`."""

    def open(self) -> Talks:
        """The session; the same one until `close`."""

    async def close(self) -> None:
        """Give it back; safe twice, and before `open`."""


class Step(NamedTuple):
    """How one point is read."""

    point: Point
    row: RegisterRow
    span: Span
    decode: Decoder
    source: str


class ModbusDevice:
    """A Driver: finds out which family it is on connecting, then reads each group in as few requests as it allows.

    A point that was there once stays, BAD ``absent``, until the program ends or another serial answers.
    """

    def __init__(
        self,
        device: DeviceId,
        unit: int,
        hold: Hold,
        *,
        choices: Callable[[], Sequence[ModbusProfile]],
        times: Times,
        clock: Clock,
    ) -> None:
        self._device = device
        self._unit = unit
        self._hold = hold
        self._choices = choices
        self._times = times
        self._clock = clock
        self._steps: dict[str, list[Step]] = {}
        self._readers: dict[str, BlockReader] = {}
        self._known: set[str] = set()
        self._serial = ""
        self._serial_label = Label()

    async def connect(self) -> DeviceInfo:
        """Family, identity, points. Raises DeviceError."""
        unit = Unit(self._hold.open(), self._unit)
        choices = await asyncio.to_thread(self._choices)  # the first device to ask reads and checks all files
        profile = await unit.family(self._device, choices)
        identity = await unit.identity(profile)
        if identity.serial != self._serial:
            self._known = set()
        self._serial, self._serial_label = identity.serial, profile.serial
        rows = await self._fitted(profile)
        if not rows:
            raise DeviceGarbled(f"cannot read {self._device}: {profile.name} finds none of its points there")
        groups = [self._group(pace, rows, profile) for pace in Pace if any(row.pace is pace for row in rows)]
        return DeviceInfo(
            identity, tuple(step.point for steps in self._steps.values() for step in steps), tuple(groups)
        )

    async def read(self, group: str) -> list[Reading]:
        """Every point of the group. Raises DeviceError; DeviceChanged when another serial answers."""
        session = self._hold.open()
        words = await self._readers[group].read(session, self._unit)
        time_s = self._clock.now_s()
        await self._still_the_same(words)
        return [_reading(step, words[step.span], time_s) for step in self._steps[group]]

    async def close(self) -> None:
        """Let go of the session."""
        await self._hold.close()

    async def _fitted(self, profile: ModbusProfile) -> list[RegisterRow]:
        """The rows that the device has; what is optional and not there was never fitted."""
        reader = BlockReader((row.span for row in profile.points if row.optional), profile.limits)
        words = await reader.read(self._hold.open(), self._unit) if reader.blocks else {}
        there = {row.name for row in profile.points if not row.optional or words[row.span] is not Reason.ABSENT}
        self._known |= there
        return [row for row in profile.points if row.name in self._known]

    def _group(self, pace: Pace, rows: Sequence[RegisterRow], profile: ModbusProfile) -> Group:
        """A group, with room for each of its requests and two that fail."""
        mine = [row for row in rows if row.pace is pace]
        serial = profile.serial.span
        spans = [row.span for row in mine] + ([] if serial is None else [serial])
        reader = BlockReader(spans, profile.limits)
        self._readers[pace.value] = reader
        self._steps[pace.value] = [_step(self._device, row, profile) for row in mine]
        period_s = self._times.every_s if pace is Pace.FAST else self._times.slow_every_s
        deadline_s = max(self._times.deadline_s, self._times.timeout_s * (TRIES + len(reader.blocks)))
        return Group(pace.value, period_s, min(period_s, deadline_s), frozenset(row.name for row in mine))

    async def _still_the_same(self, words: Words) -> None:
        label, now = self._serial_label, ""
        if label.object is not None:
            now = await Unit(self._hold.open(), self._unit).label(label)
        elif label.span is not None:
            found = words[label.span]
            now = "" if isinstance(found, Reason) else label_of(label, found)
        if now and self._serial and now != self._serial:
            raise DeviceChanged(f"cannot read {self._device}: it was {self._serial} and now says that it is {now}")


@dataclass(frozen=True, slots=True)
class ModbusOptions:
    """Where the device is, and which family it is: by name, by a profile of its own, or found out (``auto``)."""

    address: ModbusAddress
    driver: str
    family: str = AUTO
    profile: ModbusProfile | None = None
    wiring: Wiring = field(default_factory=lambda: Wiring({}, {}))

    def build(self, device: DeviceId, times: Times, parts: Parts) -> Driver:
        """A driver for one device."""
        hold = lease(parts.modbus, self.address, times.timeout_s)
        return ModbusDevice(
            device,
            self.address.unit,
            hold,
            choices=lambda: self.choices(parts.modbus_profiles),
            times=times,
            clock=parts.clock,
        )

    def choices(self, profiles: ModbusProfiles) -> tuple[ModbusProfile, ...]:
        """The families that it can be. Raises DeviceGarbled where the configuration names one that does not exist."""
        if self.profile is not None:
            return (self.wiring.named(self.profile),)
        known = profiles.of_driver(self.driver)
        found = tuple(self.wiring.named(one) for one in known if self.family in (AUTO, one.name))
        if not found:
            names = ", ".join(one.name for one in known) or "none"
            raise DeviceGarbled(f'cannot read a {self.driver} of the family "{self.family}": known are {names}')
        return found


def parse(reader: Reader, driver: str) -> ModbusOptions:
    """The keys of a device with a ``modbus://`` address; ``driver`` is its word. Mistakes go to the reader."""
    family = reader.text("family", AUTO, pattern="[a-z0-9-]+")
    profile = own_profile(reader, driver, parse_modbus_profile)
    if profile is not None and family not in (AUTO, profile.name):
        reader.problem("family", f'cannot use it: the profile is of the family "{profile.name}"')
    wiring = parse_wiring(reader)
    if profile is not None and (trouble := wiring.trouble(profile)):
        reader.problem("inputs", f"cannot use this wiring: {trouble}")
    return ModbusOptions(address_of(reader, parse_modbus_address, ModbusAddress("")), driver, family, profile, wiring)


def check_family(reader: Reader, options: ModbusOptions, profiles: ModbusProfiles) -> None:
    """Note a family or a contact that does not exist; apart from `parse`, since it reads the profiles."""
    known: Mapping[str, ModbusProfile] = {one.name: one for one in profiles.of_driver(options.driver)}
    if options.profile is not None:
        return
    if options.family not in (AUTO, *known):
        names = ", ".join(known) or "none"
        reader.problem("family", f'cannot use "{options.family}": must be auto or one of {names}')
    elif options.family == AUTO and len(known) > 1 and not any(one.marks for one in known.values()):
        reader.problem("family", f"cannot go on without it: must be one of {', '.join(known)}")
    for one in known.values():
        if options.family in (AUTO, one.name) and (trouble := options.wiring.trouble(one)):
            reader.problem("inputs", f"cannot use this wiring: {trouble}")


def check_settings(
    readers: Mapping[str, Reader],
    options: ModbusOptions,
    guards: Mapping[str, Guard | WordGuard],
    profiles: ModbusProfiles,
) -> None:
    """Note what no family of the device can set so; apart from `parse`, since it reads the profiles."""
    try:
        choices = options.choices(profiles)
    except DeviceGarbled:  # the family is noted already
        return
    for name, guard in guards.items():
        rows = [row for row in (one.setting(name) for one in choices) if row is not None]
        writable = sorted({known for one in choices for known in one.writable})
        if not rows:
            known = f"what can be set is {', '.join(writable)}" if writable else "nothing can be"
            readers[name].problem(None, f"cannot set it: {known}", nearest(name, writable))
        elif why := _misfit(guard, {word for row in rows for word in (row.codes or {}).values()}):
            readers[name].problem("words" if isinstance(guard, WordGuard) else None, f"cannot set it so: {why}")


def _misfit(guard: Guard | WordGuard, words: Collection[str]) -> str:
    """Why a guard is none for a setting that takes these words, or numbers where there are none."""
    if not isinstance(guard, WordGuard):
        quoted = ", ".join(f'"{word}"' for word in sorted(words))
        return f"it takes no number; say words = [{quoted}]" if words else ""
    if not words:
        return "it takes a number: its table must say lowest and highest, not words"
    unknown = sorted(guard.words - set(words))
    return f'"{unknown[0]}" is none of {", ".join(sorted(words))}' if unknown else ""


def _step(device: DeviceId, row: RegisterRow, profile: ModbusProfile) -> Step:
    writable = row.name in profile.writable
    point = Point(device, row.name, row.kind, row.type, row.words, row.protective, writable, row.label)
    return Step(point, row, row.span, decoder(row), str(row.register))


def _reading(step: Step, words: list[int] | Reason, time_s: float) -> Reading:
    if isinstance(words, Reason):
        return bad(step.point.id, words, time_s, source=step.source)
    value, raw = step.decode(words)
    if isinstance(value, Reason):
        return bad(step.point.id, value, time_s, source=step.source, raw=raw)
    return Reading(step.point.id, value, time_s, Quality.GOOD, None, step.source, raw)
