"""One electric group of a device: power, voltage, current, power factor and energy that belong together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from edgeagent.drivers.estimates.bands import (
    FLOOR_W,
    LOW_FACTOR,
    Role,
    apparent_off,
    beyond,
    factor_off,
    half_step,
    loaded,
    power_off,
)
from edgeagent.drivers.estimates.flow import Flow
from edgeagent.drivers.estimates.majority import Sight, culprits
from edgeagent.drivers.estimates.ranges import AC_VOLTAGE
from edgeagent.drivers.estimates.slot import Slot
from edgeagent.drivers.estimates.tally import Tally
from edgeagent.drivers.estimates.witness import Witness

UNKNOWN_V, UNKNOWN_KNOWN_FACTOR_V = (180.0, 426.0), (90.0, 530.0)
"""Where no voltage is read: with the band of a single current they make 45 to 490 W per ampere, and with the power
factor known the mains voltages themselves. So ten times too much or too little is beyond, from 110 to 400 V."""
MIDDLE_V = 195.0
STUCK_S, STUCK_SHARE, STUCK_STEPS = 1800.0, 0.25, 20.0


@dataclass(frozen=True, slots=True)
class Members:
    """The slots of one group; ``energies`` with the direction in which power counts: 1, -1, or 0 for both."""

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
    """The device's voltages, for a group that has none."""
    period_s: float = 10.0

    @property
    def slots(self) -> Iterator[Slot]:
        """All of them."""
        for one in (self.power, self.voltage, self.current, self.factor, self.apparent):
            if one is not None:
                yield one
        yield from (slot for slot, _ in self.energies)


@dataclass(slots=True)
class _Still:
    """Whether one of two that belong together stands still while the other moves; a window at a time."""

    since_s: float | None = None
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)


class Electric:
    """A group with its tallies. `judge` is called after a poll that read some of it."""

    __slots__ = ("_apparent", "_energies", "_factor", "_is_accused", "_power", "_still", "_voltage", "it", "witnesses")

    def __init__(self, it: Members) -> None:
        self.it = it
        self._power, self._factor, self._voltage, self._apparent = Tally(), Tally(), Tally(), Tally()
        signs = sorted({sign for _, sign in it.energies})
        self.witnesses = {sign: Witness(it.period_s) for sign in signs} if self._has_flow else {}
        band = (0.25, 4.0) if it.power is not None else (0.16, 4.0) if it.role is Role.SINGLE else (0.3, 4.6)
        self._energies = {slot: (self.witnesses[sign], Flow(self.witnesses[sign], band)) for slot, sign in it.energies
                          if self.witnesses}
        self._is_accused = False
        self._still = _Still()

    @property
    def _has_flow(self) -> bool:
        return self.it.power is not None or self.it.current is not None

    def flow_of(self, energy: Slot) -> Flow | None:
        """The counter beside its witness, where there is one."""
        found = self._energies.get(energy)
        return None if found is None else found[1]

    def witness_of(self, energy: Slot) -> Witness | None:
        """What flowed, where anything in the group tells."""
        found = self._energies.get(energy)
        return None if found is None else found[0]

    def judge(self, now_s: float) -> None:
        """Look at all relations, and accuse who is wrong."""
        it = self.it
        power = None if it.power is None or it.power.value is None else abs(it.power.value)
        current = None if it.current is None or it.current.value is None else abs(it.current.value)
        low_v, high_v = self._voltages()
        if power is not None and current is not None:
            if (off := power_off(power, current, low_v, high_v, it.role.value)) is not None:
                self._power.see(off)
            self._watch_still(power, current, now_s)
        if it.factor is not None or it.alternating or it.apparent is not None:
            self._others(power, current, low_v, high_v)
        if self.witnesses:
            self._witness(power, current, (low_v + high_v) / 2)
        if self._is_accused or self._any_broken:
            self._accuse()

    def _voltages(self) -> tuple[float, float]:
        """What the voltage is, or what it may be."""
        it = self.it
        if it.voltage is not None:
            value = it.voltage.value
            if value is not None and (value or not it.alternating):
                return abs(value), abs(value)
        around = [one.value for one in it.around if one.value and one.value > AC_VOLTAGE[0] and not one.accused]
        if not around:
            return UNKNOWN_V
        return min(around) / 1.74, max(around) * 1.74
