"""What drivers are built from: what all share, and what each device is told about time."""

import math
from dataclasses import dataclass, field
from typing import Protocol

from edgeagent.core.clock import Clock
from edgeagent.core.ports import Driver
from edgeagent.drivers.bell import Bell
from edgeagent.drivers.estimates.desk import Desk
from edgeagent.model.points import DeviceId
from edgeagent.protocols.bacnet import BacnetSession
from edgeagent.protocols.bacnet_profile import BacnetProfiles
from edgeagent.protocols.files import Files
from edgeagent.protocols.modbus import ModbusSession
from edgeagent.protocols.modbus_profile_file import ModbusProfiles
from edgeagent.protocols.no_worker import NoWorker
from edgeagent.protocols.nvml import Nvml
from edgeagent.protocols.profile_file import Profiles
from edgeagent.protocols.redfish import RedfishSession
from edgeagent.protocols.session import Sessions
from edgeagent.protocols.snmp import SnmpSession
from edgeagent.protocols.sunspec_models import Models


@dataclass(frozen=True, slots=True)
class Parts:
    """What all drivers of a daemon share."""

    clock: Clock
    snmp: Sessions[SnmpSession] = field(default_factory=Sessions)
    profiles: Profiles = field(default_factory=Profiles)
    redfish: Sessions[RedfishSession] = field(default_factory=Sessions)
    modbus: Sessions[ModbusSession] = field(default_factory=Sessions)
    modbus_profiles: ModbusProfiles = field(default_factory=ModbusProfiles)
    bacnet: Sessions[BacnetSession] = field(default_factory=Sessions)
    bacnet_profiles: BacnetProfiles = field(default_factory=BacnetProfiles)
    sunspec: Models = field(default_factory=Models)
    nvml: Nvml = field(default_factory=lambda: Nvml(NoWorker("nvml")))
    files: Files = field(default_factory=lambda: Files(NoWorker("sysfs")))
    disks: Files = field(default_factory=lambda: Files(NoWorker("disk")))
    """A disk that dies holds its reader in the kernel: those are read by a child of their own."""
    bell: Bell = field(default_factory=Bell)
    """Rung by a device that has something new between two polls."""
    estimates: Desk | None = None
    """What judges readings before anybody sees them; None reads them as they are."""


@dataclass(frozen=True, slots=True)
class Times:
    """A device's periods and limits, in seconds; ``timeout_s`` is one exchange, ``deadline_s`` one read of a group."""

    every_s: float
    slow_every_s: float
    timeout_s: float
    protective_every_s: float = math.inf
    """How often points that protect are read, where that is more often than ``every_s``."""

    @property
    def deadline_s(self) -> float:
        """Room for two tries and some work, and never longer than a period."""
        return min(self.every_s, 3 * self.timeout_s)


class Options(Protocol):
    """A driver's own settings, which can make the driver."""

    def build(self, device: DeviceId, times: Times, parts: Parts) -> Driver:
        """A driver for one device; nothing is opened yet."""
