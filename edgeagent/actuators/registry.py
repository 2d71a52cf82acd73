"""The actuators there are, built from the switchable PDUs and the site."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from edgeagent.actuators.load import LoadActuator
from edgeagent.actuators.outlet import OutletActuator, Switches
from edgeagent.actuators.parts import Parts, Stagger
from edgeagent.actuators.pdu import SwitchedPdu
from edgeagent.actuators.settings import ActuatorSettings, PduSettings
from edgeagent.core.ports import Actuator
from edgeagent.model.errors import DeviceError
from edgeagent.model.points import DeviceId, PointId, device_of, name_of
from edgeagent.model.site import Load, Outlet, Site
from edgeagent.protocols.session import Session


class Pdu(Switches, Protocol):
    """A rack PDU that can be prepared and closed."""

    async def prepare(self, name: str) -> None:
        """Do all that a first command would do first, except sending it. Raises DeviceError."""

    async def close(self) -> None:
        """Let go of its session; safe twice."""


SWITCHES: Mapping[str, Callable[[PduSettings, Parts], SwitchedPdu]] = MappingProxyType({"ipdu": SwitchedPdu})
"""What switches the outlets of a device, by its driver's word."""


@dataclass(slots=True)
class Actuators:
    """Every target that can be set. ``left_out`` says of the others why they cannot.

    People and rules switch loads: an outlet alone only moves its watts to the load's other feed.
    """

    loads: dict[PointId, Actuator] = field(default_factory=dict)
    outlets: dict[PointId, Actuator] = field(default_factory=dict)
    left_out: dict[PointId, str] = field(default_factory=dict)
    pdus: dict[DeviceId, Pdu] = field(default_factory=dict)
    sessions: list[Session] = field(default_factory=list)
    """Those of what is set beside outlets."""

    async def prepare(self, is_wanted: Callable[[DeviceId], bool] = lambda _device: True) -> Mapping[DeviceId, str]:
        """Open every conversation that a write would need, one outlet per PDU; what is wrong with those that fail."""
        troubles: dict[DeviceId, str] = {}
        for device, pdu in [(device, pdu) for device, pdu in self.pdus.items() if is_wanted(device)]:
            name = next((name_of(target) for target in self.outlets if device_of(target) == device), None)
            try:
                if name is not None:
                    await pdu.prepare(name)
            except DeviceError as error:
                troubles[device] = str(error)
        return troubles

    async def close(self) -> None:
        """Let go of all sessions."""
        for session in (*self.pdus.values(), *self.sessions):
            await session.close()


def build(
    settings: ActuatorSettings, pdus: Iterable[PduSettings], site: Site, parts: Parts, others: Iterable[Pdu] = ()
) -> Actuators:
    """An actuator for each load whose cords all hang on switchable PDUs, and for each such cord's outlet.

    ``pdus`` are spoken to over SNMP, ``others`` over something else.
    """
    found = Actuators(pdus={one.device: SWITCHES[one.driver](one, parts) for one in pdus if one.write_access})
    found.pdus |= {one.device: one for one in others}
    outlets: dict[Outlet, OutletActuator] = {}
    for load in site.loads.values():
        for cord in load.cords:
            if cord.pdu in found.pdus and cord not in outlets:
                outlets[cord] = OutletActuator(found.pdus[cord.pdu], cord.number, parts.clock)
                found.outlets[outlets[cord].target] = outlets[cord]
    stagger = Stagger(parts.clock, settings.restore_every_s)
    for load in site.loads.values():
        why = _obstacle(load, found.pdus)
        if why:
            found.left_out[load.target] = f"cannot switch load {load.name}: {why}"
        else:
            actuator = LoadActuator(load, [outlets[cord] for cord in load.cords], stagger, parts.clock)
            found.loads[actuator.target] = actuator
    return found


def _obstacle(load: Load, pdus: Mapping[DeviceId, Pdu]) -> str:
    if not load.cords:
        return "it has no cords"
    missing = sorted({cord.pdu for cord in load.cords if cord.pdu not in pdus})
    return f"{', '.join(missing)} is not switchable (switchable = true allows it)" if missing else ""
