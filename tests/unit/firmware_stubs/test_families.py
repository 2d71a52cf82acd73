"""The write halves of the simulated families, and a pod that has them all."""

import json
from pathlib import Path

import pytest

from firmware_stubs import (
    mib_apc_ats,
    mib_eaton,
    mib_geist,
    mib_inrow,
    mib_liebert_env,
    mib_mph,
    mib_sentry4,
    mib_stulz,
)
from firmware_stubs.energy import Battery, Generator, Grid, Meter, Pv, TransferSwitch
from firmware_stubs.layout import standard_pod
from firmware_stubs.plant import AirUnit
from firmware_stubs.pod import Pod, PodPlan
from firmware_stubs.racks import Outlet
from firmware_stubs.snmp_card import Card, V2cAccess
from firmware_stubs.snmp_table import OidTable, Row
from firmware_stubs.supply import Supply
from firmware_stubs.world import World


def row(table: OidTable, name: str, *end: int) -> Row:
    """The row of an object whose index ends so."""
    return next(one for one in table if one.name == name and one.oid[len(one.oid) - len(end) :] == end)


def read(table: OidTable, name: str, *end: int) -> object:
    return row(table, name, *end).binding().value


def write(table: OidTable, name: str, value: int, *end: int) -> bool:
    """Whether it is taken."""
    setter = row(table, name, *end).setter
    assert setter is not None
    if not setter.accepts(value):
        return False
    setter.write(value)
    return True


class Rack:
    """A rack PDU of one family in its world."""

    def __init__(self, module) -> None:
        self.world: World = standard_pod(1, 8, 3)
        self.world.advance(10)
        self.pdu = self.world.pdus["pdu-a1"]
        self.card = Card("pdu-a1", V2cAccess(), module.ENTERPRISE, "S1", now=lambda: self.world.time_s)
        self.table: OidTable = module.build(self.world, self.pdu, self.card)

    @property
    def outlet(self) -> Outlet:
        return self.pdu.outlet(3)


def test_an_eatons_command_is_a_delay_that_counts_down_and_can_be_cancelled() -> None:
    rack = Rack(mib_eaton)
    off, on = "outletControlOffCmd", "outletControlOnCmd"
    assert write(rack.table, off, 30, 3)
    rack.world.advance(10)
    assert [read(rack.table, name, 3) for name in (off, on, "outletControlStatus")] == [20, -1, mib_eaton.PENDING_OFF]
    assert write(rack.table, on, -1, 3)  # cancels an on that does not wait: nothing
    assert read(rack.table, off, 3) == 20
    assert write(rack.table, off, -1, 3)
    rack.world.advance(30)
    assert rack.outlet.on
    assert write(rack.table, off, 0, 3)
    assert (rack.outlet.on, read(rack.table, "outletControlStatus", 3)) == (False, mib_eaton.OFF)
    assert not write(rack.table, off, -2, 3)
    assert not write(rack.table, off, 100_000, 3)


def test_an_eaton_reboots_for_the_time_that_it_is_told() -> None:
    rack = Rack(mib_eaton)
    assert write(rack.table, "outletControlRebootOffTime", 4, 3)
    assert write(rack.table, "outletControlRebootCmd", 5, 3)
    assert read(rack.table, "outletControlRebootCmd", 3) == 5
    rack.world.advance(6)
    assert (rack.outlet.on, read(rack.table, "outletControlStatus", 3)) == (False, mib_eaton.PENDING_ON)
    rack.world.advance(4)
    assert rack.outlet.on


@pytest.mark.parametrize(
    ("module", "scale", "fahrenheit"),
    [(mib_eaton, "temperatureScale", 1), (mib_geist, "temperatureUnits", 0), (mib_sentry4, "st4TempSensorScale", 1)],
)
def test_a_scale_of_temperatures_may_be_switched(module, scale: str, fahrenheit: int) -> None:
    rack = Rack(module)
    name = {mib_eaton: "temperatureValue", mib_geist: "tempSensorTemp", mib_sentry4: "st4TempSensorValue"}[module]
    celsius = read(rack.table, name, 1)
    assert write(rack.table, scale, fahrenheit)
    assert read(rack.table, scale) == fahrenheit
    assert read(rack.table, name, 1) == pytest.approx(celsius * 1.8 + 320, abs=1)
    assert not write(rack.table, scale, 2)


