"""Traps and informs: whoever of our devices calls is told of and read at once. What a trap says is never a value.

Anybody on the network can make up a v2c trap. So one does no more than hurry a poll, once a second for each device, and
leave an Event; strangers are counted and named.
"""

import asyncio
import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from edgeagent.config.reader import REQUIRED, Reader
from edgeagent.core.bucket import Bucket
from edgeagent.core.clock import Clock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat
from edgeagent.drivers.trap_senders import Sender, Senders
from edgeagent.model.errors import ConfigError, DeviceGarbled, WorkerError
from edgeagent.model.event import Event
from edgeagent.model.points import DeviceId
from edgeagent.protocols.profile_file import Profiles
from edgeagent.protocols.snmp_trap_desk import Notification
from edgeagent.protocols.snmp_traps import Heard, Listening, TrapListener
from edgeagent.protocols.trap_words import Trap, by_oid

PART = "traps"
WAIT_S = 1.0
RETRY_S = 30.0
RESOLVE_EVERY_S = 300.0
POKE_EVERY_S = 1.0
"""The least time between two polls that traps ask for, of one device."""
REPEAT_S = 60.0
"""The same words again of the same device are counted for so long, and not told."""
EVENT_BURST, EVENT_PER_S = 60.0, 1.0
"""Events of one device."""
MAX_STRANGERS = 64
MAX_NAMED = 3
MAX_WORDS = 3
"""Texts of a trap's own that people are shown."""
MAX_SAID = 300

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TrapSettings:
    """The ``[traps]`` table: where to listen, and a community beside those that devices are read with."""

    place: tuple[str, int]
    community: str = field(default="", repr=False)


def parse(reader: Reader) -> TrapSettings | None:
    """The keys of ``[traps]``, None where nothing is listened for; mistakes go to the reader."""
    community = reader.secret("community", REQUIRED).reveal() if reader.has("community") else ""
    place = _place(reader.text("listen", max_length=300)) if reader.has("listen") else None
    if place is None and reader.has("listen"):
        reader.problem("listen", 'cannot listen there: must be an IP address and a port, as "127.0.0.1:1162"')
    return None if place is None else TrapSettings(place, community)


def _place(text: str) -> tuple[str, int] | None:
    host, _, port = text.rpartition(":")
    with suppress(ValueError):
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
        if port.isascii() and port.isdecimal() and 0 < int(port) < 65536:  # RFC 768
            return str(address), int(port)
    return None


@dataclass(slots=True)
class Caller:
    """What is remembered of one device; times are CLOCK_BOOTTIME."""

    budget: Bucket = field(default_factory=lambda: Bucket(EVENT_BURST, EVENT_PER_S))
    last: tuple[str, str] = ("", "")
    last_s: float = -math.inf
    poked_s: float = -math.inf
    pending: bool = False


