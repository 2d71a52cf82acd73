"""The daemon without its drivers, its API and its uplink: what lies between a reading and the SET that it causes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from benchmarks import loop_pod
from benchmarks.clients.loop_readings import Readings
from edgeagent.autonomy.cycle import TICK_BOUNDS_S
from edgeagent.autonomy.standing import Standing
from edgeagent.core.clock import SystemClock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat
from edgeagent.core.state import State
from edgeagent.daemon.configuration import Configuration
from edgeagent.daemon.protection import Protection
from edgeagent.drivers.identity import MemoryBook
from edgeagent.drivers.parts import Parts
from edgeagent.model.intent import DONE
from edgeagent.model.journal import Stream
from edgeagent.model.points import DeviceId, PointId
from edgeagent.store.flight_log import FlightLog
from edgeagent.store.recorder import Recorder
from edgeagent.store.service import StoreService
from edgeagent.store.store import Store

PATIENCE_S = 10.0
LOOK_S = 0.005


class Daemon:
    """Made as `edgeagent.daemon.wiring` makes it; open it with ``async with``."""

    def __init__(self, configuration: Configuration) -> None:
        clock, metrics = SystemClock(), Metrics()
        health, state = Health(clock), State(clock)
        self._store = store = Store(configuration.daemon.state, configuration.store, clock)
        store.open()
        flight_log = FlightLog(store.folder / "flight", configuration.store.flight_budget_bytes, clock, health, metrics)
        self.protection = protection = Protection(
            _without_stagger(configuration),
            Parts(clock),
            MemoryBook(),
            store=store,
            flight_log=flight_log,
            state=state,
            clock=clock,
            health=health,
            metrics=metrics,
        )
        self.readings = Readings(state, clock)
        protection.see_soon(self._read_again)
        self.tick = metrics.histogram("edgeagent_decision_seconds", "", TICK_BOUNDS_S)
        self._prepared = asyncio.Event()
        protection.prepare.ready.set()
        self._services: dict[str, tuple[Callable[[Beat], Coroutine[Any, Any, None]], Beat]] = {
            one.name: (one.run, _quiet)
            for one in (
                StoreService(store, clock, health, metrics),
                Recorder(state, store, clock),
                flight_log,
                *(protection.worker, protection.executor, protection.cycle),
            )
        }
        self._services[protection.prepare.name] = (protection.prepare.run, self._prepared.set)
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(run(beat), name=name) for name, (run, beat) in self._services.items()]
        await self._prepared.wait()
        if troubles := self.protection.prepare.alarms():
            raise RuntimeError(troubles[0].text)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in reversed(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self.protection.prepare.close()
        await self._store.close()

    @property
    def recorded(self) -> int:
        """Telemetry records that are on the disk."""
        return self._store.counts()[Stream.TELEMETRY].appended

    def standing(self, rack: str) -> Standing | None:
        """What is wanted of the load that goes first in a rack."""
        return self.protection.executor.standings.get(PointId(f"load/{loop_pod.load(rack)}.power"))

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Return once it holds; RuntimeError when it does not in time, or a service has ended."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                if ended := next((task for task in self._tasks if task.done()), None):
                    ended.result()
                    raise RuntimeError(f"{ended.get_name()} has ended before {what}")
                await asyncio.sleep(LOOK_S)

    def _read_again(self, device: DeviceId) -> None:
        """The state of the outlet that was written to, as the poll that an act asks for would find it."""
        one = self.standing(device.rpartition("-")[0])
        if one is not None and one.outcome is not None and one.outcome.word == DONE:
            self.readings.become(device, "outlet.1.state", one.output.value)


def _without_stagger(configuration: Configuration) -> Configuration:
    """Loads return at once, or a round would last for minutes."""
    tables = configuration.tables
    return replace(configuration, tables=replace(tables, pace=replace(tables.pace, stagger_s=0.0)))


def _quiet() -> None:
    """Nobody watches beats here."""
