"""A setpoint that is held: armed with the device's own way back, then written, then kept alive as long as it is wanted.

Who stops feeding it has it go back by itself within the device's timer: the daemon may die at any moment.
"""

import asyncio
from collections.abc import Sequence

from edgeagent.actuators.control import POWER_LIMIT, Control
from edgeagent.actuators.storage_terms import MODELS, Terms, control_refusal, power_refusal
from edgeagent.actuators.sunspec import Images, SunSpecTarget
from edgeagent.core.clock import Clock
from edgeagent.model.errors import DeviceGarbled, DeviceRefused
from edgeagent.model.points import PointId
from edgeagent.model.reading import Reason
from edgeagent.protocols.snmp_set import WriteOpen
from edgeagent.protocols.sunspec import Image

BEATS = ((715, "ControllerHb"), (802, "CtrlHb"))
BEAT_LIMIT = 0xFFFF
"""Heartbeats count to below this, which fits both kinds and never reads as "not implemented"."""
FEEDS_PER_TIMER = 3
NO_WAY_BACK = "if this agent dies, it stays as it is: the device {}"


class Held:
    """A Settable with a device's own timer behind it.

    One at a time reads or writes. A read gives the setpoint that counts, and is DeviceGarbled where none does.
    """

    def __init__(
        self, target: PointId, device: SunSpecTarget, choices: Sequence[Control], terms: Terms, clock: Clock
    ) -> None:
        self.target = target
        self.caveat = ""
        """What a person should know of it although it was done, or nothing."""
        self._device = device
        self._choices = choices
        self._terms = terms
        self._clock = clock
        self._lock = asyncio.Lock()
        self._timer_s = terms.reversion_s
        self._kept: float | None = None
        self._fed_s = 0.0
        self._beats: list[tuple[Image, str]] = []
        self._beat = 0
        self._mute: set[str] = set()

    @property
    def is_kept(self) -> bool:
        """Whether it is being fed."""
        return self._kept is not None

    async def read(self) -> float:
        """What counts now."""
        async with self._lock:
            control, images = await self._look()
        value = control.standing(images)
        if value is None:
            raise DeviceGarbled(f"cannot read {self.target}: the device says that no setpoint counts now")
        return value

    async def arm(self) -> None:
        """Write the way back, and see that it stands. Raises DeviceRefused under local control or with a fault."""
        async with self._lock:
            await self._arm(*await self._look())

    async def write(self, value: float) -> None:
        """Write the setpoint, then have it count; it is fed from then on. As `Settable.write`."""
        async with self._lock:
            before, self._kept = self._kept, value
            try:
                await self._write(*await self._look(), value)
            except WriteOpen:
                raise  # perhaps it is so: feeding it sets it again
            except BaseException:
                self._kept = before
                raise
            self._fed_s = self._clock.now_s()

    async def stands(self) -> bool:
        """Whether a setpoint of ours counts now."""
        if not self.is_kept:
            return False
        async with self._lock:
            control, images = await self._look()
        return control.standing(images) is not None

    async def take(self) -> None:
        """Begin to hold the device, where it is: what it does now becomes its setpoint."""
        async with self._lock:
            control, images = await self._look()
            await self._arm(control, images)
            now = control.doing(images)
            value = self._terms.idle if now is None or self._refusal(control, images, now) else now
            await self._write(control, images, value)
            self._kept, self._fed_s = value, self._clock.now_s()

    async def feed(self) -> None:
        """One heartbeat; and the whole setpoint again each time that a part of the timer is over.

        Raises:
            DeviceRefused: it may no longer be held so, and was told to be idle where that was possible.
            DeviceError: it was not heard.
        """
        async with self._lock:
            if self._kept is None:
                return
            if self._clock.now_s() - self._fed_s >= self._timer_s / FEEDS_PER_TIMER:
                await self._refresh(*await self._look(), self._kept)
            elif self._beats:
                await self._device.look()  # whoever answers there now may be another one
            await self._heartbeat()

    async def let_go(self) -> None:
        """Feed it no more; a device without a way back of its own is told to be idle. Raises DeviceError."""
        async with self._lock:
            if self._kept is not None and self.caveat:
                await self._write(*await self._look(), self._terms.idle)
            self._kept = None

    async def _look(self) -> tuple[Control, Images]:
        wanted = (model for control in self._choices for model in control.models)
        images = await self._device.look(*MODELS, *wanted)
        self._beats = [(images[model], point) for model, point in BEATS if model in images and images[model].has(point)]
        for control in self._choices:
            if control.is_in(images):
                return control, images
        raise DeviceRefused(f"cannot set {self.target}: the device has none of the models and points for it")

    def _refusal(self, control: Control, images: Images, value: float) -> str:
        if control in POWER_LIMIT:
            return ""
        return power_refusal(value, images, self._terms)

    async def _arm(self, control: Control, images: Images) -> None:
        """Whatever cannot be armed is told in the caveat."""
        if refusal := control_refusal(images):
            raise DeviceRefused(f"cannot set {self.target}: {refusal}")
        image = images[control.model]
        if not image.has(control.timer):
            self.caveat = NO_WAY_BACK.format("has no reversion timer")
            return
        try:
            for point, value in self._way_back(control, images):
                if not _says(image, point, value):
                    await self._device.set(image, point, value)
        except DeviceRefused as error:
            self.caveat = NO_WAY_BACK.format(f"refuses its reversion ({error})")
            return
        self.caveat = self._doubt(*await self._look())

    def _doubt(self, control: Control, images: Images) -> str:
        """What is wrong with the way back as it now stands, or nothing. A shorter timer than asked for will do."""
        image = images[control.model]
        said = image.value(control.timer)
        if isinstance(said, Reason | str) or not 0.0 < said <= self._terms.reversion_s:
            return NO_WAY_BACK.format(f"did not take its reversion timer, it says {said}")
        self._timer_s = float(said)
        for point, value in self._way_back(control, images)[:-1]:
            if not _says(image, point, value):
                return f"if this agent dies, it does not go back to what is safe: {point} says {image.value(point)}"
        return ""

    def _way_back(self, control: Control, images: Images) -> list[tuple[str, float]]:
        """What must stand before the setpoint counts, the timer last; some models have nothing but a timer."""
        found = []
        if control.reversion is not None:
            whole = control.whole(images)
            assert isinstance(whole, float)
            found.append((control.reversion, self._terms.idle / whole))
        if control.afterwards is not None:
            found.append((control.afterwards[0], float(control.afterwards[1])))
        return [*found, (control.timer, self._terms.reversion_s)]

    async def _write(self, control: Control, images: Images, value: float) -> None:
        if refusal := control_refusal(images) or self._refusal(control, images, value):
            raise DeviceRefused(f"cannot set {self.target} to {value:g}: {refusal}")
        image, whole = images[control.model], control.whole(images)
        assert isinstance(whole, float)
        codes = [(point, float(code)) for point, code in control.modes if image.raw(point) != code]
        values = [(point, sign * value / whole) for point, sign in control.values]
        written = False
        try:
            for point, number in (*codes, *values, (control.enable[0], float(control.enable[1]))):
                await self._device.set(image, point, number)
                written = True
        except DeviceRefused as error:
            if written:
                raise WriteOpen(f"{self.target} was set in part only: {error}") from error
            raise

    async def _refresh(self, control: Control, images: Images, value: float) -> None:
        """Timer, setpoint and enable again: which of them makes the timer begin anew is up to the device."""
        if refusal := control_refusal(images) or self._refusal(control, images, value):
            self._kept = None
            if not control_refusal(images):
                await self._write(control, images, self._terms.idle)
            raise DeviceRefused(f"{self.target} is held no longer at {value:g}: {refusal}")
        if not self.caveat:
            await self._device.set(images[control.model], control.timer, self._timer_s)
        await self._write(control, images, value)
        self._fed_s = self._clock.now_s()

    async def _heartbeat(self) -> None:
        self._beat = (self._beat + 1) % BEAT_LIMIT
        for image, point in self._beats:
            if point not in self._mute:
                try:
                    await self._device.set(image, point, self._beat)
                except DeviceRefused:
                    self._mute.add(point)  # it has the register and takes nothing: its timer is the way back


def _says(image: Image, point: str, value: float) -> bool:
    """Whether a point says a number or a code, as near as its scale factor can tell."""
    said = image.value(point)
    if isinstance(said, Reason):
        return False
    if isinstance(said, str):
        return image.raw(point) == value
    exponent = image.exponent(point)
    return not isinstance(exponent, Reason) and abs(said - value) <= 10.0**exponent / 2
