"""An electric group at work: its relations are looked at poll by poll, and who is wrong is accused."""

from edgeagent.drivers.estimates.bands import (
    FLOOR_A,
    FLOOR_W,
    LOW_FACTOR,
    apparent_off,
    beyond,
    factor_off,
    half_step,
    loaded,
    power_off,
)
from edgeagent.drivers.estimates.flow import Flow
from edgeagent.drivers.estimates.majority import Sight, culprits
from edgeagent.drivers.estimates.members import Members, Volts
from edgeagent.drivers.estimates.pace import Pace
from edgeagent.drivers.estimates.ranges import AC_VOLTAGE
from edgeagent.drivers.estimates.slot import Slot
from edgeagent.drivers.estimates.still import Still
from edgeagent.drivers.estimates.tally import Tally
from edgeagent.drivers.estimates.witness import Witness


class Electric:
    """A group with its tallies. `judge` is called after a poll that read some of it."""

    __slots__ = (
        "_apparent",
        "_counters",
        "_factor",
        "_has_more",
        "_is_accused",
        "_momentary",
        "_pace",
        "_power",
        "_read_s",
        "_relations",
        "_still",
        "_voltage",
        "_witnesses",
        "it",
    )

    def __init__(self, it: Members) -> None:
        self.it = it
        self._momentary, self._relations = it.momentary, it.relations()
        self._has_more = it.voltage is not None or it.factor is not None or it.apparent is not None
        self._power, self._factor, self._voltage, self._apparent = Tally(), Tally(), Tally(), Tally()
        signs = sorted({sign for _, sign in it.energies}) if it.source is not None else []
        self._witnesses = {sign: Witness(it.period_s) for sign in signs}
        self._counters = [
            (slot, Flow(self._witnesses[sign], it.flow_band)) for slot, sign in it.energies if self._witnesses
        ]
        self._pace = Pace([slot for slot, _ in it.energies])
        self._is_accused = False
        self._still = Still()
        self._read_s = 0.0

    def beside(self, energy: Slot) -> Flow | None:
        """A counter beside what flows, where anything in the group tells."""
        return next((flow for slot, flow in self._counters if slot is energy), None)

    @property
    def trusts_power(self) -> bool:
        """Whether what flows may be taken from it."""
        source = self.it.source
        return source is not None and not source.accused and not source.stuck

    def judge(self, now_s: float) -> None:
        """Look at all relations, and accuse who is wrong."""
        read_s = max([slot.time_s for slot in self._momentary], default=0.0)
        volts = self.it.volts()
        if read_s != self._read_s:
            self._read_s = read_s
            self._look(volts, now_s)
        for sign, witness in self._witnesses.items():
            witness.see(self.it.flowing(sign, volts), read_s)
        for slot, flow in self._counters:
            if slot.value is not None and slot.time_s != flow.time_s:
                flow.see(slot.value, slot.time_s)
        if self._is_accused or self._any_broken():
            self._accuse()

    def _look(self, volts: Volts, now_s: float) -> None:
        """The relations of the moment."""
        it = self.it
        power = None if it.power is None or it.power.value is None else abs(it.power.value)
        current = None if it.current is None or it.current.value is None else abs(it.current.value)
        if power is not None and current is not None:
            _see(self._power, power_off(power, current, volts, it.role.value))
            if self._still.see(power, current, now_s):
                self._stick()
        if self._has_more:
            power = self._pace.power_w() if it.source is None else power
            self._look_more(power, current, volts)

    def _look_more(self, power: float | None, current: float | None, volts: Volts) -> None:
        it = self.it
        if it.factor is not None and it.factor.value is not None:
            _see(self._factor, self._factor_off(abs(it.factor.value), power, current, volts))
        if it.voltage is None or it.voltage.value is None:
            return
        if it.apparent is not None and it.apparent.value is not None and current is not None:
            _see(self._apparent, apparent_off(it.apparent.value, volts[0] * current, it.role.value))
        flows = (power or 0.0) >= FLOOR_W or (current or 0.0) >= FLOOR_A
        if flows and it.alternating:
            # The power that fits it speaks for a voltage that no mains has: a direct-current bus.
            fits = self._power.broken is False and power is not None
            self._voltage.see(1.0 if fits else beyond(abs(it.voltage.value), *AC_VOLTAGE))

    def _factor_off(self, factor: float, power: float | None, current: float | None, volts: Volts) -> float | None:
        """How far the power factor is from power over volt-amperes, or from any that a load has."""
        apparent = 0.0 if current is None else volts[0] * current
        if not loaded(power, apparent):
            return None
        if power is None or current is None:
            return beyond(factor, LOW_FACTOR, 2.0)
        band = self.it.role.value
        if volts[0] == volts[1]:
            return factor_off(factor, power, apparent, band)
        slack_a = half_step(current)
        low_w, high_w = (volt * factor for volt in band.real_v)
        return beyond(power, low_w * (current - slack_a), high_w * (current + slack_a))

    def _any_broken(self) -> bool:
        return bool(
            self._power.broken
            or self._factor.broken
            or self._voltage.broken
            or self._apparent.broken
            or any(flow.tally.broken for _, flow in self._counters)
        )

    def _accuse(self) -> None:
        relations, power = self._relations, self._power.broken
        if self.it.voltage is None and not power:
            power = None  # where no voltage is read, its band is too wide to clear anybody
        moment = relations.sights(power, self._factor.broken, self._voltage.broken, self._apparent.broken)
        counted = (Sight(relations.flow | {slot}, flow.tally.broken) for slot, flow in self._counters)
        guilty = culprits([*moment, *counted])
        self._is_accused = bool(guilty)
        name = self.it.stem or "its"
        for slot in self.it.slots:
            slot.accused = f"what {name} power, voltage, current and energy say differs" if slot in guilty else ""

    def _stick(self) -> None:
        for slot, is_stuck in zip((self.it.power, self.it.current), self._still.stuck, strict=True):
            if slot is not None:
                slot.stuck = "it stands still while its sibling moves" if is_stuck else ""


def _see(tally: Tally, off: float | None) -> None:
    if off is not None:
        tally.see(off)