class Traps:
    """A Service that hears traps. ``tell`` gets each Event, ``poke`` the device that should be read."""

    def __init__(
        self,
        settings: TrapSettings,
        listener: TrapListener,
        senders: Senders,
        *,
        profiles: Profiles,
        clock: Clock,
        health: Health,
        metrics: Metrics,
        tell: Callable[[Event], None],
        poke: Callable[[DeviceId], object],
    ) -> None:
        self._settings = settings
        self._listener = listener
        self._senders = senders
        self._profiles = profiles
        self._clock = clock
        self._health = health
        self._tell = tell
        self._poke = poke
        self._known: Mapping[str, Trap] = {}
        self._callers: dict[DeviceId, Caller] = {}
        self._strangers: OrderedDict[str, str] = OrderedDict()
        self._devices_changed = asyncio.Event()
        self._heard = metrics.counter("edgeagent_traps", "Traps and informs of known devices, by device")
        self._left_out = metrics.counter("edgeagent_traps_left_out", "Messages that did not count as one, by reason")
        self._events = metrics.counter("edgeagent_trap_events", "Events told because of a trap")
        self._repeats = metrics.counter("edgeagent_trap_repeats", "Traps that said the same again, and were not told")
        self._dropped = metrics.counter(
            "edgeagent_trap_events_dropped", "Events left out because a device told too many"
        )

    @property
    def name(self) -> str:
        """Its name in logs, status and metrics."""
        return PART

    @property
    def beat_every_s(self) -> float:
        """Longer than any single wait."""
        return RETRY_S + 30.0

    @property
    def critical(self) -> bool:
        """The agent goes on without it: devices are polled all the same."""
        return False

    async def run(self, beat: Beat) -> None:
        """Hear until cancelled; where it cannot listen, say so and try again now and then."""
        profiles = await asyncio.to_thread(lambda: self._profiles.all)
        self._known = by_oid(trap for one in profiles.values() for trap in one.traps)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._resolve(), name="resolve senders of traps")
            await self._hear(beat)

    async def _hear(self, beat: Beat) -> None:
        while True:
            beat()
            if self._senders.look():
                self._devices_changed.set()
                self._callers = {name: one for name, one in self._callers.items() if name in self._senders.names}
            try:
                heard = await self._listener.next(self._listening(), WAIT_S)
            except ConfigError as error:
                await self._rest(f"{error}; a port below 1024 needs systemd/drop-ins/traps.conf")
            except (WorkerError, DeviceGarbled) as error:
                await self._rest(str(error), POKE_EVERY_S)
            else:
                self._take(heard)
                self._report()

    async def _rest(self, why: str, for_s: float = RETRY_S) -> None:
        if self._health.set(PART, Level.DEGRADED, why):
            log.warning("traps cannot be heard", error=why)
        await self._clock.sleep(for_s)

    async def _resolve(self) -> None:
        while True:
            await self._devices_changed.wait()
            self._devices_changed.clear()
            await self._senders.resolve()
            try:
                async with asyncio.timeout(RESOLVE_EVERY_S):
                    await self._devices_changed.wait()
            except TimeoutError:
                self._devices_changed.set()

    def _listening(self) -> Listening:
        own = (self._settings.community,) if self._settings.community else ()
        communities = tuple(dict.fromkeys([*own, *self._senders.communities]))
        return Listening(*self._settings.place, communities, self._senders.users)

    def _take(self, heard: Heard) -> None:
        for why, count in heard.counts.items():
            if why not in {"datagrams", "notifications"}:
                self._left_out.add(count, reason=why)
        for host, why in heard.refused.items():
            self._name(host, why)
        for one in heard.notifications:
            self._consider(one)
        now_s = self._clock.now_s()
        for device, caller in self._callers.items():
            self._hurry(device, caller, now_s)

    def _consider(self, one: Notification) -> None:
        senders = self._senders.of(one)
        if not senders:
            self._left_out.add(reason="stranger")
            self._name(one.host, "stranger")
            return
        trap = self._known.get(one.trap)
        word, text = (
            (trap.word, trap.text) if trap else ("trap.unknown", f"it sent a trap that we do not know ({one.trap})")
        )
        for sender in senders:
            self._heard.add(device=sender.device)
            caller = self._callers.setdefault(sender.device, Caller())
            caller.pending = True
        self._tell_once(senders, word, text + _said(one), trap)

    def _tell_once(self, senders: Sequence[Sender], word: str, text: str, trap: Trap | None) -> None:
        caller, now_s = self._callers[senders[0].device], self._clock.now_s()
        if caller.last == (word, text) and now_s - caller.last_s < REPEAT_S:
            self._repeats.add()
            return
        if not caller.budget.take(now_s):
            self._dropped.add()
            return
        caller.last, caller.last_s = (word, text), now_s
        subject = ", ".join(sender.device for sender in senders)
        self._events.add(word=word)
        self._tell(Event("trap", word, subject, f"{subject}: {text}", trap.severity if trap else "info", now_s))

    def _hurry(self, device: DeviceId, caller: Caller, now_s: float) -> None:
        """Have it read, now or as soon as it may be again."""
        if caller.pending and now_s - caller.poked_s >= POKE_EVERY_S:
            caller.pending, caller.poked_s = False, now_s
            self._poke(device)

    def _name(self, host: str, why: str) -> None:
        """Remember who was not heard, and say it once."""
        if host not in self._strangers:
            log.warning("a trap of somebody unknown or wrong", source=host, reason=why)
        self._strangers[host] = why
        self._strangers.move_to_end(host)
        while len(self._strangers) > MAX_STRANGERS:
            self._strangers.popitem(last=False)

    def _report(self) -> None:
        where = f"listens on port {self._listener.port}"
        newest = list(reversed(self._strangers.items()))[:MAX_NAMED]
        others = f"; not heard: {', '.join(f'{host} ({why})' for host, why in newest)}" if newest else ""
        self._health.set(PART, Level.OK, where + others)


def _said(one: Notification) -> str:
    """The texts of its own, for people."""
    texts = [value for _, value in one.values if isinstance(value, str)][:MAX_WORDS]
    return f" ({'; '.join(texts)})"[:MAX_SAID] if texts else ""
