"""The few BER forms that SNMP messages are made of (X.690, RFC 3417 section 8). Bytes in, bytes out, no objects.

Written out instead of taken from pyasn1 because decoding there costs about 80 us per varbind and would make the
simulated agents, not the poller, the thing that a benchmark measures.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

Oid = tuple[int, ...]
Raw = int | bytes | Oid | None

SEQUENCE = 0x30


class Tag(IntEnum):
    """ASN.1 tags of the SMI types (RFC 2578 section 7, RFC 3416 section 3)."""

    INTEGER = 0x02  # also Integer32, enumerations, TruthValue
    OCTETS = 0x04  # also DisplayString, BITS
    NULL = 0x05
    OBJECT_ID = 0x06
    COUNTER32 = 0x41
    GAUGE32 = 0x42  # also Unsigned32
    TIME_TICKS = 0x43
    COUNTER64 = 0x46
    NO_SUCH_OBJECT = 0x80
    NO_SUCH_INSTANCE = 0x81
    END_OF_MIB_VIEW = 0x82


class BerError(ValueError):
    """The bytes are not the BER that was expected here."""


def tlv(tag: int, body: bytes) -> bytes:
    """One element: tag, shortest length, body."""
    size = len(body)
    if size < 0x80:  # the short form ends here
        return bytes((tag, size)) + body
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + body


def integer(value: int, tag: int = Tag.INTEGER) -> bytes:
    """A number in the fewest octets; unsigned types get the leading zero that keeps them positive."""
    size = (value + (value < 0)).bit_length() // 8 + 1
    return bytes((tag, size)) + value.to_bytes(size, "big", signed=True)


def encode(tag: int, value: Raw) -> bytes:
    """A value of an SMI type; TypeError when the value does not suit the tag."""
    if isinstance(value, int):
        return integer(value, tag)
    if isinstance(value, bytes):
        return tlv(tag, value)
    if isinstance(value, tuple):
        return tlv(tag, oid_body(value))
    return bytes((tag, 0))


def oid_body(oid: Oid) -> bytes:
    """The contents octets of an OBJECT IDENTIFIER with at least two arcs."""
    out = bytearray()
    for arc in (oid[0] * 40 + oid[1], *oid[2:]):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | (arc & 0x7F))
        out.extend(reversed(septets))
    return bytes(out)


@lru_cache(maxsize=20_000)
def parse_oid(body: bytes) -> Oid:
    """The arcs of an OBJECT IDENTIFIER's contents; BerError when the last arc is cut."""
    arcs: list[int] = []
    arc = 0
    for octet in body:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    if not body or body[-1] & 0x80:
        raise BerError("an object identifier is empty or cut")
    first = min(arcs[0] // 40, 2)
    return (first, arcs[0] - 40 * first, *arcs[1:])


def dotted(oid: Oid) -> str:
    """The usual text form of an OID."""
    return ".".join(map(str, oid))


class Reader:
    """Walks through the elements of one piece of BER; every step raises BerError instead of running off the end."""

    __slots__ = ("data", "end", "pos")

    def __init__(self, data: bytes, pos: int = 0, end: int | None = None) -> None:
        self.data = data
        self.pos = pos
        self.end = len(data) if end is None else end

    @property
    def more(self) -> bool:
        return self.pos < self.end

    def head(self) -> tuple[int, int, int]:
        """Tag, start and end of the next element's body; moves behind the element."""
        data, pos = self.data, self.pos
        if pos + 2 > self.end:
            raise BerError("the message ends inside an element")
        tag, size = data[pos], data[pos + 1]
        pos += 2
        if size & 0x80:
            octets = size & 0x7F
            if not 1 <= octets <= 4 or pos + octets > self.end:  # 4 GiB is more than a datagram
                raise BerError("a length has an unusable form")
            size = int.from_bytes(data[pos : pos + octets], "big")
            pos += octets
        if pos + size > self.end:
            raise BerError("an element is longer than its message")
        self.pos = pos + size
        return tag, pos, pos + size

    def enter(self, tag: int) -> Reader:
        """A reader of the next element's inside; BerError when it has another tag."""
        found, start, end = self.head()
        if found != tag:
            raise BerError(f"expected tag 0x{tag:02x}, found 0x{found:02x}")
        return Reader(self.data, start, end)

    def octets(self, tag: int = Tag.OCTETS) -> bytes:
        """The next element's contents; BerError when it has another tag."""
        inside = self.enter(tag)
        return self.data[inside.pos : inside.end]

    def integer(self) -> int:
        """The next element as a signed INTEGER of at most eight octets."""
        return parse_integer(self.octets(Tag.INTEGER))


def parse_integer(body: bytes) -> int:
    """A number's contents octets, signed; BerError when there are none or more than nine."""
    if not 1 <= len(body) <= 9:  # Counter64 with its leading zero
        raise BerError("a number has no octets or too many")
    return int.from_bytes(body, "big", signed=True)


def parse_value(tag: int, body: bytes) -> Raw:
    """The value of an SMI type; BerError for a tag that no SMI type has."""
    if tag in (Tag.INTEGER, Tag.COUNTER32, Tag.GAUGE32, Tag.TIME_TICKS, Tag.COUNTER64):
        return parse_integer(body)
    if tag == Tag.OBJECT_ID:
        return parse_oid(body)
    if tag in (Tag.OCTETS, 0x40, 0x44):  # OCTET STRING, IpAddress, Opaque
        return body
    if tag in (Tag.NULL, Tag.NO_SUCH_OBJECT, Tag.NO_SUCH_INSTANCE, Tag.END_OF_MIB_VIEW) and not body:
        return None
    raise BerError(f"no SMI type has tag 0x{tag:02x}")
