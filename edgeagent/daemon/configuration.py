"""The whole configuration: one file tree, each room's own parser, every mistake at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgeagent.actuators import workload_settings
from edgeagent.actuators.settings import ActuatorSettings, PduSettings
from edgeagent.actuators.settings import parse as parse_actuators
from edgeagent.actuators.workload_settings import WorkloadSettings
from edgeagent.api import settings as api
from edgeagent.autonomy import tables as autonomy
from edgeagent.autonomy.compiled import Tables, Target
from edgeagent.config.layers import Loaded, config_files, load
from edgeagent.config.reader import Reader
from edgeagent.config.tree import Problem
from edgeagent.config.values import nearest
from edgeagent.core.clock import SystemClock
from edgeagent.daemon import settings as daemon
from edgeagent.daemon.obstacle import obstacle
from edgeagent.drivers import bacnet_device, kernel_log, modbus_device, redfish_device, snmp_device, traps
from edgeagent.drivers import settings as drivers
from edgeagent.drivers import site as sites
from edgeagent.drivers.kernel_log import KernelLogSettings
from edgeagent.drivers.traps import TrapSettings
from edgeagent.model.errors import ConfigError
from edgeagent.model.intent import Choice, Hold, Range
from edgeagent.model.points import DeviceId, point_id
from edgeagent.model.site import Site
from edgeagent.protocols.bacnet_profile import BacnetProfiles
from edgeagent.protocols.guard import WordGuard
from edgeagent.protocols.modbus_profile_file import ModbusProfiles
from edgeagent.protocols.profile_file import Profiles
from edgeagent.store import settings as store
from edgeagent.uplink import settings as uplink
from edgeagent.wire.keyring import load_keyring


@dataclass(frozen=True, slots=True)
class Configuration:
    """Every room's settings."""

    daemon: daemon.DaemonSettings
    api: api.ApiSettings
    store: store.StoreSettings
    uplink: uplink.UplinkSettings
    devices: tuple[drivers.DeviceSettings, ...]
    site: Site
    tables: Tables
    actuators: ActuatorSettings
    workloads: tuple[WorkloadSettings, ...] = ()
    traps: TrapSettings | None = None
    kernel_log: KernelLogSettings = field(default_factory=KernelLogSettings)

    @property
    def pdus(self) -> tuple[PduSettings, ...]:
        """The rack PDUs whose outlets may be switched."""
        return _switchable(self.devices)

    @property
    def switchable(self) -> frozenset[DeviceId]:
        """Every rack PDU whose outlets may be switched, whatever it speaks."""
        return _all_switchable(self.devices)


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration as far as it could be read, and what is wrong with it."""

    configuration: Configuration
    loaded: Loaded

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every mistake, by file and line."""
        return self.loaded.problems

    @property
    def summary(self) -> str:
        """What it describes, in a few words."""
        site = self.configuration.site
        counts = {"device": self.configuration.devices, "rack": site.racks, "load": site.loads}
        words = [f"{len(some)} {noun}{'' if len(some) == 1 else 's'}" for noun, some in counts.items()]
        return ", ".join([*words, *self._interlocks()])

    def _interlocks(self) -> Iterator[str]:
        found = self.configuration.tables.interlocks
        if found:
            armed = sum(one.armed for one in found)
            yield f"{len(found)} interlock{'' if len(found) == 1 else 's'} ({armed} in service)"


def check(path: Path, environment: Mapping[str, str]) -> Checked:
    """Read the file and those beside it, and have every room parse its part."""
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    loaded = load(
        config_files(path), below=[autonomy.builtin()], credentials=Path(credentials) if credentials else None
    )
    root = loaded.root
    devices, site = tuple(drivers.parse(root)), sites.parse(root)
    workloads = tuple(workload_settings.parse(root))
    configuration = Configuration(
        daemon=daemon.parse(root, environment),
        api=api.parse(root.table("api")),
        store=store.parse(root.table("store")),
        uplink=uplink.parse(root.table("uplink")),
        devices=devices,
        site=site,
        tables=autonomy.parse(
            root,
            site,
            {drivers.DERIVED, *(one.name for one in devices)},
            switchable=_all_switchable(devices),
            settable=[*_setpoints(devices), *_workloads(workloads)],
        ),
        actuators=parse_actuators(root.table("actuators")),
        workloads=workloads,
        traps=traps.parse(root.table("traps")),
        kernel_log=kernel_log.parse(root.table("kernel_log")),
    )
    _look_around(root, configuration)
    root.finish()
    return Checked(configuration, loaded)


