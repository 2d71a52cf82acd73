"""Recorded coolers read completely: values equal what the MIBs mean, and no sentinel is ever GOOD.

Each line states identifier, raw value and scale by the MIB's text, and the value, without the profiles' help.
"""

import pytest

from edgeagent.model.reading import Quality, Reason
from tests.fixtures.recorded import everything, shown

pytestmark = pytest.mark.holds_the_loop("pysnmp loads its own MIB files inside a callback")

ENV = "1.3.6.1.4.1.476.1.42.3.4"
ROW = "1.3.6.1.4.1.318.1.1.27.1.4.1.2.1.3.1"
DISCRETE = "1.3.6.1.4.1.318.1.1.27.1.4.2.2.1.3.1"
WIB = "1.3.6.1.4.1.29462.10.2.1"
CMC = "1.3.6.1.4.1.2606.7.4.2.2.1.11"

LIEBERT = {  # name: (identifier, raw, divisor or word, value); UNITS of the MIB: degrees Celsius, percent
    "control.temperature": (f"{ENV}.1.3.3.1.3.1", 24, 1, 24.0),
    "supply_air.temperature": (f"{ENV}.1.3.3.1.3.2", 25, 1, 25.0),
    "return_air.temperature": (f"{ENV}.1.3.3.1.3.3", 24, 1, 24.0),
    "supply_air.setpoint": (f"{ENV}.1.3.3.1.6.2", 18, 1, 18.0),
    "return_air.setpoint": (f"{ENV}.1.3.3.1.6.3", 24, 1, 24.0),
    "control.humidity": (f"{ENV}.2.2.3.1.3.1", 34, 1, 34.0),
    "return_air.humidity": (f"{ENV}.2.2.3.1.3.2", 34, 1, 34.0),
    "return_air.humidity_setpoint": (f"{ENV}.2.2.3.1.6.2", 35, 1, 35.0),
    "unit.state": (f"{ENV}.3.1.0", 1, "on", "on"),
    "unit.alarm": (f"{ENV}.3.8.0", 2, "off", "clear"),
    "cooling.state": (f"{ENV}.3.2.0", 1, "on", "on"),
    "humidifier.state": (f"{ENV}.3.4.0", 2, "off", "off"),
    "dehumidifier.state": (f"{ENV}.3.5.0", 2, "off", "off"),
    "fan.1.state": (f"{ENV}.3.7.0", 1, "on", "on"),
    "cooling.output": (f"{ENV}.3.9.0", 13, 1, 13.0),
    "fan.1.speed": (f"{ENV}.3.16.0", 50, 1, 50.0),
    "free_cooling.output": (f"{ENV}.3.17.0", 0, 1, 0.0),
    "dehumidifier.output": (f"{ENV}.3.18.0", 0, 1, 0.0),
    "humidifier.output": (f"{ENV}.3.19.0", 0, 1, 0.0),
}
INROW = {  # the divisor is the row's coolingUnitStatusAnalogScale, with what brings its unit to ours
    "supply_air.temperature": (f"{ROW}.9", 194, 10, 19.4),
    "return_air.temperature": (f"{ROW}.13", 280, 10, 28.0),
    "supply_air.upper.temperature": (f"{ROW}.26", 199, 10, 19.9),
    "supply_air.lower.temperature": (f"{ROW}.28", 190, 10, 19.0),
    "return_air.upper.temperature": (f"{ROW}.30", 282, 10, 28.2),
    "return_air.lower.temperature": (f"{ROW}.32", 277, 10, 27.7),
    "rack_inlet.temperature": (f"{ROW}.11", 209, 10, 20.9),
    "rack_inlet.3.temperature": (f"{ROW}.38", 209, 10, 20.9),
    "room.temperature": (f"{ROW}.16", 269, 10, 26.9),
    "room.dew_point": (f"{ROW}.18", 82, 10, 8.2),
    "room.humidity": (f"{ROW}.15", 306, 10, 30.6),
    "airflow": (f"{ROW}.20", 1083, 1 / 3.6, 3898.8),  # L/s to m3/h
    "cooling.power": (f"{ROW}.25", 108, 10 / 1000, 10_800.0),  # kW to W
    "cooling.demand": (f"{ROW}.24", 110, 10 / 1000, 11_000.0),
    "filter.1.differential_pressure": (f"{ROW}.22", 5, 1000, 0.005),  # Pa to kPa
    "valve.1.position": (f"{ROW}.65", 171, 10, 17.1),
    "compressor.1.frequency": (f"{ROW}.64", 248, 10, 24.8),
    "compressor.1.power": (f"{ROW}.70", 144, 100 / 1000, 1440.0),  # kW to W
    "condenser_fan.1.speed": (f"{ROW}.66", 163, 10, 16.3),
    "condenser_fan.1.power": (f"{ROW}.69", 24, 1, 24.0),
    "fan_supply.1.current": (f"{ROW}.67", 2472, 1000, 2.472),
    "fan_supply.2.current": (f"{ROW}.68", 2594, 1000, 2.594),
    "refrigerant.suction.pressure": (f"{ROW}.42", 118, 10 / 100, 1180.0),  # bar to kPa
    "refrigerant.discharge.pressure": (f"{ROW}.44", 240, 10 / 100, 2400.0),
    "refrigerant.suction.temperature": (f"{ROW}.46", 158, 10, 15.8),
    "refrigerant.discharge.temperature": (f"{ROW}.48", 414, 10, 41.4),
    "evaporator.inlet.temperature": (f"{ROW}.50", 168, 10, 16.8),
    "evaporator.outlet.temperature": (f"{ROW}.52", 215, 10, 21.5),
    "group.rack_inlet.maximum": (f"{ROW}.3", 229, 10, 22.9),
    "group.rack_inlet.minimum": (f"{ROW}.1", 209, 10, 20.9),
    "group.airflow": (f"{ROW}.5", 3238, 1 / 3.6, 11_656.8),
    "group.cooling.demand": (f"{ROW}.7", 382, 10 / 1000, 38_200.0),
    "group.cooling.power": (f"{ROW}.8", 381, 10 / 1000, 38_100.0),
    "unit.state": (f"{DISCRETE}.2", "Active", "Active", "on"),
    "input.source": (f"{DISCRETE}.8", "Primary", "Primary", "primary"),
    "shutdown_input.state": (f"{DISCRETE}.3", "Open", "Open", "open"),
    "flow_control.state": (f"{DISCRETE}.1", "NA", "NA", Reason.SENTINEL),
    "unit.run_time": (f"{ROW}.71", 1216, 1 / 3600, 4_377_600.0),  # hr to s
    "filter.1.run_time": (f"{ROW}.72", 1217, 1 / 3600, 4_381_200.0),
    "compressor.1.run_time": (f"{ROW}.73", 386, 1 / 3600, 1_389_600.0),
    "condenser_fan.1.run_time": (f"{ROW}.74", 343, 1 / 3600, 1_234_800.0),
    "condensate_pump.run_time": (f"{ROW}.75", 0, 1 / 3600, 0.0),
    **{f"fan.{n}.run_time": (f"{ROW}.{75 + n}", 1217, 1 / 3600, 4_381_200.0) for n in range(1, 9)},
    **{
        f"fan.{n}.rotation": (f"{ROW}.{55 + n}", rpm, 1, float(rpm))
        for n, rpm in enumerate((3510, 3490, 3520, 3540, 3455, 3490, 3470, 3480), 1)
    },
}
RITTAL = {  # the divisor is the variable's scale: -100 divides by 100, -10 by 10, 1 is as it is
    "supply_air.temperature": (f"{CMC}.2.45", 1900, 100, 19.0),
    "supply_air.top.temperature": (f"{CMC}.2.17", 1880, 100, 18.8),
    "supply_air.center.temperature": (f"{CMC}.2.26", 1900, 100, 19.0),
    "supply_air.bottom.temperature": (f"{CMC}.2.35", 1910, 100, 19.1),
    "supply_air.setpoint": (f"{CMC}.2.44", 1900, 100, 19.0),
    "return_air.temperature": (f"{CMC}.2.81", 2440, 100, 24.4),
    "return_air.top.temperature": (f"{CMC}.2.54", 2500, 100, 25.0),
    "return_air.center.temperature": (f"{CMC}.2.63", 2520, 100, 25.2),
    "return_air.bottom.temperature": (f"{CMC}.2.72", 2300, 100, 23.0),
    **{f"fan.{n}.speed": (f"{CMC}.2.{86 + 4 * n}", 16, 1, 16.0) for n in range(1, 7)},
    "water.supply.temperature": (f"{CMC}.2.135", 1610, 100, 16.1),
    "water.return.temperature": (f"{CMC}.2.144", 2070, 100, 20.7),
    "water.flow": (f"{CMC}.2.153", 53, 10, 5.3),
    "valve.1.position": (f"{CMC}.2.159", 38, 1, 38.0),
    "cooling.power": (f"{CMC}.2.173", 1707, 1, 1707.0),
    "leak.1.state": (f"{CMC}.2.177", 0, "OK", "dry"),
    "condensate.state": (f"{CMC}.2.181", 0, "OK", "dry"),
    "condensate_pump.state": (f"{CMC}.2.185", 0, "Off", "off"),
    "probe.1.temperature": (f"{CMC}.1.2", 2360, 100, 23.6),
    "probe.3.temperature": (f"{CMC}.3.2", 2140, 100, 21.4),
    "probe.4.temperature": (f"{CMC}.4.2", 3430, 100, 34.3),
    "door.1.state": (f"{CMC[:-3]}.10.1.15", "Inactive", "Inactive", Reason.SENTINEL),
    "controller.temperature": (f"{CMC}.1.54", 2770, 100, 27.7),
    "controller.voltage": (f"{CMC}.1.64", 23_150, 1000, 23.15),
}
STULZ_UNIT_5 = {  # tenths where the range is (-1000..1000) or (0..1000), percent where it is (0..100)
    "state": (f"{WIB}.4.1.1.1.1013.1.5.1", 1, "1", "on"),
    "alarm": (f"{WIB}.4.2.1.1.8.1.5.1", 0, "0", "clear"),
    "bus_alarm": (f"{WIB}.4.1.1.1.10.1.5.1", 0, "0", "clear"),
    "return_air.temperature": (f"{WIB}.1.1.1.1.1.1.1192.1.5.1", 210, 10, 21.0),
    "supply_air.temperature": (f"{WIB}.1.1.1.1.1.1.1193.1.5.1", 167, 10, 16.7),
    "outside_air.temperature": (f"{WIB}.1.1.1.1.1.1.1196.1.5.1", 36, 10, 3.6),
    "control.setpoint": (f"{WIB}.1.1.1.1.1.1.1175.1.5.1", 180, 10, 18.0),
    "control.humidity": (f"{WIB}.1.1.1.2.1.1.1171.1.5.1", 528, 10, 52.8),
    "control.humidity_setpoint": (f"{WIB}.1.1.1.2.1.1.1178.1.5.1", 450, 10, 45.0),
    "return_air.humidity": (f"{WIB}.1.1.1.2.1.1.1194.1.5.1", 479, 10, 47.9),
    "supply_air.humidity": (f"{WIB}.1.1.1.2.1.1.1195.1.5.1", 702, 10, 70.2),
    "water.supply.temperature": (f"{WIB}.1.1.2.1.1.1191.1.5.1", 88, 10, 8.8),
    "water.return.temperature": (f"{WIB}.1.1.2.1.1.1206.1.5.1", 151, 10, 15.1),
    "water.2.supply.temperature": (f"{WIB}.1.1.2.1.1.1202.1.5.1", 178, 10, 17.8),
    "water.2.return.temperature": (f"{WIB}.1.1.2.1.1.1207.1.5.1", 191, 10, 19.1),
    "compressor.1.state": (f"{WIB}.1.2.1.1.1.1.4403.1.5.1", 0, "0", "off"),
    "fan.1.state": (f"{WIB}.1.2.4.1.1.6902.1.5.1", 1, "1", "on"),
    "fan.1.speed": (f"{WIB}.1.2.4.1.1.6932.1.5.1", 55, 1, 55.0),
    "valve.1.position": (f"{WIB}.1.2.1.2.2.1.1.5214.1.5.1", 100, 1, 100.0),
    "valve.2.position": (f"{WIB}.1.2.1.2.2.1.1.5224.1.5.1", 0, 1, 0.0),
    "free_cooling.valve.position": (f"{WIB}.1.2.1.2.5.1.2238.1.5.1", 100, 1, 100.0),
    "humidifier.state": (f"{WIB}.1.2.3.1.1.6402.1.5.1", 0, "0", "off"),
    "dehumidifier.state": (f"{WIB}.1.2.3.1.1.6802.1.5.1", 0, "0", "off"),
}


