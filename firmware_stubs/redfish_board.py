"""A server's BMC that speaks Redfish: new firmware with Sensors and subsystems, or old with Thermal and Power."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from firmware_stubs.redfish_tree import ROOT, Body, Tree, excerpt, link, sensor, status


@dataclass(eq=False)
class Board:
    """A server as its BMC sees it. `old` firmware has Thermal and Power in place of Sensors."""

    serial: str = "SRV-0001"
    old: bool = False
    on: bool = True
    power_w: float = 412.0
    inlet_c: float = 22.5
    cpu_c: list[float] = field(default_factory=lambda: [61.0, 58.5])
    fan_rpm: list[float] = field(default_factory=lambda: [7800.0, 7740.0])
    fan_percent: list[float] = field(default_factory=lambda: [44.0, 43.5])
    supply_input_v: float = 230.4
    supply_present: list[bool] = field(default_factory=lambda: [True, False])
    energy_kwh: float = 1204.5


def bmc(board: Board, *, expands: bool = True) -> Tree:
    """A server's BMC, new or old."""
    tree = Tree(expands=expands)
    system, chassis = f"{ROOT}/Systems/1", f"{ROOT}/Chassis/1"
    tree.root(Systems=f"{ROOT}/Systems", Chassis=f"{ROOT}/Chassis", Managers=f"{ROOT}/Managers")
    tree.collect(f"{ROOT}/Systems", [system])
    tree.add(
        system,
        "ComputerSystem.v1_20_0",
        lambda: {
            "Manufacturer": "Contoso",
            "Model": "R760",
            "SerialNumber": board.serial,
            "PowerState": "On" if board.on else "Off",
            "Status": {"State": "Enabled", "Health": "OK", "HealthRollup": "OK"},
        },
    )
    manager = tree.add(f"{ROOT}/Managers/BMC", "Manager.v1_19_0", lambda: {"FirmwareVersion": "7.10.30"})
    tree.collect(f"{ROOT}/Managers", [manager])
    tree.collect(f"{ROOT}/Chassis", [chassis])
    links = _thermal_and_power(tree, chassis, board) if board.old else _sensors(tree, chassis, board)
    tree.add(chassis, "Chassis.v1_23_0", lambda: {"Status": status(), **links})
    return tree


def _sensors(tree: Tree, chassis: str, board: Board) -> Body:
    sensors = {
        "InletTemp": lambda: sensor(board.inlet_c, "Temperature", "Cel"),
        "CPU0Temp": lambda: sensor(board.cpu_c[0], "Temperature", "Cel"),
        "CPU1Temp": lambda: sensor(board.cpu_c[1], "Temperature", "Cel"),
        "Fan0Speed": lambda: sensor(board.fan_rpm[0], "Rotational", "RPM"),
        "Fan1Speed": lambda: sensor(board.fan_rpm[1], "Rotational", "{rev}/min"),
        "TotalPower": lambda: sensor(board.power_w, "Power", "W"),
        "TotalEnergy": lambda: sensor(board.energy_kwh, "EnergykWh", "kW.h"),
        "PSU1Temp": lambda: sensor(None, "Temperature", "Cel", state="Absent"),
    }
    paths = [tree.add(f"{chassis}/Sensors/{name}", "Sensor.v1_9_0", read) for name, read in sensors.items()]
    return {"Sensors": link(tree.collect(f"{chassis}/Sensors", paths)), **_subsystems(tree, chassis, board)}


def _subsystems(tree: Tree, chassis: str, board: Board) -> Body:
    """ThermalSubsystem.v1_0_0 and PowerSubsystem.v1_0_0, whose numbers are copies of sensors or stand alone."""
    thermal, power = f"{chassis}/ThermalSubsystem", f"{chassis}/PowerSubsystem"

    def fan(turn: int) -> str:
        source = f"{chassis}/Sensors/Fan{turn}Percent"
        tree.add(source, "Sensor.v1_9_0", lambda: sensor(board.fan_percent[turn], "Percent", "%"))
        speed = lambda: {"SpeedPercent": excerpt(board.fan_percent[turn], source), "Status": status()}  # noqa: E731
        return tree.add(f"{thermal}/Fans/{turn}", "Fan.v1_5_0", speed)

    def supply(turn: int) -> str:
        path, there = f"{power}/PowerSupplies/{turn}", board.supply_present[turn]
        volts = board.supply_input_v if there else 0.0
        metrics = link(
            tree.add(f"{path}/Metrics", "PowerSupplyMetrics.v1_1_0", lambda: {"InputVoltage": excerpt(volts)})
        )
        return tree.add(path, "PowerSupply.v1_5_0", lambda: {"Metrics": metrics, "Status": status(present=there)})

    fans = link(tree.collect(f"{thermal}/Fans", [fan(turn) for turn in (0, 1)]))
    supplies = link(tree.collect(f"{power}/PowerSupplies", [supply(turn) for turn in (0, 1)]))
    tree.add(thermal, "ThermalSubsystem.v1_0_0", lambda: {"Fans": fans})
    tree.add(power, "PowerSubsystem.v1_0_0", lambda: {"PowerSupplies": supplies})
    return {"ThermalSubsystem": link(thermal), "PowerSubsystem": link(power)}


def _thermal_and_power(tree: Tree, chassis: str, board: Board) -> Body:
    """Thermal.v1_7_0 and Power.v1_7_0."""

    def thermal() -> Body:
        celsius = {"Inlet Temp": board.inlet_c, "CPU1 Temp": board.cpu_c[0], "CPU2 Temp": board.cpu_c[1]}
        fans = {f"Fan {turn}": rpm for turn, rpm in enumerate(board.fan_rpm, 1)}
        return {
            "Temperatures": [_entry(name, ReadingCelsius=value) for name, value in celsius.items()],
            "Fans": [_entry(name, Reading=rpm, ReadingUnits="RPM") for name, rpm in fans.items()],
        }

    def power() -> Body:
        supplies = [
            _entry(f"PSU {turn}", MemberId=str(turn), Status=status(present=there))
            | ({"LineInputVoltage": board.supply_input_v} if there else {"LineInputVoltage": 0})
            for turn, there in enumerate(board.supply_present, 1)
        ]
        return {"PowerControl": [_entry("System", PowerConsumedWatts=board.power_w)], "PowerSupplies": supplies}

    return {
        "Thermal": link(tree.add(f"{chassis}/Thermal", "Thermal.v1_7_0", thermal)),
        "Power": link(tree.add(f"{chassis}/Power", "Power.v1_7_0", power)),
    }


def _entry(name: str, **content: Any) -> Body:
    return {"Name": name, "Status": status(), **content}
