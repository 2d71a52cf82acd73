"""What traps mean to people, by snmpTrapOID. A trap is never a value: it hurries a poll, and is told.

An SNMPv1 trap, and what a vendor wrote as TRAP-TYPE, has a 0 before its last number (RFC 3584 section 3.1); what is
written as NOTIFICATION-TYPE may have none: both forms mean the same trap.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edgeagent.model.event import Weight


@dataclass(frozen=True, slots=True)
class Trap:
    """One kind of trap: its MIB object, its identifier, and what it says of the device."""

    object: str
    oid: str
    word: str
    severity: Weight
    text: str


STANDARD = (  # snmpTraps (RFC 3418), linkDown and linkUp (RFC 2863)
    Trap("coldStart", "1.3.6.1.6.3.1.1.5.1", "agent.cold_start", "info", "its agent started anew"),
    Trap("warmStart", "1.3.6.1.6.3.1.1.5.2", "agent.warm_start", "info", "its agent started again"),
    Trap("linkDown", "1.3.6.1.6.3.1.1.5.3", "link.down", "warning", "a network port lost its link"),
    Trap("linkUp", "1.3.6.1.6.3.1.1.5.4", "link.up", "info", "a network port has its link again"),
    Trap("authenticationFailure", "1.3.6.1.6.3.1.1.5.5", "agent.refused", "warning", "it refused somebody over SNMP"),
)


def by_oid(traps: Iterable[Trap]) -> Mapping[str, Trap]:
    """Every form of an identifier → trap; of two with one identifier the first."""
    found: dict[str, Trap] = {}
    for trap in (*STANDARD, *traps):
        head, _, last = trap.oid.rpartition(".")
        other = head.removesuffix(".0") if head.endswith(".0") else f"{head}.0"
        for oid in (trap.oid, f"{other}.{last}"):
            found.setdefault(oid, trap)
    return found
