"""Traps and informs as a card sends them (RFC 3416 sections 4.2.6 and 4.2.7), v2c or v3, from the port it answers at.

A trap over v3 is signed with the card's own engine, an inform with the receiver's, which is asked for its id and time
first (RFC 3414 sections 1.5.1 and 4).
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

from firmware_stubs.snmp_agent import MAX_MESSAGE_BYTES, V2C, V3, SnmpAgent
from firmware_stubs.snmp_ber import SEQUENCE, BerError, Oid, Raw, Reader, Tag, encode, integer, tlv
from firmware_stubs.snmp_pdu import PduType
from firmware_stubs.snmp_usm import AUTH, PRIV, REPORTABLE, UsmKeys, UsmUser, V3Message, build_v3, parse_v3

TRAP, INFORM = 0xA7, 0xA6  # PDU tags (RFC 3416 section 3)
UPTIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)
TRAP_OID: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)
TIMEOUT_S = 1.0
TRIES = 3

Address = tuple[str, int]
Value = tuple[Oid, Tag, Raw]


class TrapSender:
    """Sends what one card has to say; a card that is silent or without power says nothing."""

    def __init__(self, agent: SnmpAgent) -> None:
        self._agent = agent
        self._numbers = itertools.count(1)
        self._waiting: dict[Address, asyncio.Future[bytes]] = {}
        agent.answered = self._take

    def trap(self, to: Address, oid: Oid, values: Sequence[Value] = ()) -> bool:
        """Send a trap; whether it left."""
        card = self._agent.card
        if isinstance(card.access, UsmUser):
            engine = (card.engine_id, card.engine_boots, card.engine_time_s)
            return self._agent.send(self._sealed(card.keys, engine, AUTH | PRIV, self._pdu(TRAP, oid, values)), to)
        return self._agent.send(self._plain(self._pdu(TRAP, oid, values)), to)

    async def inform(self, to: Address, oid: Oid, values: Sequence[Value] = ()) -> bool:
        """Send an inform until it is acknowledged; whether it was."""
        pdu = self._pdu(INFORM, oid, values)
        if not isinstance(self._agent.card.access, UsmUser):
            return await self._ask(to, self._plain(pdu)) is not None
        report = await self._ask(to, self._sealed(None, (b"", 0, 0), REPORTABLE, self._pdu(PduType.GET, UPTIME)))
        return report is not None and await self._inform_v3(to, pdu, parse_v3(report))

    async def _inform_v3(self, to: Address, pdu: bytes, report: V3Message) -> bool:
        """With the time that the receiver told, once more where it tells another one."""
        access = self._agent.card.access
        assert isinstance(access, UsmUser)
        keys = UsmKeys(access, report.engine_id)
        for _ in range(2):
            engine = (report.engine_id, report.boots, report.time_s)
            wire = await self._ask(to, self._sealed(keys, engine, AUTH | PRIV | REPORTABLE, pdu))
            if wire is None:
                return False
            report = parse_v3(wire)
            if report.flags & PRIV and keys.verified(report):
                return _kind(keys.decrypt(report)) == PduType.RESPONSE
        return False

    def _pdu(self, kind: int, oid: Oid, values: Sequence[Value] = ()) -> bytes:
        head: list[Value] = [(UPTIME, Tag.TIME_TICKS, self._agent.card.uptime_ticks), (TRAP_OID, Tag.OBJECT_ID, oid)]
        if kind == PduType.GET:
            head, values = [], ()
        listed = b"".join(
            tlv(SEQUENCE, encode(Tag.OBJECT_ID, name) + encode(tag, value)) for name, tag, value in (*head, *values)
        )
        return tlv(kind, integer(next(self._numbers)) + integer(0) + integer(0) + tlv(SEQUENCE, listed))

    def _plain(self, pdu: bytes) -> bytes:
        access = self._agent.card.access
        assert not isinstance(access, UsmUser)
        return tlv(SEQUENCE, integer(V2C) + tlv(Tag.OCTETS, access.read.encode()) + pdu)

    def _sealed(self, keys: UsmKeys | None, engine: tuple[bytes, int, int], flags: int, pdu: bytes) -> bytes:
        access = self._agent.card.access
        user = access.name.encode() if keys is not None and isinstance(access, UsmUser) else b""
        scoped = tlv(SEQUENCE, tlv(Tag.OCTETS, self._agent.card.engine_id) + tlv(Tag.OCTETS, b"") + pdu)
        return build_v3(keys, engine, user, (next(self._numbers), MAX_MESSAGE_BYTES, flags), scoped)

    async def _ask(self, to: Address, wire: bytes) -> bytes | None:
        """The next thing that comes from there; one question to a receiver at a time."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[to] = answer
        try:
            for _ in range(TRIES):
                if not self._agent.send(wire, to):
                    return None
                done, _ = await asyncio.wait([answer], timeout=TIMEOUT_S)
                if done:
                    return answer.result()
            return None
        finally:
            del self._waiting[to]

    def _take(self, data: bytes, address: Address) -> bool:
        """Whether a datagram is what a receiver says."""
        answer = self._waiting.get(address)
        if answer is None or not _is_answer(data):
            return False
        if not answer.done():
            answer.set_result(data)
        return True


def _is_answer(data: bytes) -> bool:
    try:
        message = Reader(data).enter(SEQUENCE)
        version = message.integer()
        if version == V3:
            return True
        message.octets()
        return message.head()[0] == PduType.RESPONSE
    except BerError:
        return False


def _kind(scoped: bytes) -> int:
    """The tag of the PDU in a scoped PDU."""
    inside = Reader(scoped).enter(SEQUENCE)
    inside.octets()
    inside.octets()
    return inside.head()[0]
