"""The handlers of the worker that hears traps and informs; loaded in its child only, where pysnmp lives.

The socket is read by a thread of its own, so that what comes between two calls waits here and not in the kernel. What
pysnmp 7.1 does not do, and what is done about it:
- it takes a v3 trap of a known user that is not signed (RFC 3414 section 3.2 step 5 is done for informs only): refused;
- its clock is wall time, and a step spoils the sense of time of those who send informs: then another engine begins;
- a message costs it 0.6 ms: each source, and all together, have a budget before anything is decoded.

It takes no account of the time in v3 traps: one that was recorded can be sent again, as any v2c trap can be made up.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from pyasn1.type import univ
from pysnmp.carrier.asyncio.dgram import udp, udp6
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.entity.rfc3413.ntfrcv import NotificationReceiver
from pysnmp.proto.api import v2c
from pysnmp.proto.rfc1902 import OctetString

from edgeagent.model.errors import ConfigError
from edgeagent.protocols.snmp_trap_desk import TRAP_OID, Desk, Notification, values_of

BUFFER_BYTES = 1 << 20
STEP_S = 60.0
WORK_S = 10.0
V3 = 3  # messageProcessingModel (RFC 3411 section 5); v1 is 0 and v2c is 1
AUTH_PRIV = 3  # securityLevel (RFC 3411 section 5)
MASTER_BYTES = 1 << 20  # RFC 3414 section A.2
REFUSALS = {  # what pysnmp counts (RFC 3418, RFC 3412, RFC 3414), and why that is
    ("__SNMPv2-MIB", "snmpInASNParseErrs"): "garbled",
    ("__SNMPv2-MIB", "snmpInBadVersions"): "garbled",
    ("__SNMPv2-MIB", "snmpInBadCommunityNames"): "community",
    ("__SNMP-MPD-MIB", "snmpInvalidMsgs"): "garbled",
    ("__SNMP-MPD-MIB", "snmpUnknownSecurityModels"): "garbled",
    ("__SNMP-MPD-MIB", "snmpUnknownPDUHandlers"): "request",
    ("__SNMP-USER-BASED-SM-MIB", "usmStatsUnsupportedSecLevels"): "unsigned",
    ("__SNMP-USER-BASED-SM-MIB", "usmStatsNotInTimeWindows"): "time",
    ("__SNMP-USER-BASED-SM-MIB", "usmStatsUnknownUserNames"): "user",
    ("__SNMP-USER-BASED-SM-MIB", "usmStatsWrongDigests"): "key",
    ("__SNMP-USER-BASED-SM-MIB", "usmStatsDecryptionErrors"): "key",
}

Address = tuple[Any, ...]
Receive = Callable[["_Port", bytes, Address], None]
User = Mapping[str, Any]
T = TypeVar("T")


class _Port:
    """A socket of pysnmp's whose datagrams go through `Engine.receive` first."""

    def datagram_received(self, data: bytes, address: Address) -> None:
        """What the loop calls."""
        self.receive(self, data, address)

    def hand_over(self, data: bytes, address: Address) -> None:
        """Give it to the engine, which is done with it when this returns."""
        self._callback_function(self, address, data)

    receive: Receive
    _callback_function: Callable[..., None]


class _Port4(_Port, udp.UdpTransport):  # type: ignore[misc]
    pass


class _Port6(_Port, udp6.Udp6Transport):  # type: ignore[misc]
    pass


