"""Which point of which SunSpec model is which point of ours: data, in the order of preference.

Model and point names are those of the SunSpec Alliance's model definitions. Signs, where a definition leaves them open:
battery power and current are positive while it discharges; a meter's power is positive while energy is imported.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from edgeagent.model.units import Kind
from edgeagent.protocols.profile import Pace

PHASES = {"A": 1, "B": 2, "C": 3}
PERCENT = 0.01
INVERTERS_INT, INVERTERS_FLOAT = (101, 102, 103), (111, 112, 113)
INVERTERS = INVERTERS_INT + INVERTERS_FLOAT
METERS_INT, METERS_FLOAT = (201, 202, 203, 204), (211, 212, 213, 214)
METERS = METERS_INT + METERS_FLOAT
BATTERIES = frozenset((124, 713, 802, 803))
"""Models that only a device with a battery has."""
SETPOINT = "setpoint.power"
LIMIT = "limit.power"
SLOW = frozenset((120, 121, 122, 302, 307, 702))
"""What changes slowly, or never: ratings, weather."""
PHASES_OF = {101: 1, 111: 1, 102: 2, 112: 2, 201: 1, 211: 1, 202: 2, 212: 2}
"""Models whose wiring has fewer than three phases."""


class Aspect(StrEnum):
    """What a part of a device is about. The device's own aspect needs no prefix in names; the others have theirs."""

    INVERTER = "inverter"
    BATTERY = "battery"
    METER = "meter"
    WEATHER = "weather"
    DEVICE = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One point. ``name`` may hold ``{n}``: the number of the repetition, from 1, where the model repeats.

    ``only_if`` are points of the same model and the words they must say, ``times`` is the model and point that the
    value is a share of, ``mirror`` one that must say the same with the other sign, ``unless`` are models that know it
    better where a device has one of them.
    """

    models: Sequence[int]
    point: str
    name: str
    kind: Kind
    aspect: Aspect
    factor: float = 1.0
    repeats: bool = False
    phase: int = 1
    only_if: tuple[tuple[str, str], ...] = ()
    times: tuple[int, str] | None = None
    mirror: str | None = None
    unless: Sequence[int] = ()

    def pace(self, model: int) -> Pace:
        """How often it is read."""
        return Pace.SLOW if model in SLOW else Pace.FAST


def rows() -> tuple[Row, ...]:
    """All of them."""
    return (*_inverter(), *_inputs(), *_battery(), *_meter(), *_weather(), *_device())


def _inverter() -> Iterator[Row]:
    def row(models: Sequence[int], point: str, name: str, kind: Kind, factor: float = 1.0) -> Row:
        return Row(models, point, name, kind, Aspect.INVERTER, factor)

    yield row((701,), "W", "ac.power", Kind.POWER)
    yield row((701,), "A", "ac.current", Kind.CURRENT)
    yield row((701,), "LNV", "ac.voltage", Kind.VOLTAGE)
    yield row((701,), "Hz", "ac.frequency", Kind.FREQUENCY)
    yield row((701,), "VA", "ac.apparent_power", Kind.APPARENT_POWER)
    yield row((701,), "Var", "ac.reactive_power", Kind.REACTIVE_POWER)
    yield row((701,), "PF", "ac.power_factor", Kind.POWER_FACTOR)
    yield row((701,), "TotWhInj", "ac.energy", Kind.ENERGY)
    yield row((701,), "TotWhAbs", "ac.energy_absorbed", Kind.ENERGY)
    yield row((701,), "InvSt", "state", Kind.STATE)
    yield row((701,), "ConnSt", "connection", Kind.STATE)
    yield row((701,), "Alrm", "events", Kind.TEXT)
    yield row((701,), "TmpAmb", "ambient.temperature", Kind.TEMPERATURE)
    yield row(INVERTERS, "W", "ac.power", Kind.POWER)
    yield row(INVERTERS, "A", "ac.current", Kind.CURRENT)
    yield row((101, 111), "PhVphA", "ac.voltage", Kind.VOLTAGE)
    yield row(INVERTERS, "Hz", "ac.frequency", Kind.FREQUENCY)
    yield row(INVERTERS, "VA", "ac.apparent_power", Kind.APPARENT_POWER)
    yield row(INVERTERS, "VAr", "ac.reactive_power", Kind.REACTIVE_POWER)
    yield row(INVERTERS, "PF", "ac.power_factor", Kind.POWER_FACTOR, PERCENT)
    yield row(INVERTERS, "WH", "ac.energy", Kind.ENERGY)
    yield row(INVERTERS, "St", "state", Kind.STATE)
    yield row(INVERTERS, "Evt1", "events", Kind.TEXT)
    yield row((701, *INVERTERS), "TmpCab", "cabinet.temperature", Kind.TEMPERATURE)
    yield row((701, *INVERTERS), "TmpSnk", "heatsink.temperature", Kind.TEMPERATURE)
    yield row((122,), "WAval", "available.power", Kind.POWER)
    yield row((120,), "WRtg", "rated.power", Kind.POWER)
    yield row((702,), "WMaxRtg", "rated.power", Kind.POWER)
    yield row((121, 702), "WMax", "maximum.power", Kind.POWER)
    yield Row((704,), "WMaxLimPct", LIMIT, Kind.PERCENT, Aspect.INVERTER, only_if=(("WMaxLimPctEna", "enabled"),))
    yield Row((123,), "WMaxLimPct", LIMIT, Kind.PERCENT, Aspect.INVERTER, only_if=(("WMaxLim_Ena", "enabled"),))
    yield row((123,), "Conn", "connection", Kind.STATE)
    for letter, number in PHASES.items():
        phase = f"phase.{number}"
        for models, point, name, kind in (
            (INVERTERS, f"PhVph{letter}", "voltage", Kind.VOLTAGE),
            (INVERTERS, f"Aph{letter}", "current", Kind.CURRENT),
            ((701,), f"VL{number}", "voltage", Kind.VOLTAGE),
            ((701,), f"AL{number}", "current", Kind.CURRENT),
            ((701,), f"WL{number}", "power", Kind.POWER),
            ((701,), f"PFL{number}", "power_factor", Kind.POWER_FACTOR),
        ):
            yield Row(models, point, f"{phase}.{name}", kind, Aspect.INVERTER, phase=number)


def _inputs() -> Iterator[Row]:
    """The DC side: each input where a model tells them apart, else their sum as input 1."""
    for point, name, kind in (
        ("DCW", "power", Kind.POWER),
        ("DCV", "voltage", Kind.VOLTAGE),
        ("DCA", "current", Kind.CURRENT),
    ):
        yield Row((160, 714), point, f"dc.{{n}}.{name}", kind, Aspect.INVERTER, repeats=True)
        yield Row(INVERTERS, point, f"dc.1.{name}", kind, Aspect.INVERTER, unless=(160, 714))
    for models, point, name, kind in (
        ((160,), "DCWH", "energy", Kind.ENERGY),
        ((714,), "DCWhInj", "energy", Kind.ENERGY),
        ((160, 714), "Tmp", "temperature", Kind.TEMPERATURE),
        ((160,), "DCSt", "state", Kind.STATE),
        ((714,), "DCSta", "state", Kind.STATE),
    ):
        yield Row(models, point, f"dc.{{n}}.{name}", kind, Aspect.INVERTER, repeats=True)


def _battery() -> Iterator[Row]:
    for models, point, name, kind in (
        ((802,), "SoC", "charge", Kind.PERCENT),
        ((713,), "SoC", "charge", Kind.PERCENT),
        ((124,), "ChaState", "charge", Kind.PERCENT),
        ((802, 713), "SoH", "health", Kind.PERCENT),
        ((802, 701), "W", "power", Kind.POWER),
        ((802,), "V", "voltage", Kind.VOLTAGE),
        ((124,), "InBatV", "voltage", Kind.VOLTAGE),
        ((802,), "A", "current", Kind.CURRENT),
        ((803,), "ModTmpAvg", "temperature", Kind.TEMPERATURE),
        ((803,), "ModTmpMax", "module.maximum.temperature", Kind.TEMPERATURE),
        ((803,), "ModTmpMin", "module.minimum.temperature", Kind.TEMPERATURE),
        ((802,), "CellVMax", "cell.maximum.voltage", Kind.VOLTAGE),
        ((802,), "CellVMin", "cell.minimum.voltage", Kind.VOLTAGE),
        ((802,), "State", "state", Kind.STATE),
        ((713,), "Sta", "status", Kind.STATE),
        ((802, 124), "ChaSt", "charging", Kind.STATE),
        ((802,), "Evt1", "events", Kind.TEXT),
        ((802,), "LocRemCtl", "bank.control", Kind.STATE),
        ((802,), "WChaRteMax", "limit.charge", Kind.POWER),
        ((802,), "WDisChaRteMax", "limit.discharge", Kind.POWER),
        ((702,), "WChaRteMax", "limit.charge", Kind.POWER),
        ((702,), "WDisChaRteMax", "limit.discharge", Kind.POWER),
        ((124,), "WChaMax", "limit.charge", Kind.POWER),
        ((120,), "MaxDisChaRte", "limit.discharge", Kind.POWER),
        ((802,), "SoCRsvMin", "reserve", Kind.PERCENT),
        ((124,), "MinRsvPct", "reserve", Kind.PERCENT),
        ((713,), "WHAvail", "available_energy", Kind.ENERGY),
        ((713, 802, 120), "WHRtg", "rated.energy", Kind.ENERGY),
        ((802,), "NCyc", "cycles", Kind.COUNT),
    ):
        yield Row(models, point, name, kind, Aspect.BATTERY)
    yield from _battery_setpoint()


def _battery_setpoint() -> Iterator[Row]:
    """What the battery was told to do, as long as it stands; the three ways in which a device may be told."""

    def row(model: int, point: str, gates: dict[str, str], **more: Any) -> Row:
        return Row((model,), point, SETPOINT, Kind.POWER, Aspect.BATTERY, only_if=tuple(gates.items()), **more)

    yield row(704, "WSet", {"WSetEna": "enabled", "WSetMod": "watts"})
    yield row(704, "WSetPct", {"WSetEna": "enabled", "WSetMod": "w_max_pct"}, factor=PERCENT, times=(702, "WMax"))
    # at least and at most so much: where the two limits of model 124 differ, the battery has a choice
    both = {"StorCtl_Mod": "charge,discharge"}
    yield row(124, "OutWRte", both, factor=PERCENT, times=(124, "WChaMax"), mirror="InWRte")


def _meter() -> Iterator[Row]:
    for point, name, kind in (
        ("W", "power", Kind.POWER),
        ("A", "current", Kind.CURRENT),
        ("PhV", "voltage", Kind.VOLTAGE),
        ("Hz", "frequency", Kind.FREQUENCY),
        ("VA", "apparent_power", Kind.APPARENT_POWER),
        ("VAR", "reactive_power", Kind.REACTIVE_POWER),
        ("TotWhImp", "energy.imported", Kind.ENERGY),
        ("TotWhExp", "energy.exported", Kind.ENERGY),
        ("Evt", "events", Kind.TEXT),
    ):
        yield Row(METERS, point, name, kind, Aspect.METER)
    for models, factor in ((METERS_INT, PERCENT), (METERS_FLOAT, 1.0)):
        yield Row(models, "PF", "power_factor", Kind.POWER_FACTOR, Aspect.METER, factor)
        for letter, number in PHASES.items():
            name = f"phase.{number}.power_factor"
            yield Row(models, f"PFph{letter}", name, Kind.POWER_FACTOR, Aspect.METER, factor, phase=number)
    for letter, number in PHASES.items():
        for point, name, kind in (
            ("PhVph", "voltage", Kind.VOLTAGE),
            ("Aph", "current", Kind.CURRENT),
            ("Wph", "power", Kind.POWER),
        ):
            yield Row(METERS, f"{point}{letter}", f"phase.{number}.{name}", kind, Aspect.METER, phase=number)


def _weather() -> Iterator[Row]:
    yield Row((302,), "POAI", "plane.{n}.irradiance", Kind.IRRADIANCE, Aspect.WEATHER, repeats=True)
    yield Row((302,), "GHI", "horizontal.{n}.irradiance", Kind.IRRADIANCE, Aspect.WEATHER, repeats=True)
    yield Row((307,), "TmpAmb", "temperature", Kind.TEMPERATURE, Aspect.WEATHER)
    yield Row((307,), "RH", "humidity", Kind.HUMIDITY, Aspect.WEATHER)
    yield Row((307,), "Pres", "pressure", Kind.PRESSURE, Aspect.WEATHER, 0.1)  # hPa


def _device() -> Iterator[Row]:
    yield Row((715,), "LocRemCtl", "control", Kind.STATE, Aspect.DEVICE)
    yield Row((715,), "OpCtl", "operation", Kind.STATE, Aspect.DEVICE)
