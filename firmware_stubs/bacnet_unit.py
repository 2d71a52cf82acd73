"""An air unit that speaks BACnet/IP: readings, states, and two set points with a priority array each.

It binds 127.0.0.1 on a free port. `multiple` off has it not know ReadPropertyMultiple; `most_octets` bounds what it
sends in one piece, since it does not segment. Nothing takes a set point back but who wrote it: BACnet has no timer.
"""

from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from firmware_stubs import bacnet_wire as wire
from firmware_stubs.bacnet_wire import Enumerated, Failure, ObjectIdentifier, Request, Tag
from firmware_stubs.faulty import Faulty
from firmware_stubs.plant import AirUnit

AI, AV, BI, BV, MSI, DEVICE = 0, 2, 3, 5, 13, 8
CELSIUS, FAHRENHEIT, PERCENT, HUMIDITY, KILOWATTS, CUBIC_METRES_PER_HOUR = 62, 64, 98, 29, 48, 135
OBJECT_ID, LIST, NAME, TYPE, VALUE = 75, 76, 77, 79, 85
ACTIVE_TEXT, DESCRIPTION, INACTIVE_TEXT, OUT_OF_SERVICE, PRIORITIES = 4, 28, 46, 81, 87
RELIABILITY, DEFAULT, STATES, FLAGS, UNITS = 103, 104, 110, 111, 117
FIRMWARE, MODEL, VENDOR, REVISION, SERIAL = 44, 70, 121, 155, 372
WHOEVER = 4194303
LOWEST_PRIORITY = 16
NO_SENSOR = 1


@dataclass(eq=False)
class Thing:
    """One object. `put` makes it commandable; `fault` is a reliability, 0 for none."""

    kind: int
    instance: int
    name: str
    read: Callable[[], float]
    units: int | None = None
    words: tuple[str, ...] = ()
    put: Callable[[float], None] | None = None
    default: float = 0.0
    fault: int = 0
    overridden: bool = False
    out_of_service: bool = False
    priorities: list[float | None] = field(default_factory=lambda: [None] * LOWEST_PRIORITY)

    def command(self, value: float | None, priority: int) -> None:
        """Take a value at a priority, or let go of it; the device follows the first that is there."""
        assert self.put is not None
        self.priorities[priority - 1] = value
        self.put(next((one for one in self.priorities if one is not None), self.default))