class Engine:
    """pysnmp's engine behind one socket; used only in the thread that made it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._engine = SnmpEngine()
        self._source = ("", 0)
        self._signer = ""
        self._communities: set[str] = set()
        self._users: dict[tuple[str, str], User] = {}
        self._began_s = _wall_offset_s()
        builder = self._engine.get_mib_builder()
        self._refusals = [(builder.import_symbols(*place)[0], why) for place, why in REFUSALS.items()]
        self._engine.observer.register_observer(self._see_signer, "rfc3414.processIncomingMsg")
        NotificationReceiver(self._engine, self._heard)

    @property
    def stepped(self) -> bool:
        """Whether wall time was set since it began."""
        return abs(_wall_offset_s() - self._began_s) > STEP_S

    async def open(self, host: str, port: int) -> int:
        """Listen; the port. Raises OSError."""
        family, kind = (udp6, _Port6) if ":" in host else (udp, _Port4)
        transport = kind(loop=asyncio.get_running_loop())
        transport.receive = self.receive
        endpoint, _ = await transport.loop.create_datagram_endpoint(lambda: transport, local_addr=(host, port))
        with suppress(OSError):
            endpoint.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        config.add_transport(self._engine, family.DOMAIN_NAME, transport)
        return int(endpoint.get_extra_info("sockname")[1])

    def admit(self, communities: Sequence[str], users: Sequence[User]) -> None:
        """Whom to believe from now on: each user for informs, and with the engine of each who sends its traps."""
        for gone in self._communities - set(communities):
            config.delete_v1_system(self._engine, _area(gone))
        for fresh in set(communities) - self._communities:
            config.add_v1_system(self._engine, _area(fresh), fresh)
        wanted = {(user["name"], engine): user for user in users for engine in ("", *user["engines"])}
        for name, engine in self._users.keys() - wanted.keys():
            config.delete_v3_user(self._engine, name, _engine_id(engine))
        for place, user in wanted.items():
            if _keys(user) != _keys(self._users.get(place)):
                self._admit_user(user, place[1])
        self._communities, self._users = set(communities), wanted

    def receive(self, port: _Port, data: bytes, address: Address) -> None:
        """One datagram; what becomes of it is known when this returns."""
        host = str(address[0]).partition("%")[0]
        if not self._desk.admits(host, len(data)):
            return
        self._source, self._signer = (host, int(address[1])), ""
        before = [int(symbol.syntax) for symbol, _ in self._refusals]
        try:
            port.hand_over(data, address)
        finally:
            for (symbol, why), count in zip(self._refusals, before, strict=True):
                if int(symbol.syntax) != count:
                    self._desk.refuse(host, why)

    def close(self) -> None:
        """Let go of the socket."""
        self._engine.close_dispatcher()

    def _admit_user(self, user: User, engine: str) -> None:
        config.add_v3_user(
            self._engine,
            user["name"],
            config.USM_AUTH_HMAC192_SHA256,
            _master_key(user["auth_key"]),
            config.USM_PRIV_CFB128_AES,
            _master_key(user["priv_key"]),
            securityEngineId=_engine_id(engine),
            authKeyType=config.USM_KEY_TYPE_MASTER,
            privKeyType=config.USM_KEY_TYPE_MASTER,
        )

    def _see_signer(self, _engine: Any, _point: str, variables: Mapping[str, Any], _context: Any) -> None:
        self._signer = bytes(variables["securityEngineId"]).hex()

    def _heard(self, engine: Any, _state: Any, _id: Any, _name: Any, varbinds: Any, _context: Any) -> None:
        about = engine.observer.get_execution_context("rfc3412.receiveMessage:request")
        model = int(about["messageProcessingModel"])
        if model == V3 and int(about["securityLevel"]) != AUTH_PRIV:
            self._desk.refuse(self._source[0], "unsigned")
            return
        pairs = [(str(oid), _plain(value)) for oid, value in varbinds]
        self._desk.take(
            Notification(
                *self._source,
                version=V3 if model == V3 else model + 1,
                user=str(about["securityName"]) if model == V3 else "",
                engine=self._signer,
                inform=about["pdu"].tagSet == v2c.InformRequestPDU.tagSet,
                trap=next((str(value) for oid, value in pairs if oid == TRAP_OID), ""),
                values=values_of(pairs),
            )
        )


class Listener:
    """The thread that listens, and what is asked of it; nothing is made before the first call."""

    def __init__(self) -> None:
        self._revision = 0
        self._place: tuple[str, int] | None = None
        self._engine: Engine | None = None
        self._port = 0

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(self._dropped)
        threading.Thread(target=loop.run_forever, name="traps", daemon=True).start()
        return loop

    @cached_property
    def _desk(self) -> Desk:
        return Desk()

    def listen(
        self, *, revision: int, host: str, port: int, communities: Sequence[str], users: Sequence[User]
    ) -> dict[str, int]:
        """Listen there and believe those; the port."""
        return {"port": self._run(self._listen((host, port), revision, communities, users), WORK_S)}

    def next(self, *, revision: int, wait_s: float, most: int) -> dict[str, Any]:
        """What was heard, as soon as there is anything; at once where ``listen`` is due for this revision."""
        return self._run(self._next(revision, wait_s, most), wait_s + WORK_S)

    async def _listen(
        self, place: tuple[str, int], revision: int, communities: Sequence[str], users: Sequence[User]
    ) -> int:
        if self._engine is None or self._place != place:
            self._close()
            await asyncio.sleep(0)  # in which the socket that was there is closed
            self._engine, self._place = Engine(self._desk), place
            try:
                self._port = await self._engine.open(*place)
            except OSError as error:
                self._close()
                raise ConfigError(f"cannot listen on {place[0]} port {place[1]}: {error.strerror or error}") from None
        self._engine.admit(communities, users)
        self._revision = revision
        return self._port

    async def _next(self, revision: int, wait_s: float, most: int) -> dict[str, Any]:
        if self._engine is not None and self._engine.stepped:
            self._close()
        if self._engine is None or revision != self._revision:
            return {"revision": 0, **self._desk.fetch(most)}
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._desk.filled.wait()
        return {"revision": revision, **self._desk.fetch(most)}

    def _close(self) -> None:
        if self._engine is not None:
            self._engine.close()
        self._engine = self._place = None

    def _run(self, work: Coroutine[Any, Any, T], timeout_s: float) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    def _dropped(self, _loop: asyncio.AbstractEventLoop, _context: Mapping[str, Any]) -> None:
        """Some broken messages make pysnmp's decoder fail: they are counted like other garbage."""
        self._desk.counts["garbled"] += 1


def _plain(value: Any) -> object:
    if isinstance(value, univ.ObjectIdentifier):
        return str(value)
    if isinstance(value, univ.Integer):
        return int(value)
    return bytes(value) if isinstance(value, univ.OctetString) else None


def _area(community: str) -> str:
    """An index for a community, which is none itself: it may hold what an index may not."""
    return hashlib.sha256(community.encode()).hexdigest()[:16]


def _engine_id(text: str) -> OctetString | None:
    return OctetString(hexValue=text) if text else None


def _keys(user: User | None) -> tuple[str, str] | None:
    return None if user is None else (user["auth_key"], user["priv_key"])


@lru_cache(maxsize=256)
def _master_key(password: str) -> bytes:
    """RFC 3414 section A.2 with SHA-256 (RFC 7860), once for each password."""
    octets = password.encode()
    return hashlib.sha256((octets * (MASTER_BYTES // len(octets) + 1))[:MASTER_BYTES]).digest()


def _wall_offset_s() -> float:
    return time.time() - time.monotonic()


_listener = Listener()
HANDLERS: Mapping[str, Callable[..., Any]] = {"listen": _listener.listen, "next": _listener.next}
