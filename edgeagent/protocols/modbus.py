"""Modbus TCP over pymodbus: one connection per server, one request in flight, own retries, failures told apart.

What pymodbus 3.16 does not do, and what is done about it:
- an answer with another transaction id is dropped in silence, and so are late ones that follow: a connection that has
  missed an answer is thrown away, and the next try opens another;
- a connection that is reset while a request waits lets it wait for its whole time: the loss itself ends it;
- it counts silences and closes by itself: its retries and its reconnecting are switched off.

It takes an answer that carries transaction 0 for the right one, since some servers know no other; with one request in
flight, and no connection that outlives a missing answer, there is no other that it could belong to.
"""

import asyncio
import importlib
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.protocols.modbus_address import ModbusAddress
from edgeagent.protocols.session import Lease, Sessions, Turn
from edgeagent.protocols.snmp_set import WriteOpen

MAX_REGISTERS = 125
"""Of one read (MODBUS Application Protocol V1.1b3, section 6.3)."""
MAX_BITS = 2000
HOLDING, INPUT, COIL, DISCRETE = "holding", "input", "coil", "discrete"
TABLES = (HOLDING, INPUT, COIL, DISCRETE)
BUSY = frozenset({5, 6})
"""Acknowledge, and server device busy: the same request may do later."""
EXCEPTIONS = {
    1: "it does not know this function",
    2: "there is no such register",
    3: "it does not take this value or count",
    4: "it failed while it carried it out",
    5: "it needs more time",
    6: "it is busy",
    8: "its memory has a parity error",
    10: "its gateway has no path to the unit",
    11: "the unit behind its gateway does not answer",
}
"""Section 7 of the same."""
GATEWAY = frozenset({10, 11})

Ask = Callable[[Any], Coroutine[Any, Any, Any]]


class ModbusException(DeviceRefused):
    """The device's own no; ``code`` is the exception's."""

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


