"""A Modbus TCP server (MODBUS Messaging on TCP/IP V1.0b) with its own framing, over any units that have registers.

It binds 127.0.0.1 on a free port. ``faulty`` breaks it as any server; `forget` makes its open connections deaf, as a
firewall does that lost them.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from firmware_stubs.faulty import Faulty

HOLDING, INPUT, COIL, DISCRETE = "holding", "input", "coil", "discrete"
READS = {1: COIL, 2: DISCRETE, 3: HOLDING, 4: INPUT}  # function → table
BITS = (COIL, DISCRETE)
MOST = {HOLDING: 125, INPUT: 125, COIL: 2000, DISCRETE: 2000}  # of one read
MOST_WRITTEN = 123
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, NO_TARGET = 1, 2, 3, 11
HEAD = struct.Struct(">HHHB")  # transaction, protocol, length, unit


class Unit(Protocol):
    """What stands behind one unit number."""

    def read(self, table: str, address: int, count: int) -> list[int] | None:
        """Registers, or bits as 0 and 1; None where they are not all there."""

    def write(self, table: str, address: int, values: list[int]) -> bool:
        """Take all of them, or none."""


class Holding(Protocol):
    """A unit that has holding registers only, as `modbus_sunspec.SunSpecUnit`."""

    def read(self, address: int, count: int) -> list[int] | None: ...

    def write(self, address: int, values: Sequence[int]) -> bool: ...


class OnlyHolding:
    """A `Unit` made of one that has holding registers only."""

    def __init__(self, unit: Holding) -> None:
        self._unit = unit

    def read(self, table: str, address: int, count: int) -> list[int] | None:
        return self._unit.read(address, count) if table == HOLDING else None

    def write(self, table: str, address: int, values: list[int]) -> bool:
        return table == HOLDING and self._unit.write(address, values)


class Refused(Exception):
    """An exception response."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class ModbusServer:
    """One server; its units are by number. ``identities`` is unit → object number → text, for function 43/14."""

    def __init__(
        self,
        units: Mapping[int, Unit],
        *,
        faulty: Faulty | None = None,
        identities: Mapping[int, Mapping[int, str]] | None = None,
    ) -> None:
        self.units = units
        self.faulty = faulty or Faulty()
        self.identities = identities or {}
        self.port = 0
        self.connections = 0  # that were taken so far
        self.requests: list[tuple[int, int, int, int]] = []  # unit, function, address, count or value
        self.mute_units: set[int] = set()  # take requests, answer nothing
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._deaf: set[asyncio.StreamWriter] = set()
        self._closing = asyncio.Event()

    async def open(self) -> None:
        """Listen; OSError when it cannot. Opened again it has the same port."""
        self._closing.clear()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and let go of all connections; safe twice."""
        self._closing.set()
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await server.wait_closed()

    def forget(self) -> None:
        """Hear nothing more on the connections that are open now; they stay open."""
        self._deaf |= self._writers

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while (request := await _request(reader)) is not None:
                await self._respond(request, writer)
        except (OSError, asyncio.IncompleteReadError):
            return  # the client is gone
        finally:
            self._writers.discard(writer)
            self._deaf.discard(writer)
            writer.transport.abort()

    async def _respond(self, request: tuple[int, int, bytes], writer: asyncio.StreamWriter) -> None:
        transaction, number, body = request
        faulty = self.faulty
        if writer in self._deaf or number in self.mute_units or faulty.mute:
            self._note(number, body)
            return
        if faulty.slow_s:
            await self._pause(faulty.slow_s)
        if faulty.take_reset():
            _reset(writer)
            return
        answer = self._answer(number, body)
        said = transaction ^ 0x5555 if faulty.wrong_transaction else transaction
        frame = HEAD.pack(said, 0, len(answer) + 1, number) + answer
        writer.write(b"\xff" * len(frame) if faulty.garbage else frame)
        await writer.drain()

    async def _pause(self, for_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(for_s):
                await self._closing.wait()

    def _answer(self, number: int, body: bytes) -> bytes:
        function = body[0]
        self._note(number, body)
        try:
            return bytes([function]) + self._do(self._unit(number), number, function, body[1:])
        except Refused as refused:
            return bytes([function | 0x80, refused.code])
        except struct.error:
            return bytes([function | 0x80, ILLEGAL_VALUE])

    def _unit(self, number: int) -> Unit:
        if self.faulty.exception_code:
            raise Refused(self.faulty.exception_code)
        unit = self.units.get(number)
        if unit is None:
            raise Refused(NO_TARGET)
        return unit

    def _do(self, unit: Unit, number: int, function: int, data: bytes) -> bytes:
        if function in READS:
            return self._read(unit, READS[function], *struct.unpack(">HH", data))
        writes: dict[int, Callable[[Unit, bytes], bytes]] = {
            5: self._write_coil,
            6: self._write_register,
            15: self._write_coils,
            16: self._write_registers,
        }
        if function in writes:
            return writes[function](unit, data)
        if function == 0x2B and number in self.identities:
            return _identification(self.identities[number], data)
        raise Refused(ILLEGAL_FUNCTION)

    def _read(self, unit: Unit, table: str, address: int, count: int) -> bytes:
        if not 1 <= count <= MOST[table]:
            raise Refused(ILLEGAL_VALUE)
        values = unit.read(table, address, count)
        if values is None:
            raise Refused(ILLEGAL_ADDRESS)
        data = _packed(values) if table in BITS else struct.pack(f">{count}H", *values)
        return bytes([len(data)]) + data

    def _write_coil(self, unit: Unit, data: bytes) -> bytes:
        address, value = struct.unpack(">HH", data)
        if value not in (0, 0xFF00):
            raise Refused(ILLEGAL_VALUE)
        self._write(unit, COIL, address, [int(value > 0)])
        return data

    def _write_register(self, unit: Unit, data: bytes) -> bytes:
        address, value = struct.unpack(">HH", data)
        self._write(unit, HOLDING, address, [value])
        return data

    def _write_coils(self, unit: Unit, data: bytes) -> bytes:
        address, count, size = struct.unpack(">HHB", data[:5])
        bits = [byte >> place & 1 for byte in data[5:] for place in range(8)]
        if size != len(data) - 5 or not 1 <= count <= len(bits):
            raise Refused(ILLEGAL_VALUE)
        self._write(unit, COIL, address, bits[:count])
        return data[:4]

    def _write_registers(self, unit: Unit, data: bytes) -> bytes:
        address, count, size = struct.unpack(">HHB", data[:5])
        if not 1 <= count <= MOST_WRITTEN or size != 2 * count:
            raise Refused(ILLEGAL_VALUE)
        self._write(unit, HOLDING, address, list(struct.unpack(f">{count}H", data[5:])))
        return data[:4]

    def _write(self, unit: Unit, table: str, address: int, values: list[int]) -> None:
        if self.faulty.refuse_writes:
            raise Refused(ILLEGAL_FUNCTION)
        if not self.faulty.ignore_writes and not unit.write(table, address, values):
            raise Refused(ILLEGAL_ADDRESS)

    def _note(self, number: int, body: bytes) -> None:
        address, count = struct.unpack(">HH", body[1:5].ljust(4, b"\0"))
        self.requests.append((number, body[0], address, count))


async def _request(reader: asyncio.StreamReader) -> tuple[int, int, bytes] | None:
    """Transaction, unit and what is asked; None at the end, or where it is no Modbus."""
    try:
        head = await reader.readexactly(HEAD.size)
    except asyncio.IncompleteReadError:
        return None
    transaction, protocol, length, unit = HEAD.unpack(head)
    if protocol != 0 or not 2 <= length <= 254:
        return None
    return transaction, unit, await reader.readexactly(length - 1)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset in place of the usual end."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _packed(bits: Sequence[int]) -> bytes:
    """Bits eight to a byte, the first one lowest."""
    return bytes(
        sum(bit << place for place, bit in enumerate(bits[start : start + 8])) for start in range(0, len(bits), 8)
    )


def _identification(objects: Mapping[int, str], data: bytes) -> bytes:
    """Function 43/14, read device id codes 1 to 3, all in one answer."""
    kind, code, first = struct.unpack(">BBB", data)
    if kind != 0x0E or code not in (1, 2, 3):
        raise Refused(ILLEGAL_VALUE)
    wanted = {number: text.encode() for number, text in sorted(objects.items()) if number >= first}
    told = b"".join(bytes([number, len(text)]) + text for number, text in wanted.items())
    return bytes([kind, code, 0x83, 0, 0, len(wanted)]) + told
