"""A device that a profile describes, read over SNMP."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from edgeagent.core.clock import Clock
from edgeagent.drivers.identity import DeviceChanged
from edgeagent.drivers.rowplan import Cell, Row, RowPlan, cells, step
from edgeagent.model.device import DeviceInfo, Group, Identity
from edgeagent.model.errors import DeviceGarbled
from edgeagent.model.points import DeviceId
from edgeagent.model.reading import Reading
from edgeagent.protocols.profile import Column, Pace, Profile, Table
from edgeagent.protocols.snmp import MAX_ROWS, Raw

SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"  # SNMPv2-MIB (RFC 3418)


class Agent(Protocol):
    """What is needed of an SNMP session; see `protocols.snmp.SnmpSession`."""

    async def get(self, oids: Sequence[str]) -> dict[str, Raw]:
        """The values of those objects that exist."""

    async def walk(self, prefix: str, max_rows: int = MAX_ROWS) -> dict[str, Raw]:
        """The objects below a prefix."""


class AgentLease(Protocol):
    """The hold on a session; see `protocols.session.Lease`."""

    def open(self) -> Agent:
        """The session; the same one until `close`."""

    async def close(self) -> None:
        """Give it back; safe twice, and before `open`."""


@dataclass(frozen=True, slots=True)
class Paces:
    """How often each pace is read, and how long one read may take; seconds."""

    fast_s: float
    slow_s: float
    deadline_s: float

    def group(self, pace: Pace, points: Iterable[str]) -> Group:
        """The group of a pace."""
        period_s = self.fast_s if pace is Pace.FAST else self.slow_s
        return Group(pace.value, period_s, min(self.deadline_s, period_s), frozenset(points))


class ProfiledDevice:
    """A Driver: finds the family, its rows and their scales on connecting, then reads each group in few requests.

    A row that was there once stays a point, BAD ``absent``, until the program ends or another serial answers.
    """

    def __init__(
        self,
        device: DeviceId,
        lease: AgentLease,
        clock: Clock,
        profiles: Callable[[], Sequence[Profile]],
        paces: Paces,
    ) -> None:
        self._device = device
        self._lease = lease
        self._clock = clock
        self._profiles = profiles
        self._paces = paces
        self._plans: dict[str, RowPlan] = {}
        self._serial: tuple[str, str] | None = None
        self._known: dict[tuple[int, str], Row] = {}
        self._known_as: tuple[str, str] | None = None

    async def connect(self) -> DeviceInfo:
        """Family, identity, rows and scales. Raises DeviceError."""
        profile = await self._family()
        identity = await self._identity(profile)
        found = cells(self._device, profile, await self._rows(profile, identity))
        if not found:
            raise DeviceGarbled(f"cannot read {self._device}: {profile.name} finds none of its points there")
        digits = await self._digits(found)
        groups = []
        for pace in Pace:
            mine = [cell for cell in found if cell.row.pace is pace]
            self._plans[pace.value] = RowPlan(step(cell, digits.get(cell.digits_oid or "")) for cell in mine)
            if mine:
                groups.append(self._paces.group(pace, (cell.point.name for cell in mine)))
        return DeviceInfo(identity, tuple(cell.point for cell in found), tuple(groups))

    async def read(self, group: str) -> list[Reading]:
        """Every point of the group. Raises DeviceError; DeviceChanged when another serial answers."""
        plan = self._plans[group]
        asked = plan.oids if self._serial is None else (*plan.oids, self._serial[0])
        values = await self._lease.open().get(asked)
        time_s = self._clock.now_s()
        self._still_the_same(values)
        return plan.readings(values, time_s)

    async def close(self) -> None:
        """Let go of the session."""
        await self._lease.close()

    def _still_the_same(self, values: Mapping[str, Raw]) -> None:
        if self._serial is None:
            return
        oid, serial = self._serial
        now = _text(values.get(oid))
        if now and now != serial:
            raise DeviceChanged(f"cannot read {self._device}: it was {serial} and now says that it is {now}")

    async def _family(self) -> Profile:
        object_id = (await self._lease.open().get([SYS_OBJECT_ID])).get(SYS_OBJECT_ID)
        if not isinstance(object_id, str):
            raise DeviceGarbled(f"cannot read {self._device}: it does not say what it is (sysObjectID)")
        profiles = await asyncio.to_thread(self._profiles)  # the first device to ask reads and checks all files
        for profile in profiles:
            if profile.claims(object_id) and await self._lease.open().walk(profile.presence.oid, 1):
                return profile
        known = ", ".join(profile.name for profile in profiles)
        raise DeviceGarbled(f"cannot read {self._device}: sysObjectID {object_id} is none of {known}")

    async def _identity(self, profile: Profile) -> Identity:
        model, serial, firmware = [
            await self._first(columns) for columns in (profile.model, profile.serial, profile.firmware)
        ]
        self._serial = serial if serial[1] else None
        return Identity(profile.vendor, model[1], serial[1], firmware[1])

    async def _first(self, columns: Sequence[Column]) -> tuple[str, str]:
        """Where the first object that exists stands, and its text."""
        for column in columns:
            for oid, raw in (await self._lease.open().walk(column.oid, 1)).items():
                if text := _text(raw):
                    return oid, text
        return "", ""

    async def _rows(self, profile: Profile, identity: Identity) -> list[Row]:
        if self._known_as != (profile.name, identity.serial):
            self._known, self._known_as = {}, (profile.name, identity.serial)
        for place, table in enumerate(profile.tables):
            for row in await self._table_rows(table):
                self._known[place, row.index] = row
        return list(self._known.values())

    async def _table_rows(self, table: Table) -> list[Row]:
        indexes = _below(table.rows.oid, await self._lease.open().walk(table.rows.oid))
        if table.type is None:
            return [Row(table, index) for index in indexes]
        types = _below(table.type.oid, await self._lease.open().walk(table.type.oid)) if indexes else {}
        return [Row(table, index, types.get(index)) for index in indexes]

    async def _digits(self, found: Sequence[Cell]) -> dict[str, Raw]:
        return await self._lease.open().get(list(dict.fromkeys(oid for cell in found if (oid := cell.digits_oid))))


def _below(prefix: str, rows: Mapping[str, Raw]) -> dict[str, Raw]:
    """Row index → value."""
    return {oid[len(prefix) + 1 :]: value for oid, value in rows.items() if oid.startswith(prefix + ".")}


def _text(raw: Raw) -> str:
    """A DisplayString as people read it."""
    if not isinstance(raw, bytes):
        return ""
    return "".join(char for char in raw.decode("utf-8", "replace") if char.isprintable()).strip()[:128]
