"""Modbus profile files: TOML with ``protocol = "modbus"``, in the folder ``profiles/modbus`` or a person's own.

A row says where a point stands as its document says it: ``table`` and ``address``. Where the document does not count
from 0, ``[first]`` has the number of the first register of each table, such as 40001. ``repeat`` makes several points
of a row, one every ``step`` registers; the name then has {n}, counted from 1.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

from edgeagent.config.layers import Layer, load
from edgeagent.config.reader import Reader
from edgeagent.model.points import ValueType
from edgeagent.model.units import Kind
from edgeagent.protocols.guard import Guard
from edgeagent.protocols.modbus import COIL, HOLDING, MAX_BITS, MAX_REGISTERS
from edgeagent.protocols.modbus_places import Places
from edgeagent.protocols.modbus_profile import (
    Arm,
    Label,
    Limits,
    Mark,
    ModbusProfile,
    RegisterRow,
    SettingRow,
)
from edgeagent.protocols.profile import Pace
from edgeagent.protocols.profile_columns import compiled, limits, optional, words
from edgeagent.protocols.profile_file import ProfileError, ProfileFiles

NAME = r"[a-z0-9_]+(\.([a-z0-9_]+|\{n\}))*"
PROTOCOL = "modbus"


class ModbusProfiles:
    """All families known to this release; ``folder`` is another place to read them from."""

    def __init__(self, folder: Traversable | None = None) -> None:
        self._files = ProfileFiles(
            lambda: folder or files("edgeagent.protocols") / "profiles" / PROTOCOL, parse_modbus_profile
        )

    @cached_property
    def all(self) -> Mapping[str, ModbusProfile]:
        """By name. Raises ProfileError."""
        return {profile.name: profile for profile in self._files.all()}

    def of_driver(self, driver: str) -> tuple[ModbusProfile, ...]:
        """The families that a driver's word means. Raises ProfileError."""
        return tuple(profile for profile in self._files.may_be_of(driver) if profile.driver == driver)


def parse_modbus_profile(file: str, text: str) -> ModbusProfile:
    """The profile in a text. Raises ProfileError with every mistake."""
    loaded = load([], layers=[Layer(file, text)])
    profile = _profile(loaded.root)
    loaded.root.finish()
    if loaded.problems:
        raise ProfileError("cannot use a profile:\n" + "\n".join(map(str, loaded.problems)))
    return profile


def _profile(reader: Reader) -> ModbusProfile:
    reader.choice("protocol", (PROTOCOL,))
    places = Places(reader)
    rows = tuple(row for point in reader.tables("point") for row in _rows(point, places))
    if not rows:
        reader.problem("point", "cannot use a profile without points")
    bounds = _limits(reader.table("limits"), places)
    _check(reader, rows, bounds)
    identity = reader.table("identity")
    return ModbusProfile(
        name=reader.text("name", pattern="[a-z0-9-]+"),
        title=reader.text("title"),
        driver=reader.text("driver", pattern="[a-z]+"),
        source=reader.text("source"),
        points=rows,
        settings=tuple(row for one in reader.tables("set") for row in _settings(one, places)),
        marks=tuple(_mark(one, places) for one in reader.tables("detect")),
        vendor=_label(identity, "vendor", places),
        model=_label(identity, "model", places),
        serial=_label(identity, "serial", places),
        firmware=_label(identity, "firmware", places),
        limits=bounds,
    )


def _check(reader: Reader, rows: tuple[RegisterRow, ...], bounds: Limits) -> None:
    names = [row.name for row in rows]
    for name in sorted({name for name in names if names.count(name) > 1}):
        reader.problem("point", f'cannot use the name "{name}" for two points')
    for row in rows:
        if row.span.count > bounds.most(row.span.table):
            reader.problem("point", f'cannot read "{row.name}" at once: its registers are too far apart')


