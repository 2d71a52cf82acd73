"""Why a point of a ``[devices.<name>.set]`` table could never be set, whatever answers there."""

import re

from edgeagent.actuators.reserve import RESERVE
from edgeagent.actuators.storage import LIMIT, POWER
from edgeagent.drivers.bacnet_device import BacnetOptions
from edgeagent.drivers.gpu_device import GpuOptions
from edgeagent.drivers.modbus_device import ModbusOptions
from edgeagent.drivers.redfish_device import RedfishOptions
from edgeagent.drivers.settings import DeviceSettings
from edgeagent.drivers.snmp_device import SnmpOptions
from edgeagent.drivers.sunspec_device import SunSpecOptions
from edgeagent.protocols.guard import WordGuard

TAKES_WORDS = ModbusOptions | BacnetOptions
SETTABLE = SnmpOptions | RedfishOptions | SunSpecOptions | GpuOptions | TAKES_WORDS
_GPU_POINT = re.compile(r"gpu\.\d+\.power_limit")


def obstacle(one: DeviceSettings, name: str) -> str:
    """The reason in words that go on from "cannot set it", or nothing."""
    options = one.options
    if not isinstance(options, SETTABLE):
        return f"nothing of a {one.driver} can be set"
    if isinstance(options, SnmpOptions) and options.write_access is None:
        return "it has no write_community"
    if isinstance(options, SunSpecOptions) and name not in (POWER, LIMIT, RESERVE):
        return f"what can be set is {POWER}, {LIMIT} and {RESERVE}"
    if isinstance(options, GpuOptions) and not _GPU_POINT.fullmatch(name):
        return "what can be set is a power limit, such as gpu.0.power_limit"
    if isinstance(one.guards[name], WordGuard) and not isinstance(options, TAKES_WORDS):
        return "it takes a number: its table must say lowest and highest, not words"
    return ""