class BacnetUnit:
    """One device with its server."""

    def __init__(self, unit: AirUnit, instance: int, faulty: Faulty | None = None) -> None:
        self.unit = unit
        self.instance = instance
        self.faulty = faulty or Faulty()
        self.things = {(one.kind, one.instance): one for one in _things(unit)}
        self.port = 0
        self.multiple = True
        self.whoever = True  # answers for the instance that means any device; with it off, Who-Is is left
        self.most_octets = 480
        self.revision = 1
        self.requests: list[int] = []  # the services that were asked for
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        """Listen; OSError when it cannot. Opened again it has the same port."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Ear(self._heard), local_addr=("127.0.0.1", self.port)
        )
        self.port = self._transport.get_extra_info("sockname")[1]

    def close(self) -> None:
        """Stop listening; safe twice."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def thing(self, name: str) -> Thing:
        """An object by its name."""
        return next(one for one in self.things.values() if one.name == name)

    def _heard(self, datagram: bytes, sender: tuple[str, int]) -> None:
        if datagram == wire.WHO_IS and not self.faulty.mute:
            self._send(wire.framed(wire.i_am(self.instance)), sender)
        try:
            request = wire.request_of(datagram)
        except Failure:
            return
        if request is None:
            return
        self.requests.append(request.service)
        if self.faulty.mute:
            return
        answer = b"\xff" * 12 if self.faulty.garbage else wire.framed(self._answer(request))
        if self.faulty.slow_s:
            asyncio.get_running_loop().call_later(self.faulty.slow_s, self._send, answer, sender)
        else:
            self._send(answer, sender)

    def _send(self, answer: bytes, sender: tuple[str, int]) -> None:
        if self._transport is not None:
            self._transport.sendto(answer, sender)

    def _answer(self, request: Request) -> bytes:
        try:
            content = self._content(request)
        except Failure as failure:
            if failure.kind == wire.ERROR:
                why = wire.value(Enumerated(failure.error_class)) + wire.value(Enumerated(failure.code))
                return bytes([wire.ERROR, request.invoke, request.service]) + why
            return bytes([failure.kind, request.invoke, failure.code])
        if not content:
            return bytes([wire.SIMPLE, request.invoke, request.service])
        if len(content) + 3 > self.most_octets:
            return bytes([wire.ABORT, request.invoke, wire.NO_SEGMENTATION])
        return bytes([wire.COMPLEX, request.invoke, request.service]) + content

    def _content(self, request: Request) -> bytes:
        if request.service == wire.READ:
            return self._read(request.tags)
        if request.service == wire.READ_MULTIPLE and self.multiple:
            return b"".join(self._read_many(request.tags))
        if request.service == wire.WRITE:
            self._write(request.tags)
            return b""
        raise Failure(wire.REJECT, wire.UNRECOGNIZED)

    def _read(self, tags: list[Tag]) -> bytes:
        kind, instance = _object_id(tags[0])
        number, element = _integer(tags[1]), _integer(tags[2]) if len(tags) > 2 else None
        content = self._property(kind, instance, number, element)
        if kind == DEVICE:
            instance = self.instance
        head = wire.tag(0, wire.object_id(kind, instance), in_context=True) + tags_again(number, element, 1)
        return head + wire.around(3, content)

    def _read_many(self, tags: list[Tag]) -> Iterator[bytes]:
        place = 0
        while place < len(tags):
            kind, instance = _object_id(tags[place])
            end = next(number for number in range(place, len(tags)) if tags[number].closes)
            wanted, place = tags[place + 2 : end], end + 1
            results = b"".join(self._result(kind, instance, *one) for one in _references(wanted))
            yield wire.tag(0, wire.object_id(kind, instance), in_context=True) + wire.around(1, results)

    def _result(self, kind: int, instance: int, number: int, element: int | None) -> bytes:
        head = tags_again(number, element, 2)
        try:
            return head + wire.around(4, self._property(kind, instance, number, element))
        except Failure as failure:
            why = wire.value(Enumerated(failure.error_class)) + wire.value(Enumerated(failure.code))
            return head + wire.around(5, why)

    def _property(self, kind: int, instance: int, number: int, element: int | None) -> bytes:
        """What stands in a property, encoded."""
        if kind == DEVICE and instance in (self.instance, WHOEVER if self.whoever else self.instance):
            found = self._of_device().get(number)
        elif (kind, instance) in self.things:
            found = self._of(self.things[kind, instance]).get(number)
        else:
            raise Failure(wire.ERROR, wire.UNKNOWN_OBJECT, wire.OBJECT)
        if found is None:
            raise Failure(wire.ERROR, wire.UNKNOWN_PROPERTY, wire.PROPERTY)
        if element is None:
            return wire.value(found)
        if not isinstance(found, list) or element > len(found):
            raise Failure(wire.ERROR, wire.BAD_INDEX, wire.PROPERTY)
        return wire.value(len(found) if element == 0 else found[element - 1])

    def _of_device(self) -> dict[int, object]:
        things = [ObjectIdentifier(*key) for key in self.things]
        return {
            OBJECT_ID: ObjectIdentifier(DEVICE, self.instance),
            NAME: self.unit.name,
            TYPE: Enumerated(DEVICE),
            LIST: [ObjectIdentifier(DEVICE, self.instance), *things],
            VENDOR: "Edge Cooling",
            MODEL: "AIR-40",
            FIRMWARE: "2.1",
            SERIAL: self.faulty.serial or self.unit.serial or self.unit.name,
            REVISION: self.revision,
        }

    def _of(self, thing: Thing) -> dict[int, object]:
        fault = thing.fault or (NO_SENSOR if self.faulty.sentinel and thing.kind == AI else 0)
        units, value = self._measured(thing)
        found: dict[int, object] = {
            OBJECT_ID: ObjectIdentifier(thing.kind, thing.instance),
            NAME: thing.name,
            TYPE: Enumerated(thing.kind),
            DESCRIPTION: f"{thing.name} of {self.unit.name}",
            VALUE: value,
            FLAGS: (False, fault != 0, thing.overridden, thing.out_of_service),
            RELIABILITY: Enumerated(fault),
            OUT_OF_SERVICE: Enumerated(thing.out_of_service),
        }
        if units is not None:
            found[UNITS] = Enumerated(units)
        if thing.kind in (BI, BV):
            found |= {INACTIVE_TEXT: thing.words[0], ACTIVE_TEXT: thing.words[1]}
        elif thing.words:
            found[STATES] = list(thing.words)
        if thing.put is not None:
            found |= {PRIORITIES: list(thing.priorities), DEFAULT: thing.default}
        return found

    def _measured(self, thing: Thing) -> tuple[int | None, object]:
        value, units = thing.read(), thing.units
        if thing.kind in (BI, BV):
            return None, Enumerated(int(value))
        if thing.kind == MSI:
            return None, int(value)
        if self.faulty.sentinel and thing.kind == AI:
            return units, math.nan
        if self.faulty.fahrenheit and units == CELSIUS:
            units, value = FAHRENHEIT, value * 1.8 + 32.0
        return units, float(value * self.faulty.factor)

    def _write(self, tags: list[Tag]) -> None:
        key, number = _object_id(tags[0]), _integer(tags[1])
        thing = self.things.get(key)
        if thing is None:
            raise Failure(wire.ERROR, wire.UNKNOWN_OBJECT, wire.OBJECT)
        if thing.put is None or number != VALUE or self.faulty.refuse_writes:
            raise Failure(wire.ERROR, wire.WRITE_DENIED, wire.PROPERTY)
        start = next(place for place, tag in enumerate(tags) if tag.opens) + 1
        given, priority = tags[start], LOWEST_PRIORITY
        if tags[-1].in_context and tags[-1].number == 4 and not tags[-1].closes:
            priority = _integer(tags[-1])
        value = _commanded(thing, given)
        if not self.faulty.ignore_writes:
            thing.command(value, priority)


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, heard: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._heard(data, addr)


