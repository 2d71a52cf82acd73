"""Contacts on the GPIO lines of this computer: doors, smoke, leak cables, tamper switches.

``address = "gpio:///dev/gpiochip0"``; ``[devices.<name>.inputs]`` names what hangs on each line, as for I/O modules. An
edge has the device read at once. A change that is over before it is read is shown once all the same, and then the
level: nobody opens a door unseen.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol
from urllib.parse import urlsplit

from edgeagent.config.reader import Reader
from edgeagent.core.clock import Clock
from edgeagent.core.ports import Driver
from edgeagent.drivers.bell import Bell
from edgeagent.drivers.modbus_inputs import FAULT, PLAIN, STATES, Contact, parse_contacts
from edgeagent.drivers.parts import Parts, Times
from edgeagent.model.device import DeviceInfo, Group, Identity
from edgeagent.model.errors import DeviceUnreachable
from edgeagent.model.points import DeviceId, Point, ValueType, point_id
from edgeagent.model.reading import Reading
from edgeagent.model.units import Kind
from edgeagent.protocols.gpio import BIAS, MAX_LINES, Chip, Edge, Lines, Wish

GROUP = "fast"
SCHEME = "gpio"
LEVELS = ("inactive", "active")
MAX_DEBOUNCE_S = 1.0
REST_S = 0.05
"""Between two looks that edges ask for."""


class Inputs(Protocol):
    """What is needed of the lines; see `protocols.gpio.Lines`. Raises DeviceError."""

    chip: Chip
    has_edges: bool

    def fileno(self) -> int:
        """What becomes readable with an edge."""

    def levels(self) -> Mapping[int, int]:
        """1 for each line that is active now, 0 for the others."""

    def edges(self) -> Sequence[Edge]:
        """The changes since the last look, the oldest first; it does not wait."""

    def close(self) -> None:
        """Give the lines back; safe twice."""


Open = Callable[[Path, Sequence[int], Wish], Inputs]


@dataclass(frozen=True, slots=True)
class Watched:
    """One point: its line, the words of inactive and active, and the line of its fault contact with its level."""

    point: Point
    line: int
    words: tuple[str, str]
    fault: tuple[int, int] | None = None

    def word(self, levels: Mapping[int, int]) -> str:
        """What the lines say."""
        if self.fault is not None and levels[self.fault[0]] == self.fault[1]:
            return "fault"
        return self.words[levels[self.line]]


class GpioDevice:
    """A Driver over some lines of one chip. They are ours from connecting to closing."""

    def __init__(
        self, device: DeviceId, options: "GpioOptions", times: Times, clock: Clock, *, bell: Bell, opened: Open
    ) -> None:
        self._device = device
        self._options = options
        self._times = times
        self._clock = clock
        self._bell = bell
        self._open = opened
        self._watched = tuple(_watched(device, options.contacts))
        self._inputs: Inputs | None = None
        self._timer: asyncio.Handle
        self._shown: Mapping[int, int] = {}
        self._looking: asyncio.Future[Mapping[int, int]] | None = None

    async def connect(self) -> DeviceInfo:
        """Take the lines. Raises DeviceError."""
        await self.close()
        self._inputs = inputs = await self._opened()
        self._timer = asyncio.get_running_loop().call_soon(self._listen)
        self._shown = {}
        period_s = self._times.every_s if inputs.has_edges else min(self._times.every_s, self._times.protective_every_s)
        names = frozenset(one.point.name for one in self._watched)
        group = Group(GROUP, period_s, min(period_s, self._times.deadline_s), names)
        identity = Identity(model=inputs.chip.label or inputs.chip.name)
        return DeviceInfo(identity, tuple(one.point for one in self._watched), (group,))

    async def read(self, group: str) -> list[Reading]:
        """Every contact. Raises DeviceError."""
        assert group == GROUP
        inputs = self._taken()
        edges = inputs.edges()
        levels = await self._levels(inputs)
        shown = {**levels, **_missed(edges, levels, self._shown)}
        self._shown = shown
        self._rest(self._listen if shown == levels else self._ring)  # what was missed is shown: what is now follows
        time_s = self._clock.now_s()
        return [
            Reading(
                point_id(self._device, one.point.name),
                one.word(shown),
                time_s,
                source=f"line {one.line}",
                raw=LEVELS[shown[one.line]],
            )
            for one in self._watched
        ]

    async def close(self) -> None:
        """Give the lines back; safe twice."""
        inputs, self._inputs = self._inputs, None
        if inputs is None:
            return
        self._timer.cancel()
        asyncio.get_running_loop().remove_reader(inputs.fileno())
        if self._looking is None or self._looking.done():
            inputs.close()
        else:  # a look that hangs holds the lines: they are given back behind it
            self._looking.add_done_callback(lambda look: _closed_behind(look, inputs))

    async def _opened(self) -> Inputs:
        """The lines, taken beside the loop; who no longer waits for them does not keep them."""
        options = self._options
        take = asyncio.to_thread(self._open, options.path, tuple(options.contacts), options.wish)
        taking = asyncio.ensure_future(take)
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            taking.add_done_callback(_given_back)
            raise

    def _listen(self) -> None:
        """Have the next edge ring the bell; the edges themselves stay with the kernel until the poll."""
        inputs = self._inputs
        if inputs is not None and inputs.has_edges:
            asyncio.get_running_loop().add_reader(inputs.fileno(), self._ring)

    def _ring(self) -> None:
        if self._inputs is not None:
            asyncio.get_running_loop().remove_reader(self._inputs.fileno())
            self._bell.ring(self._device)

    def _rest(self, then: Callable[[], None]) -> None:
        """A contact that chatters is read some times a second, and no more."""
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(REST_S, then)

    async def _levels(self, inputs: Inputs) -> Mapping[int, int]:
        """A chip behind a slow bus is waited for beside the loop, and by no more than one."""
        if self._looking is not None and not self._looking.done():
            raise DeviceUnreachable(f"cannot read {self._device}: the last look at its lines has not ended")
        self._looking = asyncio.ensure_future(asyncio.to_thread(inputs.levels))
        return await asyncio.shield(self._looking)

    def _taken(self) -> Inputs:
        if self._inputs is None:
            raise DeviceUnreachable(f"cannot read {self._device}: its lines are not taken")
        return self._inputs


@dataclass(frozen=True, slots=True)
class GpioOptions:
    """The chip, what hangs on its lines, and how they are asked for."""

    path: Path
    contacts: Mapping[int, Contact]
    wish: Wish = field(default_factory=Wish)

    def build(self, device: DeviceId, times: Times, parts: Parts) -> Driver:
        """A driver for these lines; nothing is opened yet."""
        return self.device(device, times, parts)

    def device(self, device: DeviceId, times: Times, parts: Parts, opened: Open = Lines) -> GpioDevice:
        """The same; ``opened`` takes the lines."""
        return GpioDevice(device, self, times, parts.clock, bell=parts.bell, opened=opened)


def parse(reader: Reader, driver: str) -> GpioOptions:  # noqa: ARG001 -- one word has this scheme
    """The keys of a device with a ``gpio://`` address. Mistakes go to the reader."""
    contacts = parse_contacts(reader, "inputs", first=0)
    if not 1 <= len(contacts) <= MAX_LINES:
        reader.problem("inputs", f"cannot go on with {len(contacts)} lines: from 1 to {MAX_LINES} are named here")
    for line, contact in contacts.items():
        first = contact.name.removesuffix(FAULT)
        if contact.name != first and first not in {one.name for one in contacts.values()}:
            reader.problem("inputs", f'cannot use line {line} as "{contact.name}": no line is "{first}"')
    names = [contact.name for contact in contacts.values()]
    for name in sorted({name for name in names if names.count(name) > 1}):
        reader.problem("inputs", f'cannot use the name "{name}" for two lines')
    wish = Wish(
        active_low=reader.boolean("active_low", True),
        bias=reader.choice("bias", tuple(BIAS), "pull-up"),
        debounce_us=round(1e6 * reader.duration_s("debounce", 0.01, minimum=0.0, maximum=MAX_DEBOUNCE_S)),
    )
    return GpioOptions(_path(reader), MappingProxyType(dict(contacts)), wish)


