"""BACnet/IP as octets (ASHRAE 135, clause 20 and Annex J), as far as a small unit needs it; it knows no library."""

from __future__ import annotations

import struct
from dataclasses import dataclass

CONFIRMED, SIMPLE, COMPLEX, ERROR, REJECT, ABORT = 0x00, 0x20, 0x30, 0x50, 0x60, 0x71
READ, READ_MULTIPLE, WRITE = 12, 14, 15  # services
OBJECT, PROPERTY, SERVICES = 1, 2, 5  # error classes
UNKNOWN_OBJECT, UNKNOWN_PROPERTY, WRITE_DENIED, BAD_INDEX, BAD_TYPE = 31, 32, 40, 42, 9
UNRECOGNIZED, MISSING = 9, 5  # rejects
NO_SEGMENTATION = 4  # an abort
WHO_IS = bytes.fromhex("810a000801001008")  # of any device, to one host
NULL, BOOLEAN, UNSIGNED, REAL, TEXT, BITS, ENUMERATED, OBJECT_ID = 0, 1, 2, 4, 7, 8, 9, 12


class Failure(Exception):
    """An error, a reject or an abort in place of an answer."""

    def __init__(self, kind: int, code: int, error_class: int = 0) -> None:
        super().__init__(kind, code, error_class)
        self.kind, self.code, self.error_class = kind, code, error_class


@dataclass(frozen=True)
class Tag:
    """One tag: a value of an application, a part of a structure, or the opening or closing of one."""

    number: int
    in_context: bool
    data: bytes
    opens: bool = False
    closes: bool = False


@dataclass(frozen=True)
class Request:
    """A confirmed request."""

    invoke: int
    service: int
    tags: list[Tag]


def request_of(datagram: bytes) -> Request | None:
    """The confirmed request in a datagram; None where there is none."""
    if len(datagram) < 10 or datagram[:2] != b"\x81\x0a" or struct.unpack(">H", datagram[2:4])[0] != len(datagram):
        return None
    apdu = datagram[6:] if datagram[5] & 0xA8 == 0 else b""  # no addresses of other networks, no network message
    if len(apdu) < 4 or apdu[0] & 0xF0 != CONFIRMED or apdu[0] & 0x08:
        return None
    return Request(apdu[2], apdu[3], tags_of(apdu[4:]))


def tags_of(data: bytes) -> list[Tag]:
    """All tags, one after the other."""
    found, at = [], 0
    while at < len(data):
        head = data[at]
        at += 1
        number, in_context, length = head >> 4, bool(head & 0x08), head & 0x07
        if in_context and length in (6, 7):
            found.append(Tag(number, in_context, b"", opens=length == 6, closes=length == 7))
            continue
        if length == 5:
            length = data[at]
            at += 1
        if number == BOOLEAN and not in_context:
            length = 0
        if at + length > len(data):
            raise Failure(REJECT, MISSING)
        found.append(Tag(number, in_context, data[at : at + length]))
        at += length
    return found


def i_am(instance: int) -> bytes:
    """I-Am: the device, its longest APDU, that it does not segment, and a vendor's number."""
    return b"\x10\x00" + value(ObjectIdentifier(8, instance)) + value(480) + value(Enumerated(3)) + value(999)


def framed(apdu: bytes) -> bytes:
    """A unicast datagram that expects no reply."""
    return struct.pack(">BBHBB", 0x81, 0x0A, len(apdu) + 6, 1, 0) + apdu


def tag(number: int, data: bytes, *, in_context: bool = False) -> bytes:
    """A tag with its content."""
    head = number << 4 | (0x08 if in_context else 0)
    if len(data) < 5:
        return bytes([head | len(data)]) + data
    if len(data) < 254:
        return bytes([head | 5, len(data)]) + data
    return bytes([head | 5, 254]) + struct.pack(">H", len(data)) + data


def around(number: int, content: bytes) -> bytes:
    """A content between an opening and a closing tag."""
    return bytes([number << 4 | 0x0E]) + content + bytes([number << 4 | 0x0F])


def unsigned(value: int) -> bytes:
    """In as few octets as it takes."""
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8))


def object_id(kind: int, instance: int) -> bytes:
    """Ten bits of type, 22 of instance."""
    return struct.pack(">I", kind << 22 | instance)


class Enumerated(int):
    """A number that stands for a word."""


@dataclass(frozen=True)
class ObjectIdentifier:
    """The type and instance of an object."""

    kind: int
    instance: int


def value(one: object) -> bytes:
    """A value with the application tag of its type: a float is a Real, a tuple of bool a bit string."""
    if one is None:
        return bytes([NULL])
    if isinstance(one, list):
        return b"".join(map(value, one))
    return tag(*_tagged(one))


def _tagged(one: object) -> tuple[int, bytes]:
    match one:
        case Enumerated():
            return ENUMERATED, unsigned(int(one))
        case ObjectIdentifier():
            return OBJECT_ID, object_id(one.kind, one.instance)
        case int():
            return UNSIGNED, unsigned(one)
        case float():
            return REAL, struct.pack(">f", one)
        case str():
            return TEXT, b"\0" + one.encode()
    assert isinstance(one, tuple)
    return BITS, bytes([8 - len(one), sum(bit << 7 - place for place, bit in enumerate(one))])
