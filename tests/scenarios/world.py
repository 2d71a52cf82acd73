"""A small pod for scenario tables: three racks, dual-corded loads whose watts move to the cord that is left."""

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.tables import builtin, parse
from edgeagent.config.layers import Layer, load
from edgeagent.model.points import DeviceId, PointId, device_of
from edgeagent.model.reading import Quality, Reading, Reason, Value, bad
from edgeagent.model.site import Load, Outlet, Rack, RackPdu, ServiceClass, Site
from edgeagent.model.snapshot import Snapshot

POLL_S = 2.0
CORD_W = 200.0
HERE = Path(__file__).parent / "autonomy"
AISLE = {"r1": "north", "r2": "north", "r3": "south"}
CLASSES = {1: "P1", 2: "P2", 3: "P3", 4: "P3"}


def site() -> Site:
    """Three racks in two aisles; r1-p1 is a P1 load on outlet 1 of both PDUs, and so on."""
    racks, pdus, loads = {}, {}, {}
    for rack, aisle in AISLE.items():
        a, b = DeviceId(f"a-{rack}"), DeviceId(f"b-{rack}")
        racks[rack] = Rack(rack, aisle, PointId(f"{a}/probe.1.temperature"))
        pdus |= {a: RackPdu(a, "A", rack), b: RackPdu(b, "B", rack)}
        for number, word in CLASSES.items():
            name = f"{rack}-{'p3b' if number == 4 else word.lower()}"
            loads[name] = Load(name, ServiceClass(word), rack, (Outlet(a, number), Outlet(b, number)))
    return Site(("A", "B"), MappingProxyType(racks), MappingProxyType(pdus), MappingProxyType(loads))


def tables(*texts: str) -> Tables:
    """The built-in tables, those of the scenarios' pod, and these texts over them; a mistake fails."""
    layers = [Layer(f"text-{number}.toml", text) for number, text in enumerate(texts)]
    loaded = load([HERE / "pod.toml"], below=[builtin()], layers=layers)
    found = parse(loaded.root, site(), {*site().pdus, "crac-north", "crac-south"})
    loaded.root.finish()
    assert not loaded.problems, "\n".join(str(problem) for problem in loaded.problems)
    return found


class World:
    """What the devices would answer, polled every 2 s; outputs take effect at once."""

    def __init__(self) -> None:
        self.site = site()
        self.values: dict[PointId, Value] = {PointId("crac-north/fault"): "no", PointId("crac-south/fault"): "no"}
        self.failed: dict[PointId, Reason] = {}
        self.silent: dict[DeviceId, Reason] = {}
        self.stuck: set[PointId] = set()
        self.switched = 0
        self._readings: dict[PointId, Reading] = {}
        for rack in self.site.racks.values():
            self.values[rack.inlet] = 24.0
        for cord in self.cords():
            self.values[PointId(f"{cord}.state")] = "on"
        for name in self.site.pdus:
            self.values[PointId(f"{name}/inlet.power")] = 0.0
        self._flow()

    def cords(self) -> Iterator[Outlet]:
        return (cord for load in self.site.loads.values() for cord in load.cords)

    def set(self, point: PointId, value: Value) -> None:
        """Something is set; an outlet that changes is counted."""
        if point in self.stuck:
            return
        if self.values.get(point) != value and point.endswith(".state"):
            self.switched += 1
        self.values[point] = value
        self._flow()

    def is_off(self, load: str) -> bool:
        words = {self.values[PointId(f"{cord}.state")] for cord in self.site.loads[load].cords}
        assert len(words) == 1, f"{load} is half shed"
        return words == {"off"}

    def poll(self, now_s: float) -> None:
        for point, value in self.values.items():
            self._readings[point] = self._reading(point, value, now_s)

    def snapshot(self, now_s: float) -> Snapshot:
        return Snapshot(now_s, 0, MappingProxyType(dict(self._readings)))

    def _reading(self, point: PointId, value: Value, now_s: float) -> Reading:
        reason = self.failed.get(point) or self.silent.get(device_of(point))
        if reason is not None:
            return bad(point, reason, now_s)
        return Reading(point, value, now_s, Quality.GOOD)

    def _flow(self) -> None:
        """Each load draws its watts through the cords that are on."""
        carried = dict.fromkeys(self.site.pdus, 0.0)
        for one in self.site.loads.values():
            on = [cord for cord in one.cords if self.values[PointId(f"{cord}.state")] == "on"]
            for cord in one.cords:
                power_w = CORD_W * len(one.cords) / len(on) if cord in on else 0.0
                self.values[PointId(f"{cord}.power")] = power_w
                carried[cord.pdu] += power_w
        for pdu, power_w in carried.items():
            extra_w = float(self.values.get(PointId(f"{pdu}/extra"), 0.0))
            self.values[PointId(f"{pdu}/inlet.power")] = power_w + extra_w
