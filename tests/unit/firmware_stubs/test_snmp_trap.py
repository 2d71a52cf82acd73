"""Cards that send traps and informs, before pysnmp's receiver, which is nobody's copy of them."""

import asyncio
import json
import socket
import time

import pytest

from edgeagent.core.clock import SystemClock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.core.worker import Worker
from edgeagent.protocols.snmp_traps import SPEC, Listening, TrapListener, TrapUser
from firmware_stubs.pod import USER, Pod, PodPlan
from firmware_stubs.trap_desk import place_of

DEADLINE_S = 10.0
BREAKER = {"pdu-a1": "1.3.6.1.4.1.13742.6.0.65", "pdu-b1": "1.3.6.1.4.1.318.0.750"}


@pytest.fixture
async def listener():
    clock = SystemClock()
    worker = Worker(SPEC, clock, Health(clock), Metrics(), on_line=print)
    task = asyncio.create_task(worker.run(lambda: None))
    yield TrapListener(worker)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def pod(tmp_path, listener):
    """One rack: pdu-a1 speaks v3, pdu-b1 v2c; the listener believes both."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        place = free.getsockname()
    async with Pod(PodPlan(tmp_path, racks=1, outlets=8, traps=place)) as pod:
        engine = pod.agents["pdu-a1"].card.engine_id.hex()
        pod.listening = Listening(*place, ("public",), (TrapUser(USER.name, USER.auth_key, USER.priv_key, (engine,)),))
        await listener.next(pod.listening, 0.01)
        yield pod


async def heard(listener, pod):
    until_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < until_s:
        answer = await listener.next(pod.listening, 0.1)
        if answer.notifications:
            return answer.notifications
    return ()


@pytest.mark.parametrize("device", ["pdu-a1", "pdu-b1"])
@pytest.mark.parametrize("inform", [False, True])
async def test_a_card_sends_in_its_own_version_from_the_port_that_it_answers_at(listener, pod, device, inform):
    pod.traps.send(device, "breaker", inform=inform)
    (one,) = await heard(listener, pod)
    port = next(entry["port"] for entry in pod.devices if entry["name"] == device)
    assert (one.port, one.inform, one.trap) == (port, inform, BREAKER[device])
    assert (one.version, one.user) == ((3, "edge") if device == "pdu-a1" else (2, ""))
    if device == "pdu-a1" and not inform:
        assert one.engine == pod.agents[device].card.engine_id.hex()


async def test_an_inform_is_repeated_until_it_is_acknowledged(pod):
    sender = pod.traps._cards["pdu-a1"].sender
    oid = (1, 3, 6, 1, 6, 3, 1, 1, 5, 1)
    assert await sender.inform(pod.traps.to, oid)
    card = pod.agents["pdu-a1"].card
    card.silent = True
    assert not await sender.inform(pod.traps.to, oid), "a silent card sends nothing"
    assert not sender.trap(pod.traps.to, oid)


async def test_a_tripped_breaker_is_told_once(listener, pod):
    branch = pod.world.pdus["pdu-b1"].branches[0]
    branch.tripped = True
    pod.traps.look()
    pod.traps.look()
    assert [one.trap for one in await heard(listener, pod)] == [BREAKER["pdu-b1"]]
    assert (await listener.next(pod.listening, 0.05)).notifications == ()


async def test_a_person_can_have_one_sent_over_the_control_socket(listener, pod):
    reader, writer = await asyncio.open_unix_connection(str(pod.plan.folder / "control.sock"))

    async def ask(**request):
        writer.write(json.dumps({"do": "trap", **request}).encode() + b"\n")
        return json.loads(await reader.readline())

    assert await ask(device="pdu-b1", kind="cold_start") == {"ok": True}
    assert [one.trap for one in await heard(listener, pod)] == ["1.3.6.1.6.3.1.1.5.1"]
    assert "sends no 'on_battery'" in (await ask(device="pdu-b1", kind="on_battery"))["error"]
    assert "sends no traps" in (await ask(device="nobody", kind="leak"))["error"]
    assert not (await ask(device="pdu-b1", kind="leak", to="nowhere"))["ok"]
    writer.close()
    await writer.wait_closed()


async def test_a_pod_with_a_plant_tells_that_its_ups_went_to_battery(listener, tmp_path):
    async with Pod(PodPlan(tmp_path, racks=1, outlets=8, plant=True)) as pod:
        pod.listening = Listening("127.0.0.1", 0, ("public",))
        await listener.next(pod.listening, 0.01)
        pod.traps.to = ("127.0.0.1", listener.port)
        ups = next(iter(pod.world.plant.upses.values()))
        ups.on_battery = True
        pod.traps.look()
        (one,) = await heard(listener, pod)
        assert one.trap == "1.3.6.1.2.1.33.2.1"
        address = next(entry["address"] for entry in pod.devices if entry["name"] == ups.name)
        assert address.endswith(f":{one.port}")


def test_a_place_to_send_to_is_an_address_and_a_port():
    assert place_of("127.0.0.1:1162") == ("127.0.0.1", 1162)
    with pytest.raises(ValueError, match="no place"):
        place_of("127.0.0.1")
