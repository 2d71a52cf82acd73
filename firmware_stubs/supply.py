"""Who feeds the pod's bus: the utility, the generator, the battery as an island with the sun, or nobody.

The answer is taken at the end of each step for the whole of the next: energy is booked against the source that was
there, and a break is seen by the loads after one step at most. The UPS rides through that.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from firmware_stubs import battery_model, sun
from firmware_stubs.energy import PHASES, Battery, Generator, Grid, Meter, Pv, TransferSwitch
from firmware_stubs.generator_model import run_generator
from firmware_stubs.weather import Sky

TRANSFORMER_SHARE = 0.01  # lost at the reference power, rising with its square
TRANSFORMER_W = 100_000.0
SAG_TOLERATED = 0.15
LOW_SOC = 0.25  # an island below this calls the generator
RIDE_S = 5.0  # a dead utility for so long calls the generator, when no battery makes an island


class Source(StrEnum):
    """What makes the voltage of the bus."""

    GRID = "grid"
    ISLAND = "island"
    GENERATOR = "generator"
    NONE = "none"


@dataclass(eq=False)
class Supply:
    """All sources and the switch between them."""

    grid: Grid
    meter: Meter
    battery: Battery
    pv: Pv
    generator: Generator
    ats: TransferSwitch
    source: Source = Source.GRID
    dark_s: float = 0.0  # how long the utility has been away
    well_s: float = 1e6  # how long it has been there
    moving_s: float = 0.0  # until the transfer switch has moved
    asked_w: float = 0.0  # the demand when the bus was last live
    shed_w: float = 0.0  # what the sun could have given and nobody took

    @property
    def live(self) -> bool:
        """Whether the bus has voltage."""
        return self.source is not Source.NONE

    @property
    def utility_well(self) -> bool:
        return self.grid.live and self.grid.sag < SAG_TOLERATED

    def begin(self, sky: Sky) -> None:
        """Show what stands there before anything has flowed."""
        battery_model.manage(self.battery)
        battery_model.run(self.battery, 0.0, sky.outdoor_c, 0.0)
        sun.shine(self.pv, sky)

    def carry(self, demand_w: float, sky: Sky, dt_s: float) -> None:
        """Feed this demand for a time, then choose who feeds the next."""
        battery_model.manage(self.battery)
        sun.shine(self.pv, sky)
        able_w = sun.available_w(self.pv) if self.live else 0.0
        pv_w, battery_w, rest_w = self._dispatch(demand_w, able_w)
        self.shed_w = able_w - pv_w
        sun.give(self.pv, pv_w, sky.outdoor_c, dt_s)
        battery_model.run(self.battery, battery_w, sky.outdoor_c, dt_s)
        run_generator(self.generator, rest_w if self.source is Source.GENERATOR else 0.0, sky.outdoor_c, dt_s)
        self._measure(rest_w if self.source is Source.GRID else 0.0, dt_s)
        self.asked_w = demand_w if self.live else self.asked_w
        self._choose(dt_s)

    def _dispatch(self, demand_w: float, able_w: float) -> tuple[float, float, float]:
        """Power of the sun, of the battery at its terminals, and of whoever makes the voltage."""
        if self.source is Source.NONE:
            return 0.0, 0.0, 0.0
        if self.source is Source.ISLAND:
            pv_w = min(able_w, demand_w - battery_model.to_ac(-self.battery.max_charge_w))
            return pv_w, battery_model.from_ac(demand_w - pv_w), 0.0
        battery_w = battery_model.wanted_w(self.battery)
        if self.source is Source.GRID:
            return able_w, battery_w, demand_w - able_w - battery_model.to_ac(battery_w)
        battery_w = min(battery_w, battery_model.from_ac(demand_w))  # a generator takes nothing back
        pv_w = min(able_w, demand_w - battery_model.to_ac(battery_w))
        return pv_w, battery_w, demand_w - pv_w - battery_model.to_ac(battery_w)

    def _measure(self, power_w: float, dt_s: float) -> None:
        loss_w = TRANSFORMER_SHARE * power_w * power_w / TRANSFORMER_W
        meter, volts = self.meter, self.grid.voltage_v * (1.0 - self.grid.sag) if self.grid.live else 0.0
        self.grid.loss.add(loss_w, dt_s)
        meter.power_w = power_w + loss_w
        meter.voltage_v = [volts] * PHASES
        meter.current_a = [meter.power_w / PHASES / volts if volts else 0.0] * PHASES
        meter.frequency_hz = self.grid.frequency_hz if volts else 0.0
        (meter.imported if meter.power_w > 0.0 else meter.exported).add(abs(meter.power_w), dt_s)

    def _choose(self, dt_s: float) -> None:
        well = self.utility_well
        self.dark_s = 0.0 if well else self.dark_s + dt_s
        self.well_s = self.well_s + dt_s if well else 0.0
        self._call_generator()
        self._transfer(dt_s)
        if self.ats.source == "B" and self.generator.running:
            self.source = Source.GENERATOR
        elif self.ats.source == "A" and well:
            self.source = Source.GRID
        else:
            self.source = Source.ISLAND if self._island_holds() else Source.NONE
        self.battery.forming = self.source is Source.ISLAND

    def _island_holds(self) -> bool:
        """A battery that is well and strong enough for what the bus asked when it was last live."""
        battery = self.battery
        able_w = sun.available_w(self.pv) + battery_model.to_ac(battery.max_discharge_w)
        return battery.can_give and not battery.local and self.asked_w <= able_w

    def _call_generator(self) -> None:
        no_island = self.source is Source.NONE and self.dark_s >= RIDE_S
        low = self.source is Source.ISLAND and self.battery.soc < LOW_SOC
        generator = self.generator
        if no_island or low:
            generator.called = True
        elif self.ats.source == "A" and self.utility_well:
            generator.called = False

    def _transfer(self, dt_s: float) -> None:
        """Move the switch where it should be, unless it sticks; the contacts take their time."""
        ats = self.ats
        if ats.stuck or self._belongs() == ats.source:
            self.moving_s = ats.transfer_s
            return
        self.moving_s -= dt_s
        if self.moving_s <= 0.0:
            ats.source, self.moving_s = self._belongs(), ats.transfer_s
            ats.transfers += 1

    def _belongs(self) -> str:
        """To the preferred source while it is there, else to the other; back to the utility once it has held."""
        a, b = self.utility_well, self.generator.running
        if self.ats.preferred == "B" and b:
            return "B"
        if self.ats.source == "B" and b and a:
            return "A" if self.well_s >= self.ats.return_s else "B"
        if a == b:
            return self.ats.source
        return "A" if a else "B"
