"""Everything that is set beside outlets, made from the configuration: setpoints of devices, and workloads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from edgeagent.actuators import workload_settings
from edgeagent.actuators.bacnet_setting import BacnetSetting, BacnetTarget
from edgeagent.actuators.gpu import NumberedGpu
from edgeagent.actuators.keeper import Kept
from edgeagent.actuators.modbus_setting import ModbusSetting, ModbusTarget
from edgeagent.actuators.parts import Parts as ActuatorParts
from edgeagent.actuators.redfish_pdu import RedfishPdu
from edgeagent.actuators.redfish_setting import RedfishSetting, RedfishTargets
from edgeagent.actuators.reserve import RESERVE, battery_reserve
from edgeagent.actuators.setpoint import SetpointActuator, Settable
from edgeagent.actuators.snmp_setting import SnmpSetting, SnmpSettings, SnmpTarget
from edgeagent.actuators.storage import LIMIT, POWER, battery_power, power_limit
from edgeagent.actuators.storage_terms import Terms
from edgeagent.actuators.sunspec import SunSpecTarget
from edgeagent.actuators.worded import Coded, WordedActuator
from edgeagent.core.ports import Actuator
from edgeagent.daemon.configuration import Configuration
from edgeagent.daemon.obstacle import obstacle
from edgeagent.drivers.bacnet_device import BacnetOptions
from edgeagent.drivers.gpu_device import GpuOptions
from edgeagent.drivers.modbus_device import ModbusOptions
from edgeagent.drivers.parts import Parts
from edgeagent.drivers.redfish_device import RedfishOptions
from edgeagent.drivers.settings import DeviceSettings
from edgeagent.drivers.snmp_device import SnmpOptions
from edgeagent.drivers.sunspec_device import SunSpecOptions
from edgeagent.model.points import PointId, point_id
from edgeagent.protocols import bacnet, modbus, redfish
from edgeagent.protocols.guard import Guard, WordGuard
from edgeagent.protocols.modbus_address import ModbusAddress
from edgeagent.protocols.session import Session

HELD = {POWER: battery_power, LIMIT: power_limit}


@dataclass(slots=True)
class Settables:
    """Actuators by target; ``held`` are those that must be kept alive, ``sessions`` what is to be closed."""

    actuators: dict[PointId, Actuator] = field(default_factory=dict)
    held: list[Kept] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    left_out: dict[PointId, str] = field(default_factory=dict)

    async def close(self) -> None:
        """Let go of all sessions."""
        for session in self.sessions:
            await session.close()


def build(configuration: Configuration, parts: Parts, shared: ActuatorParts) -> Settables:
    """An actuator for each point of a ``[devices.<name>.set]`` table and each workload; nothing is opened yet."""
    found = Settables(dict(workload_settings.build(configuration.workloads, shared.clock)))
    for one in configuration.devices:
        if one.guards:
            _Device(found, one, parts, shared).add()
    return found


def redfish_pdus(configuration: Configuration, parts: Parts, shared: ActuatorParts) -> Iterator[RedfishPdu]:
    """The rack PDUs that are switched over Redfish."""
    for one in configuration.devices:
        options = one.options
        if isinstance(options, RedfishOptions) and options.driver == "ipdu" and options.switching.allowed:
            hold = redfish.lease(parts.redfish, options.address, options.access, one.times.timeout_s)
            yield RedfishPdu(RedfishTargets(one.name, hold, shared.identify), options.switching, shared.clock)


class _Device:
    """One device with something to set."""

    def __init__(self, found: Settables, one: DeviceSettings, parts: Parts, shared: ActuatorParts) -> None:
        self._found, self._one, self._parts, self._shared = found, one, parts, shared
        self._words: dict[str, WordGuard] = {}
        self._numbers: dict[str, Guard] = {}

    def add(self) -> None:
        """Its actuators, and its session where it has any."""
        for name, guard in self._one.guards.items():
            target = self._target(name)
            if why := obstacle(self._one, name):
                self._found.left_out[target] = f"cannot set {target}: {why}"
            elif isinstance(guard, WordGuard):
                self._words[name] = guard
            else:
                self._numbers[name] = guard
        if self._words or self._numbers:
            self._add()

    def _add(self) -> None:
        options = self._one.options
        if isinstance(options, SnmpOptions):
            self._add_snmp(options)
        elif isinstance(options, SunSpecOptions):
            self._add_sunspec(options)
        elif isinstance(options, RedfishOptions):
            self._add_redfish(options)
        elif isinstance(options, ModbusOptions):
            self._add_modbus(options)
        elif isinstance(options, BacnetOptions):
            self._add_bacnet(options)
        elif isinstance(options, GpuOptions):
            self._add_each(lambda name: NumberedGpu(self._target(name), self._parts.nvml, options.gpus))

    def _add_snmp(self, options: SnmpOptions) -> None:
        write = options.write_access
        assert write is not None  # else it is left out
        target = SnmpTarget(
            SnmpSettings(
                self._one.name,
                options.address,
                options.access,
                write,
                self._one.driver,
                options.family,
                self._one.times.timeout_s,
            ),
            self._shared,
        )
        self._found.sessions.append(target)
        self._add_each(lambda name: SnmpSetting(target, name))

    def _add_redfish(self, options: RedfishOptions) -> None:
        hold = redfish.lease(self._parts.redfish, options.address, options.access, self._one.times.timeout_s)
        targets = RedfishTargets(self._one.name, hold, self._shared.identify)
        self._found.sessions.append(targets)
        self._add_each(lambda name: RedfishSetting(targets, name))

    def _add_modbus(self, options: ModbusOptions) -> None:
        profiles = self._parts.modbus_profiles
        device = ModbusTarget(
            self._one.name,
            options.address.unit,
            modbus.lease(self._parts.modbus, options.address, self._one.times.timeout_s),
            choices=lambda: options.choices(profiles),
            identify=self._shared.identify,
        )
        self._found.sessions.append(device)
        self._add_coded(lambda name: ModbusSetting(device, name))

    def _add_bacnet(self, options: BacnetOptions) -> None:
        profiles = self._parts.bacnet_profiles
        device = BacnetTarget(
            self._one.name,
            options.address,
            bacnet.lease(self._parts.bacnet, options.address, self._one.times.timeout_s),
            choose=lambda named: options.choose(named, profiles),
            identify=self._shared.identify,
        )
        self._found.sessions.append(device)
        self._add_coded(lambda name: BacnetSetting(device, name))

    def _add_sunspec(self, options: SunSpecOptions) -> None:
        address = ModbusAddress(options.address.host, options.address.port, options.address.unit)
        hold = modbus.lease(self._parts.modbus, address, self._one.times.timeout_s)
        device = SunSpecTarget(
            self._one.name, address.unit, hold, models=self._parts.sunspec, identify=self._shared.identify
        )
        self._found.sessions.append(device)
        clock, terms = self._shared.clock, Terms()
        for name, guard in self._numbers.items():
            if name == RESERVE:
                self._put(battery_reserve(device, guard, clock))
            else:
                actuator = HELD[name](device, terms, guard, clock)
                self._put(actuator)
                self._found.held.append(actuator.held)

    def _add_each(self, make: Callable[[str], Settable]) -> None:
        for name, guard in self._numbers.items():
            self._put(SetpointActuator(make(name), guard, self._shared.clock))

    def _add_coded(self, make: Callable[[str], Coded]) -> None:
        """Numbers, and words whose codes the device's family says."""
        self._add_each(make)
        for name, guard in self._words.items():
            self._put(WordedActuator(make(name), guard, self._shared.clock))

    def _put(self, actuator: Actuator) -> None:
        self._found.actuators[actuator.target] = actuator

    def _target(self, name: str) -> PointId:
        return point_id(self._one.name, name)