def _rows(reader: Reader, places: Places) -> Iterator[RegisterRow]:
    """The points of one row; mistakes go to the reader."""
    kind = Kind(reader.choice("kind", [kind.value for kind in Kind]))
    codes = optional(reader, "codes", words)
    if (codes is None) is (kind in (Kind.STATE, Kind.SWITCH)):
        reader.problem("codes", "cannot do with them in a measured point, nor without in a State or a Switch")
    register = places.register(reader)
    bits = places.bits(reader, register)
    row = RegisterRow(
        name=reader.text("name", pattern=NAME),
        kind=kind,
        type=ValueType.NUMBER if codes is None else ValueType.CODE,
        register=register,
        label=reader.text("label", "", min_length=0),
        pace=Pace(reader.choice("pace", [pace.value for pace in Pace], "fast")),
        multiply=reader.number("multiply", 1.0),
        divide=reader.number("divide", 1.0, minimum=1e-6),
        scale=optional(reader, "scale", lambda scale: places.scale(scale, register)),
        bits=bits,
        codes=codes,
        absent=places.absent(reader, register, is_field=bits is not None),
        range=optional(reader, "range", limits),
        fault=optional(reader, "fault", lambda fault: places.fault(fault, register)),
        protective=reader.boolean("protective", False),
        optional=reader.boolean("optional", False),
    )
    yield from places.repeated(reader, row)


def _settings(reader: Reader, places: Places) -> Iterator[SettingRow]:
    """What can be set by one row; mistakes go to the reader."""
    low, high = limits(reader)
    safe = reader.number("safe", minimum=low, maximum=high) if reader.has("safe") else None
    step = reader.number("max_step", minimum=1e-3) if reader.has("max_step") else None
    register = places.register(reader)
    if register.table not in (HOLDING, COIL):
        reader.problem("table", f"cannot write the table {register.table}: must be holding or coil")
    guard = Guard(
        low,
        max(low, high),
        max_step=step,
        min_interval_s=reader.number("min_interval_s", 5.0, minimum=0.0, maximum=3600.0),
        settle_s=reader.number("settle_s", 10.0, minimum=0.1, maximum=600.0),
        tolerance=reader.number("tolerance", 0.5, minimum=0.0),
        safe=safe,
    )
    row = SettingRow(
        target=reader.text("target", pattern=NAME),
        register=register,
        guard=guard,
        multiply=reader.number("multiply", 1.0, minimum=1e-6),
        divide=reader.number("divide", 1.0, minimum=1e-6),
        codes=optional(reader, "codes", words),
        arm=tuple(
            Arm(places.register(arm), arm.integer("value", minimum=0, maximum=0xFFFFFFFF))
            for arm in reader.tables("arm")
        ),
    )
    yield from places.repeated_setting(reader, row)


def _mark(reader: Reader, places: Places) -> Mark:
    if reader.has("object"):
        number = reader.integer("object", minimum=0, maximum=255)
        return Mark(object=number, pattern=compiled(reader, "pattern"))
    return Mark(places.register(reader), reader.integer("equals", minimum=0))


def _label(identity: Reader, key: str, places: Places) -> Label:
    """A text, ``{ object = 4 }``, or registers: ``{ address, length }`` of text, ``{ address, type }`` of a number."""
    if not identity.has(key):
        return Label()
    reader = identity.table(key)
    if reader.has("text"):
        return Label(reader.text("text"))
    if reader.has("object"):
        return Label(object=reader.integer("object", minimum=0, maximum=255))
    return Label(register=places.register(reader), length=reader.integer("length", 0, minimum=0, maximum=64))


def _limits(reader: Reader, places: Places) -> Limits:
    return Limits(
        reader.integer("registers", MAX_REGISTERS, minimum=4, maximum=MAX_REGISTERS),
        reader.integer("bits", MAX_BITS, minimum=1, maximum=MAX_BITS),
        reader.integer("gap", Limits().gap, minimum=0, maximum=MAX_REGISTERS),
        tuple(places.hole(hole) for hole in reader.tables("hole")),
    )
