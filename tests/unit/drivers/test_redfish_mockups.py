"""The DMTF's examples (DSP2043) read completely: each measured number of their JSON is a reading, in our unit.

What a property means is stated here from the schemas' text, without the driver's tables.
"""

import json
import re

import pytest

from edgeagent.model.reading import Quality, Reason
from tests.fixtures.recorded import everything
from tests.fixtures.redfish import MockUp, driver_of

KWH = ("Wh", 1000.0)
COPIES = {  # property of an excerpt: our unit, and how many of it one of theirs is
    "Voltage": ("V", 1.0),
    "CurrentAmps": ("A", 1.0),
    "PowerWatts": ("W", 1.0),
    "FrequencyHz": ("Hz", 1.0),
    "EnergykWh": KWH,
    "TemperatureCelsius": ("Cel", 1.0),
    "HumidityPercent": ("%", 1.0),
    "FlowLitersPerMinute": ("L/min", 1.0),
    "SupplyTemperatureCelsius": ("Cel", 1.0),
    "ReturnTemperatureCelsius": ("Cel", 1.0),
    "DeltaTemperatureCelsius": ("Cel", 1.0),
    "SupplyPressurekPa": ("kPa", 1.0),
    "ReturnPressurekPa": ("kPa", 1.0),
    "DeltaPressurekPa": ("kPa", 1.0),
    "HeatRemovedkW": ("W", 1000.0),
    "PumpSpeedPercent": ("%", 1.0),
    "PolyPhaseVoltage": ("V", 1.0),
    "PolyPhaseCurrentAmps": ("A", 1.0),
    "PolyPhasePowerWatts": ("W", 1.0),
    "PolyPhaseEnergykWh": KWH,
}
BESIDE = {"ApparentVA": "V.A", "ReactiveVAR": "var", "PowerFactor": "1"}
TYPES = {  # ReadingType: ReadingUnits, our unit, factor
    "Temperature": ("Cel", "Cel", 1.0),
    "Humidity": ("%", "%", 1.0),
    "Power": ("W", "W", 1.0),
    "EnergykWh": ("kW.h", *KWH),
    "Voltage": ("V", "V", 1.0),
    "Current": ("A", "A", 1.0),
    "Frequency": ("Hz", "Hz", 1.0),
    "PressurekPa": ("kPa", "kPa", 1.0),
    "LiquidFlowLPM": ("L/min", "L/min", 1.0),
    "Heat": ("kW", "W", 1000.0),
}

