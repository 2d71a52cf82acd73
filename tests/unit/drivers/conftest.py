"""Recorded devices served over real SNMP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.fixtures.recorded import RecordedAgent, everything, shown

SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"


@pytest.fixture
async def recorded(test_data) -> AsyncIterator[Callable[[str], Awaitable[RecordedAgent]]]:
    """Serve a recording by name."""
    agents = []

    async def serve(name: str) -> RecordedAgent:
        agent = RecordedAgent(test_data / "snmp" / "recordings" / f"{name}.snmprec")
        agents.append(agent)
        await agent.open()
        return agent

    yield serve
    for agent in agents:
        agent.close()
    await asyncio.sleep(0)


@pytest.fixture
async def made(tmp_path):
    """What the driver reads from an agent with these objects: identifier below root → number or text."""
    agents = []

    async def read(object_id, root, values, word="ipdu"):
        lines = [f"{SYS_OBJECT_ID}|6|{object_id}"]
        for oid, value in values.items():
            tag = 4 if isinstance(value, str) else 66 if value > 2**31 - 1 else 2
            lines.append(f"{root}{oid}|{tag}|{value}")
        path = tmp_path / "made.snmprec"
        path.write_text("\n".join(lines))
        agents.append(RecordedAgent(path))
        await agents[-1].open()
        info, readings = await everything(agents[-1].driver("pdu", word=word))
        return info, shown(readings)

    yield read
    for agent in agents:
        agent.close()
