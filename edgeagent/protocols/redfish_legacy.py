"""The resources of old BMCs, deprecated in Redfish 2020.4: ``Thermal`` and ``Power``, whose readings stand in lists."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from edgeagent.model.units import Kind
from edgeagent.protocols.redfish_spots import Draft, number, sensor, working
from edgeagent.protocols.redfish_units import READING_TYPES, Meaning
from edgeagent.protocols.redfish_walk import numbered, slug

Body = Mapping[str, Any]
Entries = Iterator[tuple[str | int, Body]]

SUPPLY = {
    "LineInputVoltage": ("input.voltage", Kind.VOLTAGE, "V"),
    "PowerInputWatts": ("input.power", Kind.POWER, "W"),
    "PowerOutputWatts": ("output.power", Kind.POWER, "W"),
    "LastPowerOutputWatts": ("output.power", Kind.POWER, "W"),
}
WORKING_CODES = ("on", "standby", "off", "fault")


def thermal(prefix: str, body: Body) -> Iterator[Draft]:
    """Temperatures and fans."""
    for key, entry in _entries(body, "Temperatures"):
        yield _measured(
            f"{prefix}temperature.{_word(key)}", ("Temperatures", key, "ReadingCelsius"), entry, "Temperature"
        )
    for key, entry in _entries(body, "Fans"):
        units = entry.get("ReadingUnits")
        kind = "Percent" if units in {"Percent", "%"} else "Rotational"
        name, pick = f"{prefix}fan.{_word(key)}.speed", ("Fans", key, "Reading")
        yield _measured(name, pick, entry, kind, doubt="" if units in {"Percent", "%", "RPM"} else "no ReadingUnits")


def power(prefix: str, body: Body) -> Iterator[Draft]:
    """Consumption, voltages and power supplies."""
    controls = list(_entries(body, "PowerControl"))
    for turn, (key, entry) in enumerate(controls, 1):
        name = f"{prefix}power" if len(controls) == 1 else f"{prefix}power.{turn}"
        yield _measured(name, ("PowerControl", key, "PowerConsumedWatts"), entry, "Power")
    for key, entry in _entries(body, "Voltages"):
        yield _measured(f"{prefix}voltage.{_word(key)}", ("Voltages", key, "ReadingVolts"), entry, "Voltage")
    yield from _supplies(prefix, body)


def _supplies(prefix: str, body: Body) -> Iterator[Draft]:
    entries = list(_entries(body, "PowerSupplies"))
    numbers = numbered([str(entry.get("MemberId", "")) for _, entry in entries])
    for turn, (key, entry) in zip(numbers, entries, strict=True):
        at = ("PowerSupplies", key)
        for prop, (suffix, kind, unit) in SUPPLY.items():
            if prop in entry:
                decode, gate = number(Meaning(kind, unit)), _gate(at, entry)
                name = f"{prefix}supply.{turn}.{suffix}"
                yield Draft(name, (*at, prop), kind, decode, gate, label=_label(entry))
        if isinstance(entry.get("Status"), dict):
            name, decode = f"{prefix}supply.{turn}.state", working(health=True)
            yield Draft(name, (*at, "Status"), Kind.STATE, decode, codes=WORKING_CODES, label=_label(entry))


def _measured(name: str, pick: tuple[str | int, ...], entry: Body, kind: str, doubt: str = "") -> Draft:
    meaning = READING_TYPES[kind]
    gate = _gate(pick[:-1], entry)
    return Draft(name, pick, meaning.kind, number(meaning), gate, doubt=doubt, label=_label(entry))


def _gate(at: tuple[str | int, ...], entry: Body) -> Any:
    return sensor((entry.get("ReadingType"), entry.get("ReadingUnits")), at)


def _entries(body: Body, key: str) -> Entries:
    """The entries of a list, each under its Name or MemberId where that is its own, else under its place."""
    found = body.get(key)
    entries = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    names = Counter(str(one.get(word)) for one in entries for word in ("Name", "MemberId") if one.get(word))
    for place, one in enumerate(entries):
        own = (str(one[word]) for word in ("Name", "MemberId") if one.get(word) and names[str(one[word])] == 1)
        yield next(own, place), one


def _word(key: str | int) -> str:
    return slug(key) if isinstance(key, str) else str(key + 1)


def _label(entry: Body) -> str:
    return str(entry.get("Name") or "")[:80]