SECONDARY = "SecondaryCoolantConnectors/1#"
CDU = [  # where it stands, what stands there, the point, its value and unit
    ("PrimaryCoolantConnectors/1#/FlowLitersPerMinute/Reading", 42, "primary.flow", 42.0, "L/min"),
    ("PrimaryCoolantConnectors/1#/SupplyTemperatureCelsius/Reading", 30, "primary.supply.temperature", 30.0, "Cel"),
    ("PrimaryCoolantConnectors/1#/ReturnTemperatureCelsius/Reading", 40, "primary.return.temperature", 40.0, "Cel"),
    ("PrimaryCoolantConnectors/1#/DeltaPressurekPa/Reading", 138, "primary.differential_pressure", 138.0, "kPa"),
    ("PrimaryCoolantConnectors/1#/HeatRemovedkW/Reading", 25.48, "primary.heat", 25_480.0, "W"),
    (f"{SECONDARY}/SupplyPressurekPa/Reading", 103, "secondary.supply.pressure", 103.0, "kPa"),
    (f"{SECONDARY}/HeatRemovedkW/Reading", 25.31, "cooling.power", 25_310.0, "W"),
    (f"{SECONDARY}/FlowControlLitersPerMinute/SetPoint", 43, "secondary.flow.setpoint", 43.0, "L/min"),
    (f"{SECONDARY}/SupplyTemperatureControlCelsius/SetPoint", 30, "secondary.supply.setpoint", 30.0, "Cel"),
    ("Pumps/1#/PumpSpeedPercent/Reading", 38.5, "pump.1.speed", 38.5, "%"),
    ("Pumps/1#/SpeedControlPercent/SetPoint", 45, "pump.1.setpoint", 45.0, "%"),
    ("Pumps/1#/ServiceHours", 3571, "pump.1.service", 12_855_600.0, "s"),
    ("Pumps/1#/Status", "Enabled/OK", "pump.1.state", "on", ""),
    ("Pumps/2#/Status", "UnavailableOffline/Critical", "pump.2.state", "fault", ""),
    ("Filters/1#/ServiceHours", 5791, "filter.1.service", 20_847_600.0, "s"),
    ("Filters/1#/Status", "Enabled/OK", "filter.1.state", "ok", ""),
    ("Reservoirs/1#/FluidLevelStatus", "OK", "reservoir.1.state", "ok", ""),
    ("EnvironmentMetrics#/TemperatureCelsius/Reading", 24, "unit.temperature", 24.0, "Cel"),
    ("EnvironmentMetrics#/HumidityPercent/Reading", 26, "unit.humidity", 26.0, "%"),
    ("#/Status", "Enabled/Warning/Critical", "unit.alarm", "critical", ""),
]  # fmt: skip
PDU = [
    ("Mains/AC1#/FrequencyHz/Reading", 60.1, "inlet.frequency", 60.1, "Hz"),
    ("Mains/AC1#/PolyPhaseVoltage/Line2ToNeutral/Reading", 116.6, "phase.2.voltage", 116.6, "V"),
    ("Mains/AC1#/PolyPhaseVoltage/Line3ToLine1/Reading", 205.3, "phase.3.line_voltage", 205.3, "V"),
    ("Mains/AC1#/PolyPhaseCurrentAmps/Line3/Reading", 6.91, "phase.3.current", 6.91, "A"),
    ("Mains/AC1#/PolyPhaseCurrentAmps/Neutral/Reading", 2.74, "neutral.current", 2.74, "A"),
    ("Mains/AC1#/PolyPhasePowerWatts/Line2ToNeutral/PowerFactor", 0.63, "phase.2.power_factor", 0.63, "1"),
    ("Mains/AC1#/BreakerState", "Normal", "inlet.breaker.state", "closed", ""),
    ("Branches/B#/PowerWatts/ReactiveVAR", 512.9, "branch.2.reactive_power", 512.9, "var"),
    ("Branches/C#/EnergykWh/Reading", 121666, "branch.3.energy", 121_666_000.0, "Wh"),
    ("Branches/A#/BreakerState", "Normal", "breaker.1.state", "closed", ""),
    ("Outlets/A1#/PowerWatts/Reading", 197.4, "outlet.1.power", 197.4, "W"),
    ("Outlets/A1#/PowerState", "On", "outlet.1.state", "on", ""),
    ("Outlets/A4#/PowerState", "On", "outlet.4.state", "on", ""),
    ("Outlets/C3#/EnergykWh/Reading", 61848, "outlet.11.energy", 61_848_000.0, "Wh"),
    ("OutletGroups/Rack5Storage#/PowerWatts/Reading", 412.36, "group.1.power", 412.36, "W"),
    ("OutletGroups/Rack5Storage#/EnergykWh/Reading", 26880, "group.1.energy", 26_880_000.0, "Wh"),
    ("Metrics#/PowerWatts/Reading", 6438, "inlet.power", 6438.0, "W"),
    ("Metrics#/PowerWatts/ApparentVA", 6300, "inlet.apparent_power", 6300.0, "V.A"),
    ("Metrics#/EnergykWh/Reading", 56438, "inlet.energy", 56_438_000.0, "Wh"),
]  # fmt: skip


