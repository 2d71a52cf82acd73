"""The walk from the root of a service to all that measures; what gives the best names is walked first."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edgeagent.model.device import Identity
from edgeagent.model.errors import DeviceGarbled
from edgeagent.protocols.redfish import ROOT
from edgeagent.protocols.redfish_service import Body, Service, expanding, linked, local
from edgeagent.protocols.redfish_tables import Role

POWER_UNITS = {
    "RackPDUs": "",
    "FloorPDUs": "floor_pdu",
    "TransferSwitches": "transfer_switch",
    "Switchgear": "switchgear",
    "PowerShelves": "power_shelf",
    "ElectricalBuses": "bus",
}
"""Collections of PowerEquipment, and what their points' names begin with."""
THERMAL_UNITS = {"CDUs": "", "HeatExchangers": "heat_exchanger", "ImmersionUnits": "immersion"}
CIRCUITS = {"Branches": "branch", "Feeders": "feeder", "Subfeeds": "subfeed"}
COOLANT = {"PrimaryCoolantConnectors": "primary", "SecondaryCoolantConnectors": "secondary"}


@dataclass(frozen=True, slots=True)
class Part:
    """A resource that has points: what it is, the beginning of their names, and itself as it was read."""

    role: Role
    name: str
    path: str
    body: Body
    slow: bool = False
    parent: str = ""
    """The resource whose Status speaks for this one, which has none: metrics of a supply that is not there."""

    @property
    def label(self) -> str:
        """What the service calls it."""
        name = self.body.get("UserLabel") or self.body.get("Name")
        return name[:80] if isinstance(name, str) else ""


@dataclass(slots=True)
class Found:
    """All that was found. ``sources`` are the sensors and controls that parts copy, None where there is none."""

    parts: list[Part] = field(default_factory=list)
    sources: dict[str, Body | None] = field(default_factory=dict)
    identity: Identity = field(default_factory=Identity)
    serial_path: str = ""
    """Where the serial number stands."""


