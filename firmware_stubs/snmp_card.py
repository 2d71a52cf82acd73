"""A management card: the little computer that speaks SNMP for a device, and all that can go wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from firmware_stubs.snmp_usm import UsmKeys, UsmUser

TICKS_PER_S = 100  # TimeTicks are hundredths of a second (RFC 2578 section 7.1.8)


class Garbage(StrEnum):
    """Ways to spoil an answer; `mixed` takes them in turn."""

    RANDOM = "random"
    TRUNCATED = "truncated"
    FLIPPED = "flipped"
    REQUEST_ID = "request_id"
    MIXED = "mixed"


@dataclass(frozen=True)
class V2cAccess:
    """Communities; a card with these speaks v2c only."""

    read: str = "public"
    write: str = "private"


class EnergyMeter(Protocol):
    """A counter of energy that a card shows."""

    def reset(self) -> None: ...

    def wrap_after(self, after_wh: float) -> None: ...


@dataclass
class Card:
    """State of one card. Faults write here, the agent and the tables read. Outlets live in the world, not here."""

    name: str
    access: V2cAccess | UsmUser
    enterprise: int  # IANA number, for the engine id
    serial: str
    now: Callable[[], float]
    powered: Callable[[], bool] = lambda: True
    started_s: float = 0.0
    engine_boots: int = 1
    swaps: int = 0  # how often the card was replaced: each has its own engine id
    silent: bool = False
    delay_s: float = 0.0
    garbage: Garbage | None = None
    sensors_lost: bool = False
    probe_lost: bool = False
    probe_factor: float = 1.0  # the probe says so many times the truth
    fahrenheit: bool = False  # somebody switched the unit of temperatures, where the family has one
    stuck: bool = False  # what it measures stays as it was
    energy_asleep: bool = False  # energies read 0 until it has found them again
    meters: list[EnergyMeter] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    engine_id: bytes = b""
    keys: UsmKeys | None = None

    def __post_init__(self) -> None:
        self.started_s = self.now()
        self.own_serial = self.serial
        self._become()

    @property
    def probe_gone(self) -> bool:
        """Whether the card has no word from its probe."""
        return self.sensors_lost or self.probe_lost

    @property
    def uptime_s(self) -> float:
        return self.now() - self.started_s

    def serial_octets(self) -> bytes:
        """The serial number as a DisplayString."""
        return self.serial.encode()

    @property
    def uptime_ticks(self) -> int:
        """sysUpTime; wraps after 497 days."""
        return int(self.uptime_s * TICKS_PER_S) & 0xFFFF_FFFF

    @property
    def engine_time_s(self) -> int:
        return int(self.uptime_s)

    def restart(self) -> None:
        """The agent starts anew: one more boot, uptime zero."""
        self.engine_boots += 1
        self.started_s = self.now()

    def forget_time(self) -> None:
        """The engine's time starts anew without a boot being counted."""
        self.started_s = self.now()

    def replace(self) -> None:
        """Another card takes over: new engine id, first boot, uptime zero."""
        self.swaps += 1
        self.engine_boots = 1
        self.started_s = self.now()
        self._become()

    def _become(self) -> None:
        """Engine id in the text form of RFC 3411 (format 4): enterprise with the top bit, then at most 27 octets."""
        text = f"{self.name}.{self.swaps}".encode()[-27:]
        self.engine_id = (0x8000_0000 | self.enterprise).to_bytes(4, "big") + b"\x04" + text
        self.keys = UsmKeys(self.access, self.engine_id) if isinstance(self.access, UsmUser) else None
