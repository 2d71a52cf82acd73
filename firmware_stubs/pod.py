"""One whole simulated pod on loopback, in one process: `python -m firmware_stubs.pod --dir DIR`.

`Pod` is also the entry for tests and benchmarks: `async with Pod(PodPlan(dir, plain_agents=50)) as pod: pod.devices`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

from firmware_stubs import mib_apc, mib_raritan
from firmware_stubs.control import ControlSocket
from firmware_stubs.describe import describe_device, describe_site, describe_state
from firmware_stubs.faults import Fault, FaultBoard, FaultError, fault_from, read_timetable
from firmware_stubs.layout import plain_pod, standard_pod
from firmware_stubs.served_log import JsonLinesLog
from firmware_stubs.snmp_agent import SnmpAgent
from firmware_stubs.snmp_card import Card, V2cAccess
from firmware_stubs.snmp_usm import UsmUser
from firmware_stubs.sysfs_tree import SysfsTree
from firmware_stubs.world import Pdu, World

MAX_SPEED = 1000.0  # more would hold the loop for too long in one tick
HOST = "127.0.0.1"
FORMAT = 1  # of pod.json
PHYSICS_TICK_S = 0.25
FAULT_TICK_S = 0.05
USER = UsmUser("edge", "auth-secret-1", "priv-secret-1")
FAMILIES: Mapping[str, ModuleType] = {"raritan-pdu2": mib_raritan, "apc-rpdu2": mib_apc}
FAMILY_OF_FEED = {"A": "raritan-pdu2", "B": "apc-rpdu2"}
VERSION_OF_FAMILY = {"raritan-pdu2": "v3", "apc-rpdu2": "v2c"}


@dataclass(frozen=True)
class PodPlan:
    """What to build. With `plain_agents` the pod is that many small PDUs of one family instead of racks with feeds.

    `speed` is how many seconds pass in the world per real second; faults and uptimes are in real seconds.
    """

    folder: Path
    racks: int = 2
    outlets: int = 24
    seed: int = 1
    speed: float = 1.0
    faults: Sequence[Fault] = ()
    served_log: Path | None = None
    plain_agents: int = 0
    plain_family: str = "apc-rpdu2"
    version: str | None = None  # v2c or v3 for every agent; None: as the family has it


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
        return describe_state(self.world, self._cards, self.board.active)

    async def run_until(self, stop: asyncio.Event, seconds: float | None) -> None:
        """Wait for `stop`, for `seconds`, or until the ticker fails; then its error is raised (OSError: disk full)."""
        stopped = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait({stopped, self._ticker}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if self._ticker in done:
            await self._ticker

    def inject(self, device: str, kind: str, *, for_s: float | None = None, **options: float | bool | str) -> int:
        """Start a fault now; returns its number. FaultError when it cannot be."""
        fault = self.board.plan(Fault(device, kind, self._age_s(), for_s, dict(options)))
        self.board.advance(self._age_s())
        return fault.number

    async def _open(self, stack: AsyncExitStack) -> None:
        if not 0.0 < self.plan.speed <= MAX_SPEED:
            raise ValueError(f"speed is {self.plan.speed}: it must be above 0 and at most {MAX_SPEED:.0f}")
        folder = self.plan.folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pod.json").unlink(missing_ok=True)
        self._control_path = folder / "control.sock"
        self.world = self._build_world()
        log = None if self.plan.served_log is None else JsonLinesLog(self.plan.served_log)
        if log is not None:
            stack.callback(log.close)
        built = [await self._build(pdu, log) for pdu in self.world.pdus.values()]
        self.agents = {device.card.name: device.agent for device in built}
        self._cards = {device.card.name: device.card for device in built}
        self.tree = SysfsTree(folder / "sys", self.world)
        self.board = FaultBoard(self._cards, self.world.racks, self.tree)
        for fault in self.plan.faults:
            self.board.plan(fault)
        for device in built:
            stack.callback(device.agent.close)
            device.port = await device.agent.open(HOST)
            self.devices.append(describe_device(device.pdu, device.card, device.family, HOST, device.port))
        control = ControlSocket(self._control_path, self._handlers())
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
        return standard_pod(plan.racks, plan.outlets, plan.seed)

    async def _build(self, pdu: Pdu, log: JsonLinesLog | None) -> _Device:
        family = self.plan.plain_family if self.plan.plain_agents else FAMILY_OF_FEED[pdu.feed.name]
        module = FAMILIES[family]
        version = self.plan.version or VERSION_OF_FAMILY[family]
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
                self._catch_up()
                self.tree.refresh()
                next_physics_s = now_s + PHYSICS_TICK_S
            await asyncio.sleep(FAULT_TICK_S)

    def _catch_up(self) -> None:
        now_s = self.now()
        self.world.advance((now_s - self._ticked_s) * self.plan.speed)
        self._ticked_s = now_s

    def _age_s(self) -> float:
        return self.now() - self._opened_s

    def _handlers(self) -> dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]]:
        return {
            "inject": self._do_inject,
            "clear": self._do_clear,
            "state": lambda _: {"state": self.state()},
            "switch": self._do_switch,
            "feed": self._do_feed,
        }

    def _do_inject(self, request: Mapping[str, Any]) -> dict[str, Any]:
        entry = {name: value for name, value in request.items() if name != "do"}
        after_s = entry.pop("after_s", 0.0)
        if not isinstance(after_s, int | float):
            raise TypeError(f"after_s is {after_s!r}: it must be seconds")
        entry["at_s"] = self._age_s() + after_s
        fault = self.board.plan(fault_from(entry, self._age_s()))
        self.board.advance(self._age_s())
        return {"id": fault.number}

    def _do_clear(self, request: Mapping[str, Any]) -> dict[str, Any]:
        device, kind = request.get("device"), request.get("kind")
        if not (isinstance(device, str | None) and isinstance(kind, str | None)):
            raise TypeError('a clear takes "device" and "kind" as text, or leaves them out')
        return {"cleared": self.board.clear(device, kind)}

    def _do_switch(self, request: Mapping[str, Any]) -> dict[str, Any]:
        pdu, outlet, on = request.get("pdu"), request.get("outlet"), request.get("on")
        if not (isinstance(pdu, str) and isinstance(outlet, int) and isinstance(on, bool)):
            raise TypeError('a switch needs "pdu" (text), "outlet" (number) and "on" (true or false)')
        self._catch_up()
        self.world.switch(pdu, outlet, on=on)
        return {}

    def _do_feed(self, request: Mapping[str, Any]) -> dict[str, Any]:
        feed, live = request.get("feed"), request.get("live")
        if not (isinstance(feed, str) and isinstance(live, bool)):
            raise TypeError('a feed needs "feed" (text) and "live" (true or false)')
        self._catch_up()
        self.world.set_feed(feed, live=live)
        return {}


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


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="firmware_stubs.pod", description="Runs a simulated pod on loopback.")
    parser.add_argument("--dir", type=Path, required=True, help="folder for pod.json, sys/ and control.sock")
    parser.add_argument("--racks", type=int, default=2)
    parser.add_argument("--outlets", type=int, help="per PDU (default 24; 8 with --plain-agents)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same pod")
    parser.add_argument("--speed", type=float, default=1.0, help="world seconds per real second")
    parser.add_argument("--seconds", type=float, help="stop by itself after so long")
    parser.add_argument("--faults", type=Path, help="timetable: TOML with [[fault]] tables")
    parser.add_argument("--served-log", type=Path, help="JSON line per response sent")
    parser.add_argument("--plain-agents", type=int, default=0, metavar="N", help="N small PDUs instead of a pod")
    parser.add_argument("--plain-family", choices=sorted(FAMILIES), default="apc-rpdu2")
    parser.add_argument("--version", choices=["v2c", "v3"], help="for every agent (default: as the family has it)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 0 when it was stopped or its time was up, 2 when it could not start."""
    args = _arguments(argv)
    try:
        plan = PodPlan(
            folder=args.dir,
            racks=args.racks,
            outlets=args.outlets or (8 if args.plain_agents else 24),
            seed=args.seed,
            speed=args.speed,
            faults=read_timetable(args.faults.read_text()) if args.faults else (),
            served_log=args.served_log,
            plain_agents=args.plain_agents,
            plain_family=args.plain_family,
            version=args.version,
        )
        asyncio.run(_run(plan, args.seconds))
    except (FaultError, ValueError, OSError) as error:
        print(f"cannot run the pod: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
