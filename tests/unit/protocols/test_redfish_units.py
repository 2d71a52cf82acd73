"""What sensors mean: a table of the schema's text (Sensor.v1_12_0, enumLongDescriptions of ReadingType)."""

import pytest

from edgeagent.model.units import UNIT_OF_KIND
from edgeagent.protocols.redfish_units import READING_TYPES, copied, unit_of

SCHEMA = [  # ReadingType, ReadingUnits, Reading, our value, our unit
    ("Temperature", "Cel", 31, 31.0, "Cel"),
    ("Humidity", "%", 43, 43.0, "%"),
    ("Power", "W", 28783, 28783.0, "W"),
    ("EnergykWh", "kW.h", 7855, 7_855_000.0, "Wh"),
    ("EnergyWh", "W.h", 1500, 1500.0, "Wh"),
    ("EnergyJoules", "J", 7200, 2.0, "Wh"),
    ("ChargeAh", "A.h", 4.5, 4.5, "A.h"),
    ("Voltage", "V", 119.27, 119.27, "V"),
    ("Current", "A", 8.92, 8.92, "A"),
    ("Frequency", "Hz", 60.1, 60.1, "Hz"),
    ("Pressure", "Pa", 1500, 1.5, "kPa"),
    ("PressurePa", "Pa", 1500, 1.5, "kPa"),
    ("PressurekPa", "kPa", 138, 138.0, "kPa"),
    ("Barometric", "mm[Hg]", 760, 101.325, "kPa"),
    ("Rotational", "{rev}/min", 7800, 7800.0, "/min"),
    ("Rotational", "RPM", 7800, 7800.0, "/min"),
    ("AirFlow", "[ft_i]3/min", 100, 169.901, "m3/h"),
    ("AirFlowCMM", "m3/min", 2, 120.0, "m3/h"),
    ("LiquidFlow", "L/s", 0.5, 30.0, "L/min"),
    ("LiquidFlowLPM", "L/min", 42, 42.0, "L/min"),
    ("Percent", "%", 38.5, 38.5, "%"),
    ("Heat", "kW", 25.48, 25_480.0, "W"),
    ("Valve", "%", 30, 30.0, "%"),
]


@pytest.mark.parametrize(("kind", "units", "reading", "value", "unit"), SCHEMA)
def test_a_reading_type_means_what_the_schema_says(kind, units, reading, value, unit):
    found = unit_of(kind, units)
    assert found.meaning.of(reading) == pytest.approx(value, rel=1e-5)
    assert UNIT_OF_KIND[found.meaning.kind] == unit
    assert not found.doubt
    assert not found.note


def test_the_table_above_has_every_type_that_is_read():
    assert {row[0] for row in SCHEMA} == set(READING_TYPES)


@pytest.mark.parametrize(
    ("kind", "units"),
    [("EnergykWh", "kW"), ("Temperature", "C"), ("Power", "kW"), ("PressurekPa", "Pa"), ("Temperature", "[degF]")],
)
def test_a_unit_that_says_something_else_is_doubtful_and_the_type_decides(kind, units):
    found = unit_of(kind, units)
    assert found.meaning == READING_TYPES[kind]
    assert units in found.doubt
    assert kind in found.doubt


def test_a_missing_unit_is_taken_from_the_type_and_said():
    found = unit_of("Temperature", None)
    assert (found.meaning.unit, found.doubt) == ("Cel", "")
    assert "no ReadingUnits" in found.note


def test_a_missing_type_is_taken_from_the_unit_and_said():
    found = unit_of(None, "Cel")
    assert (found.meaning.kind, found.doubt) == (READING_TYPES["Temperature"].kind, "")
    assert "no ReadingType" in found.note


def test_a_percentage_without_a_type_is_no_humidity():
    assert unit_of(None, "%").meaning == READING_TYPES["Percent"]


@pytest.mark.parametrize("said", [("Altitude", "m"), (None, None), (None, "furlong"), (7, "W"), ("Power2", "W")])
def test_what_has_no_kind_is_not_read(said):
    assert unit_of(*said) is None


def test_a_copy_is_doubtful_where_its_sensor_says_another_unit():
    energy = READING_TYPES["EnergykWh"]
    assert not copied(energy, {"ReadingType": "EnergykWh", "ReadingUnits": "kW.h"}).doubt
    assert "kW" in copied(energy, {"ReadingType": "EnergykWh", "ReadingUnits": "kW"}).doubt
    assert "Power" in copied(energy, {"ReadingType": "Power", "ReadingUnits": "W"}).doubt
    assert copied(energy, None).note == "its sensor cannot be read"


def test_a_value_goes_back_as_the_service_has_it():
    assert READING_TYPES["Heat"].back(25_480.0) == pytest.approx(25.48)
