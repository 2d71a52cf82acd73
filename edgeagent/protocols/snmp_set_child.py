"""The handlers of the worker that writes over SNMP; loaded in its child only, where pysnmp lives.

What pysnmp 7.1 does not do, and what is done about it:
- a conversation never recovers from a new engine id, and wall time that steps spoils its sense of v3 time. So each SET
  is preceded by a GET of the same object on the same conversation, which may be repeated anew; a SET is sent once.
  v2c has no such state: an agent that just answered the caller is not asked again;
- the engine costs as much again as the message: v2c goes without one (``v1arch``, which speaks v2c as well);
- its own time-outs count wall time in half seconds, so ours go before them;
- resolving MIB names costs more than the exchange and reads files, so `lookupMib` is off.

Hence silence before the SET is no write for sure, and silence after it leaves the outcome open.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple, Protocol, TypeAlias

from pysnmp.error import PySnmpError
from pysnmp.hlapi import v1arch, v3arch
from pysnmp.hlapi.v3arch.asyncio import Udp6TransportTarget, UdpTransportTarget
from pysnmp.proto import errind
from pysnmp.proto.rfc1902 import Integer32, Null, ObjectIdentifier, Unsigned32
from pysnmp.proto.rfc1905 import EndOfMibView, NoSuchInstance, NoSuchObject

from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused, DeviceUnreachable

V2C = 1  # the version field of a message (RFC 3584 section 5.2.1)
WRITTEN, OPEN = "written", "open"
OPENING_EXCHANGES = 4
"""Engine id, its time and the request (RFC 3414 section 4), and one more for a time window that moved."""
MAX_CONVERSATIONS = 64
"""Each holds about 1 MB; the one unused for longest goes first."""
PYSNMP_TIMEOUT_S = 300
MISSING = (NoSuchObject, NoSuchInstance, EndOfMibView)
REFUSING = (
    errind.UnknownUserName,
    errind.WrongDigest,
    errind.UnsupportedSecurityLevel,
    errind.AuthenticationFailure,
    errind.AuthenticationError,
    errind.DecryptionError,
    errind.UnknownCommunityName,
)
UNDO_FAILED = 15
# error-status of RFC 3416 section 3; each of these says that nothing was set (section 4.2.5)
REFUSALS = {
    4: "the object is read-only",
    6: "the community or user may only read (noAccess)",
    7: "it wants another type (wrongType)",
    10: "it does not take this value (wrongValue)",
    11: "there is no such outlet or setting (noCreation)",
    12: "it does not take this value at present (inconsistentValue)",
    13: "it is out of resources at present (resourceUnavailable)",
    14: "it could not carry it out (commitFailed)",
    16: "the user may not do that (authorizationError)",
    17: "it cannot be switched or set (notWritable)",
    18: "there is no such outlet or setting at present (inconsistentName)",
}

Answer = tuple[errind.ErrorIndication | None, int, int, Any]
Target: TypeAlias = UdpTransportTarget | Udp6TransportTarget
Number: TypeAlias = Integer32 | Unsigned32


class Agent(NamedTuple):
    """Whom to speak to, and with what access; it names a conversation."""

    host: str
    port: int
    access: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, host: str, port: int, access: Mapping[str, str]) -> Agent:
        """As it comes in a message."""
        return cls(host, port, tuple(sorted(access.items())))

    @property
    def v3(self) -> bool:
        """It is spoken to as a user."""
        return any(key == "user" for key, _ in self.access)


class Speech(Protocol):
    """One version of SNMP."""

    async def ask(self, target: Target, oid: str, value: Number | None) -> Answer:
        """One GET, or one SET where there is a value."""

    def close(self) -> None:
        """Let go of the socket."""


class CommunitySpeech:
    """v2c."""

    def __init__(self, access: Mapping[str, str]) -> None:
        self._dispatcher = v1arch.asyncio.SnmpDispatcher()
        self._auth = v1arch.asyncio.CommunityData(access["community"], mpModel=V2C)

    async def ask(self, target: Target, oid: str, value: Number | None) -> Answer:
        """One GET, or one SET where there is a value."""
        command = v1arch.asyncio.get_cmd if value is None else v1arch.asyncio.set_cmd
        varbind = (ObjectIdentifier(oid), Null("") if value is None else value)
        answer: Answer = await command(self._dispatcher, self._auth, target, varbind, lookupMib=False)
        return answer

    def close(self) -> None:
        """Let go of the socket; pysnmp's own `close` calls back with too few arguments where a request is open."""
        self._dispatcher.transport_dispatcher.close_dispatcher()


class UserSpeech:
    """v3."""

    def __init__(self, access: Mapping[str, str]) -> None:
        self._engine = v3arch.asyncio.SnmpEngine()
        self._auth = v3arch.asyncio.UsmUserData(
            access["user"],
            access["auth_key"],
            access["priv_key"],
            authProtocol=v3arch.asyncio.usmHMAC192SHA256AuthProtocol,
            privProtocol=v3arch.asyncio.usmAesCfb128Protocol,
        )

    async def ask(self, target: Target, oid: str, value: Number | None) -> Answer:
        """One GET, or one SET where there is a value."""
        command = v3arch.asyncio.get_cmd if value is None else v3arch.asyncio.set_cmd
        identity = v3arch.asyncio.ObjectIdentity(oid)
        varbind = v3arch.asyncio.ObjectType(identity, *(() if value is None else (value,)))
        context = v3arch.asyncio.ContextData()
        answer: Answer = await command(self._engine, self._auth, target, context, varbind, lookupMib=False)
        return answer

    def close(self) -> None:
        """Let go of the socket."""
        self._engine.close_dispatcher()


