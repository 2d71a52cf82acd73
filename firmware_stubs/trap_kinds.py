"""What each family's cards send when something happens to them, by the vendors' MIBs."""

from __future__ import annotations

from collections.abc import Mapping

from firmware_stubs.snmp_ber import Oid, Tag
from firmware_stubs.snmp_trap import Value

SNMP_TRAPS: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 5)  # SNMPv2-MIB (RFC 3418)
APC: Oid = (1, 3, 6, 1, 4, 1, 318)
RARITAN: Oid = (1, 3, 6, 1, 4, 1, 13742, 6)
UPS_TRAPS: Oid = (1, 3, 6, 1, 2, 1, 33, 2)  # RFC 1628
STULZ_TRAPS: Oid = (1, 3, 6, 1, 4, 1, 29462, 10, 1, 12, 0)

Kind = tuple[Oid, tuple[Value, ...]]


def _apc(number: int, text: str) -> Kind:
    """PowerNet-MIB, TRAP-TYPE of { apc }, with mtrapargsString."""
    return (*APC, 0, number), (((*APC, 2, 3, 3, 0), Tag.OCTETS, text.encode()),)


def _raritan(number: int, text: str) -> Kind:
    """PDU2-MIB { traps }, with pduName."""
    return (*RARITAN, 0, number), (((*RARITAN, 3, 2, 2, 1, 13, 1), Tag.OCTETS, text.encode()),)


STANDARD: Mapping[str, Kind] = {
    "cold_start": ((*SNMP_TRAPS, 1), ()),
    "warm_start": ((*SNMP_TRAPS, 2), ()),
    "link_down": ((*SNMP_TRAPS, 3), ()),
    "authentication_failure": ((*SNMP_TRAPS, 5), ()),
}
KINDS: Mapping[str, Mapping[str, Kind]] = {
    "apc-rpdu2": {
        "breaker": _apc(750, "RPDU: Bank breaker tripped."),  # rpduCriticalCondition
        "overload": _apc(276, "RPDU: Overload."),  # rPDUOverload
        "outlet_off": _apc(269, "RPDU: Outlet off."),  # rPDUOutletOff
        "leak": _apc(750, "RPDU: Leak sensor alarm."),
    },
    "raritan-pdu2": {
        "breaker": _raritan(65, "over-current protector"),  # overCurrentProtectorSensorStateChange
        "leak": _raritan(66, "leak sensor"),  # externalSensorStateChange
        "outlet_off": _raritan(23, "outlet"),  # powerControl
    },
    "rfc1628-ups": {
        "on_battery": ((*UPS_TRAPS, 1), (((1, 3, 6, 1, 2, 1, 33, 1, 2, 3, 0), Tag.INTEGER, 12),)),  # minutes remaining
        "alarm": ((*UPS_TRAPS, 3), ()),
    },
    "stulz-wib8000": {"leak": ((*STULZ_TRAPS, 6), ())},  # trpwaterDetector
}


def kind_of(family: str, kind: str) -> Kind:
    """What a family sends for a kind; LookupError when it has none."""
    known = {**STANDARD, **KINDS.get(family, {})}
    if kind not in known:
        raise LookupError(f"{family} sends no {kind!r}: it sends {', '.join(known)}")
    return known[kind]
