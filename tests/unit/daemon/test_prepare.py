"""Preparing: what could not be switched if it had to be is known before, and nothing is switched by finding out."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edgeagent.actuators.pdu import SwitchedPdu
from edgeagent.actuators.registry import Actuators
from edgeagent.core.clock import SystemClock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.worker import Worker
from edgeagent.daemon import prepare
from edgeagent.daemon.prepare import PART, Prepare
from edgeagent.protocols.snmp_set import SPEC
from firmware_stubs.pod import Pod, PodPlan
from tests.fixtures.switching import Bench, until


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    clock = SystemClock()
    worker = Worker(SPEC, clock, Health(clock), Metrics(), on_line=print)
    run = asyncio.create_task(worker.run(lambda: None))
    async with Pod(PodPlan(tmp_path, racks=1, outlets=8)) as pod:
        one = Bench(pod, worker)
        yield one
        for built in one.actuators:
            await built.close()
    run.cancel()
    await asyncio.wait([run])


async def test_a_pdu_that_could_not_be_switched_is_an_alarm_until_it_can(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "AGAIN_S", 0.1)
    health = Health(bench.clock)
    one = Prepare(bench.worker, bench.clock, health)
    bench.pod.inject("pdu-b1", "hang")
    one.take(bench.build())
    run = asyncio.create_task(one.run(lambda: None))
    await asyncio.sleep(0)
    assert one.alarms() == [], "nothing is looked at before the daemon is ready"
    one.ready.set()
    await until(one.alarms, 30)
    (alarm,) = one.alarms()
    assert (alarm.key, alarm.severity, alarm.parent) == ("switch/pdu-b1", "minor", "blind/pdu-b1")
    condition = health.get(PART)
    assert condition is not None
    assert condition.level is Level.DEGRADED
    bench.pod.board.clear("pdu-b1", "hang")
    await until(lambda: not one.alarms(), 30)
    assert health.get(PART) is None
    assert all(outlet["on"] for pdu in bench.pod.state()["pdus"].values() for outlet in pdu["outlets"].values())
    run.cancel()
    await asyncio.wait([run])


async def test_without_anything_to_switch_no_child_is_started(bench: Bench) -> None:
    one = Prepare(bench.worker, bench.clock, Health(bench.clock))
    one.ready.set()
    run = asyncio.create_task(one.run(lambda: None))
    await asyncio.sleep(0.05)
    assert bench.worker.pid is None
    run.cancel()
    await asyncio.wait([run])


async def test_what_was_replaced_is_closed(bench: Bench) -> None:
    closed: list[str] = []

    class Former(Actuators):
        async def close(self) -> None:
            closed.append("former")

    one = Prepare(bench.worker, bench.clock, Health(bench.clock))
    one.ready.set()
    run = asyncio.create_task(one.run(lambda: None))
    one.let_go(Former())
    await until(lambda: closed == ["former"])
    run.cancel()
    await asyncio.wait([run])


async def test_of_a_pdu_that_does_not_answer_nothing_more_is_told(bench: Bench) -> None:
    one = Prepare(bench.worker, bench.clock, Health(bench.clock), answers=lambda device: device != "pdu-b1")
    bench.pod.inject("pdu-b1", "hang")
    one.take(bench.build())
    await one._look()
    assert one.alarms() == []
    assert not one._is_complete, "so that it is looked at again soon"


async def test_one_that_cannot_be_switched_does_not_cost_a_look_at_all_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    prepared = SwitchedPdu.prepare

    async def noting(pdu: SwitchedPdu, name: str) -> None:
        asked.append(pdu.device)
        await prepared(pdu, name)

    monkeypatch.setattr(SwitchedPdu, "prepare", noting)
    silent: set[str] = set()
    one = Prepare(bench.worker, bench.clock, Health(bench.clock), answers=lambda device: device not in silent)
    bench.pod.inject("pdu-b1", "hang")
    one.take(bench.build())
    await one._look()
    await one._look()
    assert asked == ["pdu-a1", "pdu-b1", "pdu-b1"]
    silent.add("pdu-a1")
    await one._look()
    silent.clear()
    await one._look()
    assert asked[-2:] == ["pdu-a1", "pdu-b1"], "one that was silent is proven again"