class Walk:
    """One walk; a resource that two links lead to is taken once."""

    def __init__(self, service: Service, *, prefers_systems: bool) -> None:
        self._service = service
        self._prefers_systems = prefers_systems
        self._found = Found()
        self._taken: set[str] = set()

    async def all(self) -> Found:
        """Everything. Raises DeviceError."""
        root = await self._service.learnt(ROOT)
        if root is None:
            raise DeviceGarbled(f"cannot find a Redfish service: there is no resource at {ROOT}")
        self._service.expands = expanding(root)
        await self._units(root, "PowerEquipment", POWER_UNITS)
        await self._units(root, "ThermalEquipment", THERMAL_UNITS)
        await self._systems(root)
        await self._chassis(root)
        await self._sources()
        self._found.identity, self._found.serial_path = await self._identity(root)
        return self._found

    async def _units(self, root: Body, equipment: str, kinds: Mapping[str, str]) -> None:
        top = await self._service.learnt(linked(root.get(equipment))) if linked(root.get(equipment)) else None
        for key, word in kinds.items() if top else ():
            assert top is not None
            units = await self._members(top, key)
            for number, (path, body) in enumerate(units, 1):
                alone = f"unit.{number}." if len(units) > 1 else ""
                await self._unit(f"{word}.{number}." if word else alone, path, body)

    async def _unit(self, prefix: str, path: str, body: Body) -> None:
        self._add(Role.UNIT, f"{prefix}unit", path, body)
        mains = await self._members(body, "Mains")
        for number, main in enumerate(mains, 1):
            self._add(Role.MAIN, f"{prefix}inlet.{number}" if len(mains) > 1 else f"{prefix}inlet", *main)
        for key, word in CIRCUITS.items():
            await self._numbered(Role.BRANCH, f"{prefix}{word}", body, key)
        await self._numbered(Role.OUTLET, f"{prefix}outlet", body, "Outlets")
        await self._numbered(Role.GROUP, f"{prefix}group", body, "OutletGroups")
        await self._single(Role.METRICS, f"{prefix}inlet" if len(mains) < 2 else f"{prefix}unit", body, "Metrics", path)
        for key, word in COOLANT.items():
            await self._numbered(Role.CONNECTOR, f"{prefix}{word}", body, key, lone=True)
        await self._numbered(Role.PUMP, f"{prefix}pump", body, "Pumps")
        await self._single(Role.ENVIRONMENT, f"{prefix}unit", body, "EnvironmentMetrics", path)
        await self._leaks(f"{prefix}leak", body)
        # The one DMTF example of a CDU has this collection and no link to it; its place is fixed (DSP8010).
        reservoirs = (
            body if "Reservoirs" in body or "/CDUs/" not in path else {**body, "Reservoirs": _at(path, "Reservoirs")}
        )
        await self._numbered(Role.RESERVOIR, f"{prefix}reservoir", reservoirs, "Reservoirs")
        await self._numbered(Role.FILTER, f"{prefix}filter", body, "Filters", slow=True)

    async def _leaks(self, name: str, body: Body) -> None:
        """Detectors by the group that shows them, by the collection of the unit, and by that of its chassis."""
        below = linked(body.get("LeakDetection"))
        detection = await self._service.learnt(below) if below else None
        paths = list(_shown(detection)) if detection else []
        collected = [
            *await self._members(detection or {}, "LeakDetectors"),
            *await self._members(body, "LeakDetectors"),
        ]
        for path in dict.fromkeys([*paths, *(path for path, _ in collected)]):
            detector = await self._service.learnt(path)
            if detector is not None and path not in self._taken:
                self._add(Role.LEAK, f"{name}.{self._count(f'{name}.') + 1}", path, detector)
        if detection is not None:
            self._add(Role.LEAKS, name, below, detection)

    async def _systems(self, root: Body) -> None:
        systems = await self._members(root, "Systems")
        for number, (path, body) in enumerate(systems, 1):
            self._add(Role.SYSTEM, "system" if len(systems) == 1 else f"system.{number}", path, body)

    async def _chassis(self, root: Body) -> None:
        every = await self._members(root, "Chassis")
        slow = any(part.role is Role.UNIT for part in self._found.parts)
        for path, body in every:
            prefix = f"chassis.{slug(_last(path))}." if len(every) > 1 else ""
            own = prefix.removesuffix(".") or "chassis"
            self._add(Role.CHASSIS, own, path, body, slow=True)
            await self._leaks(f"{prefix}leak" if not slow else "leak", body)
            await self._subsystems(prefix, body)
            sensors = await self._named(Role.SENSOR, f"{prefix}sensor", body, "Sensors", slow=slow)
            if not sensors:
                await self._single(Role.THERMAL, prefix, body, "Thermal")
                await self._single(Role.POWER, prefix, body, "Power")
            await self._named(Role.CONTROL, f"{prefix}control", body, "Controls", slow=slow)
            await self._single(Role.ENVIRONMENT, own, body, "EnvironmentMetrics")

    async def _subsystems(self, prefix: str, body: Body) -> None:
        thermal, power = [await self._below(body, key) for key in ("ThermalSubsystem", "PowerSubsystem")]
        await self._numbered(Role.FAN, f"{prefix}fan", thermal, "Fans")
        await self._leaks(f"{prefix}leak", thermal)
        await self._numbered(Role.SUPPLY, f"{prefix}supply", power, "PowerSupplies")
        for part in [part for part in self._found.parts if part.role is Role.SUPPLY]:
            await self._single(Role.SUPPLY_METRICS, part.name, part.body, "Metrics", part.path)

    async def _sources(self) -> None:
        """What the parts copy from."""
        for part in self._found.parts:
            for uri in copies(part.body):
                if uri not in self._found.sources:
                    self._found.sources[uri] = await self._service.learnt(uri)

    async def _identity(self, root: Body) -> tuple[Identity, str]:
        order = [Role.UNIT, Role.SYSTEM, Role.CHASSIS]
        if self._prefers_systems:
            order = [Role.SYSTEM, Role.CHASSIS, Role.UNIT]
        ranked = sorted(
            (part for part in self._found.parts if part.role in order),
            key=lambda part: (not part.body.get("SerialNumber"), order.index(part.role)),
        )
        if not ranked:
            return Identity(vendor=text(root.get("Vendor")), model=text(root.get("Product"))), ""
        best = ranked[0]
        firmware = text(best.body.get("FirmwareVersion"))
        if not firmware:
            managers = await self._members(root, "Managers")
            firmware = next((text(body.get("FirmwareVersion")) for _, body in managers), "")
        vendor, model, serial = [text(best.body.get(key)) for key in ("Manufacturer", "Model", "SerialNumber")]
        return Identity(vendor or text(root.get("Vendor")), model, serial, firmware), best.path if serial else ""

    # -- steps

    async def _numbered(
        self, role: Role, name: str, body: Body, key: str, *, slow: bool = False, lone: bool = False
    ) -> None:
        """The members of a collection as ``name.{n}``: by their Ids where those are numbers, else by their place.

        ``lone`` leaves the number out where there is one.
        """
        members = await self._members(body, key)
        numbers = numbered([_last(path) for path, _ in members])
        for number, (path, member) in zip(numbers, members, strict=True):
            self._add(role, name if lone and len(members) == 1 else f"{name}.{number}", path, member, slow=slow)

    async def _named(self, role: Role, name: str, body: Body, key: str, *, slow: bool) -> int:
        """The members of a collection by their Ids; how many there are."""
        members = await self._members(body, key)
        for path, member in members:
            self._add(role, f"{name}.{slug(_last(path))}", path, member, slow=slow)
        return len(members)

    async def _single(self, role: Role, name: str, body: Body, key: str, parent: str = "") -> None:
        path = linked(body.get(key))
        found = await self._service.learnt(path) if path else None
        if found is not None:
            self._add(role, name, path, found, parent=parent)

    async def _below(self, body: Body, key: str) -> Body:
        path = linked(body.get(key))
        return (await self._service.learnt(path) if path else None) or {}

    async def _members(self, body: Body, key: str) -> list[tuple[str, Body]]:
        path = linked(body.get(key))
        return await self._service.members(path) if path else []

    def _add(self, role: Role, name: str, path: str, body: Body, *, slow: bool = False, parent: str = "") -> None:
        if path not in self._taken:
            self._taken.add(path)
            self._found.parts.append(Part(role, name, path, body, slow, "" if "Status" in body else parent))

    def _count(self, beginning: str) -> int:
        return sum(part.name.startswith(beginning) for part in self._found.parts)


