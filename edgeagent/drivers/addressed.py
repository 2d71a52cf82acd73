"""Devices with an address: the driver's word says what the device is, the address's scheme how to speak to it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from edgeagent.config.reader import Reader
from edgeagent.drivers import bacnet_device, gpio, modbus_device, redfish_device, snmp_device, sunspec_device
from edgeagent.drivers.parts import Options

Parse = Callable[[Reader, str], Options]
Schemes = Mapping[str, Parse]

SNMP: Schemes = MappingProxyType({"snmp": snmp_device.parse, "snmpv3": snmp_device.parse})
MODBUS: Schemes = MappingProxyType({"modbus": modbus_device.parse})
SUNSPEC: Schemes = MappingProxyType({"sunspec": sunspec_device.parse, "modbus": sunspec_device.parse})
BACNET: Schemes = MappingProxyType({"bacnet": bacnet_device.parse})
GPIO: Schemes = MappingProxyType({"gpio": gpio.parse})
REDFISH: Schemes = MappingProxyType({"redfish": redfish_device.parse, "redfish+http": redfish_device.parse})


def addressed(driver: str, *protocols: Schemes) -> Callable[[Reader], Options]:
    """What reads the keys of a device with this word; an address that nobody knows is the first one's to refuse."""
    schemes = {scheme: parse for protocol in reversed(protocols) for scheme, parse in protocol.items()}
    default = next(iter(protocols[0].values()))

    def parse(reader: Reader) -> Options:
        scheme = str(reader.peek("address")).partition("://")[0]
        return schemes.get(scheme, default)(reader, driver)

    return parse
