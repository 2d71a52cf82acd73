"""Meeting an agent: the families whose tables it has, read and compared; else what any agent offers."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from edgeagent.drivers.found import AUTO, Found, Wish, met
from edgeagent.drivers.lenient import Lenient
from edgeagent.drivers.parts import Parts
from edgeagent.drivers.snmp_device import SnmpOptions
from edgeagent.drivers.standard_device import ANY, STANDARD, entity_identity
from edgeagent.drivers.standard_mib import SYS_DESCRIPTION, SYS_OBJECT_ID
from edgeagent.drivers.target import SnmpTarget
from edgeagent.model.device import Identity
from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused
from edgeagent.protocols.enterprises import maker
from edgeagent.protocols.profile import Profile
from edgeagent.protocols.profile_rows import Agent
from edgeagent.protocols.session import Lease
from edgeagent.protocols.snmp import Raw, SnmpSession

NEXT_TO_NOTHING = 4
"""A closer family with less than one in so many of another's readings is not what the device is."""
UPS_POINT = "output.source"


async def meet_snmp(target: SnmpTarget, parts: Parts, wish: Wish) -> Found:
    """What answers at an address. Raises DeviceError."""
    lease = Lease(
        parts.snmp,
        (target.address.host, target.address.port),
        target.access,
        lambda turn: SnmpSession(target.address, target.access, turn, timeout_s=wish.wait_s),
    )
    try:
        return await _Meeting(target, parts, wish, lease.open()).found()
    finally:
        await lease.close()


class _Meeting:
    """One device, asked until it is known."""

    def __init__(self, target: SnmpTarget, parts: Parts, wish: Wish, session: SnmpSession) -> None:
        self._target = target
        self._parts = parts
        self._wish = wish
        self._session = session
        self._agent = Lenient(session)
        self._notices: list[str] = []

    async def found(self) -> Found:
        """The device. Raises DeviceError."""
        system = await self._session.get([SYS_OBJECT_ID, SYS_DESCRIPTION])
        object_id = system.get(SYS_OBJECT_ID)
        profiles = await asyncio.to_thread(lambda: self._parts.profiles.all)
        found = await self._named(profiles) if self._wish.family != AUTO else await self._best(profiles, object_id)
        if found is None:
            self._notices.append(_unknown(object_id))
            found = await self._standard()
        try:
            known = _made_by(found.identity, profiles.get(found.family), object_id)
            identity = await _completed(self._agent, known, system)
        except BaseException:
            await found.driver.close()
            raise
        return replace(found, identity=identity, notices=(*self._notices, *self._agent.failures))

    async def _named(self, profiles: Mapping[str, Profile]) -> Found:
        """The family that a person wants. Raises DeviceGarbled where there is none of that name."""
        family = self._wish.family
        if family == STANDARD:
            return await self._standard()
        if family not in profiles:
            known = ", ".join((*profiles, STANDARD))
            raise DeviceGarbled(f'cannot read the family "{family}" over SNMP: must be one of {known}')
        return await self._read(profiles[family])

    async def _best(self, profiles: Mapping[str, Profile], object_id: Raw) -> Found | None:
        """The family that the device is foremost; the others are named."""
        claiming = self._parts.profiles.of_object(object_id) if isinstance(object_id, str) else ()
        tried = await self._fitting(claiming)
        if not tried:
            tried = await self._fitting(one for one in profiles.values() if one not in claiming)
        if not tried:
            return None
        nearness = {profile.name: profile.nearness(object_id) for profile in claiming if isinstance(object_id, str)}
        best = _foremost(tried, nearness)
        for other in tried:
            if other is not best:
                await other.driver.close()
                also = f"it also speaks {other.family} ({other.title}; {other.good} good values)"
                self._notices.append(f"{also}: --family {other.family} reads that")
        if not nearness.get(best.family):
            self._notices.append(
                f"no family claims {_says(object_id)}; it has the tables of {best.family} all the same"
            )
        return best

    async def _fitting(self, profiles: Iterable[Profile]) -> list[Found]:
        """The device by each family whose tables it has."""
        present = [profile for profile in profiles if await self._agent.walk(profile.presence.oid, 1)]
        return [one for profile in present if (one := await self._tried(profile)) is not None]

    async def _tried(self, profile: Profile) -> Found | None:
        """The device by one family, or None where that finds nothing good there."""
        try:
            found = await self._read(profile)
        except DeviceRefused:
            raise
        except DeviceError as error:  # where the device is dead, what is asked next says so
            self._notices.append(f"{profile.name} does not fit: {error}")
            return None
        if found.good:
            return found
        await found.driver.close()
        self._notices.append(f"{profile.name} does not fit: it finds no good value")
        return None

    async def _read(self, profile: Profile) -> Found:
        return await self._through(profile.name, profile.driver, profile.title)

    async def _standard(self) -> Found:
        found = await self._through(STANDARD, "", "")
        is_ups = any(point.name == UPS_POINT for point in found.info.points)
        return replace(found, family="", word="ups" if is_ups else "")

    async def _through(self, family: str, word: str, title: str) -> Found:
        options = SnmpOptions(self._target.address, self._target.access, word, family)
        driver = options.build(self._wish.device, self._wish.times, self._parts)
        info, readings = await met(driver)
        return Found(driver, info, info.identity, word, family, title, readings)


def _foremost(tried: Sequence[Found], nearness: Mapping[str, int]) -> Found:
    """The one that names the device most closely and finds much; of equals, the one that finds most."""
    most = max(found.good for found in tried)
    worth = [found for found in tried if found.good * NEXT_TO_NOTHING >= most]
    return max(worth, key=lambda found: (nearness.get(found.family, 0), found.good))


def _made_by(identity: Identity, profile: Profile | None, object_id: Raw) -> Identity:
    """With the maker that the sysObjectID names, where a family of many makers has only its own word for it."""
    if profile is None or ANY not in profile.object_ids or identity.vendor != profile.vendor:
        return identity
    return replace(identity, vendor=maker(object_id) or identity.vendor)


async def _completed(agent: Agent, identity: Identity, system: Mapping[str, Raw]) -> Identity:
    """With what the standard MIBs say where the family's own objects say nothing."""
    if all((identity.vendor, identity.model, identity.serial, identity.firmware)):
        return identity
    other, _ = await entity_identity(agent, system)
    return Identity(
        identity.vendor or other.vendor,
        identity.model or other.model,
        identity.serial or other.serial,
        identity.firmware or other.firmware,
    )


def _unknown(object_id: Raw) -> str:
    return f"no profile for {_says(object_id)}: here is what it offers by the standard MIBs"


def _says(object_id: Raw) -> str:
    return f"sysObjectID {object_id}" if isinstance(object_id, str) else "a device that does not say its sysObjectID"