@pytest.mark.parametrize("v3", [False, True])
@pytest.mark.parametrize(
    ("name", "expected"),
    [("liebert_weblbds", LIEBERT), ("apc_inrow-dx", INROW), ("rittal-lcp_cmciii-pu-lcp", RITTAL)],
)
async def test_a_cooler_says_what_its_mib_means(recorded, name, expected, v3):
    agent = await recorded(name)
    _, readings = await everything(agent.driver("crac", word="cooling", v3=v3))
    assert shown(readings) == {point: value for point, (_, _, _, value) in expected.items()}
    for point, (oid, raw, scale, value) in expected.items():
        assert (readings[point].source, readings[point].raw) == (oid, raw)
        assert agent.recording.raw[oid] == raw
        if isinstance(value, float):
            assert raw / scale == pytest.approx(value)


async def test_each_unit_behind_a_stulz_gateway_says_what_its_mib_means(recorded):
    agent = await recorded("stulz_wib8000")
    _, readings = await everything(agent.driver("crac", word="cooling"))
    prefix = "unit.1.5."
    mine = {point.removeprefix(prefix): one for point, one in readings.items() if point.startswith(prefix)}
    assert shown(mine) == {point: value for point, (_, _, _, value) in STULZ_UNIT_5.items()}
    for point, (oid, raw, scale, value) in STULZ_UNIT_5.items():
        assert (mine[point].source, mine[point].raw, agent.recording.raw[oid]) == (oid, raw, raw)
        if isinstance(value, float):
            assert raw / scale == pytest.approx(value)
    units = {tuple(point.split(".")[1:3]) for point in readings}
    assert units == {*(("1", str(device)) for device in range(1, 9)), ("2", "1")}


