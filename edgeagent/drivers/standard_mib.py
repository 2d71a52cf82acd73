"""Points that every agent may have: SNMPv2-MIB (RFC 3418), ENTITY-SENSOR-MIB (RFC 3433), IF-MIB (RFC 2863).

Pure functions from what the tables said on connecting to the steps that read each point.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from edgeagent.drivers.rowplan import Step
from edgeagent.model.device import Identity
from edgeagent.model.points import DeviceId, Point, ValueType
from edgeagent.model.reading import Reason, Value
from edgeagent.model.units import Kind
from edgeagent.protocols.decode import Decoder, decoder, text_of
from edgeagent.protocols.enterprises import maker
from edgeagent.protocols.profile import Column, Pace, PointRow
from edgeagent.protocols.profile_rows import MAX_DESCRIPTION
from edgeagent.protocols.snmp import Raw

SYSTEM = "1.3.6.1.2.1.1"
SYS_DESCRIPTION, SYS_OBJECT_ID = f"{SYSTEM}.1.0", f"{SYSTEM}.2.0"
SYS_UPTIME, SYS_NAME, SYS_LOCATION = f"{SYSTEM}.3.0", f"{SYSTEM}.5.0", f"{SYSTEM}.6.0"
IF_DESCRIPTION, IF_STATE = "1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.2.2.1.8"
IF_STATES = {1: "up", 2: "down", 3: "testing", 5: "dormant", 6: "not_present", 7: "lower_layer_down"}  # unknown (4)
PHYSICAL = "1.3.6.1.2.1.47.1.1.1.1"  # entPhysicalEntry (RFC 6933)
CLASS, NAME, DESCRIPTION = f"{PHYSICAL}.5", f"{PHYSICAL}.7", f"{PHYSICAL}.2"
FIRMWARE, SOFTWARE, SERIAL = f"{PHYSICAL}.9", f"{PHYSICAL}.10", f"{PHYSICAL}.11"
MAKER, MODEL = f"{PHYSICAL}.12", f"{PHYSICAL}.13"
WHOLE = (11, 3)
"""entPhysicalClass of what is a device and no part of one: stack, chassis."""
SENSOR = "1.3.6.1.2.1.99.1.1.1"  # entPhySensorEntry
TYPE, SCALE, PRECISION, VALUE, STATUS, DISPLAY = [f"{SENSOR}.{column}" for column in range(1, 7)]
STATUSES: Mapping[int, Reason] = {2: Reason.ABSENT, 3: Reason.SENTINEL}
"""EntitySensorStatus unavailable and nonoperational; in both the value means nothing."""
MAX_RAW = 1_000_000_000
"""EntitySensorValue: that, and its negative, mean an overflow and an underflow."""
SCALES, UNIT_SCALE = range(1, 18), 9  # EntitySensorDataScale: yocto to yotta, a thousand apart; units (9)
PRECISIONS = range(-8, 10)  # EntitySensorPrecision: decimal places where above 0, else places that are not exact


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a sensor measures: the last word of its name, kind, factor into our unit, and what is possible."""

    word: str
    kind: Kind
    times: float = 1.0
    range: tuple[float, float] | None = None