def copies(body: object) -> Sequence[str]:
    """The paths of all sensors, controls and detectors that a resource copies, each once."""
    return list(dict.fromkeys(_copied(body, 0)))


def numbered(ids: Sequence[str]) -> list[int]:
    """Their own numbers where all have one, else their places from 1 on."""
    if all(one.isascii() and one.isdigit() and len(one) < 6 for one in ids):
        own = [int(one) for one in ids]
        if len(set(own)) == len(own):
            return own
    return list(range(1, len(ids) + 1))


def slug(name: str) -> str:
    """A name as it can stand in a point's: ``SystemTemperature`` is ``system_temperature``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")[:60] or "unnamed"


def text(found: object) -> str:
    """A text as people read it."""
    if not isinstance(found, str):
        return ""
    return "".join(char for char in found if char.isprintable()).strip()[:128]


def _copied(body: object, depth: int) -> Sequence[str]:
    if depth > 8:
        return []
    if isinstance(body, dict):
        own = [local(body["DataSourceUri"])] if "DataSourceUri" in body else []
        return [uri for uri in own if uri] + [uri for value in body.values() for uri in _copied(value, depth + 1)]
    return [uri for value in body for uri in _copied(value, depth + 1)] if isinstance(body, list) else []


def _shown(detection: Body) -> Sequence[str]:
    groups = detection.get("LeakDetectorGroups")
    found = [one.get("Detectors") for one in groups if isinstance(one, dict)] if isinstance(groups, list) else []
    return [uri for detectors in found for uri in copies(detectors)]


def _at(path: str, key: str) -> Mapping[str, str]:
    return {"@odata.id": f"{path}/{key}"}


def _last(path: str) -> str:
    return path.rpartition("/")[2]
