"""A rack PDU that speaks Redfish, as something that switches outlets: the action ``#Outlet.PowerControl``."""

import math

from edgeagent.actuators.redfish_setting import RedfishTargets
from edgeagent.core.clock import Clock
from edgeagent.model.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.model.points import DeviceId
from edgeagent.protocols.redfish import Resource
from edgeagent.protocols.redfish_service import local
from edgeagent.protocols.redfish_spots import dig
from edgeagent.protocols.switching import Switching

ACTION = ("Actions", "#Outlet.PowerControl", "target")
WORDS = {"on": "On", "off": "Off"}
HUSH_S = 5.0
"""How long a PDU that did not answer is not asked again, so that a shed goes on to the next load at once."""


class RedfishPdu:
    """Every method asks the device itself, and refuses one that is not the device that the name is bound to.

    Raises DeviceRefused, DeviceUnreachable or DeviceGarbled: nothing was written; `WriteOpen`: nobody knows.
    """

    def __init__(self, targets: RedfishTargets, switching: Switching, clock: Clock) -> None:
        self._targets = targets
        self._switching = switching
        self._clock = clock
        self._silent_s = -math.inf

    @property
    def device(self) -> DeviceId:
        """Its name."""
        return self._targets.device

    @property
    def settle_s(self) -> float:
        """How long an outlet may take to say that it was switched; its own delay (PowerOffDelaySeconds) is within."""
        return self._switching.settle_s

    @property
    def off_on_interval_s(self) -> float:
        """The least time between opposite commands to one outlet."""
        return self._switching.off_on_interval_s

    async def look(self, name: str, *, insist: bool = False) -> str:
        """Whether an outlet is on or off now, by its point's name: ``outlet.12.state``.

        A PDU that just did not answer is asked again only by who insists, as reading back does.
        """
        ago_s = self._clock.now_s() - self._silent_s
        if ago_s < HUSH_S and not insist:
            raise DeviceUnreachable(f"cannot reach {self.device}: it did not answer {ago_s:.1f} s ago")
        try:
            outlet = await self._outlet(name)
        except DeviceUnreachable:
            self._silent_s = self._clock.now_s()
            raise
        self._silent_s = -math.inf
        return await self._word(name, outlet)

    async def command(self, name: str, word: str) -> None:
        """Send the command; returns when the device has taken it."""
        target = self._action(name, await self._outlet(name))
        await self._targets.session.post(target, {"PowerState": WORDS[word]})

    async def prepare(self, name: str) -> None:
        """Do all that a first command would do first, except sending it."""
        self._action(name, await self._outlet(name))

    async def close(self) -> None:
        """Let go of the session; safe twice."""
        await self._targets.close()

    async def _outlet(self, name: str) -> Resource:
        spot = await self._targets.spot(name)
        return await self._targets.fresh(spot.path)

    async def _word(self, name: str, outlet: Resource) -> str:
        spot = await self._targets.spot(name)
        value = spot.reading(outlet.body, self._clock.now_s()).value
        if value not in WORDS:
            said = dig(outlet.body, spot.draft.pick)
            raise DeviceGarbled(f"{self.device} says {said!r} of {name}, which is neither on nor off"[:200])
        return str(value)

    def _action(self, name: str, outlet: Resource) -> str:
        target = local(dig(outlet.body, ACTION))
        if not target:
            raise DeviceRefused(f"{self.device} cannot switch {name}: {outlet.path} has no PowerControl")
        return target
