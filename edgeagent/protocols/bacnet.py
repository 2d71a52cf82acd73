"""BACnet/IP: one UDP socket per device, one request in flight, own retries, failures told apart.

Many properties are asked for in one request as long as the device can; what it cannot send at once is asked for in
halves, and one by one where it does not know ReadPropertyMultiple. It sticks to what worked.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.protocols.bacnet_address import BacnetAddress
from edgeagent.protocols.bacnet_codec import (
    ABORT,
    COMPLEX,
    ERROR,
    REJECT,
    WHO_IS,
    Answer,
    Codec,
    Garbage,
    apdu_of,
    instance_of,
    invoke_of,
)
from edgeagent.protocols.bacnet_words import (
    DENIED,
    DEVICE,
    NO_SUCH_SERVICE,
    OBJECT_IDENTIFIER,
    WHOEVER,
    ObjectId,
    Ref,
    Refusal,
    Values,
)
from edgeagent.protocols.session import Lease, Sessions, Turn
from edgeagent.protocols.snmp_set import WriteOpen

MOST = 24
"""Properties of one request at first: their answer fits into what nearly every device can send."""
TRIES = 2
MOST_PRIORITY, LEAST_PRIORITY = 8, 16
"""What we may command at: 1 to 7 are for people, life safety and the device's own protection (clause 19.2)."""

Found = dict[Ref, Values | Refusal]


class BacnetException(DeviceRefused):
    """The device's own no to a whole request."""


