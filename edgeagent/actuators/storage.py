"""What a battery and an inverter are told over SunSpec: power, and the limit of power. Each goes back by itself."""

import math
from dataclasses import replace

from edgeagent.actuators.control import BATTERY_POWER, POWER_LIMIT
from edgeagent.actuators.held import Held
from edgeagent.actuators.setpoint import Guard, SetpointActuator
from edgeagent.actuators.storage_terms import Terms
from edgeagent.actuators.sunspec import SunSpecTarget
from edgeagent.core.clock import Clock
from edgeagent.core.ports import Permit
from edgeagent.model.intent import Domain, Hold, Outcome, Output
from edgeagent.model.points import PointId, point_id
from edgeagent.model.reading import Value

POWER = "setpoint.power"
LIMIT = "limit.power"
NO_LIMIT = 100.0


class HeldActuator:
    """An Actuator over a `Held`: takes hold first where nobody holds, then sets it within its guard."""

    def __init__(self, held: Held, guard: Guard, clock: Clock) -> None:
        self.held = held
        self._guard, self._clock = guard, clock
        self._taken_s = -math.inf
        self._setpoint = SetpointActuator(held, guard, clock, begin=self._hold)

    @property
    def target(self) -> PointId:
        """The point that shows the setpoint that counts."""
        return self.held.target

    @property
    def domain(self) -> Domain:
        """What may be asked for."""
        return self._setpoint.domain

    @property
    def safe(self) -> Value | Hold:
        """Where it goes when nobody proposes anything: by default it is fed no more, and goes back by itself."""
        return self._setpoint.safe

    @property
    def feedback(self) -> PointId | None:
        """The same point."""
        return self.target

    @property
    def settle_s(self) -> float:
        """How long the effect may take to be read."""
        return self._setpoint.settle_s

    async def apply(self, output: Output, permit: Permit) -> Outcome:
        """Bring it there; the outcome says so where the device would not go back by itself.

        Raises:
            DeviceError: it was written, perhaps, and cannot be read: the outcome is open.
        """
        outcome = await self._setpoint.apply(output, permit)
        return replace(outcome, message=f"{outcome.message}; {self.held.caveat}") if self.held.caveat else outcome

    async def _hold(self, permit: Permit) -> str:
        """Take hold where nobody holds; no more often than the guard allows writes."""
        if await self.held.stands():
            return ""
        await self._clock.sleep(max(0.0, self._taken_s + self._guard.min_interval_s - self._clock.now_s()))
        refusal = await permit()
        if not refusal:
            self._taken_s = self._clock.now_s()
            await self.held.take()
        return refusal


def battery_power(device: SunSpecTarget, terms: Terms, guard: Guard, clock: Clock) -> HeldActuator:
    """Charging and discharging of a battery, W, + = discharging."""
    held = Held(point_id(device.device, POWER), device, BATTERY_POWER, terms, clock)
    return HeldActuator(held, guard, clock)


def power_limit(device: SunSpecTarget, terms: Terms, guard: Guard, clock: Clock) -> HeldActuator:
    """Curtailment of an inverter, percent of its maximum."""
    held = Held(point_id(device.device, LIMIT), device, POWER_LIMIT, replace(terms, idle=NO_LIMIT), clock)
    return HeldActuator(held, guard, clock)


def power_guard(most_charge_w: float, most_discharge_w: float) -> Guard:
    """The guard of a battery's power: a percent of the whole is what model 124 can tell apart."""
    tolerance = max(most_charge_w, most_discharge_w) / 100.0
    return Guard(-most_charge_w, most_discharge_w, min_interval_s=5.0, settle_s=10.0, tolerance=tolerance)


def limit_guard(lowest_percent: float = 0.0) -> Guard:
    """The guard of a curtailment."""
    return Guard(lowest_percent, NO_LIMIT, min_interval_s=5.0, settle_s=10.0, tolerance=0.5)
