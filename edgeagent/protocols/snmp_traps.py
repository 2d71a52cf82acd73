"""Traps and informs from this side of the pipe: asked for with a long poll, from a child that holds pysnmp.

The child forgets all when it is replaced; each question says which revision of the settings it is about, and a child
that does not know it is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from edgeagent.core.worker import WorkerSpec
from edgeagent.model.errors import DeviceGarbled
from edgeagent.protocols.snmp_set import Asks
from edgeagent.protocols.snmp_trap_desk import Notification

SPEC = WorkerSpec(
    "traps", "edgeagent.protocols.snmp_trap_child:HANDLERS", longest_call_s=30.0, memory_bytes=1 << 30, nice=5
)
MOST = 200
"""Notifications in one answer."""
LISTEN_S = 15.0
WORK_S = 12.0


@dataclass(frozen=True, slots=True)
class TrapUser:
    """A v3 user, and the engine ids (hexadecimal) of those who sign traps with its keys."""

    name: str
    auth_key: str = field(repr=False)
    priv_key: str = field(repr=False)
    engines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listening:
    """Where to listen, and whom to believe."""

    host: str
    port: int
    communities: tuple[str, ...] = field(default=(), repr=False)
    users: tuple[TrapUser, ...] = ()


class Heard(msgspec.Struct, frozen=True):
    """What came since the last question; ``counts`` are by reason, ``refused`` names sources with theirs."""

    revision: int = 0
    notifications: tuple[Notification, ...] = ()
    counts: Mapping[str, int] = {}
    refused: Mapping[str, str] = {}


class TrapListener:
    """The receiver in its child; one task asks."""

    def __init__(self, worker: Asks) -> None:
        self._worker = worker
        self._told: Listening | None = None
        self._revision = 0
        self.port: int | None = None
        """Where it listens now."""

    async def next(self, listening: Listening, wait_s: float) -> Heard:
        """What came, as soon as there is anything, after ``wait_s`` at the latest.

        Raises:
            ConfigError: it cannot listen there.
            WorkerError: the child died, and is being replaced.
            DeviceGarbled: the child answered nonsense.
        """
        if listening != self._told:
            self._told, self._revision = listening, self._revision + 1
        heard = await self._next(wait_s)
        if heard.revision != self._revision:
            await self._listen(listening)
        return heard

    async def _next(self, wait_s: float) -> Heard:
        args = {"revision": self._revision, "wait_s": wait_s, "most": MOST}
        answer = await self._worker.call("next", args, timeout_s=wait_s + WORK_S)
        try:
            return msgspec.convert(answer, Heard)
        except msgspec.ValidationError as error:
            raise DeviceGarbled(f"cannot hear traps: {error}") from None

    async def _listen(self, listening: Listening) -> None:
        args: dict[str, Any] = {
            "revision": self._revision,
            "host": listening.host,
            "port": listening.port,
            "communities": list(listening.communities),
            "users": [_packed(user) for user in listening.users],
        }
        self.port = None
        self.port = int((await self._worker.call("listen", args, timeout_s=LISTEN_S))["port"])


def _packed(user: TrapUser) -> dict[str, Any]:
    keys = {"name": user.name, "auth_key": user.auth_key, "priv_key": user.priv_key}
    return {**keys, "engines": list(user.engines)}
