"""The plant as a decision sees it: what each outlet and load does now, and whether that is known."""

from dataclasses import dataclass

from edgeagent.autonomy.compiled import OFF, ON, Pace, inlet_power_point, power_point, state_point
from edgeagent.model.points import DeviceId, PointId
from edgeagent.model.reading import Quality, Reading, Value
from edgeagent.model.site import Load, Outlet, Site
from edgeagent.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Plant:
    """One image and the site it is of."""

    snapshot: Snapshot
    site: Site
    pace: Pace
    fixed: frozenset[DeviceId] = frozenset()
    """The PDUs whose outlets may not be switched."""

    def known(self, point: PointId) -> Value | None:
        """The point's value if it is GOOD and fresh, else None."""
        reading: Reading | None = self.snapshot.readings.get(point)
        if reading is None or reading.quality is not Quality.GOOD:
            return None
        return reading.value if self.snapshot.time_s - reading.time_s <= self.pace.reachable_s else None

    def watts(self, point: PointId) -> float | None:
        """A known power, or None; less than nothing is none."""
        value = self.known(point)
        return None if value is None or isinstance(value, bool | str) else max(0.0, float(value))

    def switched(self, outlet: Outlet) -> str | None:
        """``on``, ``off``, or None where it is not known."""
        value = self.known(state_point(outlet))
        if isinstance(value, bool):
            return ON if value else OFF
        return value if isinstance(value, str) and value in {ON, OFF} else None

    def outlet_w(self, outlet: Outlet) -> float | None:
        """What an outlet delivers."""
        return self.watts(power_point(outlet))

    def load_w(self, load: Load) -> float | None:
        """What a load draws from all its cords, or None if one is not known."""
        drawn = [self.outlet_w(cord) for cord in load.cords]
        return None if None in drawn else sum(one for one in drawn if one is not None)

    def pdu_w(self, pdu: DeviceId) -> float | None:
        """What a PDU takes in."""
        return self.watts(inlet_power_point(pdu))
