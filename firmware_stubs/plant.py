"""What cools a pod, as its instruments show it: coolant distribution, air units, facility water, tanks.

Plain state. `cooling_loop` and `air` move it; a server reads it and writes what a person could set. What a fault takes
away (`pump_ok`, `fan_ok`, `compressor_ok`) is told apart from what is switched off.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware_stubs.energy import Counter


@dataclass(eq=False)
class WaterSupply:
    """The facility water of the pod and the chiller behind it. `setpoint_c` may be written."""

    name: str
    rated_w: float = 60_000.0  # heat that the chiller takes away at most
    rated_lpm: float = 200.0
    setpoint_c: float = 16.0
    running: bool = True
    compressor_ok: bool = True
    pump_ok: bool = True
    filter_clogged: float = 0.0  # 0 clean, 1 shut
    supply_c: float = 16.0
    return_c: float = 16.0
    flow_lpm: float = 0.0
    strainer_kpa: float = 0.0
    heat_w: float = 0.0  # taken out of the water
    power_w: float = 0.0  # compressors and pump
    cop: float = 0.0
    alarm: bool = False
    counter: Counter = field(default_factory=Counter)
    body_c: float = 16.0  # of the water that is kept
    heat_in_j: float = 0.0
    heat_out_j: float = 0.0


@dataclass(eq=False)
class Cdu:
    """A coolant distribution unit. `running`, `pump_percent` and `supply_setpoint_c` may be written.

    `heat_w` is what its own instruments give: secondary flow x 4.186 kJ/(kg K) x (return - supply).
    """

    name: str
    serial: str = ""
    rated_w: float = 60_000.0
    rated_lpm: float = 120.0  # secondary flow with both pumps at 100 %
    running: bool = True
    pump_percent: list[float] = field(default_factory=lambda: [60.0, 60.0])
    pump_ok: list[bool] = field(default_factory=lambda: [True, True])
    supply_setpoint_c: float = 28.0
    valve_percent: float = 30.0  # of the primary flow
    valve_stuck: bool = False
    secondary_flow_lpm: float = 0.0
    secondary_supply_c: float = 28.0
    secondary_return_c: float = 32.0
    primary_flow_lpm: float = 0.0
    primary_supply_c: float = 16.0
    primary_return_c: float = 16.0
    differential_kpa: float = 0.0
    primary_kpa: float = 250.0
    filter_kpa: float = 0.0
    filter_clogged: float = 0.0  # 0 clean, 1 shut
    reservoir_percent: float = 90.0
    heat_w: float = 0.0
    power_w: float = 0.0  # of its pumps
    leak: bool = False
    alarm: bool = False
    loop_c: float = 32.0  # of the coolant behind the cold plates
    counter: Counter = field(default_factory=Counter)

    def pump_running(self, number: int) -> bool:
        """Whether a pump, counted from 0, turns."""
        return self.running and self.pump_ok[number] and self.pump_percent[number] > 0.0


@dataclass(eq=False)
class AirUnit:
    """A unit that blows cold air into an aisle. `running`, `setpoint_c` and `fan_percent` may be written.

    `setpoint_c` is of the supply air. `heat_w` is what its own instruments give: air flow x 1.2 kg/m3 x
    1.006 kJ/(kg K) x (return - supply).
    """

    name: str
    aisle: str
    serial: str = ""
    rated_w: float = 40_000.0
    rated_m3h: float = 12_000.0
    rated_fan_w: float = 2_400.0
    running: bool = True
    setpoint_c: float = 20.0
    fan_percent: float = 70.0
    fan_ok: bool = True
    compressor_ok: bool = True
    filter_clogged: float = 0.0  # 0 clean, 1 shut
    supply_c: float = 20.0
    return_c: float = 30.0
    humidity_percent: float = 45.0  # of the return air
    cooling_percent: float = 0.0
    airflow_m3h: float = 0.0
    heat_w: float = 0.0
    power_w: float = 0.0  # fan and compressor
    fan_w: float = 0.0
    cop: float = 0.0
    leak: bool = False  # its condensate tray
    alarm: bool = False
    counter: Counter = field(default_factory=Counter)


@dataclass(eq=False)
class Tank:
    """A tank of coolant or immersion fluid. It loses fluid only by a leak."""

    name: str
    level_percent: float = 92.0
    fluid_c: float = 32.0
