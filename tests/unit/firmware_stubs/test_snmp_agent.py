"""The agents, judged by net-snmp's own commands: v2c and v3 (SHA-256, AES-128), reads, walks, sets and refusals."""

import re

import pytest

from firmware_stubs.pod import Pod

APC = ".1.3.6.1.4.1.318.1.1.26"
RARITAN = ".1.3.6.1.4.1.13742.6"
UPTIME = ".1.3.6.1.2.1.1.3.0"


def number(text: str) -> int:
    found = re.search(r"= \S+: (-?\d+)", text)
    assert found, text
    return int(found[1])


async def test_v2c_answers_the_serial_and_the_power_at_the_mibs_scale(pod: Pod, net_snmp, device) -> None:
    entry = device("pdu-b1")
    serial = await net_snmp("snmpget", entry, f"{APC}.2.1.9.1", f"{APC}.4.3.1.5.1")
    assert f'STRING: "{entry["serial"]}"' in serial
    assert number(serial.splitlines()[1]) == pytest.approx(pod.world.pdus["pdu-b1"].power_w / 10, abs=2)


async def test_v3_answers_each_sensor_at_its_own_scale(pod: Pod, net_snmp, device) -> None:
    entry, pdu = device("pdu-a1"), pod.world.pdus["pdu-a1"]
    for kind, truth in ((1, pdu.current_a), (4, pdu.feed.voltage_v), (5, pdu.power_w), (8, pdu.energy_wh)):
        digits = number(await net_snmp("snmpget", entry, f"{RARITAN}.3.3.4.1.7.1.1.{kind}"))
        value = number(await net_snmp("snmpget", entry, f"{RARITAN}.5.2.3.1.4.1.1.{kind}"))
        assert value / 10**digits == pytest.approx(truth, rel=0.02)


@pytest.mark.parametrize("name", ["pdu-a1", "pdu-b1"])
async def test_a_bulk_walk_sees_every_row_once_and_in_order(pod: Pod, net_snmp, device, name: str) -> None:
    walked = await net_snmp("snmpbulkwalk", device(name), "-Cr40", ".1")
    oids = [tuple(map(int, line.split(" ")[0].strip(".").split("."))) for line in walked.splitlines() if " = " in line]
    served = [row.oid for row in pod.agents[name].table]
    assert "No more variables left" in walked
    assert oids[: len(served)] == served == sorted(served)


@pytest.mark.parametrize("name", ["pdu-a1", "pdu-b1"])
async def test_a_plain_walk_by_getnext_sees_the_same(pod: Pod, net_snmp, device, name: str) -> None:
    walked = await net_snmp("snmpwalk", device(name), ".1.3.6.1.2.1.1")
    assert len(walked.splitlines()) == 7


async def test_an_unknown_instance_and_an_unknown_object_are_told_apart(pod: Pod, net_snmp, device) -> None:
    answer = await net_snmp("snmpget", device("pdu-b1"), f"{APC}.4.3.1.5.9", f"{APC}.4.3.1.99.1", UPTIME)
    instance, unknown, uptime = answer.splitlines()
    assert "No Such Instance" in instance
    assert "No Such Object" in unknown
    assert "Timeticks" in uptime


async def test_a_walk_past_the_last_row_ends_the_view(pod: Pod, net_snmp, device) -> None:
    assert "No more variables left" in await net_snmp("snmpgetnext", device("pdu-a1"), ".1.3.6.1.7")


async def test_switching_an_apc_outlet_moves_its_watts_to_the_raritan(pod: Pod, net_snmp, device) -> None:
    load = next(load for load in pod.world.loads.values() if len(load.cords) == 2)
    outlet = load.cords[0].outlet.number
    done = await net_snmp("snmpset", device("pdu-b1"), f"{APC}.9.2.4.1.5.{outlet}", "i", "2", write=True)
    state = await net_snmp("snmpget", device("pdu-b1"), f"{APC}.9.2.3.1.5.{outlet}", f"{APC}.9.4.3.1.7.{outlet}")
    other = await net_snmp("snmpget", device("pdu-a1"), f"{RARITAN}.5.4.3.1.4.1.{outlet}.5")
    assert number(done) == 2
    assert [number(line) for line in state.splitlines()] == [1, 0]
    assert number(other) == pytest.approx(load.demand_w, abs=5)


