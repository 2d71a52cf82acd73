"""What every agent serves: the system group (SNMPv2-MIB, RFC 3418) and snmpEngine (SNMP-FRAMEWORK-MIB, RFC 3411)."""

from __future__ import annotations

import math
from collections.abc import Callable

from firmware_stubs.snmp_agent import MAX_MESSAGE_BYTES
from firmware_stubs.snmp_ber import Oid, Raw, Tag
from firmware_stubs.snmp_card import Card
from firmware_stubs.snmp_table import OidTable, Read, Setter

SYSTEM: Oid = (1, 3, 6, 1, 2, 1, 1)
SNMP_ENGINE: Oid = (1, 3, 6, 1, 6, 3, 10, 2, 1)
ENTERPRISES: Oid = (1, 3, 6, 1, 4, 1)
SERVICES = 72  # sysServices: end-to-end and applications
NAME_OCTETS = 255  # DisplayString (SIZE (0..255))


class Entry:
    """One conceptual row: columns of an entry (or scalars of a group) under one index."""

    def __init__(self, table: OidTable, entry: Oid, *index: int) -> None:
        self._table = table
        self._entry = entry
        self._index = index

    def number(self, column: int, name: str, read: Read | int, setter: Setter | None = None) -> None:
        """An INTEGER: also Integer32, an enumeration, TruthValue."""
        self._table.add(name, (*self._entry, column), self._index, Tag.INTEGER, read, setter=setter)

    def gauge(self, column: int, name: str, read: Read | int, setter: Setter | None = None) -> None:
        """A Gauge32 or Unsigned32."""
        self._table.add(name, (*self._entry, column), self._index, Tag.GAUGE32, read, setter=setter)

    def text(self, column: int, name: str, read: Read | str, setter: Setter | None = None) -> None:
        """A DisplayString; a constant is given as str, a changing one as a function that returns bytes."""
        value = read if callable(read) else read.encode()
        self._table.add(name, (*self._entry, column), self._index, Tag.OCTETS, value, setter=setter)

    def other(self, column: int, name: str, tag: Tag, read: Read | Raw) -> None:
        """Any other type."""
        self._table.add(name, (*self._entry, column), self._index, tag, read)


class Label:
    """A text that the manager may change, such as an outlet's name."""

    def __init__(self, text: str) -> None:
        self.text = text.encode()
        self.setter = Setter(self._accepts, self._write)

    def read(self) -> bytes:
        return self.text

    def _accepts(self, value: Raw) -> bool:
        return isinstance(value, bytes) and len(value) <= NAME_OCTETS

    def _write(self, value: Raw) -> None:
        assert isinstance(value, bytes)
        self.text = value


class Meter:
    """An energy counter that a manager may set back to zero; the world's own count goes on."""

    def __init__(self, total_wh: Callable[[], float], card: Card) -> None:
        self._total_wh = total_wh
        self._card = card
        self._start_wh = 0.0
        self._wrap_wh = math.inf
        card.meters.append(self)

    def read_wh(self) -> float:
        return 0.0 if self._card.energy_asleep else (self._total_wh() - self._start_wh) % self._wrap_wh

    def reset(self) -> None:
        self._start_wh = self._total_wh()

    def wrap_after(self, after_wh: float) -> None:
        """Begin at 0 again when so much more has flowed."""
        self._wrap_wh = (self._total_wh() - self._start_wh) % self._wrap_wh + after_wh


def on(value: int, act: Callable[[], None], *, else_nothing: tuple[int, ...] = ()) -> Setter:
    """A setter that acts on one value, takes others without effect and refuses the rest."""
    return Setter(lambda given: given in (value, *else_nothing), lambda given: act() if given == value else None)


def add_system(table: OidTable, card: Card, description: str, object_id: Oid) -> None:
    """The groups that name the device and count its restarts."""
    system = Entry(table, SYSTEM, 0)
    name, contact, location = Label(card.name), Label("noc"), Label("edge pod")
    system.text(1, "sysDescr", description)
    system.other(2, "sysObjectID", Tag.OBJECT_ID, object_id)
    system.other(3, "sysUpTime", Tag.TIME_TICKS, lambda: card.uptime_ticks)
    system.text(4, "sysContact", contact.read, contact.setter)
    system.text(5, "sysName", name.read, name.setter)
    system.text(6, "sysLocation", location.read, location.setter)
    system.number(7, "sysServices", SERVICES)
    engine = Entry(table, SNMP_ENGINE, 0)
    engine.other(1, "snmpEngineID", Tag.OCTETS, lambda: card.engine_id)
    engine.number(2, "snmpEngineBoots", lambda: card.engine_boots)
    engine.number(3, "snmpEngineTime", lambda: card.engine_time_s)
    engine.number(4, "snmpEngineMaxMessageSize", MAX_MESSAGE_BYTES)
