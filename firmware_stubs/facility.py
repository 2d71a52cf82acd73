"""A whole plant: sources, UPS, DC plant, air, coolant and water around the racks of one world.

Everything moves in ticks (`world.TICK_S`). A tick is booked whole against the sources that were there when it began,
so that the energy of sources, loads, losses and stores adds up; `ledger` shows that it does. The electrical room's
losses leave it by its own ventilation and warm no aisle.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware_stubs import air, cooling_loop
from firmware_stubs.air import Aisle
from firmware_stubs.enclosure import Enclosure
from firmware_stubs.energy import Counter, DcPlant, Ups
from firmware_stubs.plant import AirUnit, Cdu, Tank, WaterSupply
from firmware_stubs.racks import Rack, relative_humidity
from firmware_stubs.supply import Supply
from firmware_stubs.ups_model import run_dc, run_ups
from firmware_stubs.weather import Sky, Weather
from firmware_stubs.world import TICK_S, World

HOUSE_W = 1_000.0  # controller, network, locks and light, straight on the bus
PIPE_W_PER_K = 8.0  # per rack with cold plates, from the coolant into the aisle
BOIL_C, CRAWL_C = 55.0, 70.0  # coolant at which machines begin to slow down, and slow down no more
BEGIN_S = 400  # the racks' heat is let work for so long before the world begins


@dataclass(eq=False)
class Loop:
    """A CDU, its reservoir, and the racks whose cold plates it serves."""

    cdu: Cdu
    tank: Tank
    racks: tuple[Rack, ...]
    heat_in_j: float = 0.0


@dataclass(eq=False)
class Facility:
    """The plant of a pod. `upses` is by feed, `loops` and `aisles` in the order of their racks."""

    weather: Weather
    supply: Supply
    upses: dict[str, Ups]
    dc: DcPlant
    aisles: tuple[Aisle, ...]
    loops: tuple[Loop, ...]
    water: WaterSupply
    enclosure: Enclosure
    outdoor_c: float = 20.0
    house: Counter = field(default_factory=Counter)
    began_wh: float = 0.0  # energy in the stores when the world began
    began_j: float = 0.0  # heat in air, masses, coolant and water when the world began
    _seen_wh: dict[str, float] = field(default_factory=dict)  # of feeds and racks at the last tick

    @property
    def air_units(self) -> dict[str, AirUnit]:
        return {unit.name: unit for aisle in self.aisles for unit in aisle.units}

    @property
    def cdus(self) -> dict[str, Cdu]:
        return {loop.cdu.name: loop.cdu for loop in self.loops}

    @property
    def cooling_counters(self) -> list[Counter]:
        """Electrical energy of air units, CDUs and chiller."""
        units = [unit.counter for unit in self.air_units.values()]
        return [*units, *(cdu.counter for cdu in self.cdus.values()), self.water.counter]

    @property
    def stored_wh(self) -> float:
        """Electrical energy in all batteries."""
        return self.supply.battery.stored_wh + sum(ups.stored_wh for ups in self.upses.values()) + self.dc.stored_wh

    @property
    def stored_j(self) -> float:
        """Heat in air, masses, coolant and water above 0 C."""
        coolant = sum(cooling_loop.loop_j_per_k(loop.cdu) * loop.cdu.loop_c for loop in self.loops)
        return sum(aisle.stored_j for aisle in self.aisles) + coolant + cooling_loop.water_stored_j(self.water)

    def begin(self, world: World) -> None:
        """Let the racks' present heat work for a while, then count everything from nothing."""
        sky = self.weather.at(0.0)
        self.outdoor_c = sky.outdoor_c
        heat_w = {rack.name: rack.heat_w for rack in world.racks.values()}
        for aisle in self.aisles:
            air.guess(aisle, sum(heat_w[rack.name] * (1.0 - rack.liquid_share) for rack in aisle.racks))
        for loop in self.loops:
            cooling_loop.guess(loop.cdu, sum(heat_w[rack.name] * rack.liquid_share for rack in loop.racks))
        for _ in range(round(BEGIN_S / TICK_S)):
            self._cool(heat_w, sky)
        self._forget()
        self.supply.begin(sky)
        self.began_wh, self.began_j = self.stored_wh, self.stored_j
        self._seen_wh = {feed.name: feed.energy_wh for feed in world.feeds.values()}
        self._seen_wh |= {rack.name: rack.energy_wh for rack in world.racks.values()}

    def tick(self, world: World) -> None:
        """Let the tick that ends now have passed."""
        sky = self.weather.at(world.time_s)
        self.outdoor_c = sky.outdoor_c
        bus = self.supply.live
        self._cool({rack.name: self._mean_w(rack.name, rack.energy_wh) for rack in world.racks.values()}, sky)
        for feed in world.feeds.values():
            run_ups(self.upses[feed.name], self._mean_w(feed.name, feed.energy_wh), TICK_S, bus=bus)
        run_dc(self.dc, TICK_S, bus=bus)
        self.house.add(HOUSE_W if bus else 0.0, TICK_S)
        self.supply.carry(self._demand_w(), sky, TICK_S)
        for feed in world.feeds.values():
            feed.supplied = self.upses[feed.name].live

    def unbooked_wh(self, world: World) -> float:
        """What the racks drew since the last tick."""
        return sum(feed.energy_wh - self._seen_wh[feed.name] for feed in world.feeds.values())

    def _demand_w(self) -> float:
        """What the bus had to give in this tick; everything on it draws nothing while it is dead."""
        upses = sum(ups.input_w for ups in self.upses.values())
        units = sum(unit.power_w for aisle in self.aisles for unit in aisle.units)
        water_w = self.water.power_w + sum(loop.cdu.power_w for loop in self.loops)
        house_w = HOUSE_W if self.supply.live else 0.0
        return upses + units + water_w + self.dc.input_w + house_w

    def _mean_w(self, name: str, energy_wh: float) -> float:
        """The mean power since the last tick of what counts this energy."""
        power_w = (energy_wh - self._seen_wh[name]) * 3600.0 / TICK_S
        self._seen_wh[name] = energy_wh
        return power_w

    def _cool(self, heat_w: dict[str, float], sky: Sky) -> None:
        powered = self.supply.live
        into_air_w = dict.fromkeys((aisle.name for aisle in self.aisles), 0.0)
        taken_w = dict(heat_w)
        for loop in self.loops:
            self._flow(loop, taken_w, into_air_w, powered=powered)
        rejected_w = sum(loop.cdu.heat_w for loop in self.loops)
        cooling_loop.chill(self.water, rejected_w, sky.outdoor_c, TICK_S, powered=powered)
        for aisle in self.aisles:
            aisle.taken = {rack.name: taken_w[rack.name] for rack in aisle.racks}
            racks_w = sum(aisle.taken.values()) + into_air_w[aisle.name]
            air.breathe(aisle, racks_w, sky.outdoor_c, TICK_S, powered=powered)
            air.warm_racks(aisle, TICK_S)
        for loop in self.loops:
            _slow_down(loop)
        first = self.aisles[0]
        self.enclosure.temperature_c = first.air_c
        self.enclosure.humidity_percent = relative_humidity(first.air_c)

    def _flow(self, loop: Loop, taken_w: dict[str, float], into_air_w: dict[str, float], *, powered: bool) -> None:
        """Cold plates take their share from the racks; warm pipes give a little back to the air beside them."""
        gained_w = 0.0
        for aisle in self.aisles:
            for rack in aisle.racks:
                if rack not in loop.racks:
                    continue
                liquid_w = taken_w[rack.name] * rack.liquid_share
                pipe_w = PIPE_W_PER_K * (loop.cdu.loop_c - aisle.air_c)
                taken_w[rack.name] -= liquid_w
                into_air_w[aisle.name] += pipe_w
                gained_w += liquid_w - pipe_w
        cooling_loop.pump(loop.cdu, powered=powered)
        cooling_loop.circulate(loop.cdu, self.water, gained_w, TICK_S, share=1.0 / len(self.loops))
        loop.heat_in_j += (gained_w + loop.cdu.power_w) * TICK_S
        loop.tank.fluid_c, loop.tank.level_percent = loop.cdu.secondary_return_c, loop.cdu.reservoir_percent

    def _forget(self) -> None:
        for aisle in self.aisles:
            aisle.heat_in_j = aisle.heat_out_j = 0.0
        for loop in self.loops:
            loop.heat_in_j = 0.0
        self.water.heat_in_j = self.water.heat_out_j = 0.0
        for counter in self.cooling_counters:
            counter.total_wh = 0.0


def _slow_down(loop: Loop) -> None:
    """Machines on hot coolant slow down, whatever their air is."""
    hot = min(max((loop.cdu.secondary_return_c - BOIL_C) / (CRAWL_C - BOIL_C), 0.0), 1.0)
    for rack in loop.racks:
        rack.throttle = min(rack.throttle, 1.0 - (1.0 - air.CRAWL) * hot)