@pytest.fixture
async def served(test_data):
    """Serve an example by name; the example and everything that the driver reads of it."""
    opened = []

    async def read(name, word, **options):
        server = MockUp(test_data / "redfish" / name)
        await server.open()
        opened.append(server)
        info, readings = await everything(driver_of(server, word, **options))
        return server, info, readings

    yield read
    for server in opened:
        await server.close()


@pytest.fixture
def resources(test_data):
    """All JSON of an example, by the path where it stands: the path in its own @odata.id is wrong in one of them."""

    def load(name):
        root = test_data / "redfish" / name
        return {
            "/redfish/v1/" + str(file.parent.relative_to(root)): json.loads(file.read_text())
            for file in root.glob("**/index.json")
        }

    return load


def stands(readings, info, base, table):
    units = {point.name: point.unit for point in info.points}
    for where, raw, name, value, unit in table:
        reading = readings[name]
        assert (reading.source, reading.raw) == (f"{base}{where}" if where[0] == "#" else f"{base}/{where}", raw)
        assert reading.value == (pytest.approx(value) if isinstance(value, float) else value), name
        assert units[name] == unit, name


async def test_the_points_of_the_cooling_unit_say_what_stands_there(served):
    _, info, readings = await served("public-cooling-unit", "cdu")
    stands(readings, info, "/redfish/v1/ThermalEquipment/CDUs/1", CDU)
    identity = info.identity
    assert (identity.vendor, identity.model, identity.serial, identity.firmware) == (
        "Contoso", "BRRR4000", "29347ZT536", "3.2.0",
    )  # fmt: skip


async def test_the_points_of_the_rack_pdu_say_what_stands_there(served):
    _, info, readings = await served("public-pdu", "ipdu")
    stands(readings, info, "/redfish/v1/PowerEquipment/RackPDUs/1", PDU)
    assert (info.identity.vendor, info.identity.model, info.identity.firmware) == ("Contoso", "ZAP4000", "4.3.0")


def copied_numbers(resources):
    """Every excerpt with a reading in the JSON of equipment: source, raw, value, unit, and where it is copied from."""

    def below(path, at, body, key):
        if isinstance(body, list):
            for place, one in enumerate(body):
                yield from below(path, [*at, str(place)], one, key)
        if not isinstance(body, dict):
            return
        if "Reading" in body and at:
            unit, factor = COPIES[key]
            yield (
                f"{path}#/{'/'.join(at)}/Reading",
                body["Reading"],
                body["Reading"] * factor,
                unit,
                body.get("DataSourceUri"),
            )
            for beside, other in BESIDE.items():
                if beside in body:
                    yield f"{path}#/{'/'.join(at)}/{beside}", body[beside], body[beside], other, None
        for name, one in body.items():
            yield from below(path, [*at, name], one, key if key.startswith("PolyPhase") else name)

    for path, body in resources.items():
        if "Sensor.v1" not in body.get("@odata.type", ""):
            yield from below(path, [], body, "")


@pytest.mark.parametrize(("name", "word", "least"), [("public-pdu", "ipdu", 200), ("public-cooling-unit", "cdu", 18)])
async def test_every_number_that_equipment_copies_is_a_reading(served, resources, name, word, least):
    _, info, readings = await served(name, word)
    units = {point.name: point.unit for point in info.points}
    by_source = {reading.source: (point, reading) for point, reading in readings.items()}
    found = {one[0]: one for one in copied_numbers(resources(name))}
    origins = {one[4] for source, one in found.items() if source in by_source}
    left_out = []
    for source, (_, raw, value, unit, origin) in found.items():
        if source not in by_source:
            left_out.append((source, origin))
            continue
        point, reading = by_source[source]
        assert reading.value == pytest.approx(value), source
        assert units[point] == unit, source
        assert str(raw) in str(reading.raw)
    assert len(by_source.keys() & found.keys()) >= least
    # What is left out is a second copy of a sensor that is a reading already.
    assert all(origin in origins for _, origin in left_out), left_out