def test_a_geists_states_tell_what_it_waits_for() -> None:
    rack = Rack(mib_geist)
    state, control = "pduOutletSwitchState", "pduOutletSwitchControl"
    assert write(rack.table, "pduOutletSwitchOffDelay", 20, 3)
    assert write(rack.table, control, mib_geist.DELAYED_OFF, 3)
    assert read(rack.table, state, 3) == mib_geist.ON_TO_OFF
    assert read(rack.table, "pduOutletSwitchTimeToAction", 3) == 20
    assert write(rack.table, control, mib_geist.CANCEL, 3)
    assert read(rack.table, state, 3) == mib_geist.ON
    assert write(rack.table, control, mib_geist.REBOOT, 3)
    assert (rack.outlet.on, read(rack.table, state, 3)) == (False, mib_geist.REBOOT_OFF)
    rack.world.advance(5)
    assert read(rack.table, state, 3) == mib_geist.ON
    assert write(rack.table, control, mib_geist.TURN_OFF, 3)
    assert write(rack.table, "pduOutletSwitchOnDelay", 20, 3)
    assert write(rack.table, control, mib_geist.DELAYED_ON, 3)
    assert read(rack.table, state, 3) == mib_geist.OFF_TO_ON
    assert read(rack.table, control, 3) == mib_geist.NONE
    assert not write(rack.table, control, mib_geist.NONE, 3)


def test_a_sentrys_reboot_lasts_as_long_as_its_one_delay_says() -> None:
    rack = Rack(mib_sentry4)
    assert write(rack.table, "st4OutletRebootDelay", 8)
    assert write(rack.table, "st4OutletControlAction", mib_sentry4.TURN_REBOOT, 3)
    assert read(rack.table, "st4OutletControlState", 3) == mib_sentry4.REBOOT
    rack.world.advance(8)
    assert (rack.outlet.on, read(rack.table, "st4OutletControlState", 3)) == (True, mib_sentry4.ON)
    assert write(rack.table, "st4OutletControlAction", mib_sentry4.NONE, 3)
    assert rack.outlet.on


def test_a_locked_receptacle_takes_no_command_and_one_that_is_off_is_not_cycled() -> None:
    rack = Rack(mib_mph)
    assert write(rack.table, "lgpPduRcpEntryControlLock", mib_mph.LOCKED, 3)
    assert not write(rack.table, "lgpPduRcpEntryControl", mib_mph.OFF, 3)
    assert write(rack.table, "lgpPduRcpEntryControlLock", mib_mph.UNLOCKED, 3)
    assert write(rack.table, "lgpPduRcpEntryControl", mib_mph.OFF, 3)
    assert write(rack.table, "lgpPduRcpEntryControl", mib_mph.CYCLE, 3)
    rack.world.advance(30)
    assert not rack.outlet.on


@pytest.mark.parametrize(
    ("module", "name"),
    [(mib_eaton, "inputTotalWh"), (mib_eaton, "outletWh"), (mib_mph, "lgpPduPsEntryEnergyAccum")],
)
def test_an_energy_takes_a_zero_and_nothing_else(module, name: str) -> None:
    rack = Rack(module)
    assert read(rack.table, name, 1) > 0
    assert not write(rack.table, name, 5, 1)
    assert write(rack.table, name, 0, 1)
    assert read(rack.table, name, 1) == 0
    assert rack.pdu.energy_wh > 0


def sources() -> tuple[Supply, OidTable]:
    thing = Supply(Grid(), Meter("meter-1"), Battery("battery-1"), Pv("pv-1"), Generator(), TransferSwitch())
    card = Card("ats-1", V2cAccess(), mib_apc_ats.ENTERPRISE, "S1", now=lambda: 0.0)
    return thing, mib_apc_ats.build(thing, card)


def test_a_transfer_switch_takes_another_preference() -> None:
    thing, table = sources()
    assert write(table, "atsConfigPreferredSource", mib_apc_ats.SOURCE_B, 0)
    assert thing.ats.preferred == "B"
    assert not write(table, "atsConfigPreferredSource", 3, 0)


class Cooler:
    """A cooler of one family."""

    def __init__(self, build) -> None:
        self.unit = AirUnit("air-1a", "aisle-1")
        self.now_s = 0.0
        self.card = Card("air-1a", V2cAccess(), 476, "S1", now=lambda: self.now_s)
        self.table: OidTable = build(self.unit, self.card)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lgpEnvTemperatureSetPointDegC", 22),
        ("lgpEnvTemperatureSetPointTenthsDegC", 220),
        ("lgpEnvTemperatureSetPointTenthsDegF", 716),
    ],
)
def test_a_lieberts_setpoint_may_be_written_in_each_of_its_columns(name: str, value: int) -> None:
    cooler = Cooler(mib_liebert_env.build)
    assert write(cooler.table, name, value, 2)
    assert cooler.unit.setpoint_c == pytest.approx(22.0)
    assert read(cooler.table, "lgpEnvTemperatureSetPointDegF", 2) == 72
    assert not write(cooler.table, "lgpEnvTemperatureSetPointDegC", 36, 2)


