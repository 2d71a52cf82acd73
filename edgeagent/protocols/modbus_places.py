"""What every part of a Modbus profile file is made of: registers, bits, codes for "no value", rows that repeat."""

from collections.abc import Iterator
from dataclasses import replace

from edgeagent.config.reader import Reader
from edgeagent.protocols.modbus import HOLDING, TABLES
from edgeagent.protocols.modbus_profile import BITS, How, Register, RegisterRow, SettingRow, Span, Type

PATTERN = r"0x[0-9A-Fa-f]{1,16}"
LAST = 0xFFFF
MOST_OF_A_KIND = 512
ORDERS = ("big", "little")
NUMBERS = tuple(kind.value for kind in Type if kind is not Type.BIT)


class Places:
    """Reads places by the numbering, the order of words and the absent codes that a profile has for all its rows."""

    def __init__(self, reader: Reader) -> None:
        first, absent = reader.table("first"), reader.table("absent")
        self._first = {table: first.integer(table, 0, minimum=0, maximum=500_000) for table in TABLES}
        self._swapped = reader.choice("words", ORDERS, "big") == "little"
        self._absent = {Type(key): _patterns(absent, key) for key in NUMBERS}

    def register(self, reader: Reader) -> Register:
        """Where a number or a bit stands."""
        table = reader.choice("table", TABLES, HOLDING)
        return self._at(reader, table)

    def scale(self, reader: Reader, beside: Register) -> tuple[Register, How]:
        """A scale in the same table as what it scales."""
        return self._at(reader, beside.table), How(reader.choice("how", [how.value for how in How]))

    def fault(self, reader: Reader, beside: Register) -> tuple[Register, int]:
        """A second contact, and the bit that it shows when the first says nothing."""
        if beside.table not in BITS:
            reader.problem(None, "cannot use a second contact beside a register: it must be a coil or a discrete input")
        return self._at(reader, beside.table), reader.integer("equals", 1, minimum=0, maximum=1)

    def hole(self, reader: Reader) -> Span:
        """Registers that are never read, both ends included."""
        table = reader.choice("table", TABLES, HOLDING)
        start, last = self._address(reader, "from", table), self._address(reader, "to", table)
        if last < start:
            reader.problem("to", "cannot be below from")
        return Span(table, start, last + 1)

    def absent(self, reader: Reader, register: Register, *, is_field: bool) -> frozenset[int]:
        """The patterns of a row, else those of all numbers of its type; a part of a register has only its own."""
        if reader.has("absent"):
            return _patterns(reader, "absent")
        return frozenset() if is_field else self._absent.get(register.type, frozenset())

    @staticmethod
    def bits(reader: Reader, register: Register) -> tuple[int, int] | None:
        """The lowest bit and the number of bits: ``bit = 3``, or ``bits = { low = 4, count = 4 }``."""
        size = 16 * register.type.width
        if not reader.has("bit") and not reader.has("bits"):
            return None
        if register.type.is_signed or register.type.is_float or register.table in BITS:
            reader.problem("bit", "cannot take bits of this: must be a whole number without sign")
        if reader.has("bit"):
            return reader.integer("bit", minimum=0, maximum=size - 1), 1
        field = reader.table("bits")
        low = field.integer("low", minimum=0, maximum=size - 1)
        return low, field.integer("count", minimum=1, maximum=size - low)

    @staticmethod
    def repeated(reader: Reader, row: RegisterRow) -> Iterator[RegisterRow]:
        """A row as often as it says."""
        for number, shift in _shifts(reader, row.name):
            yield replace(
                row,
                name=row.name.replace("{n}", str(number)),
                register=_moved(row.register, shift),
                scale=None if row.scale is None else (_moved(row.scale[0], shift), row.scale[1]),
                fault=None if row.fault is None else (_moved(row.fault[0], shift), row.fault[1]),
            )

    @staticmethod
    def repeated_setting(reader: Reader, row: SettingRow) -> Iterator[SettingRow]:
        """A row as often as it says; what arms it stays where it is."""
        for number, shift in _shifts(reader, row.target):
            yield replace(row, target=row.target.replace("{n}", str(number)), register=_moved(row.register, shift))

    def _at(self, reader: Reader, table: str) -> Register:
        if table in BITS:
            return Register(table, self._address(reader, "address", table), Type.BIT)
        kind = Type(reader.choice("type", NUMBERS, Type.UINT16.value))
        default = "little" if self._swapped else "big"
        swapped = reader.choice("words", ORDERS, default) == "little"
        register = Register(table, self._address(reader, "address", table), kind, swapped)
        if register.end > LAST + 1:
            reader.problem("address", "cannot use an address beyond the last register")
        return register

    def _address(self, reader: Reader, key: str, table: str) -> int:
        first = self._first[table]
        return reader.integer(key, minimum=first, maximum=first + LAST) - first


def _patterns(reader: Reader, key: str) -> frozenset[int]:
    texts = reader.texts(key, pattern=PATTERN, shape='be a bit pattern as "0xFFFF"')
    return frozenset(int(text, 16) for text in texts if text)


def _shifts(reader: Reader, name: str) -> Iterator[tuple[int, int]]:
    """The number and the distance of each point of a row."""
    count = reader.integer("repeat", 1, minimum=1, maximum=MOST_OF_A_KIND)
    step = reader.integer("step", 1, minimum=1, maximum=1000)
    if ("{n}" in name) is not reader.has("repeat"):
        reader.problem("repeat", "cannot do with {n} in a name without repeat, nor the other way round")
    return ((place + 1, place * step) for place in range(count))


def _moved(register: Register, shift: int) -> Register:
    return replace(register, address=min(register.address + shift, LAST))
