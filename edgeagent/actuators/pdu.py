"""One rack PDU as something that switches: found out when first needed, then looked at and commanded by outlet."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from edgeagent.actuators.parts import Identify, Parts
from edgeagent.actuators.settings import PduSettings
from edgeagent.model.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.model.points import DeviceId
from edgeagent.protocols.profile import Profile, Switch
from edgeagent.protocols.session import Lease, Turn
from edgeagent.protocols.snmp import Raw, SnmpSession
from edgeagent.protocols.snmp_address import Community, User
from edgeagent.protocols.snmp_set import SnmpWriter

SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"  # SNMPv2-MIB (RFC 3418)
HUSH_S = 5.0
"""How long a PDU that did not answer is not asked again, so that a shed goes on to the next load at once."""
LOOK_EXCHANGES = 3
"""A look takes one exchange; a second try and a wait for a poll's request are allowed for."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Family:
    """What was found out: the profile, where the serial stands, and the rows of names that do not say them."""

    profile: Profile
    serial_oid: str
    rows: Mapping[str, str]


class SwitchedPdu:
    """Every method asks the device itself, and refuses one that is not the device that the name is bound to.

    Raises DeviceRefused, DeviceUnreachable or DeviceGarbled: nothing was written; `WriteOpen`: nobody knows.
    """

    def __init__(self, settings: PduSettings, parts: Parts) -> None:
        write = settings.write_access
        if write is None:
            raise ValueError(f"{settings.device} may not be switched")
        self._settings = settings
        self._profiles = parts.profiles
        self._identify: Identify = parts.identify
        self._lease: Lease[SnmpSession] = Lease(
            parts.snmp,
            (settings.address.host, settings.address.port),
            ("write", settings.access, write),
            lambda turn: self._open(turn, write, parts),
        )
        self._clock = parts.clock
        self._family: Family | None = None
        self._silent_s = -math.inf

    @property
    def device(self) -> DeviceId:
        """Its name."""
        return self._settings.device

    @property
    def settle_s(self) -> float:
        """How long an outlet may take to say that it was switched."""
        return self._settings.switching.settle_s

    @property
    def off_on_interval_s(self) -> float:
        """The least time between opposite commands to one outlet."""
        return self._settings.switching.off_on_interval_s

    async def look(self, name: str, *, insist: bool = False) -> str:
        """Whether an outlet is on or off now, by its point's name: ``outlet.12.state``.

        A PDU that just did not answer is asked again only by who insists, as reading back does.
        """
        ago_s = self._clock.now_s() - self._silent_s
        if ago_s < HUSH_S and not insist:
            raise DeviceUnreachable(f"cannot reach {self._settings.address}: it did not answer {ago_s:.1f} s ago")
        try:
            word = await self._seen(name)
        except DeviceUnreachable:
            self._silent_s = self._clock.now_s()
            raise
        self._silent_s = -math.inf
        return word

    async def command(self, name: str, word: str) -> None:
        """Write the command; returns when the device has confirmed it."""
        family = await self._in_time(self._known)
        switch, index = _switch(family, self.device, name)
        command = switch.commands[word]
        await self._writer.set(command.column.instance(index), command.code)

    async def prepare(self, name: str) -> None:
        """Do all that a first write would do first, except writing."""
        await self.look(name)
        family = await self._in_time(self._known)
        switch, index = _switch(family, self.device, name)
        await self._writer.prove(switch.commands["on"].column.instance(index))

    async def close(self) -> None:
        """Let go of the session; safe twice."""
        await self._lease.close()

    async def _seen(self, name: str) -> str:
        family = await self._in_time(self._known)
        switch, index = _switch(family, self.device, name)
        state_oid = switch.state.instance(index)
        values = await self._in_time(lambda: self._writer.get([state_oid, family.serial_oid]))
        self._must_be_ours(values.get(family.serial_oid))
        return self._word(switch, name, values.get(state_oid))

    def _open(self, turn: Turn, write: Community | User, parts: Parts) -> SnmpWriter:
        settings = self._settings
        access = (settings.access, write)
        return SnmpWriter(settings.address, access, turn, parts.worker, timeout_s=settings.timeout_s)

    @property
    def _writer(self) -> SnmpWriter:
        session = self._lease.open()
        assert isinstance(session, SnmpWriter)
        return session

    async def _in_time(self, act: Callable[[], Awaitable[T]]) -> T:
        limit_s = LOOK_EXCHANGES * self._settings.timeout_s
        try:
            async with asyncio.timeout(limit_s):
                return await act()
        except TimeoutError:
            raise DeviceUnreachable(f"cannot reach {self._settings.address}: no answer within {limit_s:g} s") from None

    async def _known(self) -> Family:
        if self._family is None:
            profile = await self._profile()
            self._family = Family(profile, await self._serial_oid(profile), await self._rows(profile))
        return self._family

    async def _rows(self, profile: Profile) -> dict[str, str]:
        rows: dict[str, str] = {}
        for switch in profile.switches:
            if switch.needs_rows:
                below = switch.state.oid + "."
                found = (oid for oid in await self._writer.walk(switch.state.oid) if oid.startswith(below))
                rows |= switch.places(oid.removeprefix(below) for oid in found)
        return rows

    async def _profile(self) -> Profile:
        object_id = (await self._writer.get([SYS_OBJECT_ID])).get(SYS_OBJECT_ID)
        if not isinstance(object_id, str):
            raise DeviceGarbled(f"{self.device} does not say what it is (sysObjectID)")
        wanted = self._settings.family
        profiles = await asyncio.to_thread(self._profiles.of_driver, self._settings.driver)
        for profile in sorted(profiles, key=lambda one: -one.nearness(object_id)):
            claimed = wanted in ("auto", profile.name) and profile.claims(object_id)
            if claimed and await self._writer.walk(profile.presence.oid, 1):
                return profile
        raise DeviceGarbled(f"{self.device} is of no family that can be switched (sysObjectID {object_id})")

    async def _serial_oid(self, profile: Profile) -> str:
        for column in profile.serial:
            for oid, raw in (await self._writer.walk(column.oid, 1)).items():
                if _text(raw):
                    return oid
        return profile.serial[0].oid if profile.serial else SYS_OBJECT_ID

    def _must_be_ours(self, raw: Raw) -> None:
        if wrong := self._identify(self.device, _text(raw)):
            self._family = None  # another device may be of another family
            raise DeviceRefused(wrong)

    def _word(self, switch: Switch, name: str, raw: Raw) -> str:
        if raw is None:
            raise DeviceRefused(f"{self.device} has no {name} that can be switched")
        word = switch.states.get(raw) if isinstance(raw, int) else None
        if word is None:
            raise DeviceGarbled(f"{self.device} says {raw!r} of {name}, which is neither on nor off")
        return word


def _text(raw: Raw) -> str:
    """A DisplayString as the drivers read it."""
    if not isinstance(raw, bytes):
        return ""
    return "".join(char for char in raw.decode("utf-8", "replace") if char.isprintable()).strip()[:128]


def _switch(family: Family, device: DeviceId, name: str) -> tuple[Switch, str]:
    """The row of the profile and the index that a point's name means."""
    for switch in family.profile.switches:
        if index := family.rows.get(name) if switch.needs_rows else switch.place(name):
            return switch, index
    raise DeviceRefused(f"{device} cannot switch {name}: the profile {family.profile.name} does not say how")
