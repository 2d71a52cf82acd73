"""Who of a pod sends traps, and when: on request, and when a breaker trips, water leaks, or a UPS goes to battery."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from firmware_stubs.snmp_agent import SnmpAgent
from firmware_stubs.snmp_trap import Address, TrapSender
from firmware_stubs.trap_kinds import KINDS, kind_of


@dataclass
class _Card:
    family: str
    sender: TrapSender


@dataclass
class _Watch:
    """A fact that is told when it becomes true."""

    device: str
    kind: str
    holds: Callable[[], bool]
    held: bool = False


@dataclass
class TrapDesk:
    """Sends to ``to``, where there is one."""

    to: Address | None = None
    _cards: dict[str, _Card] = field(default_factory=dict)
    _watches: list[_Watch] = field(default_factory=list)
    _informs: set[asyncio.Task[bool]] = field(default_factory=set)

    def add(self, device: str, family: str, agent: SnmpAgent) -> None:
        """A card that may send."""
        self._cards[device] = _Card(family, TrapSender(agent))

    def watch(self, device: str, kind: str, holds: Callable[[], bool]) -> None:
        """Have a card send this kind whenever something begins to hold; nothing where it cannot."""
        card = self._cards.get(device)
        if card is not None and kind in KINDS.get(card.family, {}):
            self._watches.append(_Watch(device, kind, holds))

    def look(self) -> None:
        """Send what has happened since the last look."""
        for watch in self._watches:
            held, watch.held = watch.held, watch.holds()
            if watch.held and not held and self.to is not None:
                self.send(watch.device, watch.kind)

    def send(self, device: str, kind: str, *, inform: bool = False, to: Address | None = None) -> None:
        """Send one now; LookupError when the device does not send it, or nobody is to hear it."""
        card, place = self._cards.get(device), to or self.to
        if card is None:
            raise LookupError(f"{device} sends no traps: there are {', '.join(self._cards)}")
        if place is None:
            raise LookupError('nobody hears traps: the pod was started without --traps, and there is no "to"')
        oid, values = kind_of(card.family, kind)
        if not inform:
            card.sender.trap(place, oid, values)
            return
        task = asyncio.create_task(card.sender.inform(place, oid, values))
        self._informs.add(task)
        task.add_done_callback(self._informs.discard)

    async def close(self) -> None:
        """Wait for no answer any longer."""
        for task in self._informs:
            task.cancel()
        await asyncio.gather(*self._informs, return_exceptions=True)


def place_of(text: str) -> Address:
    """An address written ``127.0.0.1:1162``; ValueError when it is none."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"{text!r} is no place to send traps to: it must be an address and a port")
    return host, int(port)
