"""Every fault: what the device then does on the wire, that it touches no other, and that it is gone when it is over."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware_stubs.fault_cards import KINDS as CARD_KINDS
from firmware_stubs.faults import FaultBoard, FaultError, fault_from, read_timetable
from firmware_stubs.pod import Pod, PodPlan
from firmware_stubs.racks import Rack
from firmware_stubs.snmp_ber import SEQUENCE, BerError, Reader, Tag, integer, oid_body, tlv
from firmware_stubs.snmp_card import Card, V2cAccess
from firmware_stubs.snmp_pdu import PduType

UPTIME = (1, 3, 6, 1, 2, 1, 1, 3, 0)
APC = (1, 3, 6, 1, 4, 1, 318, 1, 1, 26)
RARITAN_SERIAL = ".1.3.6.1.4.1.13742.6.3.2.1.1.4.1"
ENGINE = ".1.3.6.1.6.3.10.2.1"
SHORT_S = 0.15


def get(*oids: tuple[int, ...], request_id: int = 77) -> bytes:
    varbinds = b"".join(tlv(SEQUENCE, tlv(Tag.OBJECT_ID, oid_body(oid)) + b"\x05\x00") for oid in oids)
    pdu = tlv(PduType.GET, integer(request_id) + integer(0) + integer(0) + tlv(SEQUENCE, varbinds))
    return tlv(SEQUENCE, integer(1) + tlv(Tag.OCTETS, b"public") + pdu)


def read(wire: bytes) -> tuple[int, list[int]]:
    """The request id and the numbers of a v2c response."""
    message = Reader(wire).enter(SEQUENCE)
    message.integer()
    message.octets()
    pdu = message.enter(PduType.RESPONSE)
    request_id = pdu.integer()
    pdu.integer()
    pdu.integer()
    items = pdu.enter(SEQUENCE)
    numbers = []
    while items.more:
        item = items.enter(SEQUENCE)
        item.octets(Tag.OBJECT_ID)
        _, start, end = item.head()
        numbers.append(int.from_bytes(wire[start:end], "big", signed=True))
    return request_id, numbers


async def until(condition: Callable[[], bool], timeout_s: float = 3.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_hung_card_says_nothing_while_its_neighbour_answers(pod: Pod, ask, device, net_snmp) -> None:
    pod.inject("pdu-b1", "hang")
    with pytest.raises(TimeoutError):
        await ask(device("pdu-b1"), get(UPTIME), timeout_s=SHORT_S)
    assert "= " in await net_snmp("snmpget", device("pdu-a1"), f"{ENGINE}.2.0")
    assert pod.board.clear("pdu-b1", "hang") == 1
    assert read(await ask(device("pdu-b1"), get(UPTIME)))[0] == 77


async def test_a_fault_with_a_duration_ends_by_itself(pod: Pod, ask, device) -> None:
    pod.inject("pdu-b1", "hang", for_s=SHORT_S)
    await until(lambda: not pod.board.active)
    assert await ask(device("pdu-b1"), get(UPTIME))


async def test_a_slow_card_answers_late_and_rightly(pod: Pod, ask, device) -> None:
    pod.inject("pdu-b1", "slow", delay_s=0.3)
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    assert read(await ask(device("pdu-b1"), get(UPTIME)))[0] == 77
    assert loop.time() - start_s >= 0.3


async def test_a_reset_agent_counts_one_more_boot_and_starts_its_uptime_anew(pod: Pod, net_snmp, device) -> None:
    entry = device("pdu-a1")
    pod.agents["pdu-a1"].card.started_s -= 1000
    pod.inject("pdu-a1", "reset")
    answer = await net_snmp("snmpget", entry, f"{ENGINE}.2.0", f"{ENGINE}.3.0", ".1.3.6.1.2.1.1.3.0")
    boots, time_s, ticks = answer.splitlines()
    assert boots.endswith("INTEGER: 2")
    assert int(time_s.rsplit(" ", 1)[1]) < 5
    assert int(ticks.split("(")[1].split(")")[0]) < 500


async def test_a_swapped_card_has_another_engine_and_is_at_its_first_boot(pod: Pod, net_snmp, device) -> None:
    entry = device("pdu-a1")
    before = await net_snmp("snmpget", entry, f"{ENGINE}.1.0")
    pod.inject("pdu-a1", "reset", engine_id_change=True)
    after = await net_snmp("snmpget", entry, f"{ENGINE}.1.0", f"{ENGINE}.2.0")
    assert after.splitlines()[0] != before.strip()
    assert after.splitlines()[1].endswith("INTEGER: 1")


@pytest.mark.parametrize("mode", ["random", "truncated", "flipped"])
async def test_garbage_is_no_snmp_message(pod: Pod, ask, device, mode: str) -> None:
    pod.inject("pdu-b1", "garbage", mode=mode)
    for _ in range(20):
        with pytest.raises(BerError):
            read(await ask(device("pdu-b1"), get(UPTIME)))


async def test_a_wrong_request_id_answers_another_question(pod: Pod, ask, device) -> None:
    pod.inject("pdu-b1", "garbage", mode="request_id")
    assert read(await ask(device("pdu-b1"), get(UPTIME)))[0] == 78


async def test_mixed_garbage_takes_all_forms_in_turn(pod: Pod, ask, device) -> None:
    pod.inject("pdu-b1", "garbage")
    ids = []
    for _ in range(4):
        try:
            ids.append(read(await ask(device("pdu-b1"), get(UPTIME)))[0])
        except BerError:
            ids.append(-1)
    assert sorted(ids) == [-1, -1, -1, 78]


async def test_lost_sensors_of_an_apc_read_minus_one_and_comms_lost(pod: Pod, ask, device) -> None:
    power, temperature, status = (*APC, 4, 3, 1, 5, 1), (*APC, 10, 2, 2, 1, 8, 1), (*APC, 10, 2, 2, 1, 6, 1)
    state = (*APC, 9, 2, 3, 1, 5, 1)
    pod.inject("pdu-b1", "sentinel")
    assert read(await ask(device("pdu-b1"), get(power, temperature, status, state)))[1] == [-1, -1, 3, 2]
    pod.board.clear()
    healthy = read(await ask(device("pdu-b1"), get(power, temperature, status)))[1]
    assert healthy[0] > 0
    assert healthy[1] == round(pod.world.racks["rack-1"].inlet_c * 10)
    assert healthy[2] == 2


async def test_lost_sensors_of_a_raritan_are_unavailable(pod: Pod, net_snmp, device) -> None:
    base = ".1.3.6.1.4.1.13742.6.5.5.3.1"
    pod.inject("pdu-a1", "sentinel")
    answer = await net_snmp("snmpget", device("pdu-a1"), f"{base}.2.1.1", f"{base}.3.1.1", f"{base}.4.1.1")
    assert [line.rsplit(" ", 1)[1] for line in answer.splitlines()] == ["2", "-1", "0"]


async def test_an_unplugged_probe_of_an_apc_is_lost_while_the_card_measures_on(pod: Pod, ask, device) -> None:
    power, temperature, status = (*APC, 4, 3, 1, 5, 1), (*APC, 10, 2, 2, 1, 8, 1), (*APC, 10, 2, 2, 1, 6, 1)
    pod.inject("pdu-b1", "probe_unplugged")
    numbers = read(await ask(device("pdu-b1"), get(power, temperature, status)))[1]
    assert numbers[0] > 0
    assert numbers[1:] == [-1, 3]
    pod.board.clear()
    assert read(await ask(device("pdu-b1"), get(status)))[1] == [2]


async def test_an_unplugged_probe_of_a_raritan_is_unavailable_while_the_inlet_measures_on(
    pod: Pod, net_snmp, device
) -> None:
    base = ".1.3.6.1.4.1.13742.6.5"
    pod.inject("pdu-a1", "probe_unplugged")
    external = [f"{base}.5.3.1.{column}.1.1" for column in (2, 3, 4)]
    answer = await net_snmp("snmpget", device("pdu-a1"), *external, f"{base}.2.3.1.2.1.1.5", f"{base}.2.3.1.4.1.1.5")
    *probe, available, watts = [int(line.rsplit(" ", 1)[1]) for line in answer.splitlines()]
    assert probe == [2, -1, 0]
    assert available == 1
    assert watts > 0


async def test_a_wrong_probe_tells_many_times_the_truth(pod: Pod, ask, net_snmp, device) -> None:
    temperature = (*APC, 10, 2, 2, 1, 8, 1)
    for pdu in ("pdu-a1", "pdu-b1"):
        pod.inject(pdu, "probe_wrong")
    wrong = pytest.approx(pod.world.racks["rack-1"].inlet_c * 100, abs=3)
    assert read(await ask(device("pdu-b1"), get(temperature)))[1][0] == wrong
    answer = await net_snmp("snmpget", device("pdu-a1"), ".1.3.6.1.4.1.13742.6.5.5.3.1.4.1.1")
    assert int(answer.rsplit(" ", 1)[1]) == wrong


async def test_a_hot_inlet_warms_one_rack_and_cools_when_it_is_over(pod: Pod, ask, device) -> None:
    temperature = (*APC, 10, 2, 2, 1, 8, 1)
    before = read(await ask(device("pdu-b1"), get(temperature)))[1][0]
    pod.inject("rack-1", "hot_inlet", kelvin=15)
    assert read(await ask(device("pdu-b1"), get(temperature)))[1][0] == pytest.approx(before + 150, abs=3)
    pod.board.clear("rack-1")
    assert read(await ask(device("pdu-b1"), get(temperature)))[1][0] == pytest.approx(before, abs=3)


async def test_a_rebooting_card_is_silent_then_back_and_its_outlets_kept_their_state(pod: Pod, ask, device) -> None:
    pod.world.switch("pdu-b1", 3, on=False)
    pod.inject("pdu-b1", "card_reboot", for_s=SHORT_S)
    with pytest.raises(TimeoutError):
        await ask(device("pdu-b1"), get(UPTIME), timeout_s=SHORT_S / 3)
    await until(lambda: not pod.board.active)
    states = [(*APC, 9, 2, 3, 1, 5, outlet) for outlet in (2, 3)]
    boots = (1, 3, 6, 1, 6, 3, 10, 2, 1, 2, 0)
    assert read(await ask(device("pdu-b1"), get(boots, *states)))[1] == [2, 2, 1]
    assert pod.agents["pdu-b1"].card.uptime_s < 2


async def test_a_swapped_identity_shows_another_serial_until_it_is_cleared(pod: Pod, net_snmp, device) -> None:
    entry = device("pdu-a1")
    pod.inject("pdu-a1", "swap_identity", serial="OTHER1")
    assert '"OTHER1"' in await net_snmp("snmpget", entry, RARITAN_SERIAL)
    pod.board.clear("pdu-a1")
    assert f'"{entry["serial"]}"' in await net_snmp("snmpget", entry, RARITAN_SERIAL)


async def test_a_card_without_its_feed_is_dark(pod: Pod, ask, device) -> None:
    pod.world.set_feed("B", live=False)
    with pytest.raises(TimeoutError):
        await ask(device("pdu-b1"), get(UPTIME), timeout_s=SHORT_S)


async def test_a_missing_sysfs_file_comes_back(pod: Pod) -> None:
    path = pod.tree.root / pod.tree.paths[0]
    pod.inject("host", "missing")
    assert not path.exists()
    pod.board.clear("host")
    assert 20_000 < int(path.read_text()) < 90_000


async def test_a_descriptor_held_on_a_file_that_goes_missing_reads_nothing(pod: Pod) -> None:
    fd = os.open(pod.tree.root / pod.tree.paths[0], os.O_RDONLY)
    try:
        pod.inject("host", "missing")
        assert os.pread(fd, 64, 0) == b""
    finally:
        os.close(fd)


async def test_a_garbage_sysfs_file_holds_no_number(pod: Pod) -> None:
    chosen = next(path for path in pod.tree.paths if path.endswith("fan1_input"))
    pod.inject("host", "garbage", path=chosen)
    with pytest.raises(ValueError, match=r"invalid|decode"):
        int((pod.tree.root / chosen).read_text())


def board(now_s: float = 0.0) -> tuple[FaultBoard, Card, Rack]:
    card = Card("pdu-a1", V2cAccess(), 318, "S1", now=lambda: now_s)
    rack = Rack("rack-1")
    return FaultBoard({"pdu-a1": card}, {"rack-1": rack}, None), card, rack


TIMETABLE = """
[[fault]]
at_s = 10
for_s = 20
device = "pdu-a1"
kind = "hang"