def _path(reader: Reader) -> Path:
    url = reader.text("address", max_length=300)
    parts = urlsplit(url)
    if url and (parts.scheme != SCHEME or parts.netloc or not parts.path.startswith("/") or parts.query):
        reader.problem("address", "cannot use this as a GPIO chip: must be as gpio:///dev/gpiochip0")
    return Path(parts.path)


def _watched(device: DeviceId, contacts: Mapping[int, Contact]) -> list[Watched]:
    """The points, in the order of their lines; a fault contact is none of its own."""
    faults = {
        contact.name.removesuffix(FAULT): (line, int(not contact.is_closed))
        for line, contact in contacts.items()
        if contact.name.endswith(FAULT)
    }
    found = []
    for line, contact in sorted(contacts.items()):
        if contact.name.endswith(FAULT):
            continue
        well, other, protects = STATES.get(contact.name.partition(".")[0], PLAIN)
        words = (other, well) if contact.is_closed else (well, other)
        fault = faults.get(contact.name)
        codes = (well, other) if fault is None else (well, other, "fault")
        point = Point(device, f"{contact.name}.state", Kind.STATE, ValueType.CODE, codes, protects)
        found.append(Watched(point, line, words, fault))
    return found


def _missed(edges: Sequence[Edge], levels: Mapping[int, int], shown: Mapping[int, int]) -> Mapping[int, int]:
    """The levels that lines had and lost between two looks, where they are now as they were shown last."""
    return {
        edge.line: edge.level
        for edge in edges
        if shown.get(edge.line) == levels[edge.line] and edge.level != levels[edge.line]
    }


def _closed_behind(look: asyncio.Future[Mapping[int, int]], inputs: Inputs) -> None:
    """Give the lines back after a look that came too late for anybody."""
    if not look.cancelled():
        look.exception()
    inputs.close()


def _given_back(taking: asyncio.Future[Inputs]) -> None:
    if not taking.cancelled() and taking.exception() is None:
        taking.result().close()
