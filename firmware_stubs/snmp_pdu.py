"""The protocol operations of SNMPv2 on a table: GET, GETNEXT, GETBULK, SET (RFC 3416 section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from firmware_stubs.snmp_ber import SEQUENCE, BerError, Raw, Reader, Tag, integer, parse_oid, parse_value, tlv
from firmware_stubs.snmp_table import Binding, OidTable, bind

MAX_REPETITIONS = 1000  # an agent may return fewer than asked; this bounds the work of one request


class PduType(IntEnum):
    """Tags of the PDUs (RFC 3416 section 3)."""

    GET = 0xA0
    GETNEXT = 0xA1
    RESPONSE = 0xA2
    SET = 0xA3
    GETBULK = 0xA5
    REPORT = 0xA8


class Status(IntEnum):
    """error-status values that this agent uses (RFC 3416 section 3)."""

    NO_ERROR = 0
    TOO_BIG = 1
    NO_ACCESS = 6
    WRONG_TYPE = 7
    WRONG_VALUE = 10
    NO_CREATION = 11
    AUTHORIZATION_ERROR = 16
    NOT_WRITABLE = 17


@dataclass(frozen=True)
class Request:
    """A decoded PDU. `first` and `second` are non-repeaters and max-repetitions in a GETBULK."""

    kind: int
    request_id: int
    first: int
    second: int
    varbinds: tuple[tuple[bytes, int, bytes], ...]  # OID contents, value tag, value contents
    wire: bytes  # the VarBindList as it came: an error response returns it unchanged


@dataclass(frozen=True)
class Response:
    """What to answer; on an error the request's varbinds go back in place of `bindings`."""

    bindings: tuple[Binding, ...] = ()
    status: Status = Status.NO_ERROR
    index: int = 0


def parse_pdu(reader: Reader) -> Request:
    """The next element as a request PDU; BerError when it is none."""
    kind, start, end = reader.head()
    if kind not in (PduType.GET, PduType.GETNEXT, PduType.SET, PduType.GETBULK):
        raise BerError(f"tag 0x{kind:02x} is no request")
    inside = Reader(reader.data, start, end)
    request_id, first, second = inside.integer(), inside.integer(), inside.integer()
    body = inside.octets(SEQUENCE)
    return Request(kind, request_id, first, second, _varbinds(body), tlv(SEQUENCE, body))


@lru_cache(maxsize=512)  # a poller asks for the same list again and again
def _varbinds(body: bytes) -> tuple[tuple[bytes, int, bytes], ...]:
    found = []
    items = Reader(body)
    while items.more:
        item = items.enter(SEQUENCE)
        key = item.octets(Tag.OBJECT_ID)
        tag, start, end = item.head()
        found.append((key, tag, body[start:end]))
    return tuple(found)


def encode_response(request: Request, response: Response, *, request_id: int | None = None) -> bytes:
    """The Response-PDU; `request_id` lets a fault answer another question than was asked."""
    number = request.request_id if request_id is None else request_id
    varbinds = request.wire
    if response.status is Status.TOO_BIG:
        varbinds = tlv(SEQUENCE, b"")
    elif response.status is Status.NO_ERROR:
        varbinds = tlv(SEQUENCE, b"".join([binding.wire for binding in response.bindings]))
    return tlv(PduType.RESPONSE, integer(number) + integer(response.status) + integer(response.index) + varbinds)


def perform(table: OidTable, request: Request, *, may_write: bool, room_bytes: int) -> Response:
    """Carry out a request on a table; the varbinds of the answer fill at most `room_bytes`."""
    if request.kind == PduType.SET:
        return _set(table, request) if may_write else Response(status=Status.NO_ACCESS, index=1)
    if request.kind == PduType.GETBULK:
        return Response(_bulk(table, request, room_bytes))
    one = _get if request.kind == PduType.GET else _next
    bindings = tuple([one(table, key) for key, _, _ in request.varbinds])
    if sum([len(binding.wire) for binding in bindings]) > room_bytes:
        return Response(status=Status.TOO_BIG)
    return Response(bindings)


def _get(table: OidTable, key: bytes) -> Binding:
    row = table.find(key)
    if row is not None:
        return table.said(row)
    known = table.knows_object(parse_oid(key))
    return bind(key, Tag.NO_SUCH_INSTANCE if known else Tag.NO_SUCH_OBJECT, None)


def _next(table: OidTable, key: bytes) -> Binding:
    row = table.at(table.after(key, lambda: parse_oid(key)))
    return bind(key, Tag.END_OF_MIB_VIEW, None) if row is None else table.said(row)


def _bulk(table: OidTable, request: Request, room_bytes: int) -> tuple[Binding, ...]:
    """Non-repeaters once, then the others row by row until the view ends, the count is reached or the room is full."""
    split = min(max(request.first, 0), len(request.varbinds))
    bindings = [_next(table, key) for key, _, _ in request.varbinds[:split]]
    keys = [key for key, _, _ in request.varbinds[split:]]
    cursors = [table.after(key, lambda key=key: parse_oid(key)) for key in keys]  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    left = room_bytes - sum(len(binding.wire) for binding in bindings)
    for _ in range(min(max(request.second, 0), MAX_REPETITIONS)):
        alive = False
        for column, place in enumerate(cursors):
            row = table.at(place)
            if row is None:
                binding = bind(keys[column], Tag.END_OF_MIB_VIEW, None)
            else:
                binding, alive = table.said(row), True
                keys[column], cursors[column] = row.key, place + 1
            left -= len(binding.wire)
            if left < 0:
                return tuple(bindings)
            bindings.append(binding)
        if not alive:
            break
    return tuple(bindings)


def _set(table: OidTable, request: Request) -> Response:
    """All or nothing: every varbind is checked before the first is written (RFC 3416 section 4.2.5)."""
    writes = []
    for index, (key, tag, body) in enumerate(request.varbinds, 1):
        value = parse_value(tag, body)
        status = _refusal(table, key, tag, value)
        if status is not Status.NO_ERROR:
            return Response(status=status, index=index)
        writes.append((key, tag, value))
    for key, _, value in writes:
        row = table.find(key)
        assert row is not None
        assert row.setter is not None
        row.setter.write(value)
    return Response(tuple(bind(key, tag, value) for key, tag, value in writes))


def _refusal(table: OidTable, key: bytes, tag: int, value: Raw) -> Status:
    row = table.find(key)
    if row is None:
        return Status.NO_CREATION if table.writable_object(parse_oid(key)) else Status.NOT_WRITABLE
    if row.setter is None:
        return Status.NOT_WRITABLE
    if tag != row.tag:
        return Status.WRONG_TYPE
    return Status.NO_ERROR if row.setter.accepts(value) else Status.WRONG_VALUE