class BacnetSession:
    """A conversation with one device. It opens by itself, and anew after each failure.

    Every method raises DeviceUnreachable, DeviceRefused or DeviceGarbled; reading tries twice, each with ``timeout_s``.
    """

    def __init__(self, address: BacnetAddress, turn: Turn, *, timeout_s: float = 2.0) -> None:
        self.address = address
        self.requests = 0
        """How many were sent; for tests and people."""
        self._turn = turn
        self._timeout_s = timeout_s
        self._codec: Codec | None = None
        self._wire: _Wire | None = None
        self._invoke = 0
        self._most = MOST
        self._is_mute = False
        """It gave no answer last time: it gets one try."""

    @property
    def most(self) -> int:
        """How many properties one request asks for by now."""
        return self._most

    async def read(self, refs: Sequence[Ref], *, ahead: bool = False) -> Found:
        """All of them, each with what stands there or the device's no; what belongs to a write goes ``ahead``."""
        found: Found = {}
        todo = deque(refs)
        while todo:
            part = [todo.popleft() for _ in range(min(self._most, len(todo)))]
            some = await self._part(part, ahead=ahead)
            if some is None:
                todo.extendleft(reversed(part))
            else:
                found |= some
        return found

    async def instance(self) -> int | None:
        """Which device answers here, where it tells whoever asks, or says I-Am to a Who-Is."""
        ref = Ref(ObjectId(DEVICE, WHOEVER), OBJECT_IDENTIFIER)
        values = (await self.read([ref]))[ref]
        one = None if isinstance(values, Refusal) or not values else values[0]
        return one.instance if isinstance(one, ObjectId) else await self._who()

    async def write(self, ref: Ref, value: float | None, priority: int) -> None:
        """Write once, at a priority; None relinquishes what was written at it.

        Raises:
            DeviceRefused, DeviceUnreachable: nothing was written. WriteOpen: nobody knows.
        """
        codec = await self._loaded()
        async with self._turn.write():
            await self._connected()
            try:
                answer = await self._exchange(lambda invoke: codec.writing(invoke, ref, value, priority), (ref,))
            except DeviceError as error:
                raise WriteOpen(f"cannot tell whether {ref.object} of {self.address} was written: {error}") from None
        if answer.kind in (ERROR, REJECT, ABORT):
            raise BacnetException(f"{self.address} refuses to have {ref.object} written: {answer.why}")

    async def close(self) -> None:
        """Let go of the socket; a later request opens another."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    async def _who(self) -> int | None:
        async with self._turn.read():
            wire = await self._connected()
            try:
                async with asyncio.timeout(self._timeout_s):
                    return instance_of(await wire.ask(WHO_IS, lambda apdu: instance_of(apdu) is not None))
            except (TimeoutError, OSError, Garbage):  # many say it to all and not to who asked
                await self.close()
                return None

    async def _part(self, part: Sequence[Ref], *, ahead: bool) -> Found | None:
        """What these say, or None where that was too much at once."""
        if len(part) == 1:
            return {part[0]: await self._single(part[0], ahead=ahead)}
        codec = await self._loaded()
        answer = await self._tried(lambda invoke: codec.reading_many(invoke, part), part, ahead=ahead)
        if answer.kind == COMPLEX:
            missing = Refusal(0, "its answer leaves it out")
            return {ref: answer.found.get(ref, missing) for ref in part}
        if (answer.kind, answer.code) == (REJECT, NO_SUCH_SERVICE) or (answer.kind == ERROR and answer.code in DENIED):
            self._most = 1
        elif answer.kind == ERROR:  # of one property or object: which, only one by one tells
            return {ref: await self._single(ref, ahead=ahead) for ref in part}
        else:
            self._most = len(part) // 2
        return None

    async def _single(self, ref: Ref, *, ahead: bool) -> Values | Refusal:
        codec = await self._loaded()
        answer = await self._tried(lambda invoke: codec.reading(invoke, ref), (ref,), ahead=ahead)
        if answer.kind == COMPLEX:
            return answer.found[ref]
        return Refusal(answer.code if answer.kind == ERROR else 0, answer.why)

    async def _tried(self, make: Callable[[int], bytes], asked: Sequence[Ref], *, ahead: bool) -> Answer:
        tries, self._is_mute = (1 if self._is_mute else TRIES), False
        async with self._turn.write() if ahead else self._turn.read():
            for left in reversed(range(tries)):
                try:
                    return await self._exchange(make, asked)
                except DeviceError as error:
                    if left:
                        continue
                    self._is_mute = isinstance(error, DeviceUnreachable)
                    raise
        raise AssertionError("there is at least one try")

    async def _exchange(self, make: Callable[[int], bytes], asked: Sequence[Ref]) -> Answer:
        wire = await self._connected()
        self._invoke = (self._invoke + 1) % 256
        self.requests += 1
        try:
            async with asyncio.timeout(self._timeout_s):
                apdu = await wire.ask(make(self._invoke), lambda apdu: invoke_of(apdu) == self._invoke)
            return (await self._loaded()).answer(apdu, asked)
        except TimeoutError:
            failure: DeviceError = DeviceUnreachable(
                f"cannot reach {self.address}: no answer within {self._timeout_s:g} s"
            )
        except OSError as error:
            failure = DeviceUnreachable(f"cannot reach {self.address}: {_why(error)}")
        except Garbage as error:
            failure = DeviceGarbled(f"cannot read {self.address}: what answers does not speak BACnet/IP ({error})")
        await self.close()  # the next try asks for the host's address again
        raise failure

    async def _connected(self) -> "_Wire":
        if self._wire is None:
            try:
                async with asyncio.timeout(self._timeout_s):
                    transport, wire = await asyncio.get_running_loop().create_datagram_endpoint(
                        _Wire, remote_addr=(self.address.host, self.address.port)
                    )
            except (TimeoutError, OSError) as error:
                raise DeviceUnreachable(f"cannot reach {self.address}: {_why(error)}") from None
            self._wire, wire.transport = wire, transport
        return self._wire

    async def _loaded(self) -> Codec:
        if self._codec is None:
            self._codec = await asyncio.to_thread(Codec)
        return self._codec


class _Wire(asyncio.DatagramProtocol):
    """A socket that hears one host and port only; the answer that is waited for, and no other."""

    def __init__(self) -> None:
        self.transport: asyncio.DatagramTransport | None = None
        self._is_answer: Callable[[bytes], bool] = lambda _apdu: False
        self._answer: asyncio.Future[bytes] | None = None

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 -- it can be but one
        """What is late, or no answer, is dropped; what is no BACnet ends the waiting."""
        if self._answer is None or self._answer.done():
            return
        try:
            apdu = apdu_of(data)
        except Garbage as error:
            self._answer.set_exception(error)
            return
        if self._is_answer(apdu):
            self._answer.set_result(apdu)

    def error_received(self, exc: Exception) -> None:
        """The host, or a router, says that nothing listens there."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc)

    async def ask(self, datagram: bytes, is_answer: Callable[[bytes], bool]) -> bytes:
        """The APDU that answers. Raises OSError or Garbage."""
        assert self.transport is not None
        self._is_answer, self._answer = is_answer, asyncio.get_running_loop().create_future()
        self.transport.sendto(datagram)
        return await self._answer

    def close(self) -> None:
        """Let go of the socket."""
        if self.transport is not None:
            self.transport.close()


def lease(sessions: Sessions[BacnetSession], address: BacnetAddress, timeout_s: float) -> Lease[BacnetSession]:
    """A hold on the session with what listens at an address."""
    server = BacnetAddress(address.host, address.port)
    return Lease(
        sessions, (address.host, address.port), "bacnet", lambda turn: BacnetSession(server, turn, timeout_s=timeout_s)
    )


def _why(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "its name is not resolved in time"
    if isinstance(error, ConnectionRefusedError):
        return "the host answers that nothing listens there"
    return error.strerror or str(error)