class Conversation:
    """One socket for one agent and one access. Raises the named errors; a failure means to make another one."""

    def __init__(self, agent: Agent) -> None:
        self._place = f"{agent.host}:{agent.port}"
        self._host, self._port = agent.host, agent.port
        access = dict(agent.access)
        self._speech: Speech = UserSpeech(access) if agent.v3 else CommunitySpeech(access)
        self._target: Target | None = None

    def close(self) -> None:
        """Let go of the socket."""
        self._speech.close()

    async def prove(self, oid: str, timeout_s: float) -> None:
        """The agent answers us, and has the object."""
        try:
            trouble, status, _, varbinds = await self._ask(oid, None, timeout_s)
        except TimeoutError:
            raise DeviceUnreachable(f"no answer from {self._place} within {timeout_s:g} s") from None
        if isinstance(trouble, REFUSING):
            raise DeviceRefused(f"{self._place} refuses the user name or a key ({trouble})")
        if trouble is not None:
            raise DeviceUnreachable(f"no answer from {self._place} that makes sense ({trouble})")
        if status or not varbinds:
            raise DeviceRefused(f"{self._place} does not show the object (error-status {int(status)})")
        if isinstance(varbinds[0][1], MISSING):
            raise DeviceRefused(f"{self._place} has no such outlet or setting")

    async def set(self, oid: str, value: Number, timeout_s: float) -> str:
        """Send it once; `WRITTEN`, or `OPEN` where nobody knows."""
        try:
            trouble, status, _, _ = await self._ask(oid, value, timeout_s)
        except (TimeoutError, DeviceError):
            return OPEN
        if trouble is not None or status == UNDO_FAILED:
            return OPEN
        if status:
            why = REFUSALS.get(int(status), f"error-status {int(status)} (RFC 3416)")
            raise DeviceRefused(f"{self._place} refuses: {why}")
        return WRITTEN

    async def _ask(self, oid: str, value: Number | None, timeout_s: float) -> Answer:
        try:
            async with asyncio.timeout(timeout_s):
                if self._target is None:
                    kind = Udp6TransportTarget if ":" in self._host else UdpTransportTarget
                    self._target = await kind.create((self._host, self._port), timeout=PYSNMP_TIMEOUT_S, retries=0)
                return await self._speech.ask(self._target, oid, value)
        except PySnmpError as error:
            raise DeviceGarbled(f"cannot speak with {self._place}: {error}") from None
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            raise DeviceUnreachable(f"cannot reach {self._place}: {error.strerror or error}") from None


class Speaker:
    """The conversations of this process, and the loop that they live in; nothing is made before the first call."""

    def __init__(self) -> None:
        self._known: OrderedDict[Agent, Conversation] = OrderedDict()

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(_say)
        asyncio.set_event_loop(loop)  # pysnmp asks for it outside of any call
        return loop

    def prove(self, *, oid: str, timeout_s: float, **agent: Any) -> None:
        """Open the conversation ahead of the first write."""
        self._loop.run_until_complete(self._proven(Agent.of(**agent), oid, timeout_s))

    def set(self, *, oid: str, value: int, timeout_s: float, answers: bool, unsigned: bool, **agent: Any) -> str:
        """Write one number; the agent ``answers`` when the caller heard it just now."""
        number = Unsigned32(value) if unsigned else Integer32(value)
        return self._loop.run_until_complete(self._set(Agent.of(**agent), oid, number, timeout_s, answers=answers))

    async def _set(self, agent: Agent, oid: str, value: Number, timeout_s: float, *, answers: bool) -> str:
        known = self._known.get(agent) if answers and not agent.v3 else None
        conversation = known or await self._proven(agent, oid, timeout_s)
        outcome = await conversation.set(oid, value, timeout_s)
        if outcome == OPEN:
            self._forget(agent)
        return outcome

    async def _proven(self, agent: Agent, oid: str, timeout_s: float) -> Conversation:
        if agent in self._known:
            self._known.move_to_end(agent)
            try:
                await self._known[agent].prove(oid, timeout_s)
            except DeviceError:
                self._forget(agent)
            else:
                return self._known[agent]
        return await self._opened(agent, oid, timeout_s)

    async def _opened(self, agent: Agent, oid: str, timeout_s: float) -> Conversation:
        conversation = self._known[agent] = Conversation(agent)
        try:
            await conversation.prove(oid, timeout_s * (OPENING_EXCHANGES if agent.v3 else 1))
        except DeviceError:
            self._forget(agent)
            raise
        while len(self._known) > MAX_CONVERSATIONS:
            self._forget(next(iter(self._known)))
        return conversation

    def _forget(self, agent: Agent) -> None:
        self._known.pop(agent).close()


def _say(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Some broken answers make pysnmp's decoder fail in a callback: one line instead of a traceback for each."""
    print(f"an answer was dropped: {context.get('exception') or context['message']!s:.200}")


_speaker = Speaker()
HANDLERS: Mapping[str, Callable[..., Any]] = {"prove": _speaker.prove, "set": _speaker.set}