def check_files(checked: Checked) -> None:
    """Note the certificates that are not there.

    Not for the daemon: a certificate that comes late must not keep a pod from looking after itself.
    """
    reader = checked.loaded.root.table("uplink")
    for key in ("ca", "certificate", "key"):
        path: Path | None = getattr(checked.configuration.uplink.broker, key)
        if path is not None and not path.is_file():
            reader.problem(key, f"cannot read {path}: there is no such file")


def _switchable(devices: Iterable[drivers.DeviceSettings]) -> tuple[PduSettings, ...]:
    return tuple(
        PduSettings(
            one.name,
            one.options.address,
            one.options.access,
            one.options.switching,
            one.driver,
            one.options.family,
            one.times.timeout_s,
        )
        for one in devices
        if isinstance(one.options, snmp_device.SnmpOptions) and one.options.switching.allowed
    )


def _all_switchable(devices: Iterable[drivers.DeviceSettings]) -> frozenset[DeviceId]:
    with_outlets = snmp_device.SnmpOptions | redfish_device.RedfishOptions
    return frozenset(
        one.name for one in devices if isinstance(one.options, with_outlets) and one.options.switching.allowed
    )


def _setpoints(devices: Iterable[drivers.DeviceSettings]) -> Iterator[Target]:
    """What the devices' own tables allow to be set."""
    for one in devices:
        for name, guard in one.guards.items():
            domain = Choice(guard.words) if isinstance(guard, WordGuard) else Range(guard.low, guard.high)
            yield Target(point_id(one.name, name), domain, Hold() if guard.safe is None else guard.safe)


def _workloads(settings: Sequence[WorkloadSettings]) -> Iterator[Target]:
    for target, actuator in workload_settings.build(settings, SystemClock()).items():
        yield Target(target, actuator.domain, actuator.safe)


def _look_around(root: Reader, configuration: Configuration) -> None:
    """Names that another room defines, and the keyring, without which nothing could ever be acknowledged."""
    keyring = configuration.uplink.keyring
    if keyring.name:
        try:
            load_keyring(keyring)
        except ConfigError as error:
            root.table("uplink").problem("keyring", str(error))
    _look_at_devices(root.named_tables("devices"), configuration.devices)
    known = {one.name for one in configuration.devices}
    racks = root.named_tables("racks")
    for name, rack in configuration.site.racks.items():
        device_name = rack.inlet.partition("/")[0] if rack.inlet else ""
        if device_name and device_name not in known:
            racks[name].problem(
                "inlet", f"cannot find this point: there is no [devices.{device_name}]", nearest(device_name, known)
            )


def _look_at_devices(readers: Mapping[str, Reader], devices: Iterable[drivers.DeviceSettings]) -> None:
    """What only the profiles know, and what can never be set."""
    profiles, registers = Profiles(), ModbusProfiles()
    for device in devices:
        settings = readers[device.name].named_tables("set")
        for name, why in ((name, obstacle(device, name)) for name in device.guards):
            if why:
                settings[name].problem(None, f"cannot set it: {why}")
        if isinstance(device.options, snmp_device.SnmpOptions) and device.options.family != snmp_device.AUTO:
            snmp_device.check_family(readers[device.name], device.options, profiles)
        elif isinstance(device.options, modbus_device.ModbusOptions):
            modbus_device.check_family(readers[device.name], device.options, registers)
            modbus_device.check_settings(settings, device.options, device.guards, registers)
        elif isinstance(device.options, bacnet_device.BacnetOptions):
            bacnet_device.check_family(readers[device.name], device.options, BacnetProfiles())


def read(path: Path, environment: Mapping[str, str]) -> Configuration:
    """A configuration without a mistake.

    Raises:
        ConfigError: there are mistakes; all of them are in the message.
    """
    checked = check(path, environment)
    if checked.problems:
        lines = "\n".join(f"  {problem}" for problem in checked.problems)
        raise ConfigError(f"cannot use the configuration:\n{lines}")
    return checked.configuration
