"""What the actuators are told: the switchable rack PDUs, and how restores are spread."""

from dataclasses import dataclass

from edgeagent.config.reader import Reader
from edgeagent.model.points import DeviceId
from edgeagent.protocols.snmp_address import Community, SnmpAddress, User
from edgeagent.protocols.switching import Switching

RESTORE_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class PduSettings:
    """One rack PDU, from its ``[devices.<name>]`` table; ``access`` is for reading, ``family`` may be ``auto``."""

    device: DeviceId
    address: SnmpAddress
    access: Community | User
    switching: Switching
    driver: str = "ipdu"
    family: str = "auto"
    timeout_s: float = 2.0

    @property
    def write_access(self) -> Community | User | None:
        """With what it is written to, if it may be."""
        if not self.switching.allowed:
            return None
        return self.switching.write if isinstance(self.access, Community) else self.access


@dataclass(frozen=True, slots=True)
class ActuatorSettings:
    """The ``[actuators]`` table."""

    restore_every_s: float = RESTORE_EVERY_S
    """The least time between the restores of two loads, so that their inrush does not add up."""


def parse(reader: Reader) -> ActuatorSettings:
    """The keys of ``[actuators]``; mistakes go to the reader."""
    return ActuatorSettings(reader.duration_s("restore_every", RESTORE_EVERY_S, minimum=0.0, maximum=600.0))
