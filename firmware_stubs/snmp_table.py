"""What an agent serves: rows of (object, instance) -> a function of the world, sorted by OID."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmware_stubs.snmp_ber import SEQUENCE, Oid, Raw, Tag, encode, oid_body, tlv

Read = Callable[[], Raw]
VENDORS: Oid = (1, 3, 6, 1, 4, 1)


@dataclass(frozen=True)
class Setter:
    """How a writable instance takes a value: `accepts` refuses without effect, `write` must then succeed."""

    accepts: Callable[[Raw], bool]
    write: Callable[[Raw], None]


class Binding:
    """One varbind as served: `key` is the OID's contents octets, `wire` the whole encoded VarBind."""

    __slots__ = ("key", "tag", "value", "wire")

    def __init__(self, key: bytes, tag: int, value: Raw, wire: bytes) -> None:
        self.key = key
        self.tag = tag
        self.value = value
        self.wire = wire


def bind(key: bytes, tag: int, value: Raw) -> Binding:
    """A varbind of any value, encoded."""
    return Binding(key, tag, value, tlv(SEQUENCE, tlv(Tag.OBJECT_ID, key) + encode(tag, value)))


class Row:
    """One instance: `name` is the MIB's object name, `object_oid` the object, `oid` object plus index."""

    __slots__ = ("constant", "head", "key", "name", "object_oid", "oid", "read", "setter", "tag")

    def __init__(
        self, name: str, object_oid: Oid, index: Oid, tag: Tag, read: Read | Raw, *, setter: Setter | None
    ) -> None:
        self.name = name
        self.object_oid = object_oid
        self.oid = object_oid + index
        self.key = oid_body(self.oid)
        self.tag = tag
        self.setter = setter
        self.head = tlv(Tag.OBJECT_ID, self.key)
        self.read: Read | None = read if callable(read) else None
        self.constant = None if callable(read) else bind(self.key, tag, read)

    def binding(self) -> Binding:
        """The varbind with the value of this moment."""
        if self.read is None:
            assert self.constant is not None
            return self.constant
        value = self.read()
        return Binding(self.key, self.tag, value, tlv(SEQUENCE, self.head + encode(self.tag, value)))


class OidTable:
    """All rows of one agent, in lexicographic order. Fill it with `add`; it sorts itself when first asked."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._oids: list[Oid] = []
        self._places: dict[bytes, int] = {}
        self._held: dict[bytes, Binding] | None = None
        self._objects: dict[Oid, bool] = {}  # object OID -> has it a writable instance

    def add(
        self, name: str, object_oid: Oid, index: Oid, tag: Tag, read: Read | Raw, *, setter: Setter | None = None
    ) -> None:
        """Serve one instance; `read` is a function of the moment, or a constant."""
        self._rows.append(Row(name, object_oid, index, tag, read, setter=setter))
        self._objects[object_oid] = self._objects.get(object_oid, False) or setter is not None
        self._oids.clear()

    def __iter__(self) -> Iterator[Row]:
        self._sort()
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def hold(self, *, still: bool) -> None:
        """Let what is measured stay as it is when first asked from now on, or move again."""
        if still != (self._held is not None):
            self._held = {} if still else None

    def said(self, row: Row) -> Binding:
        """The varbind of a row: of this moment, or held. Never held is what can be written, or tells of the agent."""
        if self._held is None or row.read is None or row.setter is not None or row.oid[: len(VENDORS)] != VENDORS:
            return row.binding()
        held = self._held.get(row.key)
        if held is None:
            held = self._held[row.key] = row.binding()
        return held

    def find(self, key: bytes) -> Row | None:
        """The row of exactly this instance."""
        self._sort()
        place = self._places.get(key)
        return None if place is None else self._rows[place]

    def after(self, key: bytes, oid: Callable[[], Oid]) -> int:
        """The place of the first row behind an OID, which is decoded only when it names no row."""
        self._sort()
        place = self._places.get(key)
        return bisect_right(self._oids, oid()) if place is None else place + 1

    def at(self, place: int) -> Row | None:
        """The row at a place, or None behind the last."""
        return self._rows[place] if place < len(self._rows) else None

    def knows_object(self, oid: Oid) -> bool:
        """Whether an object type that is served is a prefix of this OID (noSuchInstance against noSuchObject)."""
        return any(oid[:size] in self._objects for size in range(1, len(oid) + 1))

    def writable_object(self, oid: Oid) -> bool:
        """Whether this OID lies under an object of which some instance can be set (noCreation, not notWritable)."""
        return any(self._objects.get(oid[:size], False) for size in range(1, len(oid) + 1))

    def _sort(self) -> None:
        if self._oids or not self._rows:
            return
        self._rows.sort(key=lambda row: row.oid)
        self._oids = [row.oid for row in self._rows]
        self._places = {row.key: place for place, row in enumerate(self._rows)}
        if len(self._places) != len(self._rows):
            raise ValueError("two rows have the same OID")
