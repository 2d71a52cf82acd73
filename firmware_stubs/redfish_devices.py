"""Devices that speak Redfish, over objects of the world: a coolant distribution unit and a rack PDU."""

from __future__ import annotations

from firmware_stubs.plant import Cdu
from firmware_stubs.racks import Branch, Outlet, Pdu
from firmware_stubs.redfish_tree import ROOT, Body, Rejected, Tree, excerpt, link, sensor, status
from firmware_stubs.world import World

LOWEST_PUMP, HIGHEST_PUMP = 0.0, 100.0
COOLEST_C, WARMEST_C = 10.0, 45.0
KILO = 1000.0


def cdu(device: Cdu, *, expands: bool = True) -> Tree:
    """A CDU: pumps and supply temperature may be set, by Controls and in the connector itself."""
    tree = Tree(expands=expands)
    unit, chassis = f"{ROOT}/ThermalEquipment/CDUs/1", f"{ROOT}/Chassis/CDU"
    tree.root(ThermalEquipment=f"{ROOT}/ThermalEquipment", Chassis=f"{ROOT}/Chassis")
    cdus = link(tree.collect(f"{ROOT}/ThermalEquipment/CDUs", [unit]))
    tree.add(f"{ROOT}/ThermalEquipment", "ThermalEquipment.v1_0_0", lambda: {"CDUs": cdus})
    parts = {
        "PrimaryCoolantConnectors": _primary(tree, unit, device),
        "SecondaryCoolantConnectors": _secondary(tree, unit, device),
        "Pumps": tree.collect(f"{unit}/Pumps", [_pump(tree, unit, chassis, device, turn) for turn in (0, 1)]),
        "Reservoirs": _reservoir(tree, unit, device),
        "LeakDetection": _leaks(tree, unit, device),
    }
    links = {key: link(path) for key, path in parts.items()}
    tree.add(unit, "CoolingUnit.v1_1_0", lambda: {**who("Liquid", "CDU-60", device.serial), **_well(device), **links})
    tree.collect(f"{ROOT}/Chassis", [chassis])
    tree.add(chassis, "Chassis.v1_23_0", lambda: {**who("Liquid", "CDU-60", device.serial), "Status": status()})
    return tree


def rack_pdu(world: World, pdu: Pdu, *, serial: str, expands: bool = True) -> Tree:
    """A rack PDU: every outlet metered and switched."""
    tree = Tree(expands=expands)
    unit, sensors = f"{ROOT}/PowerEquipment/RackPDUs/1", f"{ROOT}/Chassis/PDU/Sensors"
    tree.root(PowerEquipment=f"{ROOT}/PowerEquipment", Chassis=f"{ROOT}/Chassis")
    pdus = link(tree.collect(f"{ROOT}/PowerEquipment/RackPDUs", [unit]))
    tree.add(f"{ROOT}/PowerEquipment", "PowerEquipment.v1_2_0", lambda: {"RackPDUs": pdus})
    outlets = [_outlet(tree, unit, world, pdu, outlet) for outlet in pdu.outlets]
    parts = {
        "Outlets": tree.collect(f"{unit}/Outlets", outlets),
        "Branches": tree.collect(f"{unit}/Branches", [_branch(tree, unit, one) for one in pdu.branches]),
        "Mains": tree.collect(f"{unit}/Mains", [_main(tree, unit, pdu)]),
    }
    links = {key: link(path) for key, path in parts.items()}
    tree.add(
        unit, "PowerDistribution.v1_3_0", lambda: {**who("Contoso", "PDU-24", serial), "Status": status(), **links}
    )
    rack = world.racks[pdu.rack]
    inlet = tree.add(
        f"{sensors}/InletTemperature", "Sensor.v1_9_0", lambda: sensor(round(rack.inlet_c, 2), "Temperature", "Cel")
    )
    chassis = f"{ROOT}/Chassis/PDU"
    tree.collect(f"{ROOT}/Chassis", [chassis])
    shown = link(tree.collect(sensors, [inlet]))
    tree.add(chassis, "Chassis.v1_23_0", lambda: {"Sensors": shown, "Status": status()})
    return tree


def _primary(tree: Tree, unit: str, device: Cdu) -> str:
    path = f"{unit}/PrimaryCoolantConnectors"
    one = tree.add(
        f"{path}/1",
        "CoolantConnector.v1_0_0",
        lambda: {
            "FlowLitersPerMinute": excerpt(device.primary_flow_lpm),
            "SupplyTemperatureCelsius": excerpt(device.primary_supply_c),
            "ReturnTemperatureCelsius": excerpt(device.primary_return_c),
        },
    )
    return tree.collect(path, [one])


def _secondary(tree: Tree, unit: str, device: Cdu) -> str:
    path = f"{unit}/SecondaryCoolantConnectors"

    def read() -> Body:
        control = {"SetPoint": device.supply_setpoint_c, "AllowableMin": COOLEST_C, "AllowableMax": WARMEST_C}
        return {
            "FlowLitersPerMinute": excerpt(device.secondary_flow_lpm),
            "SupplyTemperatureCelsius": excerpt(device.secondary_supply_c),
            "ReturnTemperatureCelsius": excerpt(device.secondary_return_c),
            "DeltaPressurekPa": excerpt(device.differential_kpa),
            "HeatRemovedkW": excerpt(device.heat_w / KILO),
            "SupplyTemperatureControlCelsius": {**control, "ControlMode": "Automatic"},
        }

    def change(content: Body) -> None:
        device.supply_setpoint_c = _number(
            content.get("SupplyTemperatureControlCelsius", {}).get("SetPoint"), COOLEST_C, WARMEST_C
        )

    return tree.collect(path, [tree.add(f"{path}/1", "CoolantConnector.v1_0_0", read, change)])


