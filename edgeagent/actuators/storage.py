"""Setpoints that are held: armed with the device's own way back, then written, then kept alive as long as they are wanted.

Who stops feeding one has it go back by itself within the device's timer: the daemon may die in any moment.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from edgeagent.actuators.control import BATTERY_POWER, POWER_LIMIT, Control
from edgeagent.actuators.setpoint import Guard, SetpointActuator
from edgeagent.actuators.storage_terms import MODELS, Terms, control_refusal, power_refusal
from edgeagent.actuators.sunspec import Images, SunSpecTarget
from edgeagent.core.clock import Clock
from edgeagent.core.ports import Permit
from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused
from edgeagent.model.intent import DONE, FAILED, Domain, Hold, Outcome, Output
from edgeagent.model.points import PointId, point_id
from edgeagent.model.reading import Value
from edgeagent.protocols.snmp_set import WriteOpen

BEATS = ((715, "ControllerHb"), (802, "CtrlHb"))
BEAT_LIMIT = 0xFFFF
"""Heartbeats count to below this, which fits both kinds and never reads as "not implemented"."""
FEEDS_PER_TIMER = 3
NO_WAY_BACK = "if this agent dies, it stays as it is: the device {}"
POWER = "setpoint.power"
LIMIT = "limit.power"
NO_LIMIT = 100.0


class Held:
    """A Settable with a device's own timer behind it. ``caveat`` is what a person should know of it, or nothing."""

    def __init__(
        self, target: PointId, device: SunSpecTarget, choices: Sequence[Control], terms: Terms, clock: Clock
    ) -> None:
        self.target = target
        self.caveat = ""
        self._device = device
        self._choices = choices
        self._terms = terms
        self._clock = clock
        self._lock = asyncio.Lock()
        self._control: Control | None = None
        self._kept: float | None = None
        self._fed_s = 0.0
        self._beat = 0
        self._mute: set[str] = set()

    @property
    def is_kept(self) -> bool:
        """Whether it is being fed."""
        return self._kept is not None

    async def read(self) -> float:
        """What stands there and counts. Raises DeviceError, also where nothing does."""
        control, images = await self._look()
        value = control.standing(images)
        if value is None:
            raise DeviceGarbled(f"cannot read {self.target}: the device says that no setpoint counts now")
        return value

    async def arm(self) -> None:
        """Write the way back, and see that it stands. Raises DeviceRefused under local control or with a fault."""
        control, images = await self._look()
        await self._arm(control, images)

    async def write(self, value: float) -> None:
        """Write the setpoint, then have it count. As `Settable.write`."""
        control, images = await self._look()
        await self._write(control, images, value)

    async def stands(self) -> bool:
        """Whether a setpoint of ours counts now."""
        control, images = await self._look()
        return self.is_kept and control.standing(images) is not None

    async def take(self) -> None:
        """Begin to hold the device, where it is: what it does now becomes its setpoint."""
        control, images = await self._look()
        await self._arm(control, images)
        now = control.doing(images)
        value = self._terms.idle if now is None or self._refusal(control, images, now) else now
        await self._write(control, images, value)
        self._kept, self._fed_s = value, self._clock.now_s()

    def keep(self, value: float) -> None:
        """Feed it from now on with this value."""
        self._kept, self._fed_s = value, self._clock.now_s()

    async def feed(self) -> None:
        """One heartbeat, and the whole setpoint again when a part of the timer is over.

        Raises:
            DeviceRefused: it may no longer be held so; it was told to be idle.
            DeviceError: it was not heard.
        """
        if self._kept is None:
            return
        async with self._lock:
            due = self._clock.now_s() - self._fed_s >= self._terms.reversion_s / FEEDS_PER_TIMER
            control, images = await self._look()
            await self._heartbeat(images)
            if due and self._kept is not None:
                await self._refresh(control, images, self._kept)

    async def let_go(self) -> None:
        """Feed it no more; a device without a way back of its own is told to be idle. Raises DeviceError."""
        if self._kept is None:
            return
        self._kept = None
        if self.caveat:
            control, images = await self._look()
            await self._write(control, images, self._terms.idle)

    async def _look(self) -> tuple[Control, Images]:
        wanted = (model for control in self._choices for model in control.models)
        images = await self._device.look(*MODELS, *wanted)
        if self._control is None or not self._control.is_in(images):
            self._control = next((one for one in self._choices if one.is_in(images)), None)
        if self._control is None:
            raise DeviceRefused(f"cannot set {self.target}: the device has none of the models and points for it")
        return self._control, images

    def _refusal(self, control: Control, images: Images, value: float) -> str:
        if control in POWER_LIMIT:
            return ""
        return power_refusal(value, images, self._terms)

    async def _arm(self, control: Control, images: Images) -> None:
        if refusal := control_refusal(images):
            raise DeviceRefused(f"cannot set {self.target}: {refusal}")
        image = images[control.model]
        if not image.has(control.timer):
            self.caveat = NO_WAY_BACK.format("has no reversion timer")
            return
        try:
            for point, value in self._way_back(control, images):
                if image.value(point) != value and image.raw(point) != value:
                    await self._device.set(image, point, value)
        except DeviceRefused as error:
            self.caveat = NO_WAY_BACK.format(f"refuses its reversion timer ({error})")
            return
        self.caveat = await self._armed_with(control)

    async def _armed_with(self, control: Control) -> str:
        """What is wrong with the way back as it now stands, or nothing."""
        _, images = await self._look()
        image = images[control.model]
        for point, value in self._way_back(control, images):
            said = image.value(point)
            if said != value and image.raw(point) != value:
                return NO_WAY_BACK.format(f"did not take {point} {value:g}, it says {said}")
        return ""

    def _way_back(self, control: Control, images: Images) -> list[tuple[str, float]]:
        """What must stand before the setpoint counts; where the model has no value of its own, the timer is all."""
        found = []
        if control.reversion is not None:
            whole = control.whole(images)
            found.append((control.reversion, self._terms.idle / float(whole) if self._terms.idle else 0.0))
        if control.afterwards is not None:
            found.append((control.afterwards[0], float(control.afterwards[1])))
        return [*found, (control.timer, self._terms.reversion_s)]

    async def _write(self, control: Control, images: Images, value: float) -> None:
        if refusal := control_refusal(images) or self._refusal(control, images, value):
            raise DeviceRefused(f"cannot set {self.target} to {value:g}: {refusal}")
        image, whole = images[control.model], control.whole(images)
        assert isinstance(whole, float)
        written = False
        try:
            for point, number in (
                *((point, float(code)) for point, code in control.modes if image.raw(point) != code),
                *((point, sign * value / whole) for point, sign in control.values),
                (control.enable[0], float(control.enable[1])),
            ):
                await self._device.set(image, point, number)
                written = True
        except DeviceRefused as error:
            if not written:
                raise
            raise WriteOpen(f"{self.target} was set in part only: {error}") from error

    async def _refresh(self, control: Control, images: Images, value: float) -> None:
        """Timer, setpoint and enable again, whichever of them makes the timer of this device begin anew."""
        if refusal := control_refusal(images) or self._refusal(control, images, value):
            self._kept = None
            if not control_refusal(images):
                await self._write(control, images, self._terms.idle)
            raise DeviceRefused(f"{self.target} is held no longer at {value:g}: {refusal}")
        if not self.caveat:
            await self._device.set(images[control.model], control.timer, self._terms.reversion_s)
        await self._write(control, images, value)
        self._fed_s = self._clock.now_s()

    async def _heartbeat(self, images: Images) -> None:
        self._beat = (self._beat + 1) % BEAT_LIMIT
        for model, point in BEATS:
            if model in images and point not in self._mute and images[model].has(point):
                try:
                    await self._device.set(images[model], point, self._beat)
                except DeviceRefused:
                    self._mute.add(point)  # it has the register and takes nothing: its timer is the way back


class HeldActuator:
    """An Actuator over a `Held`: takes hold first where nobody holds, sets it within its guard, and has it kept."""

    def __init__(self, held: Held, guard: Guard, clock: Clock) -> None:
        self.held = held
        self._setpoint = SetpointActuator(held, guard, clock)

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
        """Where it goes when nobody proposes anything: it is let go, and goes back by itself."""
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
        """Bring it there. Raises DeviceError: it was written, perhaps, and cannot be read."""
        try:
            if not await self.held.stands():
                if refusal := await permit():
                    return Outcome(self.target, FAILED, refusal)
                await self.held.take()
        except WriteOpen:
            raise
        except DeviceError as error:
            return Outcome(self.target, FAILED, f"cannot set {self.target} to {output.value}: {error}")
        outcome = await self._setpoint.apply(output, permit)
        if outcome.word == DONE and isinstance(outcome.read_back, float):
            self.held.keep(outcome.read_back)
        return replace(outcome, message=f"{outcome.message}; {self.held.caveat}") if self.held.caveat else outcome


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