async def test_switching_a_raritan_outlet_shows_in_state_and_sensor(pod: Pod, net_snmp, device) -> None:
    entry = device("pdu-a1")
    await net_snmp("snmpset", entry, f"{RARITAN}.4.1.2.1.2.1.3", "i", "0")
    seen = await net_snmp("snmpget", entry, f"{RARITAN}.4.1.2.1.3.1.3", f"{RARITAN}.5.4.3.1.3.1.3.14")
    assert [number(line) for line in seen.splitlines()] == [8, 8]
    await net_snmp("snmpset", entry, f"{RARITAN}.4.1.2.1.2.1.3", "i", "1")
    assert number(await net_snmp("snmpget", entry, f"{RARITAN}.4.1.2.1.3.1.3")) == 7


async def test_a_power_cycle_of_a_raritan_outlet_comes_back_after_ten_seconds(pod: Pod, net_snmp, device) -> None:
    await net_snmp("snmpset", device("pdu-a1"), f"{RARITAN}.4.1.2.1.2.1.1", "i", "2")
    outlet = pod.world.pdus["pdu-a1"].outlet(1)
    pod.world.advance(9)
    assert not outlet.on
    pod.world.advance(1.1)
    assert outlet.on


async def test_a_reboot_and_a_cancelled_delay_follow_the_apc_configuration(pod: Pod, net_snmp, device) -> None:
    entry, outlet = device("pdu-b1"), pod.world.pdus["pdu-b1"].outlet(2)

    async def command(code: int) -> None:
        await net_snmp("snmpset", entry, f"{APC}.9.2.4.1.5.2", "i", str(code), write=True)

    await command(3)
    assert not outlet.on
    pod.world.advance(5.1)
    assert outlet.on
    await net_snmp("snmpset", entry, f"{APC}.9.2.1.1.6.2", "i", "60", write=True)
    await command(6)
    assert outlet.on
    assert number(await net_snmp("snmpget", entry, f"{APC}.9.2.3.1.6.2")) == 1
    await command(8)
    pod.world.advance(120)
    assert outlet.on


async def test_all_outlets_of_an_apc_are_switched_by_one_command(pod: Pod, net_snmp, device) -> None:
    await net_snmp("snmpset", device("pdu-b1"), f"{APC}.4.4.1.4.1", "i", "3", write=True)
    assert not any(outlet.on for outlet in pod.world.pdus["pdu-b1"].outlets)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ((f"{APC}.9.2.3.1.5.1", "i", "1"), "notWritable"),
        ((f"{APC}.9.2.4.1.5.1", "i", "4"), "wrongValue"),
        ((f"{APC}.9.2.4.1.5.1", "u", "2"), "wrongType"),
        ((f"{APC}.9.2.4.1.5.99", "i", "2"), "noCreation"),
        ((f"{APC}.99.1.0", "i", "2"), "notWritable"),
        ((f"{APC}.9.2.1.1.7.1", "i", "4"), "wrongValue"),
    ],
)
async def test_a_set_that_cannot_be_is_refused_by_its_rfc_name(pod: Pod, net_snmp, device, wanted, reason) -> None:
    assert f"Reason: {reason}" in await net_snmp("snmpset", device("pdu-b1"), *wanted, write=True)


async def test_one_bad_varbind_leaves_the_whole_set_undone(pod: Pod, net_snmp, device) -> None:
    wanted = (f"{APC}.9.2.4.1.5.1", "i", "2", f"{APC}.9.2.4.1.5.2", "i", "77")
    assert "wrongValue" in await net_snmp("snmpset", device("pdu-b1"), *wanted, write=True)
    assert pod.world.pdus["pdu-b1"].outlet(1).on


