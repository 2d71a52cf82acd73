"""What feeds a pod, as its instruments show it: battery, sun, grid, transfer switch, generator, UPS, DC plant.

Plain state. `supply`, `battery_model` and `sun` move it; a server reads it and writes what a person could set.
Powers are W at the device's own terminals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

PHASES = 3


@dataclass
class Counter:
    """An energy counter as a device shows it. What it truly counted is `total_wh`, whatever a fault makes it show."""

    total_wh: float = 0.0
    start_wh: float = 0.0
    asleep: bool = False  # just woken: says 0 until it knows better
    wrap_wh: float = math.inf  # where it begins at 0 again

    @property
    def shown_wh(self) -> float:
        """What the device says it counted."""
        return 0.0 if self.asleep else (self.total_wh - self.start_wh) % self.wrap_wh

    def add(self, power_w: float, dt_s: float) -> None:
        """Count a power that flowed for a time."""
        self.total_wh += power_w * dt_s / 3600.0

    def reset(self) -> None:
        """Begin at 0."""
        self.start_wh = self.total_wh


@dataclass(eq=False)
class Battery:
    """A battery with its converter. `setpoint_w` and `connected` may be written.

    `power_w` is at the battery's terminals, positive while it discharges: voltage x current. `ac_power_w` is what the
    converter gives to the pod, or takes from it.
    """

    name: str
    serial: str = ""
    capacity_wh: float = 100_000.0
    rated_w: float = 50_000.0
    soc: float = 0.7
    soc_min: float = 0.05  # the protective window
    soc_max: float = 0.98
    power_w: float = 0.0
    ac_power_w: float = 0.0
    voltage_v: float = 720.0
    current_a: float = 0.0  # positive while it discharges
    temperature_c: float = 25.0
    health: float = 0.97  # of the capacity when new
    max_charge_w: float = 50_000.0  # what its management allows now
    max_discharge_w: float = 50_000.0
    setpoint_w: float = 0.0
    connected: bool = True
    fault: bool = False  # a protective trip, latched
    trip_cause: str = ""
    local: bool = False  # under local control: what is written does nothing
    own_heat_w: float = 0.0  # of a cell that goes bad
    forming: bool = False  # it makes the pod's grid: it gives what is asked, not its setpoint
    charged: Counter = field(default_factory=Counter)
    discharged: Counter = field(default_factory=Counter)
    loss: Counter = field(default_factory=Counter)  # inside and in the converter

    @property
    def stored_wh(self) -> float:
        return self.soc * self.capacity_wh

    @property
    def can_give(self) -> bool:
        """Whether it could feed the pod now."""
        return self.connected and not self.fault and self.max_discharge_w > 0.0

    def reset_alarm(self) -> None:
        """Take a trip back; where its cause still stands it trips again."""
        self.fault = False
        self.trip_cause = ""


@dataclass(eq=False)
class Pv:
    """A field of solar modules with its inverter. `limit_percent` and `connected` may be written.

    `power_w` is on the AC side; the DC side is `dc_voltage_v` x `dc_current_a`.
    """

    name: str
    serial: str = ""
    rated_w: float = 30_000.0
    power_w: float = 0.0
    dc_voltage_v: float = 0.0
    dc_current_a: float = 0.0
    irradiance_w_m2: float = 0.0
    cell_c: float = 20.0
    cabinet_c: float = 25.0
    limit_percent: float = 100.0
    connected: bool = True
    fault: bool = False
    strings_ok: float = 1.0  # share of the strings that give
    counter: Counter = field(default_factory=Counter)
    loss: Counter = field(default_factory=Counter)  # in the inverter

    @property
    def energy_wh(self) -> float:
        return self.counter.shown_wh


@dataclass(eq=False)
class Meter:
    """A meter at the grid's connection. `power_w` is positive while the pod imports."""

    name: str
    serial: str = ""
    power_w: float = 0.0
    voltage_v: list[float] = field(default_factory=lambda: [230.0] * PHASES)
    current_a: list[float] = field(default_factory=lambda: [0.0] * PHASES)
    frequency_hz: float = 50.0
    imported: Counter = field(default_factory=Counter)
    exported: Counter = field(default_factory=Counter)

    @property
    def imported_wh(self) -> float:
        return self.imported.shown_wh

    @property
    def exported_wh(self) -> float:
        return self.exported.shown_wh


