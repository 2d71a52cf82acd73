"""Who stands behind a sysObjectID: names of enterprise numbers (IANA, Private Enterprise Numbers).

Only makers of what stands in a data centre. The number of Net-SNMP (8072) is left out: it names the agent, not a maker.
"""

from collections.abc import Mapping
from types import MappingProxyType

ENTERPRISES = "1.3.6.1.4.1"
MAKERS: Mapping[int, str] = MappingProxyType(
    {
        2: "IBM",
        9: "Cisco",
        11: "Hewlett-Packard",
        42: "Sun Microsystems",
        232: "Hewlett Packard Enterprise",
        248: "Hirschmann",
        311: "Microsoft",
        318: "APC",
        343: "Intel",
        476: "Liebert (Vertiv)",
        534: "Eaton",
        674: "Dell",
        705: "MGE UPS Systems (Eaton)",
        789: "NetApp",
        850: "Tripp Lite",
        1588: "Brocade",
        1718: "Server Technology",
        1916: "Extreme Networks",
        2011: "Huawei",
        2254: "Delta Electronics",
        2606: "Rittal",
        2636: "Juniper",
        3375: "F5",
        3808: "CyberPower",
        3833: "Schneider Electric",
        3854: "AKCP",
        4329: "Siemens",
        4346: "Phoenix Contact",
        4555: "Socomec",
        5040: "Wiesemann & Theis",
        5528: "NetBotz",
        6302: "Emerson Energy Systems (Vertiv)",
        6574: "Synology",
        8691: "Moxa",
        9839: "Carel",
        10418: "Avocent (Vertiv)",
        10876: "Supermicro",
        12148: "Eltek",
        12356: "Fortinet",
        13742: "Raritan",
        14988: "MikroTik",
        17373: "I.T. Watchdogs (Geist)",
        19046: "Lenovo",
        21239: "Geist (Vertiv)",
        21317: "Aten",
        21796: "HW group",
        24681: "QNAP",
        25461: "Palo Alto Networks",
        25506: "H3C",
        28507: "GUDE",
        29462: "Stulz",
        30065: "Arista",
        33049: "Mellanox",
        41112: "Ubiquiti",
    }
)


def maker(object_id: object) -> str:
    """The name behind a sysObjectID; empty where there is none that we know."""
    prefix = ENTERPRISES + "."
    if not isinstance(object_id, str) or not object_id.startswith(prefix):
        return ""
    number = object_id.removeprefix(prefix).partition(".")[0]
    return MAKERS.get(int(number), "") if number.isdigit() else ""
