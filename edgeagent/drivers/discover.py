"""Meeting a device that nobody has configured: what it is, by what it answers, and one reading of everything.

SNMP is told by sysObjectID and by which tables are there, Modbus by the SunSpec marker and the marks of profiles,
Redfish by the service root, BACnet by the names of its device object and of its objects.
"""

from edgeagent.drivers.discover_bacnet import meet_bacnet
from edgeagent.drivers.discover_modbus import meet_modbus
from edgeagent.drivers.discover_redfish import meet_redfish
from edgeagent.drivers.discover_snmp import meet_snmp
from edgeagent.drivers.found import Found, Wish
from edgeagent.drivers.parts import Parts
from edgeagent.drivers.target import BacnetTarget, ModbusTarget, SnmpTarget, Target


async def meet(target: Target, parts: Parts, wish: Wish) -> Found:
    """Find out what a device is, connect to it and read it once; the caller closes its driver. Raises DeviceError."""
    if isinstance(target, SnmpTarget):
        return await meet_snmp(target, parts, wish)
    if isinstance(target, ModbusTarget):
        return await meet_modbus(target, parts, wish)
    if isinstance(target, BacnetTarget):
        return await meet_bacnet(target, parts, wish)
    return await meet_redfish(target, parts, wish)
