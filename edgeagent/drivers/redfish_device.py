"""Devices that speak Redfish: BMCs, rack PDUs, coolant distribution units. What a service shows is found out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from edgeagent.config.reader import REQUIRED, Reader
from edgeagent.core.clock import Clock
from edgeagent.core.ports import Driver
from edgeagent.drivers.identity import DeviceChanged
from edgeagent.drivers.own_keys import address_of
from edgeagent.drivers.parts import Parts, Times
from edgeagent.model.device import DeviceInfo, Group
from edgeagent.model.errors import DeviceGarbled
from edgeagent.model.points import DeviceId
from edgeagent.model.reading import Reading, Reason, bad
from edgeagent.protocols.redfish import lease
from edgeagent.protocols.redfish_address import Access, RedfishAddress, parse_address, parse_fingerprint
from edgeagent.protocols.redfish_points import Builder
from edgeagent.protocols.redfish_service import Body, Fetch, Service, SessionLease
from edgeagent.protocols.redfish_spots import Spot
from edgeagent.protocols.redfish_walk import Walk, text
from edgeagent.protocols.switching import MAX_INTERVAL_S, OFF_ON_INTERVAL_S, SETTLE_S, Switching

BMC = "bmc"
DRIVERS = frozenset((BMC, "ipdu", "ats", "cdu", "cooling"))
"""The words that a Redfish address may have; what is read does not depend on it, only whose serial is the device's."""
FAST, SLOW = "fast", "slow"
STRICT, TYPE = "strict", "type"


@dataclass(frozen=True, slots=True)
class RedfishOptions:
    """Where the service is and how to log in; ``by_type`` believes ReadingType where ReadingUnits says otherwise.

    ``switching`` is for the actuators; the driver only reads.
    """

    address: RedfishAddress
    access: Access
    driver: str = BMC
    by_type: bool = False
    switching: Switching = field(default_factory=Switching)

    def build(self, device: DeviceId, times: Times, parts: Parts) -> Driver:
        """A driver for one service."""
        session = lease(parts.redfish, self.address, self.access, times.timeout_s)
        return RedfishDevice(device, self, session, times, parts.clock)


def parse(reader: Reader, driver: str) -> RedfishOptions:
    """The keys of a device with a ``redfish://`` or ``redfish+http://`` address; mistakes go to the reader."""
    address = address_of(reader, parse_address, RedfishAddress("", 0))
    by_type = reader.choice("units", (STRICT, TYPE), STRICT) == TYPE
    return RedfishOptions(address, _access(reader, address), driver, by_type, _switching(reader))


class RedfishDevice:
    """A Driver: walks the service on connecting, then reads only the resources that have points.

    A point that was there once stays, BAD ``absent``, until the program ends or another serial answers.
    """

    def __init__(
        self, device: DeviceId, options: RedfishOptions, session: SessionLease, times: Times, clock: Clock
    ) -> None:
        self._device = device
        self._options = options
        self._lease = session
        self._times = times
        self._clock = clock
        self._service = Service(session)
        self._known: dict[str, Spot] = {}
        self._plans: dict[str, list[Fetch]] = {}
        self._spots: dict[str, list[Spot]] = {}
        self._serial = ("", "")
        """Where the serial number stands, and what it was."""

    async def connect(self) -> DeviceInfo:
        """Identity, points and groups. A try that is cut short leaves the next one less to do. Raises DeviceError."""
        found = await Walk(self._service, prefers_systems=self._options.driver == BMC).all()
        spots = Builder(self._device, found, by_type=self._options.by_type).all()
        if not spots:
            raise DeviceGarbled(f"cannot read {self._device}: its Redfish service shows nothing that measures")
        serial = found.identity.serial
        if serial != self._serial[1]:
            self._known = {}
        self._serial = (found.serial_path, serial)
        self._known |= {spot.point.name: spot for spot in spots}
        groups = [self._group(name, period_s) for name, period_s in self._periods if self._of(name)]
        self._service.forget()
        return DeviceInfo(found.identity, tuple(spot.point for spot in self._known.values()), tuple(groups))

    async def read(self, group: str) -> list[Reading]:
        """Every point of the group. Raises DeviceError; DeviceChanged when another serial answers."""
        bodies = await self._service.read(self._plans[group])
        time_s = self._clock.now_s()
        self._still_the_same(bodies.get(self._serial[0]))
        found = []
        for spot in self._spots[group]:
            body, parent = bodies[spot.path], bodies.get(spot.parent)
            if isinstance(body, Reason):
                found.append(bad(spot.point.id, body, time_s, source=spot.source))
            elif isinstance(parent, Reason):
                found.append(bad(spot.point.id, parent, time_s, source=spot.source))
            else:
                found.append(spot.reading(body, time_s, parent))
        return found

    async def close(self) -> None:
        """Let go of the session."""
        await self._lease.close()

    @property
    def _periods(self) -> Sequence[tuple[str, float]]:
        return (FAST, self._times.every_s), (SLOW, self._times.slow_every_s)

    def _of(self, group: str) -> list[Spot]:
        return [spot for spot in self._known.values() if spot.slow is (group == SLOW)]

    def _group(self, name: str, period_s: float) -> Group:
        """A group, with room for each of its requests and two that fail."""
        spots = self._of(name)
        paths = [path for spot in spots for path in (spot.path, spot.parent) if path]
        if name == FAST and self._serial[0]:
            paths.append(self._serial[0])
        self._spots[name], self._plans[name] = spots, self._service.plan(paths)
        deadline_s = max(self._times.deadline_s, self._times.timeout_s * (2 + len(self._plans[name])))
        return Group(name, period_s, min(period_s, deadline_s), frozenset(spot.point.name for spot in spots))

    def _still_the_same(self, body: Body | Reason | None) -> None:
        now = "" if body is None or isinstance(body, Reason) else text(body.get("SerialNumber"))
        if now and now != self._serial[1]:
            raise DeviceChanged(f"cannot read {self._device}: it was {self._serial[1]} and now says that it is {now}")


def _access(reader: Reader, address: RedfishAddress) -> Access:
    user = reader.text("user", "", min_length=0, max_length=128)
    password = reader.secret("password", REQUIRED) if user else reader.secret("password")
    if password is not None and not user:
        reader.problem("password", "cannot use a password without a user")
    basic = reader.choice("login", ("session", "basic"), "session") == "basic"
    ca, fingerprint = reader.optional_file("ca"), _fingerprint(reader)
    for key, given in (("ca", ca), ("fingerprint", fingerprint)):
        if given is not None and not address.tls:
            reader.problem(key, "cannot use this with redfish+http://: there is no certificate")
    if ca is not None and fingerprint is not None:
        reader.problem("fingerprint", "cannot use both ca and fingerprint: one of them must go")
    return Access(user, "" if password is None else password.reveal(), basic, ca, fingerprint)


def _fingerprint(reader: Reader) -> bytes | None:
    given = reader.optional_text("fingerprint")
    try:
        return None if given is None else parse_fingerprint(given)
    except ValueError as error:
        reader.problem("fingerprint", str(error))
        return None


def _switching(reader: Reader) -> Switching:
    return Switching(
        allowed=reader.boolean("switchable", False),
        off_on_interval_s=reader.duration_s("off_on_interval", OFF_ON_INTERVAL_S, minimum=0.0, maximum=MAX_INTERVAL_S),
        settle_s=reader.duration_s("settle", SETTLE_S, minimum=0.1, maximum=60.0),
    )
