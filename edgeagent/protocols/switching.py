"""The keys of a device table that say whether and how its outlets may be switched."""

from dataclasses import dataclass

from edgeagent.config.reader import REQUIRED, Reader
from edgeagent.protocols.snmp_address import Community

OFF_ON_INTERVAL_S = 10.0
MAX_INTERVAL_S = 3600.0
SETTLE_S = 5.0


@dataclass(frozen=True, slots=True)
class Switching:
    """Whether a device may be switched; ``write`` is the v2c access for it, v3 has one user for all.

    ``off_on_interval_s`` is the least time between opposite commands, ``settle_s`` how long an effect may take to show.
    """

    allowed: bool = False
    write: Community | None = None
    off_on_interval_s: float = OFF_ON_INTERVAL_S
    settle_s: float = SETTLE_S


def parse_switching(reader: Reader, *, v3: bool) -> Switching:
    """The keys of one device; mistakes go to the reader."""
    allowed = reader.boolean("switchable", False)
    return Switching(
        allowed=allowed,
        write=_write(reader, needed=allowed and not v3, v3=v3),
        off_on_interval_s=reader.duration_s("off_on_interval", OFF_ON_INTERVAL_S, minimum=0.0, maximum=MAX_INTERVAL_S),
        settle_s=reader.duration_s("settle", SETTLE_S, minimum=0.1, maximum=60.0),
    )


def _write(reader: Reader, *, needed: bool, v3: bool) -> Community | None:
    if v3 and reader.has("write_community"):
        reader.problem("write_community", "cannot use a community with snmpv3://: its user writes as well")
        return None
    given = reader.secret("write_community", REQUIRED) if needed else reader.secret("write_community")
    return None if given is None else Community(given.reveal())