ABSOLUTE_ZERO = -273.15
NOT_NEGATIVE = (0.0, float(MAX_RAW))
QUANTITIES: Mapping[int, Quantity] = {  # EntitySensorDataType; 14 is what makers of optics added to it
    3: Quantity("voltage", Kind.VOLTAGE),
    4: Quantity("voltage", Kind.VOLTAGE),
    5: Quantity("current", Kind.CURRENT),
    6: Quantity("power", Kind.POWER),
    7: Quantity("frequency", Kind.FREQUENCY, range=NOT_NEGATIVE),
    8: Quantity("temperature", Kind.TEMPERATURE, range=(ABSOLUTE_ZERO, 2000.0)),
    9: Quantity("humidity", Kind.HUMIDITY, range=(0.0, 100.0)),
    10: Quantity("speed", Kind.ROTATIONAL, range=NOT_NEGATIVE),
    11: Quantity("airflow", Kind.AIR_FLOW, 60.0, range=NOT_NEGATIVE),  # cubic metres per minute
    14: Quantity("optical_power", Kind.OPTICAL_POWER),
}
TRUTH = 12
DISPLAYS: Mapping[str, Quantity] = {  # entPhySensorUnitsDisplay of sensors of type other (1) or unknown (2)
    "": Quantity("value", Kind.COUNT),
    "%": Quantity("percent", Kind.PERCENT),
    "percent": Quantity("percent", Kind.PERCENT),
    "%rh": QUANTITIES[9],
    "celsius": QUANTITIES[8],
    "degrees c": QUANTITIES[8],
    "°c": QUANTITIES[8],
    "v": QUANTITIES[3],
    "volts": QUANTITIES[3],
    "a": QUANTITIES[5],
    "amps": QUANTITIES[5],
    "amperes": QUANTITIES[5],
    "w": QUANTITIES[6],
    "watts": QUANTITIES[6],
    "va": Quantity("apparent_power", Kind.APPARENT_POWER),
    "kva": Quantity("apparent_power", Kind.APPARENT_POWER, 1000.0),
    "kw": Quantity("power", Kind.POWER, 1000.0),
    "wh": Quantity("energy", Kind.ENERGY),
    "kwh": Quantity("energy", Kind.ENERGY, 1000.0),
    "hz": QUANTITIES[7],
    "rpm": QUANTITIES[10],
    "dbm": QUANTITIES[14],
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A point, how it is read, and how often."""

    point: Point
    step: Step
    pace: Pace = Pace.FAST


def system_points(device: DeviceId, values: Mapping[str, Raw]) -> Iterator[Seen]:
    """What an agent says of itself; only what is there."""
    for name, oid, decode in (
        ("system.description", SYS_DESCRIPTION, _long_text),
        ("system.object_id", SYS_OBJECT_ID, _identifier),
        ("system.name", SYS_NAME, _long_text),
        ("system.location", SYS_LOCATION, _long_text),
    ):
        if values.get(oid) not in (None, b""):
            yield _seen(Point(device, name, Kind.TEXT, ValueType.TEXT), oid, decode, pace=Pace.SLOW)
    if SYS_UPTIME in values:
        row = PointRow("system.uptime", Kind.DURATION, ValueType.NUMBER, _column("sysUpTime", SYS_UPTIME), divide=100)
        yield _seen(Point(device, row.name, row.kind), SYS_UPTIME, decoder(row), pace=Pace.SLOW)


def interface_points(device: DeviceId, names: Mapping[str, Raw], indexes: Iterator[str]) -> Iterator[Seen]:
    """Name and state of interfaces, by their index."""
    for index in indexes:
        label = text_of(names.get(f"{IF_DESCRIPTION}.{index}"))
        if label:
            point = Point(device, f"interface.{index}.name", Kind.TEXT, ValueType.TEXT, label=label)
            yield _seen(point, f"{IF_DESCRIPTION}.{index}", _long_text, pace=Pace.SLOW)
        row = PointRow(
            name=f"interface.{index}.state",
            kind=Kind.STATE,
            type=ValueType.CODE,
            column=_column("ifOperStatus", IF_STATE),
            codes=IF_STATES,
            sentinels=frozenset((4,)),
        )
        point = Point(device, row.name, row.kind, row.type, row.words, label=label)
        yield _seen(point, f"{IF_STATE}.{index}", decoder(row))


def sensor_points(device: DeviceId, columns: Mapping[str, Raw]) -> Iterator[Seen]:
    """The sensors of ENTITY-SENSOR-MIB, from its columns of type, scale, precision and units, and their names."""
    for oid, kind in columns.items():
        if not oid.startswith(TYPE + "."):
            continue
        index = oid.removeprefix(TYPE + ".")
        if not index.isdigit():
            continue  # a row of another shape than the MIB's
        place, label = _label(columns, index)
        if label:
            point = Point(device, f"sensor.{index}.name", Kind.TEXT, ValueType.TEXT, label=label)
            yield _seen(point, place, _long_text, pace=Pace.SLOW)
        row, decode = _sensor(kind, index, columns)
        point = Point(device, row.name, row.kind, row.type, row.words, label=label)
        yield _seen(point, f"{VALUE}.{index}", decode, gates=((f"{STATUS}.{index}", STATUSES, None),))


def whole(classes: Mapping[str, Raw]) -> str:
    """The index in entPhysicalTable of the device itself, by the column of classes; empty where it has none."""
    indexes = [(oid.removeprefix(CLASS + "."), raw) for oid, raw in classes.items()]
    found = [index for wanted in WHOLE for index, raw in indexes if raw == wanted]
    return next(iter(found or (index for index, _ in indexes)), "")


def identity_of(system: Mapping[str, Raw], values: Mapping[str, Raw], index: str) -> Identity:
    """Who the device is: by ENTITY-MIB, else by the number of its maker and its own description."""
    maker_text, model, serial, firmware, software = [
        text_of(values.get(f"{column}.{index}")) for column in (MAKER, MODEL, SERIAL, FIRMWARE, SOFTWARE)
    ]
    return Identity(
        maker_text or maker(system.get(SYS_OBJECT_ID)),
        model or text_of(system.get(SYS_DESCRIPTION)),
        serial,
        firmware or software,
    )


def _sensor(kind: Raw, index: str, columns: Mapping[str, Raw]) -> tuple[PointRow, Decoder]:
    if kind == TRUTH:
        row = PointRow(
            f"sensor.{index}.state",
            Kind.STATE,
            ValueType.CODE,
            _column("entPhySensorValue", VALUE),
            codes={1: "true", 2: "false"},  # TruthValue (RFC 2579)
        )
        return row, decoder(row)
    unit = text_of(columns.get(f"{DISPLAY}.{index}"))
    quantity = QUANTITIES.get(kind) if isinstance(kind, int) else None
    quantity = quantity or DISPLAYS.get(unit.lower())
    exponent = _exponent(columns.get(f"{SCALE}.{index}"), columns.get(f"{PRECISION}.{index}"))
    row = _numbered(index, quantity or Quantity("reading", Kind.COUNT), exponent or 0)
    if exponent is None:
        return row, _unscaled
    if quantity is None:  # a number in a unit that we do not have: as people read it
        return replace(row, kind=Kind.TEXT, type=ValueType.TEXT), partial(_with_unit, decoder(row), unit)
    return row, decoder(row)


def _numbered(index: str, quantity: Quantity, exponent: int) -> PointRow:
    return PointRow(
        name=f"sensor.{index}.{quantity.word}",
        kind=quantity.kind,
        type=ValueType.NUMBER,
        column=_column("entPhySensorValue", VALUE),
        multiply=quantity.times * 10.0 ** max(exponent, 0),
        divide=10.0 ** max(-exponent, 0),
        sentinel_below=-MAX_RAW + 1,
        sentinel_above=MAX_RAW - 1,
        range=quantity.range,
    )


def _exponent(scale: Raw, precision: Raw) -> int | None:
    """Ten to it is what the raw number is worth; None where the columns say nothing that the MIB allows."""
    if type(scale) is not int or scale not in SCALES or type(precision) is not int or precision not in PRECISIONS:
        return None
    return 3 * (scale - UNIT_SCALE) - max(precision, 0)


def _label(names: Mapping[str, Raw], index: str) -> tuple[str, str]:
    """Where a part says its name, and that; its description where it has no name."""
    for column in (NAME, DESCRIPTION):
        if label := text_of(names.get(f"{column}.{index}")):
            return f"{column}.{index}", label
    return "", ""


def _seen(
    point: Point,
    oid: str,
    decode: Decoder,
    *,
    pace: Pace = Pace.FAST,
    gates: tuple[tuple[str, Mapping[int, Reason], Reason | None], ...] = (),
) -> Seen:
    return Seen(point, Step(point.id, oid, decode, gates, None, None), pace)


def _column(name: str, oid: str) -> Column:
    return Column(name, oid)


def _long_text(raw: object) -> Value | Reason:
    if not isinstance(raw, bytes):
        return Reason.ABSENT if raw is None else Reason.GARBLED
    return text_of(raw, MAX_DESCRIPTION) or Reason.ABSENT


def _identifier(raw: object) -> Value | Reason:
    if not isinstance(raw, str):
        return Reason.ABSENT if raw is None else Reason.GARBLED
    return raw or Reason.ABSENT


def _unscaled(raw: object) -> Value | Reason:
    """Without its scale a value says nothing."""
    return Reason.ABSENT if raw is None else Reason.GARBLED


def _with_unit(decode: Callable[[object], Value | Reason], unit: str, raw: object) -> Value | Reason:
    value = decode(raw)
    return value if isinstance(value, Reason) else f"{value:g} {unit}"