class ModbusSession:
    """A conversation with one server, whatever units stand behind it. It opens by itself, and anew after each failure.

    Every method raises DeviceUnreachable, ModbusException (a DeviceRefused) or DeviceGarbled; reading tries ``tries``
    times, each with ``timeout_s``.
    """

    def __init__(self, address: ModbusAddress, turn: Turn, *, timeout_s: float = 2.0, tries: int = 2) -> None:
        self.address = address
        self.opened = 0
        """How often a connection was opened; for tests and people."""
        self._turn = turn
        self._timeout_s = timeout_s
        self._tries = tries
        self._client: Any = None
        self._lost: asyncio.Future[None] | None = None
        self._mute: set[int] = set()
        """Units that gave no answer last time: they get one try, so that they cost the others behind a gateway less."""

    async def read(self, unit: int, address: int, count: int) -> list[int]:
        """So many holding registers."""
        return await self.read_table(HOLDING, unit, address, count)

    async def read_table(self, table: str, unit: int, address: int, count: int, *, ahead: bool = False) -> list[int]:
        """Registers, or bits as 0 and 1; what belongs to a write goes ``ahead`` of those who only read."""
        name = {HOLDING: "read_holding_registers", INPUT: "read_input_registers"}.get(table)
        name = name or {COIL: "read_coils", DISCRETE: "read_discrete_inputs"}[table]

        async def ask(client: Any) -> Any:
            return await getattr(client, name)(address, count=count, device_id=unit)

        async with self._turn.write() if ahead else self._turn.read():
            answer = await self._tried(unit, ask, f"{table} {address}")
        values = [int(one) for one in (answer.bits if table in (COIL, DISCRETE) else answer.registers)]
        if len(values) < count:
            raise DeviceGarbled(f"cannot read {self.address}: {len(values)} values came instead of {count}")
        return values[:count]

    async def write(self, unit: int, address: int, values: Sequence[int]) -> None:
        """Write holding registers in one request, once.

        Raises:
            ModbusException, DeviceUnreachable: nothing was written. WriteOpen: nobody knows.
        """

        async def ask(client: Any) -> Any:
            if len(values) == 1:
                return await client.write_register(address, values[0], device_id=unit)
            return await client.write_registers(address, list(values), device_id=unit)

        await self._written(ask, f"holding {address}")

    async def write_coil(self, unit: int, address: int, *, on: bool) -> None:
        """Write one coil, once; see `write`."""

        async def ask(client: Any) -> Any:
            return await client.write_coil(address, on, device_id=unit)

        await self._written(ask, f"coil {address}")

    async def identify(self, unit: int) -> dict[int, str]:
        """What the device says of itself (function 43/14, section 6.21): 0 vendor, 1 product code, 2 revision, …"""

        async def ask(client: Any) -> Any:
            return await client.read_device_information(read_code=1, device_id=unit)

        async with self._turn.read():
            answer = await self._tried(unit, ask, "device identification")
        return {number: _text(value) for number, value in answer.information.items()}

    async def close(self) -> None:
        """Let go of the connection; a later request opens another."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def _tried(self, unit: int, ask: Ask, what: str) -> Any:
        failure: DeviceError | None = None
        tries = 1 if unit in self._mute else self._tries
        self._mute.discard(unit)
        for _ in range(tries):
            try:
                return await self._once(ask, what)
            except ModbusException as error:
                if error.code not in BUSY:
                    raise
                failure = error
            except DeviceError as error:
                failure = error
        assert failure is not None
        if isinstance(failure, DeviceUnreachable):
            self._mute.add(unit)
        try:
            raise failure
        finally:
            del failure  # it knows this frame: together they would keep the connection open until a collection

    async def _written(self, ask: Ask, what: str) -> None:
        async with self._turn.write():
            await self._connected()
            try:
                await self._once(ask, what)
            except ModbusException:
                raise
            except DeviceError as error:
                raise WriteOpen(f"cannot tell whether {what} of {self.address} was written: {error}") from None

    async def _once(self, ask: Ask, what: str) -> Any:
        client = await self._connected()
        assert self._lost is not None
        asking = asyncio.ensure_future(ask(client))
        try:
            async with asyncio.timeout(self._timeout_s):
                await asyncio.wait([asking, self._lost], return_when=asyncio.FIRST_COMPLETED)
                answer = asking.result() if asking.done() else None
        except TimeoutError:
            await self.close()  # what comes late must not pass for the answer to another request
            raise DeviceUnreachable(f"cannot reach {self.address}: no answer within {self._timeout_s:g} s") from None
        except _errors() as error:
            await self.close()
            raise DeviceGarbled(f"cannot read {what} of {self.address}: {error}") from None
        except BaseException:
            await self.close()
            raise
        finally:
            asking.cancel()
            await asyncio.wait([asking])
        if answer is None:
            await self.close()
            raise DeviceUnreachable(f"cannot reach {self.address}: it closed the connection")
        return self._checked(answer, what)

    def _checked(self, answer: Any, what: str) -> Any:
        if not answer.isError():
            return answer
        code = int(getattr(answer, "exception_code", 0))
        why = EXCEPTIONS.get(code, f"exception code {code}")
        if code in GATEWAY:
            raise DeviceUnreachable(f"cannot reach {self.address}: {why}")
        raise ModbusException(f"{self.address} refuses {what}: {why}", code)

    async def _connected(self) -> Any:
        if self._client is not None and self._client.connected:
            return self._client
        await self.close()
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def told(connected: bool) -> None:
            if not connected and not lost.done():
                lost.set_result(None)

        # Loaded by the first device that needs it, since it takes some megabytes; and in a thread, since it takes long.
        module = await asyncio.to_thread(importlib.import_module, "pymodbus.client")
        client = module.AsyncModbusTcpClient(
            self.address.host,
            port=self.address.port,
            timeout=2 * self._timeout_s,  # longer than ours: who is silent is told apart from who makes no sense
            retries=0,
            reconnect_delay=0,
            trace_connect=told,
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                connected = await client.connect()
        except (TimeoutError, OSError):
            connected = False
        except BaseException:
            client.close()
            raise
        if not connected:
            client.close()
            raise DeviceUnreachable(f"cannot reach {self.address}: nothing takes the connection")
        self._client, self._lost = client, lost
        self.opened += 1
        return client


def lease(sessions: Sessions[ModbusSession], address: ModbusAddress, timeout_s: float) -> Lease[ModbusSession]:
    """A hold on the session with a server; all units behind it share one connection."""
    server = ModbusAddress(address.host, address.port)
    return Lease(
        sessions, (address.host, address.port), "modbus", lambda turn: ModbusSession(server, turn, timeout_s=timeout_s)
    )


def _errors() -> tuple[type[Exception], ...]:
    found: type[Exception] = importlib.import_module("pymodbus.exceptions").ModbusException
    return (found,)


def _text(raw: object) -> str:
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    return "".join(char for char in text if char.isprintable()).strip()[:128]