async def test_the_read_community_writes_nothing(pod: Pod, net_snmp, device) -> None:
    assert "noAccess" in await net_snmp("snmpset", device("pdu-b1"), f"{APC}.9.2.4.1.5.1", "i", "2")
    assert pod.world.pdus["pdu-b1"].outlet(1).on


async def test_a_name_can_be_set_and_read_back(pod: Pod, net_snmp, device) -> None:
    await net_snmp("snmpset", device("pdu-a1"), f"{RARITAN}.3.5.3.1.3.1.4", "s", "core switch")
    assert '"core switch"' in await net_snmp("snmpget", device("pdu-a1"), f"{RARITAN}.3.5.3.1.3.1.4")


async def test_a_wrong_community_gets_no_answer(pod: Pod, net_snmp, device) -> None:
    assert "Timeout" in await net_snmp("snmpget", device("pdu-b1"), UPTIME, access=["-v2c", "-c", "guess"])


@pytest.mark.parametrize(
    ("credentials", "told"),
    [
        (("nobody", "auth-secret-1", "priv-secret-1", "authPriv"), "Unknown user name"),
        (("edge", "wrong-secret", "priv-secret-1", "authPriv"), "Authentication failure"),
        (("edge", "auth-secret-1", "wrong-secret", "authPriv"), "Decryption error|Timeout"),
        (("edge", "auth-secret-1", "priv-secret-1", "authNoPriv"), "authorizationError"),
        (("edge", "auth-secret-1", "priv-secret-1", "noAuthNoPriv"), "authorizationError"),
    ],
)
async def test_wrong_v3_credentials_are_refused(pod: Pod, net_snmp, device, credentials, told) -> None:
    user, auth, priv, level = credentials
    access = ["-v3", "-l", level, "-u", user, "-a", "SHA-256", "-A", auth, "-x", "AES", "-X", priv]
    assert re.search(told, await net_snmp("snmpget", device("pdu-a1"), UPTIME, access=access))


async def test_an_agent_of_one_version_is_silent_in_the_other(pod: Pod, net_snmp, device) -> None:
    assert "Timeout" in await net_snmp("snmpget", device("pdu-a1"), UPTIME, access=["-v2c", "-c", "public"])


async def test_a_set_over_v3_with_two_values_is_answered_in_order(pod: Pod, net_snmp, device) -> None:
    wanted = (f"{RARITAN}.4.1.2.1.2.1.5", "i", "0", f"{RARITAN}.4.1.2.1.2.1.6", "i", "0")
    answer = await net_snmp("snmpset", device("pdu-a1"), *wanted)
    assert [line.split(" ")[0][-2:] for line in answer.splitlines()] == [".5", ".6"]
    assert [pod.world.pdus["pdu-a1"].outlet(n).on for n in (4, 5, 6)] == [True, False, False]


async def test_a_bulk_answer_stays_within_the_clients_message_size(pod: Pod, net_snmp, device) -> None:
    answer = await net_snmp("snmpbulkget", device("pdu-b1"), "-Cn1", "-Cr900", UPTIME, APC)
    assert 100 < len(answer.splitlines()) < 900


async def test_an_energy_counter_can_be_set_back_and_counts_on(pod: Pod, net_snmp, device) -> None:
    apc, raritan = device("pdu-b1"), device("pdu-a1")
    await net_snmp("snmpset", apc, f"{APC}.4.1.1.11.1", "i", "2", write=True)
    await net_snmp("snmpset", raritan, f"{RARITAN}.4.6.1.1.1.1.1.8", "i", "0")
    pod.world.advance(3600)
    used_wh = number(await net_snmp("snmpget", raritan, f"{RARITAN}.5.2.3.1.4.1.1.8"))
    assert used_wh == pytest.approx(pod.world.pdus["pdu-a1"].power_w, rel=0.2)
    tenths_kwh = number(await net_snmp("snmpget", apc, f"{APC}.4.3.1.9.1"))
    assert tenths_kwh == pytest.approx(pod.world.pdus["pdu-b1"].power_w / 100, rel=0.2, abs=1)
    assert "wrongValue" in await net_snmp("snmpset", raritan, f"{RARITAN}.4.6.1.1.1.1.1.8", "i", "5")