@pytest.mark.parametrize(
    ("name", "identity"),
    [
        ("liebert_weblbds", ("Liebert", "", "", "")),  # the card was never set up: sysDescr "Uninitialized"
        ("apc_inrow-dx", ("APC", "InRow DX 300mm", "JK1905001111", "v6.6.9.b")),
        ("rittal-lcp_cmciii-pu-lcp", ("Rittal", "LCP", "41326588", "V3.17.10")),
        ("stulz_wib8000", ("Stulz", "WIB 8000", "", "")),
    ],
)
async def test_a_cooler_says_who_it_is(recorded, name, identity):
    agent = await recorded(name)
    info, _ = await everything(agent.driver("crac", word="cooling"))
    assert (info.identity.vendor, info.identity.model, info.identity.serial, info.identity.firmware) == identity


@pytest.mark.parametrize("name", ["liebert_weblbds", "apc_inrow-dx", "rittal-lcp_cmciii-pu-lcp", "stulz_wib8000"])
async def test_no_sentinel_is_good_and_each_value_has_its_raw_origin(recorded, name):
    agent = await recorded(name)
    _, readings = await everything(agent.driver("crac", word="cooling"))
    for reading in readings.values():
        assert agent.recording.raw[reading.source] == reading.raw
        if reading.raw in (-1, -410, 4294967295, 2147483647, "NA", "n.a.", "Inactive"):
            assert (reading.quality, reading.value) == (Quality.BAD, None)


