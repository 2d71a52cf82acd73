"""Simulated pods whose outlets can be switched."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from edgeagent.core.clock import SystemClock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.core.worker import Worker
from edgeagent.protocols.snmp_set import SPEC
from firmware_stubs import snmp_agent
from firmware_stubs.pod import Pod, PodPlan
from firmware_stubs.snmp_ber import BerError
from firmware_stubs.snmp_pdu import PduType
from tests.fixtures.switching import Bench


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    """The child that writes, warmed."""
    clock = SystemClock()
    worker = Worker(SPEC, clock, Health(clock), Metrics(), on_line=print)
    run = asyncio.create_task(worker.run(lambda: None))
    await worker.warm(20)
    yield worker
    run.cancel()
    await asyncio.wait([run])


@pytest.fixture
async def bench(tmp_path, worker) -> AsyncIterator[Bench]:
    """One rack: a Raritan over v3 on feed A, an APC over v2c on feed B."""
    async with Pod(PodPlan(tmp_path, racks=1, outlets=8)) as pod:
        bench = Bench(pod, worker)
        yield bench
        for built in bench.actuators:
            await built.close()


USUAL = [("apc-rpdu2", "v2c"), ("raritan-pdu2", "v3")]


@pytest.fixture(params=USUAL, ids="-".join)
async def single(request, tmp_path, worker) -> AsyncIterator[Bench]:
    """One rack PDU of each family."""
    family, version = request.param
    async with Pod(PodPlan(tmp_path, plain_agents=1, plain_family=family, version=version)) as pod:
        bench = Bench(pod, worker)
        yield bench
        for built in bench.actuators:
            await built.close()


@pytest.fixture
def at_set(monkeypatch) -> Callable[..., list[str]]:
    """Have something happen once at the next SET that an agent gets: before it, or after it; its answer may be lost."""

    def arrange(*, before=None, after=None, lose_request=False, lose_answer=False, skip=0):
        perform, seen = snmp_agent.perform, []

        def hooked(table, request, **options):
            if request.kind != PduType.SET:
                return perform(table, request, **options)
            seen.append("set")
            if len(seen) != skip + 1:
                return perform(table, request, **options)
            if before:
                before()
            if lose_request:
                raise BerError("lost on the way there")
            response = perform(table, request, **options)
            if after:
                after()
            if lose_answer:
                raise BerError("lost on the way back")
            return response

        monkeypatch.setattr(snmp_agent, "perform", hooked)
        return seen

    return arrange
