"""Who sends traps: devices by the engine that signs, by address, and by v3 user. Whoever is none of them is unknown."""

import asyncio
import ipaddress
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from edgeagent.drivers.settings import DeviceSettings
from edgeagent.model.points import DeviceId
from edgeagent.protocols.session import Sessions
from edgeagent.protocols.snmp import SnmpSession, resolved
from edgeagent.protocols.snmp_address import Community, User
from edgeagent.protocols.snmp_trap_desk import Notification
from edgeagent.protocols.snmp_traps import TrapUser

RESOLVE_S = 10.0
V3 = 3


@dataclass(frozen=True, slots=True)
class Sender:
    """A device that may send traps; ``access`` is None where it is read by another protocol than SNMP."""

    device: DeviceId
    driver: str
    host: str
    port: int
    access: Community | User | None


class Senders:
    """The devices as they are configured now, where their names lead, and the engines that their polls met."""

    def __init__(self, devices: Callable[[], Iterable[DeviceSettings]], sessions: Sessions[SnmpSession]) -> None:
        self._devices = devices
        self._sessions = sessions
        self._settings: tuple[DeviceSettings, ...] = ()
        self._senders: tuple[Sender, ...] = ()
        self._engines: dict[Sender, str] = {}
        self._hosts: dict[str, str] = {}

    def look(self) -> bool:
        """Take in which devices there are and which engines they have; true when the devices are others."""
        settings = tuple(self._devices())
        fresh = settings != self._settings
        if fresh:
            self._settings = settings
            self._senders = tuple(sender for one in settings if (sender := _sender(one)) is not None)
            self._engines = {sender: self._engines[sender] for sender in self._senders if sender in self._engines}
        for sender in self._senders:
            session = self._sessions.find((sender.host, sender.port), sender.access)
            if isinstance(sender.access, User) and session is not None and session.engine_id:
                self._engines[sender] = session.engine_id.hex()
        return fresh

    async def resolve(self) -> None:
        """Ask where the names of devices lead; what cannot be found stays as it was."""
        names = {sender.host for sender in self._senders if not _is_address(sender.host)}
        self._hosts = {name: where for name, where in self._hosts.items() if name in names}
        for name in sorted(names):
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(RESOLVE_S):
                    self._hosts[name] = await resolved(name, 0)

    @property
    def names(self) -> frozenset[DeviceId]:
        """The devices that may send traps."""
        return frozenset(sender.device for sender in self._senders)

    @property
    def communities(self) -> tuple[str, ...]:
        """The communities that devices are read with."""
        found = {one.access.community for one in self._senders if isinstance(one.access, Community)}
        return tuple(sorted(found))

    @property
    def users(self) -> tuple[TrapUser, ...]:
        """The v3 users, with the engines of those who use their keys. One name has the keys of its first device."""
        engines: dict[str, dict[str, None]] = {}
        first: dict[str, User] = {}
        for sender in self._senders:
            access = sender.access
            if isinstance(access, User) and first.setdefault(access.name, access) == access:
                mine = engines.setdefault(access.name, {})
                mine |= {engine: None for engine in (self._engines.get(sender),) if engine}
        return tuple(TrapUser(one.name, one.auth_key, one.priv_key, tuple(engines[one.name])) for one in first.values())

    def of(self, one: Notification) -> tuple[Sender, ...]:
        """The devices that a notification is from; several where they share an address and nothing tells them apart."""
        signed = [sender for sender, engine in self._engines.items() if one.engine and engine == one.engine]
        if signed:
            return tuple(signed)
        there = [sender for sender in self._senders if self._leads_to(sender.host, one.host)]
        if one.version == V3:
            users = [sender for sender in there or self._senders if _user(sender) == one.user]
            there = users if there or len(users) == 1 else []
        exact = [sender for sender in there if sender.port == one.port]
        return tuple(exact or there)

    def _leads_to(self, host: str, source: str) -> bool:
        return _plain(self._hosts.get(host, host)) == _plain(source)


def _sender(one: DeviceSettings) -> Sender | None:
    """What a device's settings say of its address, where it has one."""
    address = getattr(one.options, "address", None)
    host, port = getattr(address, "host", None), getattr(address, "port", 0)
    if not isinstance(host, str) or not host:
        return None
    access = getattr(one.options, "access", None)
    known = access if isinstance(access, Community | User) else None
    return Sender(one.name, one.driver, host, int(port), known)


def _user(sender: Sender) -> str | None:
    return sender.access.name if isinstance(sender.access, User) else None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _plain(host: str) -> str:
    """An address in one form: IPv4 also where it came through an IPv6 socket."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)
