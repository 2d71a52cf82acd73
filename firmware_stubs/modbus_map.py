"""A unit that is a map of registers and bits over world objects, as its document has it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from firmware_stubs.faulty import Faulty
from firmware_stubs.modbus_server import HOLDING

Get = Callable[[], float]
Set = Callable[[float], None]
FAHRENHEIT = 1.8, 32.0


@dataclass(frozen=True)
class Place:
    """One number of the map. The register holds value x scale, high word first unless ``low_first``.

    ``absent`` is what the device says for "not available"; a place without it is no measured value, and no fault of
    measuring touches it.
    """

    get: Get
    put: Set | None = None
    scale: float = 1.0
    words: int = 1
    low_first: bool = False
    absent: int | None = None
    is_temperature: bool = False
    is_float: bool = False

    def told(self, faulty: Faulty) -> list[int]:
        """The registers."""
        if faulty.sentinel and self.absent is not None:
            return self.split(self.absent)
        value = self._value(faulty)
        return self.split(struct.unpack(">I", struct.pack(">f", value))[0] if self.is_float else round(value))

    def split(self, number: int) -> list[int]:
        """A number, in two's complement, as registers."""
        code = number & ((1 << 16 * self.words) - 1)
        found = [code >> shift & 0xFFFF for shift in range(16 * (self.words - 1), -1, -16)]
        return found[::-1] if self.low_first else found

    def taken(self, words: Sequence[int]) -> float:
        """What registers that are written mean; numbers that are written have a sign."""
        code = 0
        for word in reversed(words) if self.low_first else words:
            code = code << 16 | word
        bits = 16 * self.words
        return (code - (1 << bits) if code >> (bits - 1) else code) / self.scale

    def _value(self, faulty: Faulty) -> float:
        value = self.get()
        if self.absent is None:
            return value * self.scale
        if faulty.fahrenheit and self.is_temperature:
            value = value * FAHRENHEIT[0] + FAHRENHEIT[1]
        return value * self.scale * faulty.factor


@dataclass
class RegisterMap:
    """Places by table and address; what lies between them is an illegal address, unless ``fill`` says what it reads."""

    faulty: Faulty
    fill: int | None = None
    places: dict[tuple[str, int], Place] = field(default_factory=dict)
    texts: dict[tuple[str, int], Callable[[], list[int]]] = field(default_factory=dict)
    heard: Callable[[], None] = lambda: None  # told of each request
    writes: list[tuple[str, int, list[int]]] = field(default_factory=list)
    _frozen: dict[tuple[str, int], int] = field(default_factory=dict)

    def add(self, table: str, address: int, place: Place) -> None:
        """Put a number there."""
        self.places[table, address] = place

    def bit(self, table: str, address: int, get: Callable[[], bool], put: Callable[[bool], None] | None = None) -> None:
        """Put a bit there."""
        setter = None if put is None else lambda value: put(value != 0)
        self.places[table, address] = Place(lambda: float(get()), setter)

    def read(self, table: str, address: int, count: int) -> list[int] | None:
        """See `modbus_server.Unit`."""
        self.heard()
        image = self._image(table)
        words = [image.get(at, self.fill) for at in range(address, address + count)]
        found = [word for word in words if word is not None]
        return found if len(found) == count else None

    def write(self, table: str, address: int, values: list[int]) -> bool:
        """See `modbus_server.Unit`: whole numbers, all of them writable, or nothing is taken."""
        self.heard()
        plan, at = [], address
        while at < address + len(values):
            place = self.places.get((table, at))
            words = values[at - address : at - address + (1 if place is None else place.words)]
            if place is None or place.put is None or len(words) < place.words:
                return False
            plan.append((place.put, place.taken(words) if table == HOLDING else float(words[0])))
            at += place.words
        for put, value in plan:
            put(value)
        self.writes.append((table, address, values))
        return True

    def _image(self, table: str) -> dict[int, int]:
        """All registers of a table by address."""
        if not self.faulty.stuck:
            self._frozen.clear()
        found: dict[int, int] = {}
        for (name, address), place in self.places.items():
            if name == table:
                found.update(enumerate(self._told(name, address, place), address))
        for (name, address), text in self.texts.items():
            if name == table:
                found.update(enumerate(text(), address))
        return found

    def _told(self, table: str, address: int, place: Place) -> list[int]:
        words = place.told(self.faulty)
        if place.absent is None or not self.faulty.stuck:
            return words
        return [self._frozen.setdefault((table, at), word) for at, word in enumerate(words, address)]


def measured(get: Get, scale: float = 1.0, *, words: int = 1, signed: bool = False, temperature: bool = False) -> Place:
    """A measured whole number; "not available" is 0x8000 (or longer) with a sign, and all ones without."""
    bits = 16 * words
    absent = -(1 << (bits - 1)) if signed else (1 << bits) - 1
    return Place(get, scale=scale, words=words, absent=absent, is_temperature=temperature)


def celsius(get: Get) -> Place:
    """A temperature in tenths of a degree, with a sign."""
    return measured(get, 10.0, signed=True, temperature=True)


def tenths(get: Get) -> Place:
    """Something without a sign, in tenths."""
    return measured(get, 10.0)


def float_low_first(get: Get) -> Place:
    """An IEEE 754 number with its low register first; "not available" is not a number."""
    return Place(get, words=2, low_first=True, absent=0x7FC00000, is_float=True)


def identity(words: RegisterMap, model: str, serial: str, firmware: str = "1.0") -> None:
    """Model, serial number and firmware as text from holding register 100 on; a fault may say another serial."""
    words.texts[HOLDING, 100] = lambda: _words(model)
    words.texts[HOLDING, 108] = lambda: _words(words.faulty.serial or serial)
    words.texts[HOLDING, 116] = lambda: _words(firmware, 4)


def _words(text: str, registers: int = 8) -> list[int]:
    raw = text.encode()[: 2 * registers].ljust(2 * registers, b"\0")
    return [raw[at] << 8 | raw[at + 1] for at in range(0, len(raw), 2)]