@pytest.mark.parametrize(("name", "word"), [("public-pdu", "ipdu"), ("public-cooling-unit", "cdu")])
async def test_every_sensor_of_a_chassis_is_a_reading_or_copied_by_one(served, resources, name, word):
    _, info, readings = await served(name, word)
    units = {point.name: point.unit for point in info.points}
    bodies = resources(name)
    copied = {origin for *_, origin in copied_numbers(bodies)}
    by_source = {reading.source: (point, reading) for point, reading in readings.items()}
    for path, body in bodies.items():
        if not re.search(r"/Chassis/[^/]+/Sensors/", path) or path in copied:
            continue
        point, reading = by_source[f"{path}#/Reading"]
        right, unit, factor = TYPES[body["ReadingType"]]
        assert reading.value == pytest.approx(body["Reading"] * factor)
        assert units[point] == unit
        assert (reading.quality is Quality.GOOD) is (body["ReadingUnits"] == right)


async def test_every_wrong_unit_of_the_rack_pdu_is_flagged_and_nothing_else(served, resources):
    _, _, readings = await served("public-pdu", "ipdu")
    bodies = resources("public-pdu")
    wrong = {
        path
        for path, body in bodies.items()
        if "ReadingType" in body and body["ReadingUnits"] != TYPES[body["ReadingType"]][0]
    }
    flagged = {name for name, reading in readings.items() if reading.reason is Reason.IMPLAUSIBLE}
    origins = {origin: source for source, *_, origin in copied_numbers(bodies) if origin}
    expected = {origins.get(path, f"{path}#/Reading") for path in wrong if "/Chassis/" in path}
    assert {readings[name].source for name in flagged} == expected
    assert len(flagged) == 8  # 6 x EnergykWh in "kW", 2 x Temperature in "C"
    assert all(readings[name].quality is Quality.UNCERTAIN for name in flagged)
    assert readings["transfer_switch.1.outlet.1.energy"].value == 52_941_000.0
    assert 'ReadingUnits "kW"' in str(readings["transfer_switch.1.outlet.1.energy"].raw)
    assert readings["unit.temperature"].value == 31.0
    assert 'ReadingUnits "C"' in str(readings["unit.temperature"].raw)


async def test_who_believes_the_type_reads_them_as_good_and_the_label_still_says_it(served):
    _, info, readings = await served("public-pdu", "ipdu", by_type=True)
    assert readings["unit.temperature"].quality is Quality.GOOD
    label = next(point.label for point in info.points if point.name == "unit.temperature")
    assert 'ReadingUnits "C"' in label


async def test_leak_detectors_are_found_by_the_group_that_shows_them_and_protect(served):
    _, info, readings = await served("public-cooling-unit", "cdu")
    assert readings["leak.1.state"].source == "/redfish/v1/Chassis/CDU/LeakDetectors/Moisture"
    assert (readings["leak.1.state"].value, readings["leak.2.state"].value) == ("dry", "dry")
    protective = {point.name for point in info.points if point.protective}
    assert {"leak.1.state", "leak.2.state", "secondary.supply.temperature", "secondary.flow"} == protective


async def test_a_failed_pump_keeps_its_true_zero_and_loses_trust(served):
    _, _, readings = await served("public-cooling-unit", "cdu")
    speed = readings["pump.2.speed"]
    assert (speed.value, speed.quality, speed.reason) == (0.0, Quality.UNCERTAIN, Reason.DISCONNECTED)


async def test_a_set_point_that_is_not_in_force_is_absent(served):
    _, _, readings = await served("public-cooling-unit", "cdu")
    assert readings["secondary.differential_pressure.setpoint"].reason is Reason.ABSENT
    assert readings["secondary.differential_pressure.mode"].value == "disabled"


async def test_an_unmanaged_outlet_has_no_points(served):
    _, info, _ = await served("public-pdu", "ipdu")
    assert not [point.name for point in info.points if point.name.startswith("outlet.5.")]
