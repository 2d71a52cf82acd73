"""Meeting a BACnet/IP device: by the marks of profiles, else by all of its objects under their own names."""

import asyncio

from edgeagent.drivers.bacnet_device import AUTO, OBJECTS, BacnetOptions, fitting
from edgeagent.drivers.found import Found, Wish, met
from edgeagent.drivers.parts import Parts
from edgeagent.drivers.target import BacnetTarget
from edgeagent.model.errors import DeviceGarbled
from edgeagent.protocols.bacnet_objects import Named
from edgeagent.protocols.bacnet_profile import BacnetProfile

ANY_WORD = "cooling"
"""The word of what no profile knows: its objects read the same under every word of BACnet."""


async def meet_bacnet(target: BacnetTarget, parts: Parts, wish: Wish) -> Found:
    """What answers there. Raises DeviceError."""
    profiles = (await asyncio.to_thread(lambda: parts.bacnet_profiles.all)).values()
    named = next((one for one in profiles if one.name == wish.family), None)
    if named is None and wish.family not in (AUTO, OBJECTS):
        known = ", ".join((*(one.name for one in profiles), OBJECTS))
        raise DeviceGarbled(f'cannot read the family "{wish.family}" over BACnet: must be one of {known}')

    def choose(found: Named) -> BacnetProfile | None:
        return fitting(found, tuple(profiles)) if wish.family == AUTO else named

    device = BacnetOptions(target.address, ANY_WORD).device(wish.device, wish.times, parts, choose=choose)
    info, readings = await met(device)
    profile = device.profile
    if profile is not None:
        return Found(device, info, info.identity, profile.driver, profile.name, profile.title, readings)
    title, notices = "objects by their own names", _notices(device.left_out, [one.name for one in profiles])
    return Found(device, info, info.identity, ANY_WORD, OBJECTS, title, readings, notices)


def _notices(left_out: int, families: list[str]) -> tuple[str, ...]:
    told = f"no profile knows it; where you know what it is, name it: --family {'|'.join(families)}"
    return (told, f"{left_out} objects are left out: they have a unit that no point has") if left_out else (told,)