async def test_heat_taken_up_by_water_and_air_agrees_with_the_power_that_is_said(recorded):
    """Physics beside the MIB: flow x 4186 J/(kg K) x difference; air 1.2 kg/m3 x 1006 J/(kg K)."""
    _, lcp = await everything((await recorded("rittal-lcp_cmciii-pu-lcp")).driver("lcp", word="cooling"))
    water = shown(lcp)
    rise = water["water.return.temperature"] - water["water.supply.temperature"]
    assert water["water.flow"] / 60 * 4186 * rise == pytest.approx(water["cooling.power"], rel=0.02)
    _, inrow = await everything((await recorded("apc_inrow-dx")).driver("dx", word="cooling"))
    air = shown(inrow)
    fall = air["return_air.temperature"] - air["supply_air.temperature"]
    assert air["airflow"] / 3600 * 1.2 * 1006 * fall == pytest.approx(air["cooling.power"], rel=0.06)


async def test_what_is_not_fitted_is_no_point(recorded):
    _, readings = await everything((await recorded("apc_inrow-dx")).driver("dx", word="cooling"))
    assert "rack_inlet.1.temperature" not in readings
    assert "rack_inlet.3.temperature" in readings


async def test_a_liebert_that_also_speaks_in_tenths_is_read_in_tenths(recorded):
    agent = await recorded("liebert_weblbds")
    agent.recording.add(f"{ENV}.1.3.3.1.50.3", 243)
    agent.recording.add(f"{ENV}.1.3.3.1.53.3", 235)
    _, readings = await everything(agent.driver("crac", word="cooling"))
    assert (readings["return_air.temperature"].value, readings["return_air.temperature"].raw) == (24.3, 243)
    assert (readings["return_air.setpoint"].value, readings["return_air.setpoint"].raw) == (23.5, 235)
    assert readings["supply_air.temperature"].raw == 25
