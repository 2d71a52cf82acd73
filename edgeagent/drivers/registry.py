"""The drivers there are: one explicit table from the word in the configuration to what reads its keys."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from edgeagent.config.reader import Reader
from edgeagent.drivers import host, hwmon, ipdu
from edgeagent.drivers.parts import Options

DRIVERS: Mapping[str, Callable[[Reader], Options]] = MappingProxyType(
    {
        "ipdu": ipdu.parse,
        "host": host.parse,
        "hwmon": hwmon.parse,
    }
)
