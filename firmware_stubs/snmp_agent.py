"""An SNMP agent over UDP for one card: v2c with two communities, or v3 with one authPriv user."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Protocol

from firmware_stubs.snmp_ber import SEQUENCE, BerError, Reader, Tag, integer, oid_body, tlv
from firmware_stubs.snmp_card import Card, Garbage, V2cAccess
from firmware_stubs.snmp_pdu import (
    PduType,
    Request,
    Response,
    Status,
    encode_response,
    parse_pdu,
    perform,
)
from firmware_stubs.snmp_table import Binding, OidTable, bind
from firmware_stubs.snmp_usm import AUTH, PRIV, REPORTABLE, UsmUser, V3Message, build_v3, parse_v3

V2C, V3 = 1, 3  # the version field of a message
MAX_MESSAGE_BYTES = 16_384
ENVELOPE_BYTES = 256  # more than headers, digest, salt and ids ever take
TIME_WINDOW_S = 150  # RFC 3414 section 2.2.3
MAX_DELAYED = 1000  # answers waiting in a slow card; more are dropped
USM_STATS = (1, 3, 6, 1, 6, 3, 15, 1, 1)
UNSUPPORTED_LEVEL, NOT_IN_WINDOW, UNKNOWN_USER, UNKNOWN_ENGINE, WRONG_DIGEST, DECRYPTION = range(1, 7)
GARBAGE_IN_TURN = (Garbage.RANDOM, Garbage.TRUNCATED, Garbage.FLIPPED, Garbage.REQUEST_ID)


class ServedLog(Protocol):
    """Where the truth of what was sent is kept."""

    def record(self, device: str, bindings: tuple[Binding, ...], fault: str | None) -> None: ...


class Answer:
    """Bytes to send and what they say."""

    __slots__ = ("bindings", "wire")

    def __init__(self, wire: bytes, bindings: tuple[Binding, ...] = ()) -> None:
        self.wire = wire
        self.bindings = bindings


class SnmpAgent(asyncio.DatagramProtocol):
    """Answers datagrams for one card from one table. A datagram that deserves no answer is counted and dropped."""

    def __init__(self, card: Card, table: OidTable, seed: int = 0, log: ServedLog | None = None) -> None:
        self.card = card
        self.table = table
        self._log = log
        self._rng = random.Random(seed)
        self._transport: asyncio.DatagramTransport | None = None
        self._delayed: set[asyncio.TimerHandle] = set()
        self._spoiled = 0
        self.answered: Callable[[bytes, tuple[str, int]], bool] = lambda _data, _addr: False  # an answer to an inform

    async def open(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; returns the port, which the system chooses when 0 is asked. OSError when it is taken."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
        self._transport = transport
        return int(transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        """Stop; answers that a slow card still owes are forgotten. Safe twice."""
        for handle in self._delayed:
            handle.cancel()
        self._delayed.clear()
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def send(self, wire: bytes, addr: tuple[str, int]) -> bool:
        """Send something of the card's own accord; whether it left."""
        if self._transport is None or self.card.silent or not self.card.powered():
            return False
        self._transport.sendto(wire, addr)
        return True

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.answered(data, addr):
            return
        card = self.card
        card.counts["received"] += 1
        if card.silent or not card.powered():
            card.counts["ignored"] += 1
            return
        garbage = self._garbage()
        try:
            answer = self.answer(data, wrong_id=garbage is Garbage.REQUEST_ID)
        except BerError:
            card.counts["malformed"] += 1
            return
        if answer is None:
            card.counts["refused"] += 1
            return
        if garbage is not None:
            answer.wire = self._spoil(answer.wire, garbage)
        self._reply(answer, addr, garbage)

    def error_received(self, _: Exception) -> None:
        self.card.counts["unreachable"] += 1

    def answer(self, wire: bytes, *, wrong_id: bool = False) -> Answer | None:
        """The answer to one datagram, None when it must not be answered; BerError when it is no SNMP message."""
        self.table.hold(still=self.card.stuck)
        message = Reader(wire).enter(SEQUENCE)
        version = message.integer()
        access = self.card.access
        if version == V2C and isinstance(access, V2cAccess):
            return self._answer_v2c(message, access, wrong_id=wrong_id)
        if version == V3 and isinstance(access, UsmUser):
            return self._answer_v3(parse_v3(wire), access, wrong_id=wrong_id)
        return None

    def _answer_v2c(self, message: Reader, access: V2cAccess, *, wrong_id: bool) -> Answer | None:
        community = message.octets()
        may_write = community == access.write.encode()
        if not may_write and community != access.read.encode():
            return None
        pdu, bindings = self._perform(parse_pdu(message), MAX_MESSAGE_BYTES, may_write=may_write, wrong_id=wrong_id)
        return Answer(tlv(SEQUENCE, integer(V2C) + tlv(Tag.OCTETS, community) + pdu), bindings)

    def _answer_v3(self, message: V3Message, user: UsmUser, *, wrong_id: bool) -> Answer | None:
        """The checks of RFC 3414 section 3.2 in their order, each with its Report."""
        flaw = self._flaw(message, user)
        if flaw is not None:
            return self._report(message, flaw)
        card, secured = self.card, message.flags & (AUTH | PRIV)
        assert card.keys is not None
        try:
            context, name, request = _open_scope(card.keys.decrypt(message) if secured & PRIV else message.payload)
        except BerError:
            if not secured & PRIV:
                raise
            return self._report(message, DECRYPTION)
        room_bytes = min(max(message.max_size, 484), MAX_MESSAGE_BYTES)
        allowed = secured == AUTH | PRIV
        pdu, bindings = self._perform(request, room_bytes, may_write=True, wrong_id=wrong_id, allowed=allowed)
        scoped = tlv(SEQUENCE, tlv(Tag.OCTETS, context) + tlv(Tag.OCTETS, name) + pdu)
        return Answer(self._seal(message, secured, scoped), bindings)

    def _flaw(self, message: V3Message, user: UsmUser) -> int | None:
        """The usmStats object that says what is wrong with a message, None when it may be opened."""
        card, secured = self.card, message.flags & (AUTH | PRIV)
        assert card.keys is not None
        if message.engine_id != card.engine_id:
            return UNKNOWN_ENGINE
        if message.user != user.name.encode():
            return UNKNOWN_USER
        if secured == PRIV:
            return UNSUPPORTED_LEVEL
        if secured & AUTH and not card.keys.verified(message):
            return WRONG_DIGEST
        drift_s = abs(message.time_s - card.engine_time_s)
        stale = message.boots != card.engine_boots or drift_s > TIME_WINDOW_S
        return NOT_IN_WINDOW if secured & AUTH and stale else None

    def _perform(
        self, request: Request, room_bytes: int, *, may_write: bool, wrong_id: bool, allowed: bool = True
    ) -> tuple[bytes, tuple[Binding, ...]]:
        if allowed:
            room_bytes = max(0, room_bytes - ENVELOPE_BYTES)
            response = perform(self.table, request, may_write=may_write, room_bytes=room_bytes)
        else:
            response = Response(status=Status.AUTHORIZATION_ERROR)
        self.card.counts["varbinds"] += len(response.bindings)
        request_id = (request.request_id + 1) & 0x7FFF_FFFF if wrong_id else None
        return encode_response(request, response, request_id=request_id), response.bindings

    def _report(self, message: V3Message, statistic: int) -> Answer | None:
        """A Report with the counter that says what was wrong; only a reportable message gets one (RFC 3412 7.1)."""
        counts = self.card.counts
        counts[f"usm_{statistic}"] += 1
        if not message.flags & REPORTABLE:
            return None
        counter = bind(oid_body((*USM_STATS, statistic, 0)), Tag.COUNTER32, counts[f"usm_{statistic}"] & 0xFFFF_FFFF)
        body = integer(_report_id(message)) + integer(0) + integer(0) + tlv(SEQUENCE, counter.wire)
        context = tlv(Tag.OCTETS, self.card.engine_id) + tlv(Tag.OCTETS, b"")
        flags = AUTH if statistic == NOT_IN_WINDOW else 0  # RFC 3414 section 3.2 step 7: this one is authenticated
        return Answer(self._seal(message, flags, tlv(SEQUENCE, context + tlv(PduType.REPORT, body))))

    def _seal(self, message: V3Message, flags: int, scoped: bytes) -> bytes:
        card = self.card
        engine = (card.engine_id, card.engine_boots, card.engine_time_s)
        return build_v3(card.keys, engine, message.user, (message.message_id, MAX_MESSAGE_BYTES, flags), scoped)

    def _garbage(self) -> Garbage | None:
        kind = self.card.garbage
        if kind is not Garbage.MIXED:
            return kind
        self._spoiled += 1
        return GARBAGE_IN_TURN[self._spoiled % len(GARBAGE_IN_TURN)]

    def _spoil(self, wire: bytes, kind: Garbage) -> bytes:
        rng = self._rng
        if kind is Garbage.RANDOM:
            return rng.randbytes(rng.randint(1, len(wire)))
        if kind is Garbage.TRUNCATED:
            return wire[: rng.randint(1, len(wire) - 1)]
        if kind is Garbage.FLIPPED:
            # One flip always hits the outer tag or length: v2c has no checksum of its own, so a message spoiled in its
            # values only would be a lie that no client could see.
            spoiled = bytearray(wire)
            spoiled[rng.randrange(2)] ^= 1 << rng.randrange(7)
            for _ in range(8):
                spoiled[rng.randrange(2, len(spoiled))] ^= 1 << rng.randrange(8)
            return bytes(spoiled)
        return wire  # a wrong request-id was built in

    def _reply(self, answer: Answer, addr: tuple[str, int], garbage: Garbage | None) -> None:
        delay_s = self.card.delay_s
        if delay_s <= 0.0:
            self._send(answer, addr, garbage)
        elif len(self._delayed) >= MAX_DELAYED:
            self.card.counts["dropped"] += 1
        else:
            self._send_later(delay_s, lambda: self._send(answer, addr, garbage))

    def _send_later(self, delay_s: float, send: Callable[[], None]) -> None:
        def due() -> None:
            self._delayed.discard(handle)
            send()

        handle = asyncio.get_running_loop().call_later(delay_s, due)
        self._delayed.add(handle)

    def _send(self, answer: Answer, addr: tuple[str, int], garbage: Garbage | None) -> None:
        if self._transport is None:
            return
        self._transport.sendto(answer.wire, addr)
        self.card.counts["sent"] += 1
        if self._log is not None:
            self._log.record(self.card.name, answer.bindings, f"garbage:{garbage}" if garbage else None)


def _open_scope(scoped: bytes) -> tuple[bytes, bytes, Request]:
    """Context engine id, context name and request of a scoped PDU."""
    inside = Reader(scoped).enter(SEQUENCE)
    return inside.octets(), inside.octets(), parse_pdu(inside)


def _report_id(message: V3Message) -> int:
    """The request id to report on: the one asked, where it can be read, else 0 (RFC 3412 section 7.1 step 3c)."""
    if message.flags & PRIV:
        return 0
    try:
        return _open_scope(message.payload)[2].request_id
    except BerError:
        return 0
