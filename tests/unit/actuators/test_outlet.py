"""One outlet over real SNMP: what it does, and what it says when it does not."""

import asyncio
import os
import signal

import pytest

from edgeagent.actuators.outlet import OutletActuator
from edgeagent.core.clock import ManualClock
from edgeagent.core.ports import granted
from edgeagent.drivers.parts import Parts as DriverParts
from edgeagent.drivers.parts import Times
from edgeagent.drivers.snmp_device import SnmpOptions
from edgeagent.model.errors import DeviceError
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Choice, Hold
from edgeagent.protocols.snmp_address import Community
from tests.fixtures.switching import SETTLE_S, apply, output, pdu_settings, until

# What net-snmp is to say: the state object of each family, and its codes.
STATE = {
    "apc-rpdu": ("1.3.6.1.4.1.318.1.1.12.3.5.1.1.4.{}", {"1": "on", "2": "off"}),
    "apc-rpdu2": ("1.3.6.1.4.1.318.1.1.26.9.2.3.1.5.{}", {"2": "on", "1": "off"}),
    "raritan-pdu2": ("1.3.6.1.4.1.13742.6.4.1.2.1.3.1.{}", {"7": "on", "8": "off"}),
}


async def snmpget(device, number):
    oid, words = STATE[device["family"]]
    access = ["-v2c", "-c", device.get("community", "")]
    if device["version"] == "v3":
        access = ["-v3", "-l", "authPriv", "-u", device["user"], "-a", "SHA-256", "-A", device["auth_key"]]
        access += ["-x", "AES", "-X", device["priv_key"]]
    where = f"{device['host']}:{device['port']}"
    process = await asyncio.create_subprocess_exec(
        *("snmpget", *access, "-Oqve", where, oid.format(number)), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return words[out.decode().strip()]


def first(bench, built=None):
    """The outlet of the first load's first cord."""
    _, [(pdu, number), *_] = bench.load(cords=1) if len(bench.pod.devices) == 1 else bench.load()
    return (built or bench.build()).outlets[f"{pdu}/outlet.{number}.state"], (pdu, number)


EVERY = [(family, version) for family in STATE for version in ("v2c", "v3")]


@pytest.mark.parametrize("single", EVERY, ids="-".join, indirect=True)
async def test_an_outlet_is_switched_and_net_snmp_sees_it_and_the_watts_follow(single):
    actuator, cord = first(single)
    before_w = single.power_w()
    outcome = await apply(actuator, "off")
    assert (outcome.word, outcome.read_back) == (DONE, "off")
    assert await snmpget(single.pod.devices[0], cord[1]) == "off"
    assert single.power_w() < before_w - 20
    assert (await apply(actuator, "on")).word == DONE
    assert await snmpget(single.pod.devices[0], cord[1]) == "on"
    assert single.power_w() > before_w - 20


async def test_an_outlet_that_is_there_already_is_not_written(single, at_set):
    sets = at_set()
    actuator, _ = first(single)
    outcome = await apply(actuator, "on")
    assert (outcome.word, outcome.read_back) == (DONE, "on")
    assert not sets
    assert "already" in outcome.message


async def test_what_the_ports_ask_for_is_there(bench):
    actuator, (pdu, number) = first(bench)
    assert actuator.target == actuator.feedback == f"{pdu}/outlet.{number}.state"
    assert actuator.domain == Choice(frozenset(("on", "off")))
    assert actuator.safe == Hold()
    assert actuator.settle_s == SETTLE_S


@pytest.mark.parametrize("value", ["cycle", True, 1, ""])
async def test_a_value_outside_the_domain_is_not_written(bench, at_set, value):
    sets = at_set()
    actuator, _ = first(bench)
    outcome = await actuator.apply(output(actuator.target, value), granted)
    assert outcome.word == FAILED
    assert "must be on or off" in outcome.message
    assert not sets


async def test_a_wrong_write_community_writes_nothing_and_says_so(bench):
    apc = bench.pod.devices[1]
    built = bench.build(devices=[apc], write=Community("guess"))
    actuator = built.outlets[f"{apc['name']}/outlet.{bench.load()[1][1][1]}.state"]
    outcome = await apply(actuator)
    assert outcome.word == FAILED
    assert "nothing was written" in outcome.message
    assert "wrong write community" in outcome.message


async def test_a_community_that_may_only_read_is_refused_in_plain_words(bench):
    apc = bench.pod.devices[1]
    built = bench.build(devices=[apc], write=Community(apc["community"]))
    cord = (apc["name"], bench.load()[1][1][1])
    outcome = await apply(built.outlets[f"{cord[0]}/outlet.{cord[1]}.state"])
    assert outcome.word == FAILED
    assert "may only read (noAccess)" in outcome.message
    assert bench.on(*cord)


async def test_an_outlet_that_cannot_be_switched_is_refused_in_plain_words(single):
    actuator, (pdu, number) = first(single)
    for row in single.pod.agents[pdu].table:
        if row.name in ("rPDU2OutletSwitchedControlCommand", "switchingOperation"):
            row.setter = None
    outcome = await apply(actuator)
    assert outcome.word == FAILED
    assert "notWritable" in outcome.message
    assert single.on(pdu, number)


async def test_an_outlet_that_does_not_exist_is_refused(bench):
    built = bench.build()
    pdu = next(iter(built.pdus.values()))
    outcome = await apply(OutletActuator(pdu, 99, bench.clock))
    assert outcome.word == FAILED
    assert "has no outlet.99.state" in outcome.message


async def test_a_device_that_is_not_the_one_it_was_bound_to_is_never_written(single, at_set):
    sets = at_set()
    actuator, (pdu, _) = first(single)
    single.serials[pdu] = single.pod.devices[0]["serial"]
    single.pod.inject(pdu, "swap_identity", serial="OTHER1")
    outcome = await apply(actuator)
    assert outcome.word == FAILED
    assert "OTHER1 answers" in outcome.message
    assert not sets


async def test_a_silent_device_is_not_written_and_is_let_alone_for_a_while(single):
    actuator, (pdu, number) = first(single)
    single.pod.inject(pdu, "hang")
    outcome = await apply(actuator)
    assert outcome.word == FAILED
    assert "nothing was written" in outcome.message
    received = single.pod.agents[pdu].card.counts["received"]
    assert "did not answer" in (await apply(actuator)).message
    assert single.pod.agents[pdu].card.counts["received"] == received
    assert single.on(pdu, number)


async def test_a_lost_answer_is_made_up_for_by_reading_back(single, at_set):
    sets = at_set(lose_answer=True)
    actuator, cord = first(single)
    outcome = await apply(actuator)
    assert (outcome.word, outcome.read_back) == (DONE, "off")
    assert "no answer to the SET" in outcome.message
    assert not single.on(*cord)
    assert len(sets) == 1  # a SET is sent once


async def test_a_write_that_was_lost_is_not_called_failed(single, at_set):
    sets = at_set(lose_request=True)
    actuator, _ = first(single)
    outcome = await apply(actuator)
    assert (outcome.word, outcome.read_back) == (UNVERIFIED, "on")
    assert len(sets) == 1


async def test_a_device_that_falls_silent_at_the_write_leaves_the_outcome_open(single, at_set):
    actuator, (pdu, number) = first(single)
    at_set(after=lambda: single.pod.inject(pdu, "hang"), lose_answer=True)
    with pytest.raises(DeviceError, match="cannot tell whether"):
        await apply(actuator)
    assert not single.on(pdu, number)


async def test_a_card_that_reboots_after_the_write_is_read_back_when_it_returns(single, at_set):
    actuator, (pdu, number) = first(single)
    at_set(after=lambda: single.pod.inject(pdu, "card_reboot", for_s=0.4))
    outcome = await apply(actuator)
    assert (outcome.word, outcome.read_back) == (DONE, "off")
    assert not single.on(pdu, number)


async def test_a_card_that_stays_away_after_a_confirmed_write_is_unverified(single, at_set):
    actuator, (pdu, _) = first(single)
    at_set(after=lambda: single.pod.inject(pdu, "hang"))
    outcome = await apply(actuator)
    assert (outcome.word, outcome.read_back) == (UNVERIFIED, None)
    assert "took the command off" in outcome.message


async def test_a_device_that_confirms_and_does_nothing_is_unverified(single):
    actuator, (pdu, _) = first(single)
    for row in single.pod.agents[pdu].table:
        if row.setter is not None and row.name in ("rPDU2OutletSwitchedControlCommand", "switchingOperation"):
            row.setter = type(row.setter)(row.setter.accepts, lambda _: None)
    outcome = await apply(actuator)
    assert (outcome.word, outcome.read_back) == (UNVERIFIED, "on")
    assert "says on after 1 s" in outcome.message


@pytest.mark.parametrize("single", EVERY, ids="-".join, indirect=True)
@pytest.mark.parametrize("engine_id_change", [False, True])
async def test_a_new_engine_between_two_writes_costs_nothing(single, engine_id_change):
    actuator, (pdu, number) = first(single)
    assert (await apply(actuator)).word == DONE
    single.pod.inject(pdu, "reset", engine_id_change=engine_id_change)
    assert (await apply(actuator, "on")).word == DONE
    assert single.on(pdu, number)


async def test_a_child_that_is_killed_at_the_write_is_replaced_and_the_outcome_read_back(single, at_set):
    actuator, (pdu, number) = first(single)
    pid = single.worker.pid
    at_set(after=lambda: os.kill(pid, signal.SIGKILL), lose_answer=True)
    outcome = await apply(actuator)
    assert (outcome.word, outcome.read_back) == (DONE, "off")
    assert "SIGKILL" in outcome.message
    await until(lambda: single.worker.pid not in (None, pid))
    assert (await apply(actuator, "on")).word == DONE
    assert single.on(pdu, number)


async def test_opposite_commands_keep_their_distance_and_an_undo_need_not(bench):
    built = bench.build(interval_s=30.0)
    _, [(pdu, number), *_] = bench.load()
    clock = ManualClock()
    actuator = OutletActuator(built.pdus[pdu], number, clock)
    assert (await actuator.switch("off")).word == DONE
    outcome = await actuator.switch("on")
    assert (outcome.word, outcome.read_back) == (FAILED, "off")
    assert "wait 30 s (off_on_interval)" in outcome.message
    assert (await actuator.switch("off")).word == DONE  # no opposite, and no write
    await clock.advance(29.0)
    assert (await actuator.switch("on")).word == FAILED
    await clock.advance(1.0)
    assert (await actuator.switch("on")).word == DONE
    assert (await actuator.switch("off")).word == FAILED
    assert (await actuator.switch("off", undo=True)).word == DONE
    assert not bench.on(pdu, number)


async def test_a_write_goes_before_the_polls_that_wait(bench):
    actuator, (pdu, _) = first(bench)
    device = next(one for one in bench.pod.devices if one["name"] == pdu)
    settings, order = pdu_settings(device), []
    await actuator.look()
    turn = bench.sessions._turns[settings.address.host, settings.address.port]

    async def poll():
        async with turn.read():
            order.append("poll")

    async with turn.read():
        polls = [asyncio.create_task(poll()) for _ in range(5)]
        await asyncio.sleep(0)
        look = asyncio.create_task(actuator.look())
        look.add_done_callback(lambda _: order.append("look"))
        await until(lambda: len(turn._writers) == 1)
    await asyncio.gather(*polls, look)
    assert order[-1] == "poll"
    assert order.index("look") <= 1  # its turn came first; being told of it takes a step of the loop


async def test_concurrent_applies_to_one_outlet_write_once(single, at_set):
    sets = at_set()
    actuator, _ = first(single)
    outcomes = await asyncio.gather(*(apply(actuator) for _ in range(5)))
    assert {outcome.word for outcome in outcomes} == {DONE}
    assert len(sets) == 1


async def test_polls_and_switches_of_one_device_do_not_disturb_each_other(single):
    actuator, _ = first(single)
    settings = pdu_settings(single.pod.devices[0])
    driver = SnmpOptions(settings.address, settings.access).build(
        settings.device, Times(1.0, 6.0, 0.3), DriverParts(single.clock, snmp=single.sessions)
    )
    await driver.connect()
    done = asyncio.Event()

    async def poll():
        seen = set()
        while not done.is_set():
            readings = {reading.point: reading for reading in await driver.read("fast")}
            seen.add(readings[actuator.target].value)
        return seen

    polling = asyncio.create_task(poll())
    for value in ("off", "on", "off", "on"):
        assert (await apply(actuator, value)).word == DONE
    done.set()
    assert await polling <= {"on", "off"}
    await driver.close()
