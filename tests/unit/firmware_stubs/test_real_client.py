"""The agents before the client that polls them in the field, gufo-snmp: all rows, both versions, restarts and swaps."""

from collections.abc import Callable
from typing import Any

import pytest
from gufo.snmp import Aes128Key, Sha256Key, SnmpAuthError, SnmpVersion, User
from gufo.snmp.aio import SnmpSession

from firmware_stubs.pod import Pod
from firmware_stubs.snmp_ber import Tag, dotted

BOOTS = "1.3.6.1.6.3.10.2.1.2.0"


@pytest.fixture
def session(device: Callable[[str], dict[str, Any]]) -> Callable[[str], SnmpSession]:
    def build(name: str) -> SnmpSession:
        entry = device(name)
        common: dict[str, Any] = {"addr": entry["host"], "port": entry["port"], "timeout": 0.5, "max_repetitions": 50}
        if entry["version"] == "v2c":
            return SnmpSession(community=entry["community"], version=SnmpVersion.v2c, **common)
        auth, priv = Sha256Key(entry["auth_key"].encode()), Aes128Key(entry["priv_key"].encode())
        return SnmpSession(version=SnmpVersion.v3, user=User(entry["user"], auth_key=auth, priv_key=priv), **common)

    return build


@pytest.mark.parametrize("name", ["pdu-a1", "pdu-b1"])
async def test_a_bulk_walk_brings_every_row(pod: Pod, session, name: str) -> None:
    async with session(name) as client:
        got = {oid: value async for oid, value in client.getbulk("1.3.6.1.4.1")}
    served = {dotted(row.oid): row for row in pod.agents[name].table if row.oid[:6] == (1, 3, 6, 1, 4, 1)}
    assert got.keys() == served.keys()
    constants = {
        oid: row.binding().value for oid, row in served.items() if row.read is None and row.tag != Tag.OBJECT_ID
    }
    assert {oid: got[oid] for oid in constants} == constants


@pytest.mark.parametrize("name", ["pdu-a1", "pdu-b1"])
async def test_fifty_values_come_in_one_answer(pod: Pod, session, name: str) -> None:
    wanted = [dotted(row.oid) for row in pod.agents[name].table][40:90]
    async with session(name) as client:
        before = pod.agents[name].card.counts["sent"]
        assert list((await client.get_many(wanted)).keys()) == wanted
    assert pod.agents[name].card.counts["sent"] == before + 1


async def test_a_session_survives_a_restart_of_the_agent_after_one_refusal(pod: Pod, session) -> None:
    async with session("pdu-a1") as client:
        assert await client.get(BOOTS) == 1
        pod.inject("pdu-a1", "reset")
        with pytest.raises(SnmpAuthError):
            await client.get(BOOTS)
        assert await client.get(BOOTS) == 2


async def test_a_session_dies_with_a_swapped_card_and_a_new_one_lives(pod: Pod, session) -> None:
    async with session("pdu-a1") as client:
        pod.inject("pdu-a1", "reset", engine_id_change=True)
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await client.get(BOOTS)
    async with session("pdu-a1") as again:
        assert await again.get(BOOTS) == 1
