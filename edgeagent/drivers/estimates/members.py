"""The members of one electric group: power, voltage, current, power factor and energy that belong together."""

from collections.abc import Iterator
from dataclasses import dataclass

from edgeagent.drivers.estimates.bands import Role
from edgeagent.drivers.estimates.flow import BAND
from edgeagent.drivers.estimates.majority import Sight
from edgeagent.drivers.estimates.ranges import AC_VOLTAGE
from edgeagent.drivers.estimates.slot import Slot

Volts = tuple[float, float]
MIDDLE_V = 195.0
"""Between 110 and 400 V, where no voltage is read at all."""
WIRED = 1.74
"""What a device's other voltages may be off: between lines, or against neutral."""


@dataclass(frozen=True, slots=True)
class Members:
    """The slots of one group; ``energies`` with the direction in which power counts: 1, -1, or 0 for both.

    ``around`` are the device's voltages, for a group that has none.
    """

    stem: str
    role: Role
    alternating: bool
    power: Slot | None = None
    voltage: Slot | None = None
    current: Slot | None = None
    factor: Slot | None = None
    apparent: Slot | None = None
    energies: tuple[tuple[Slot, int], ...] = ()
    around: tuple[Slot, ...] = ()
    period_s: float = 10.0

    @property
    def momentary(self) -> tuple[Slot, ...]:
        """Those that are of a moment."""
        every = (self.power, self.voltage, self.current, self.factor, self.apparent)
        return tuple(one for one in every if one is not None)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """All of them."""
        return (*self.momentary, *(slot for slot, _ in self.energies))

    @property
    def source(self) -> Slot | None:
        """What tells of a flow."""
        return self.power or self.current

    @property
    def flow_band(self) -> tuple[float, float]:
        """What a counter may be over what the group says that flowed."""
        if self.power is not None:
            return BAND
        return self.role.value.flow if self.factor is None else self.role.value.real_flow

    def volts(self) -> Volts:
        """What the voltage is, or between what it may be."""
        if self.voltage is not None and self.voltage.value:
            value = abs(self.voltage.value)
            return value, value
        around = [one.value for one in self.around if one.value and one.value > AC_VOLTAGE[0]]
        return (min(around) / WIRED, max(around) * WIRED) if around else self.role.value.blind_v

    def flowing(self, sign: int, volts: Volts) -> float | None:
        """The power that flows in a counter's direction now, as well as it is known."""
        if self.power is not None:
            value = self.power.value
            return None if value is None else max(0.0, sign * value) if sign else abs(value)
        if self.current is None or self.current.value is None:
            return None
        is_told = self.voltage is not None or self.around
        volt = (volts[0] * volts[1]) ** 0.5 if is_told else MIDDLE_V
        factor = 1.0 if self.factor is None or self.factor.value is None else abs(self.factor.value)
        return volt * abs(self.current.value) * factor

    def relations(self) -> "Relations":
        """Who is in each relation."""
        flow = [one for one in (self.power, self.current) if one is not None]
        exact = [*flow, self.voltage] if self.voltage is not None else flow
        both = len(flow) == 2
        product = [one for one in exact if one is not self.power]
        return Relations(
            power=frozenset(exact) if both else frozenset(),
            factor=frozenset([self.factor, *(exact if both else [])] if self.factor is not None else []),
            voltage=frozenset([self.voltage] if self.voltage is not None else []),
            apparent=frozenset([self.apparent, *product] if self.apparent is not None else []),
            flow=frozenset([self.power] if self.power is not None else exact),
        )


@dataclass(frozen=True, slots=True)
class Relations:
    """The members of each relation; ``flow`` are those that stand against a counter."""

    power: frozenset[Slot]
    factor: frozenset[Slot]
    voltage: frozenset[Slot]
    apparent: frozenset[Slot]
    flow: frozenset[Slot]

    def sights(
        self, power: bool | None, factor: bool | None, voltage: bool | None, apparent: bool | None
    ) -> Iterator[Sight[Slot]]:
        """How the relations of the moment stand."""
        yield Sight(self.power, power)
        yield Sight(self.factor, factor)
        yield Sight(self.voltage, voltage)
        yield Sight(self.apparent, apparent)