def _pump(tree: Tree, unit: str, chassis: str, device: Cdu, turn: int) -> str:
    """A pump, and its Control in the chassis."""

    def control() -> Body:
        limits = {"AllowableMin": LOWEST_PUMP, "AllowableMax": HIGHEST_PUMP}
        set_point = {"ControlType": "Percent", "SetPoint": device.pump_percent[turn], "SetPointUnits": "%"}
        return {**set_point, **limits, "ControlMode": "Manual", "Status": status()}

    def change(content: Body) -> None:
        device.pump_percent[turn] = _number(content.get("SetPoint"), LOWEST_PUMP, HIGHEST_PUMP)

    source = tree.add(f"{chassis}/Controls/Pump{turn + 1}Speed", "Control.v1_5_0", control, change)

    def read() -> Body:
        speed = device.pump_percent[turn] if device.pump_running(turn) else 0.0
        copied = {"SetPoint": device.pump_percent[turn], "ControlMode": "Manual", "DataSourceUri": source}
        return {
            "PumpSpeedPercent": excerpt(speed),
            "SpeedControlPercent": copied,
            "Status": status(ok=device.pump_ok[turn]),
        }

    return tree.add(f"{unit}/Pumps/{turn + 1}", "Pump.v1_0_0", read)


def _reservoir(tree: Tree, unit: str, device: Cdu) -> str:
    path = f"{unit}/Reservoirs"

    def read() -> Body:
        level = "OK" if device.reservoir_percent > 20.0 else "Warning"
        return {"FluidLevelPercent": excerpt(device.reservoir_percent), "FluidLevelStatus": level}

    return tree.collect(path, [tree.add(f"{path}/1", "Reservoir.v1_0_0", read)])


def _leaks(tree: Tree, unit: str, device: Cdu) -> str:
    path = f"{unit}/LeakDetection"

    def read() -> Body:
        return {"DetectorState": "Critical" if device.leak else "OK", "Enabled": True, "Status": status()}

    detector = tree.add(f"{path}/LeakDetectors/Tray", "LeakDetector.v1_3_0", read)
    detectors = link(tree.collect(f"{path}/LeakDetectors", [detector]))
    return tree.add(path, "LeakDetection.v1_0_0", lambda: {"LeakDetectors": detectors, "Status": status()})


def _outlet(tree: Tree, unit: str, world: World, pdu: Pdu, outlet: Outlet) -> str:
    path = f"{unit}/Outlets/{outlet.number}"
    target = f"{path}/Actions/Outlet.PowerControl"

    def act(content: Body) -> None:
        wanted = content.get("PowerState")
        if wanted not in {"On", "Off"}:
            raise Rejected(f"PowerState {wanted!r} is not On or Off")
        world.switch(pdu.name, outlet.number, on=wanted == "On")

    def read() -> Body:
        power_factor = outlet.power_w / outlet.apparent_va if outlet.apparent_va else 1.0
        more: Body = {"ApparentVA": outlet.apparent_va, "PowerFactor": power_factor}
        return {
            "PowerState": "On" if outlet.on else "Off",
            "PowerEnabled": outlet.on,
            "Voltage": excerpt(pdu.feed.voltage_v if outlet.on and outlet.fed else 0.0),
            "CurrentAmps": excerpt(outlet.current_a),
            "PowerWatts": excerpt(outlet.power_w, **more),
            "EnergykWh": excerpt(outlet.energy_wh / KILO),
            "Status": status(),
            "Actions": {"#Outlet.PowerControl": {"target": target}},
        }

    tree.actions[target] = act
    return tree.add(path, "Outlet.v1_4_0", read)


def _branch(tree: Tree, unit: str, branch: Branch) -> str:
    def read() -> Body:
        state = "Tripped" if branch.tripped else "Normal"
        return {"CurrentAmps": excerpt(branch.current_a), "BreakerState": state, "Status": status()}

    return tree.add(f"{unit}/Branches/{branch.number}", "Circuit.v1_7_0", read)


def _main(tree: Tree, unit: str, pdu: Pdu) -> str:
    def read() -> Body:
        return {
            "Voltage": excerpt(pdu.feed.voltage_v),
            "CurrentAmps": excerpt(pdu.current_a),
            "PowerWatts": excerpt(pdu.power_w, ApparentVA=pdu.apparent_va, PowerFactor=pdu.power_factor),
            "FrequencyHz": excerpt(pdu.feed.frequency_hz),
            "EnergykWh": excerpt(pdu.energy_wh / KILO),
            "BreakerState": "Normal",
        }

    return tree.add(f"{unit}/Mains/AC1", "Circuit.v1_7_0", read)


def who(vendor: str, model: str, serial: str) -> Body:
    """Vendor, model, serial and firmware."""
    return {"Manufacturer": vendor, "Model": model, "SerialNumber": serial, "FirmwareVersion": "2.4.1"}


def _well(device: Cdu) -> Body:
    state = "Enabled" if device.running else "StandbyOffline"
    return {"Status": {"State": state, "Health": "Critical" if device.alarm or device.leak else "OK"}}


def _number(found: object, low: float, high: float) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not low <= found <= high:
        raise Rejected(f"SetPoint {found!r} is not between {low:g} and {high:g}")
    return float(found)