[[fault]]
at_s = 15
for_s = 5.5
device = "rack-1"
kind = "hot_inlet"
kelvin = 8.0
"""


def test_a_timetable_starts_and_ends_its_faults_on_time() -> None:
    faults, card, rack = board()
    for fault in read_timetable(TIMETABLE):
        faults.plan(fault)
    seen = []
    for now_s in (0, 10, 15, 20.5, 29.9, 30):
        faults.advance(now_s)
        seen.append((card.silent, rack.hot_k))
    assert seen == [(False, 0), (True, 0), (True, 8), (True, 0), (True, 0), (False, 0)]


def test_overlapping_faults_of_one_kind_end_with_the_last() -> None:
    faults, card, _ = board()
    for at_s, for_s in ((0, 10), (5, 10)):
        faults.plan(fault_from({"device": "pdu-a1", "kind": "hang", "at_s": at_s, "for_s": for_s}))
    silent = []
    for now_s in (0, 6, 11, 15):
        faults.advance(now_s)
        silent.append(card.silent)
    assert silent == [True, True, True, False]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"device": "pdu-z", "kind": "hang"}, "there is no device 'pdu-z'"),
        ({"device": "pdu-a1", "kind": "explode"}, "cannot have fault 'explode': it can have hang, slow"),
        ({"device": "rack-1", "kind": "hang"}, "it can have hot_inlet"),
        ({"device": "pdu-a1", "kind": "slow", "delay": 3}, "takes no delay"),
        ({"device": "pdu-a1", "kind": "slow", "delay_s": "3"}, "takes no delay_s = '3'"),
        ({"device": "pdu-a1", "kind": "slow", "delay_s": -1}, "takes no delay_s"),
        ({"device": "pdu-a1", "kind": "garbage", "mode": "x"}, "no mode 'x'"),
        ({"device": "pdu-a1", "kind": "card_reboot"}, "needs for_s"),
        ({"device": "pdu-a1", "kind": "hang", "for_s": "long"}, "for_s is 'long'"),
        ({"kind": "hang"}, "needs a device and a kind"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_what_would_do(table: dict[str, Any], message: str) -> None:
    with pytest.raises(FaultError, match=message):
        board()[0].plan(fault_from(table))


@pytest.mark.parametrize("text", ["[[fault]", "[fault]\nkind='hang'", "other = 1", "[[fault]]\nkind = 3"])
def test_a_timetable_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(FaultError):
        read_timetable(text)


async def test_an_engine_that_forgets_its_time_counts_no_boot(pod: Pod, net_snmp, device) -> None:
    entry = device("pdu-a1")
    pod.agents["pdu-a1"].card.started_s -= 1000
    pod.inject("pdu-a1", "engine_time_reset")
    boots, time_s = (await net_snmp("snmpget", entry, f"{ENGINE}.2.0", f"{ENGINE}.3.0")).splitlines()
    assert boots.endswith("INTEGER: 1")
    assert int(time_s.rsplit(" ", 1)[1]) < 5


async def test_a_boot_may_be_counted_without_the_time_starting_anew(pod: Pod, net_snmp, device) -> None:
    entry = device("pdu-a1")
    pod.agents["pdu-a1"].card.started_s -= 1000
    pod.inject("pdu-a1", "boots_jump")
    boots, time_s = (await net_snmp("snmpget", entry, f"{ENGINE}.2.0", f"{ENGINE}.3.0")).splitlines()
    assert boots.endswith("INTEGER: 2")
    assert int(time_s.rsplit(" ", 1)[1]) >= 1000


async def test_a_switched_unit_is_told_with_the_value(pod: Pod, net_snmp, device) -> None:
    pod.inject("pdu-a1", "fahrenheit")
    base = ".1.3.6.1.4.1.13742.6"
    answer = await net_snmp("snmpget", device("pdu-a1"), f"{base}.3.6.3.1.16.1.1", f"{base}.5.5.3.1.4.1.1")
    unit, value = [int(line.rsplit(" ", 1)[1]) for line in answer.splitlines()]
    assert unit == 14
    assert value == pytest.approx((pod.world.racks["rack-1"].inlet_c * 1.8 + 32) * 10, abs=3)


async def test_a_stuck_card_tells_what_it_told_before_while_its_uptime_runs(pod: Pod, ask, device) -> None:
    temperature, boots = (*APC, 10, 2, 2, 1, 8, 1), (1, 3, 6, 1, 6, 3, 10, 2, 1, 2, 0)
    pod.inject("pdu-b1", "stuck")
    before = read(await ask(device("pdu-b1"), get(temperature, boots)))[1]
    pod.inject("rack-1", "hot_inlet", kelvin=15)
    pod.inject("pdu-b1", "boots_jump")
    assert read(await ask(device("pdu-b1"), get(temperature, boots)))[1] == [before[0], before[1] + 1]
    pod.board.clear("pdu-b1", "stuck")
    assert read(await ask(device("pdu-b1"), get(temperature)))[1][0] > before[0] + 100


async def test_energy_counters_are_reset_wrap_and_sleep(pod: Pod, ask, device) -> None:
    energy = (*APC, 4, 3, 1, 9, 1)

    async def counted() -> int:
        return read(await ask(device("pdu-b1"), get(energy)))[1][0]

    assert await counted() > 1000
    pod.inject("pdu-b1", "energy_asleep")
    assert await counted() == 0
    pod.board.clear()
    assert await counted() > 1000
    pod.inject("pdu-b1", "energy_wrap", after_wh=0.001)
    pod.world.advance(600.0)
    assert 0 <= await counted() < 10
    pod.inject("pdu-b1", "energy_reset")
    assert await counted() == 0


async def test_two_cards_that_swap_addresses_answer_for_each_other(tmp_path: Path, ask) -> None:
    serial = (*APC, 2, 1, 9, 1)
    async with Pod(PodPlan(tmp_path, plain_agents=3, outlets=2)) as crowd:
        crowd.inject("pdu-a1", "swap_addresses", **{"with": "pdu-a3"})
        answers = [await ask(entry, get(serial)) for entry in crowd.devices]
        told = [[entry["serial"].encode() in answer for entry in crowd.devices].index(True) for answer in answers]
        assert told == [2, 1, 0]
        crowd.board.clear()
        assert crowd.devices[0]["serial"].encode() in await ask(crowd.devices[0], get(serial))
        with pytest.raises(FaultError, match="cannot swap addresses with 'pdu-z'"):
            crowd.inject("pdu-a1", "swap_addresses", **{"with": "pdu-z"})


async def test_a_tripped_breaker_takes_its_outlets_and_says_so(pod: Pod, net_snmp, device) -> None:
    pod.inject("pdu-a1", "breaker_trip")
    base = ".1.3.6.1.4.1.13742.6.5"
    answer = await net_snmp("snmpget", device("pdu-a1"), f"{base}.3.3.1.3.1.1.15", f"{base}.2.3.1.4.1.1.5")
    state, watts = [int(line.rsplit(" ", 1)[1]) for line in answer.splitlines()]
    assert (state, watts) == (0, 0)


def test_every_kind_of_fault_of_a_card_is_tested_here() -> None:
    text = Path(__file__).read_text()
    assert [kind for _, kind in CARD_KINDS if f'"{kind}"' not in text] == []