@dataclass(eq=False)
class Grid:
    """The utility. `sag` is the share of the voltage that a brown-out takes."""

    live: bool = True
    voltage_v: float = 230.0
    frequency_hz: float = 50.0
    sag: float = 0.0
    loss: Counter = field(default_factory=Counter)  # in the transformer between meter and pod


@dataclass(eq=False)
class TransferSwitch:
    """Source A is the utility, source B the generator. `preferred` may be written."""

    name: str = "ats-1"
    serial: str = ""
    source: str = "A"
    preferred: str = "A"
    transfer_s: float = 2.0  # from the decision until the contacts have moved
    return_s: float = 60.0  # the preferred source must hold so long before it is taken back
    stuck: bool = False
    transfers: int = 0


@dataclass(eq=False)
class Generator:
    """A standby set: it starts when the pod has no other supply, or is told to (`start`), and stops after cooling."""

    name: str = "generator-1"
    serial: str = ""
    rated_w: float = 80_000.0
    start_s: float = 12.0
    cooldown_s: float = 60.0
    start: bool = False  # a person or a controller wants it; may be written
    called: bool = False  # the transfer switch wants it
    cranked_s: float = 0.0
    idle_s: float = 0.0
    will_start: bool = True
    cranking: bool = False
    running: bool = False
    power_w: float = 0.0
    voltage_v: float = 0.0
    frequency_hz: float = 0.0
    fuel_percent: float = 85.0
    tank_wh: float = 800_000.0  # electrical energy of a full tank
    coolant_c: float = 35.0
    starter_v: float = 26.4
    starts: int = 0
    run_s: float = 0.0
    alarm: bool = False
    counter: Counter = field(default_factory=Counter)

    @property
    def energy_wh(self) -> float:
        return self.counter.shown_wh


@dataclass(eq=False)
class Ups:
    """A double-conversion UPS in front of one feed; it rides through until its battery is empty."""

    name: str
    feed: str
    serial: str = ""
    rated_w: float = 80_000.0
    capacity_wh: float = 12_000.0
    soc: float = 1.0
    input_v: float = 230.0
    input_hz: float = 50.0
    input_w: float = 0.0
    output_v: float = 230.0
    output_w: float = 0.0
    battery_v: float = 480.0
    battery_a: float = 0.0  # positive while it discharges
    battery_c: float = 25.0
    on_battery: bool = False
    bypass: bool = False
    ok: bool = True  # not ok: bypass only, and nothing rides through
    replace_battery: bool = False
    on_battery_s: float = 0.0
    counter: Counter = field(default_factory=Counter)  # output
    loss: Counter = field(default_factory=Counter)

    @property
    def stored_wh(self) -> float:
        return self.soc * self.capacity_wh

    @property
    def live(self) -> bool:
        """Whether its output has voltage."""
        return self.output_v > 0.0

    @property
    def charge_percent(self) -> float:
        return 100.0 * self.soc

    @property
    def load_percent(self) -> float:
        return 100.0 * self.output_w / self.rated_w

    @property
    def runtime_s(self) -> float:
        """How long the battery lasts at this load; 99 hours at most."""
        return min(99.0 * 3600.0, 3600.0 * self.stored_wh / self.output_w) if self.output_w > 0.0 else 99.0 * 3600.0


@dataclass(eq=False)
class DcPlant:
    """A -48 V plant, voltages told without their sign: rectifiers, cells, and a disconnect that saves the cells."""

    name: str = "dcplant-1"
    serial: str = ""
    load_w: float = 1_200.0  # what its loads want
    rectifier_w: float = 1_500.0  # of each
    rectifiers: list[bool] = field(default_factory=lambda: [True, True, True])  # which are well
    capacity_wh: float = 8_000.0
    soc: float = 1.0
    voltage_v: float = 54.0
    load_a: float = 0.0
    battery_a: float = 0.0  # positive while the cells are charged
    battery_c: float = 25.0
    lvd_open: bool = False
    input_w: float = 0.0
    load: Counter = field(default_factory=Counter)
    loss: Counter = field(default_factory=Counter)

    @property
    def stored_wh(self) -> float:
        return self.soc * self.capacity_wh
