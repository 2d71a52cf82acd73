"""The drivers there are: one explicit table from the word in the configuration to what reads its keys."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from edgeagent.config.reader import Reader
from edgeagent.drivers import disk, gpu_device, host, hwmon, link, npu, powercap
from edgeagent.drivers.addressed import BACNET, GPIO, MODBUS, REDFISH, SNMP, SUNSPEC, addressed
from edgeagent.drivers.parts import Options

DRIVERS: Mapping[str, Callable[[Reader], Options]] = MappingProxyType(
    {
        "ipdu": addressed("ipdu", SNMP, REDFISH),
        "ups": addressed("ups", SNMP),
        "ats": addressed("ats", SNMP, REDFISH, MODBUS),
        "dcplant": addressed("dcplant", SNMP, MODBUS),
        "cooling": addressed("cooling", SNMP, REDFISH, MODBUS, BACNET),
        "cdu": addressed("cdu", REDFISH, SNMP, MODBUS, BACNET),
        "generator": addressed("generator", MODBUS),
        "water": addressed("water", MODBUS, BACNET),
        "enclosure": addressed("enclosure", MODBUS, BACNET, GPIO),
        "inverter": addressed("inverter", SUNSPEC),
        "battery": addressed("battery", SUNSPEC),
        "meter": addressed("meter", SUNSPEC),
        "bmc": addressed("bmc", REDFISH),
        "gpu": gpu_device.parse,
        "npu": npu.parse,
        "disk": disk.parse,
        "link": link.parse,
        "powercap": powercap.parse,
        "host": host.parse,
        "hwmon": hwmon.parse,
    }
)