def tags_again(number: int, element: int | None, first: int) -> bytes:
    """A property and its element, as they were asked for."""
    head = wire.tag(first, wire.unsigned(number), in_context=True)
    return head if element is None else head + wire.tag(first + 1, wire.unsigned(element), in_context=True)


def _references(tags: list[Tag]) -> Iterator[tuple[int, int | None]]:
    """Property and element, by twos or alone."""
    place = 0
    while place < len(tags):
        number, element = _integer(tags[place]), None
        place += 1
        if place < len(tags) and tags[place].number == 1:
            element = _integer(tags[place])
            place += 1
        yield number, element


def _object_id(tag: Tag) -> tuple[int, int]:
    whole = _integer(tag)
    return whole >> 22, whole & WHOEVER


def _commanded(thing: Thing, given: Tag) -> float | None:
    """The value that is written: a Real, of a binary object an enumeration; None relinquishes."""
    if given.number == wire.NULL:
        return None
    if given.number != (wire.ENUMERATED if thing.kind == BV else wire.REAL):
        raise Failure(wire.ERROR, wire.BAD_TYPE, wire.PROPERTY)
    return float(_integer(given)) if thing.kind == BV else float(struct.unpack(">f", given.data)[0])


def _integer(tag: Tag) -> int:
    return int.from_bytes(tag.data)


def _things(unit: AirUnit) -> Iterator[Thing]:
    """All objects; the states of a compressor count from 1."""
    yield Thing(AI, 1, "Supply Air Temperature", lambda: unit.supply_c, CELSIUS)
    yield Thing(AI, 2, "Return Air Temperature", lambda: unit.return_c, CELSIUS)
    yield Thing(AI, 3, "Return Air Humidity", lambda: unit.humidity_percent, HUMIDITY)
    yield Thing(AI, 4, "Cooling Output", lambda: unit.cooling_percent, PERCENT)
    yield Thing(AI, 5, "Fan Speed", lambda: unit.fan_percent if unit.running and unit.fan_ok else 0.0, PERCENT)
    yield Thing(AI, 6, "Air Flow", lambda: unit.airflow_m3h, CUBIC_METRES_PER_HOUR)
    yield Thing(AI, 7, "Cooling Capacity", lambda: unit.heat_w / 1000.0, KILOWATTS)
    yield Thing(AI, 8, "Electrical Power", lambda: unit.power_w / 1000.0, KILOWATTS)
    yield Thing(BI, 1, "Condensate Leak", lambda: unit.leak, words=("Dry", "Leak"))
    yield Thing(BI, 2, "Common Alarm", lambda: unit.alarm, words=("Normal", "Alarm"))
    yield Thing(BV, 1, "Unit State", lambda: unit.running, words=("Off", "On"), put=_switch(unit), default=1.0)
    yield Thing(MSI, 1, "Compressor State", lambda: _compressor(unit), words=("Stopped", "Running", "Fault"))
    put = _putter(unit, "setpoint_c")
    yield Thing(AV, 1, "Supply Air Setpoint", lambda: unit.setpoint_c, CELSIUS, put=put, default=unit.setpoint_c)
    put = _putter(unit, "fan_percent")
    yield Thing(AV, 2, "Fan Speed Setpoint", lambda: unit.fan_percent, PERCENT, put=put, default=unit.fan_percent)


def _compressor(unit: AirUnit) -> int:
    if not unit.compressor_ok:
        return 3
    return 2 if unit.heat_w else 1


def _switch(unit: AirUnit) -> Callable[[float], None]:
    return lambda value: setattr(unit, "running", value > 0.0)


def _putter(unit: AirUnit, name: str) -> Callable[[float], None]:
    return lambda value: setattr(unit, name, value)