def test_a_lieberts_fan_follows_what_is_written_in_manual_mode_alone() -> None:
    cooler = Cooler(mib_liebert_env.build)
    speed, mode = "lgpEnvConfigFanSpeedCapacity", "lgpEnvConfigFanSpeedMode"
    assert write(cooler.table, speed, 55, 0)
    assert cooler.unit.fan_percent == 55.0
    assert write(cooler.table, mode, mib_liebert_env.AUTO, 0)
    assert write(cooler.table, speed, 80, 0)
    assert (cooler.unit.fan_percent, read(cooler.table, speed, 0)) == (55.0, 80)
    assert not write(cooler.table, speed, 29, 0)


def test_a_liebert_is_switched_off_and_on_and_winds_its_countdown() -> None:
    cooler = Cooler(mib_liebert_env.build)
    assert write(cooler.table, "lgpEnvControlShutdownAfterDelay", 0, 0)
    assert not cooler.unit.running
    assert write(cooler.table, "lgpEnvControlStartupAfterDelay", 0, 0)
    assert cooler.unit.running
    assert write(cooler.table, "lgpEnvConfigBmsResetTimer", 10, 0)
    cooler.now_s = 240.0
    assert read(cooler.table, "lgpEnvConfigBmsResetTimer", 0) == 6


def test_an_inrow_tells_the_bounds_of_its_setpoint_and_keeps_them() -> None:
    cooler = Cooler(mib_inrow.build)
    value, low = "coolingUnitConfigurationAnalogValue", "coolingUnitConfigurationAnalogMinimum"
    for index in (1, 2):  # F and C
        assert not write(cooler.table, value, read(cooler.table, low, 1, index) - 1, 1, index)
        assert write(cooler.table, value, read(cooler.table, low, 1, index), 1, index)
        assert cooler.unit.setpoint_c == pytest.approx(15.0)
    assert row(mib_inrow.build(cooler.unit, cooler.card, writable=False), value, 1, 2).setter is None


def test_each_unit_behind_a_gateway_has_a_setpoint_of_its_own() -> None:
    units = [AirUnit("air-1a", "aisle-1"), AirUnit("air-1b", "aisle-1")]
    table = mib_stulz.build(units, Card("gateway-1", V2cAccess(), mib_stulz.ENTERPRISE, "", now=lambda: 0.0))
    assert write(table, "unitSetpointTemperatureDay", 235, 1, 2, 1)
    assert [unit.setpoint_c for unit in units] == [20.0, 23.5]
    assert not write(table, "unitSetpointTemperatureDay", 501, 1, 2, 1)


async def test_a_mixed_pod_of_24_racks_has_every_family(tmp_path: Path) -> None:
    async with Pod(PodPlan(tmp_path, racks=24, outlets=2, plant=True, families="mixed")) as pod:
        described = json.loads((tmp_path / "pod.json").read_text())
        racks = [entry for entry in described["devices"] if entry["kind"] == "rack_pdu"]
        families = {entry["family"] for entry in racks}
        assert families == {
            "raritan-pdu2",
            "apc-rpdu2",
            "eaton-epdu",
            "vertiv-geist-v5",
            "servertech-sentry4",
            "liebert-mph",
        }
        for rack in described["racks"]:
            pair = [entry["family"] for entry in racks if entry["rack"] == rack["name"]]
            assert len(set(pair)) == 2
        others = {entry["name"]: entry for entry in described["devices"] if entry["kind"] != "rack_pdu"}
        assert [others[name]["family"] for name in ("ups-a", "ups-b", "ats-1")] == ["rfc1628-ups", "apc-ups", "apc-ats"]
        coolers = {name: one["family"] for name, one in others.items() if one["driver"] == "cooling"}
        assert coolers == {
            "air-1a": "apc-inrow",
            "air-1b": "rittal-lcp",
            "air-2a": "liebert-environmental",
            "air-2b": "generic-crac",
            "gateway-3": "stulz-wib8000",
        }
        assert others["gateway-3"]["units"] == ["air-3a", "air-3b"]
        assert others["air-1a"]["address"].startswith("snmp://")
        assert others["air-1a"]["write_community"] == "private"
        for name, kind in (("air-1a", "hang"), ("gateway-3", "hang"), ("air-3a", "fan_stop"), ("ats-1", "hang")):
            pod.inject(name, kind)
        assert len(pod.state()["faults"]) == 4


def test_a_mix_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be one of standard, mixed"):
        PodPlan(tmp_path, families="all").family_of(0, "A")
