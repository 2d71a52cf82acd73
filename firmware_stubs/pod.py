"""One whole simulated pod on loopback, in one process: `python -m firmware_stubs.pod --dir DIR`.

`Pod` is also the entry for tests and benchmarks: `async with Pod(PodPlan(dir, plain_agents=50)) as pod: pod.devices`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from firmware_stubs.control import ControlSocket
from firmware_stubs.describe import describe_device, describe_site, describe_state
from firmware_stubs.describe_plant import plant_parts
from firmware_stubs.facility import Facility
from firmware_stubs.fault_cards import Address, Wiring
from firmware_stubs.fault_kinds import FaultError, Part
from firmware_stubs.fault_servers import WallClock
from firmware_stubs.faults import Fault, FaultBoard
from firmware_stubs.layout import plain_pod, standard_pod
from firmware_stubs.pod_control import PodControl
from firmware_stubs.pod_plan import FAMILIES, PodPlan, arguments, plan_from
from firmware_stubs.racks import Pdu
from firmware_stubs.served_log import JsonLinesLog
from firmware_stubs.snmp_agent import SnmpAgent
from firmware_stubs.snmp_card import Card, V2cAccess
from firmware_stubs.snmp_usm import UsmUser
from firmware_stubs.sysfs_tree import SysfsTree
from firmware_stubs.trap_desk import TrapDesk
from firmware_stubs.weather import ClearSky, read_trace
from firmware_stubs.world import World

if TYPE_CHECKING:
    from firmware_stubs.plant_servers import PlantServers

MAX_SPEED = 1000.0  # more would hold the loop for too long in one tick
HOST = "127.0.0.1"
FORMAT = 1  # of pod.json
PHYSICS_TICK_S = 0.25
FAULT_TICK_S = 0.05
USER = UsmUser("edge", "auth-secret-1", "priv-secret-1")


@dataclass
class _Device:
    pdu: Pdu
    card: Card
    family: str
    agent: SnmpAgent
    port: int = 0


@dataclass
class Pod:
    """A running pod; open it with `async with`. What it left in the folder stays, the control socket does not."""

    plan: PodPlan
    now: Callable[[], float] = time.monotonic
    devices: list[dict[str, Any]] = field(default_factory=list)  # as in pod.json

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._open(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def description(self) -> dict[str, Any]:
        """The content of pod.json."""
        return {
            "format": FORMAT,
            "pid": os.getpid(),
            "seed": self.plan.seed,
            "speed": self.plan.speed,
            "devices": self.devices,
            "sysfs": str(self.tree.root),
            "control": str(self._control_path),
            **describe_site(self.world),
        }

    def state(self) -> dict[str, Any]:
        """The world's truth of this moment."""
        return describe_state(self.world, self._cards, self.board.active, self.clock.offset_s)

    async def run_until(self, stop: asyncio.Event, seconds: float | None) -> None:
        """Wait for `stop`, for `seconds`, or until the ticker fails; then its error is raised (OSError: disk full)."""
        stopped = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait({stopped, self._ticker}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if self._ticker in done:
            await self._ticker

    def inject(self, device: str, kind: str, *, for_s: float | None = None, **options: float | bool | str) -> int:
        """Start a fault now; returns its number. FaultError when it cannot be."""
        fault = self.board.plan(Fault(device, kind, self.age_s, for_s, dict(options)))
        self.board.advance(self.age_s)
        return fault.number

    async def _open(self, stack: AsyncExitStack) -> None:
        if not 0.0 < self.plan.speed <= MAX_SPEED:
            raise ValueError(f"speed is {self.plan.speed}: it must be above 0 and at most {MAX_SPEED:.0f}")
        folder = self.plan.folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pod.json").unlink(missing_ok=True)
        self._control_path = folder / "control.sock"
        self.world = await asyncio.to_thread(self._build_world)  # it warms up for a while
        log = None if self.plan.served_log is None else JsonLinesLog(self.plan.served_log)
        if log is not None:
            stack.callback(log.close)
        built = [await self._build(pdu, log) for pdu in self.world.pdus.values()]
        self.agents = {device.card.name: device.agent for device in built}
        self._cards = {device.card.name: device.card for device in built}
        self.tree = SysfsTree(folder / "sys", self.world)
        self.clock = WallClock(told=self._tell_clock)
        self.board = FaultBoard(self._cards, self.world.racks, self.tree, self._parts(), self.world.settle)
        for fault in self.plan.faults:
            self.board.plan(fault)
        for device in built:
            stack.callback(device.agent.close)
            device.port = await device.agent.open(HOST)
            self.devices.append(describe_device(device.pdu, device.card, device.family, HOST, device.port))
        self._served = await self._serve_plant(stack, log)
        self.traps = self._send_traps(built)
        stack.push_async_callback(self.traps.close)
        control = ControlSocket(self._control_path, PodControl(self).handlers())
        stack.push_async_callback(control.close)
        await control.open()
        self._opened_s = self._ticked_s = self.now()
        self._ticker = asyncio.create_task(self._tick(), name="pod-ticker")
        stack.push_async_callback(_cancelled, self._ticker)
        _write_whole(folder / "pod.json", json.dumps(self.description, indent=1) + "\n")

    def _build_world(self) -> World:
        plan = self.plan
        if plan.plain_agents:
            return plain_pod(plan.plain_agents, plan.outlets, plan.seed)
        weather = None
        if plan.plant:
            weather = ClearSky(plan.start_h) if plan.weather is None else read_trace(plan.weather, plan.start_h)
        return standard_pod(plan.racks, plan.outlets, plan.seed, weather)

    async def _serve_plant(self, stack: AsyncExitStack, log: JsonLinesLog | None) -> PlantServers | None:
        plant = self.world.plant
        if not isinstance(plant, Facility):
            return None
        from firmware_stubs.plant_servers import PlantServers  # noqa: PLC0415 - aiohttp, only where there is a plant

        servers = PlantServers(self.world, plant, self.board, self.now, mixed=self.plan.mixed)
        await servers.open(stack, self.plan.folder, log)
        self.devices.extend(servers.devices)
        return servers

    def _send_traps(self, built: Sequence[_Device]) -> TrapDesk:
        """Who sends traps, and what of."""
        desk = TrapDesk(self.plan.traps)
        for device in built:
            desk.add(device.card.name, device.family, device.agent)
            desk.watch(device.card.name, "breaker", partial(_has_tripped, device.pdu))
        for name, (family, agent) in ({} if self._served is None else self._served.agents).items():
            desk.add(name, family, agent)
        if isinstance(self.world.plant, Facility):
            for ups in self.world.plant.upses.values():
                desk.watch(ups.name, "on_battery", partial(getattr, ups, "on_battery"))
            for name, _, thing in plant_parts(self.world.plant):
                desk.watch(name, "leak", partial(getattr, thing, "leak", False))
        return desk

    def _parts(self) -> list[tuple[str, Part]]:
        """What may break beside cards, racks and the tree."""
        parts = [(name, Part("wiring", Wiring(self.world, pdu))) for name, pdu in self.world.pdus.items()]
        addresses: dict[str, Address] = {}
        addresses.update({name: Address(name, agent, addresses) for name, agent in self.agents.items()})
        parts += [(name, Part("address", address)) for name, address in addresses.items()]
        parts += [(f"feed-{name.lower()}", Part("feed", feed)) for name, feed in self.world.feeds.items()]
        if isinstance(self.world.plant, Facility):
            parts += [(name, Part(word, thing)) for name, word, thing in plant_parts(self.world.plant)]
        return [*parts, ("clock", Part("clock", self.clock))]

    def _tell_clock(self, offset_s: float) -> None:
        """In the words of libfaketime's time stamp file: a process under it sees the step."""
        _write_whole(self.plan.folder / "faketime", f"{offset_s:+.3f}\n")

    async def _build(self, pdu: Pdu, log: JsonLinesLog | None) -> _Device:
        family = self.plan.family_of(list(self.world.racks).index(pdu.rack), pdu.feed.name)
        module = FAMILIES[family]
        version = self.plan.version_of(family)
        card = Card(
            name=pdu.name,
            access=USER if version == "v3" else V2cAccess(),
            enterprise=module.ENTERPRISE,
            serial=f"{pdu.feed.name}{self.plan.seed:04}{pdu.name.removeprefix('pdu-').upper()}",
            now=self.now,
            powered=lambda: pdu.feed.live,
        )
        agent = SnmpAgent(card, module.build(self.world, pdu, card), self.plan.seed, log)
        await asyncio.sleep(0)  # a table takes some 20 ms to build: let the others of this loop in between
        return _Device(pdu, card, family, agent)

    async def _tick(self) -> None:
        """Let the world follow real time and the faults their timetable; `run_until` and the exit tell its error."""
        next_physics_s = self._opened_s
        while True:
            now_s = self.now()
            self.board.advance(now_s - self._opened_s)
            if now_s >= next_physics_s:
                self.catch_up()
                self.tree.refresh()
                if self._served is not None:
                    self._served.refresh()
                self.traps.look()
                next_physics_s = now_s + PHYSICS_TICK_S
            await asyncio.sleep(FAULT_TICK_S)

    def catch_up(self) -> None:
        """Let the world be where its time is now."""
        now_s = self.now()
        self.world.advance((now_s - self._ticked_s) * self.plan.speed)
        self._ticked_s = now_s

    @property
    def age_s(self) -> float:
        """Real seconds since it was ready."""
        return self.now() - self._opened_s


def _has_tripped(pdu: Pdu) -> bool:
    return any(branch.tripped for branch in pdu.branches)


async def _cancelled(task: asyncio.Task[None]) -> None:
    """End a task and tell how it ended, if not by this."""
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return


def _write_whole(path: Path, text: str) -> None:
    """Whoever sees the file sees all of it."""
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    part.replace(path)


async def _run(plan: PodPlan, seconds: float | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Pod(plan) as pod:
        print(f"ready {plan.folder / 'pod.json'}", flush=True)
        await pod.run_until(stop, seconds)


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 0 when it was stopped or its time was up, 2 when it could not start."""
    args = arguments(argv)
    try:
        plan = plan_from(args)
        asyncio.run(_run(plan, args.seconds))
    except (FaultError, ValueError, OSError) as error:
        print(f"cannot run the pod: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
