"""Devices behind a Modbus server over TCP, read by profiles: every point is right or says why it is not."""

import pytest

from edgeagent.core.clock import ManualClock
from edgeagent.drivers.identity import DeviceChanged
from edgeagent.drivers.modbus_device import ModbusDevice
from edgeagent.drivers.parts import Times
from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.model.reading import Quality, Reason
from edgeagent.protocols.modbus_profile_file import ModbusProfiles, parse_modbus_profile
from tests.fixtures.modbus import Line, Words

TIMES = Times(10.0, 60.0, 0.15)
PROFILE = """
protocol = "modbus"
name = "made"
title = "Made for this test"
driver = "cooling"
source = "this test"

[absent]
int16 = ["0x8000"]
uint16 = ["0xFFFF"]

[identity]
vendor = { text = "Maker" }
model = { object = 1 }
serial = { address = 100, length = 4 }

[[point]]
name = "supply.temperature"
kind = "Temperature"
address = 0
type = "int16"
divide = 10

[[point]]
name = "flow"
kind = "LiquidFlow"
address = 2
type = "float32"
words = "little"

[[point]]
name = "power"
kind = "Power"
address = 4
scale = { address = 6, type = "int16", how = "power" }

[[point]]
name = "leak.1.state"
kind = "State"
address = 7
bit = 3
codes = { 0 = "dry", 1 = "leak" }
protective = true

[[point]]
name = "fan.{n}.speed"
kind = "Percent"
table = "input"
address = 20
repeat = 6
pace = "slow"

[[point]]
name = "spare"
kind = "Percent"
table = "input"
address = 40
pace = "slow"
optional = true
"""


def words(**changes):
    holding = {0: 215, 1: 0, 2: 0x8000, 3: 0x4248, 4: 123, 5: 0, 6: 2, 7: 0b1000}
    serial = {100: 0x5345, 101: 0x5231, 102: 0x3233, 103: 0}
    fans = {20 + number: 10 * number for number in range(6)}
    return Words(holding=holding | serial | changes, input=fans)


def device(line, text=PROFILE, unit=1, clock=None):
    profiles = (parse_modbus_profile("made.toml", text),)
    return ModbusDevice("dev", unit, line.hold(), choices=lambda: profiles, times=TIMES, clock=clock or ManualClock())


@pytest.fixture
async def line():
    async with Line({1: words(), 2: words()}, identities={1: {0: "Maker", 1: "M-1"}}) as opened:
        yield opened


async def everything(driver):
    info = await driver.connect()
    return info, {
        reading.point.removeprefix("dev/"): reading
        for group in info.groups
        for reading in await driver.read(group.name)
    }


async def group(driver, name="fast"):
    return {reading.point.removeprefix("dev/"): reading for reading in await driver.read(name)}


async def test_every_point_says_what_stands_in_its_registers(line):
    info, read = await everything(device(line))
    assert (info.identity.vendor, info.identity.model, info.identity.serial) == ("Maker", "M-1", "SER123")
    assert {name: reading.value for name, reading in read.items()} == {
        "supply.temperature": 21.5,
        "flow": 50.125,
        "power": 12300.0,
        "leak.1.state": "leak",
        **{f"fan.{number}.speed": 10.0 * (number - 1) for number in range(1, 7)},
    }
    assert (read["supply.temperature"].source, read["supply.temperature"].raw) == ("holding 0", 215)
    assert read["fan.1.speed"].quality is Quality.GOOD  # a true 0 stays


async def test_points_groups_and_what_protects_are_known_on_connecting(line):
    info = await device(line).connect()
    points = {point.name: point for point in info.points}
    assert points["leak.1.state"].protective
    assert points["leak.1.state"].codes == ("dry", "leak")
    assert {group.name: (group.period_s, len(group.points)) for group in info.groups} == {
        "fast": (10.0, 4), "slow": (60.0, 6)
    }  # fmt: skip
    assert "spare" not in points


async def test_a_poll_is_one_request_for_each_block(line):
    driver = device(line)
    await driver.connect()
    line.server.requests.clear()
    await driver.read("fast")
    assert [request[2:] for request in line.server.requests] == [(0, 8), (100, 4)]


async def test_what_a_device_says_for_no_value_is_never_a_value(line):
    line.server.units[1].tables["holding"].update({0: 0x8000, 2: 0, 3: 0x7FC0, 6: 0x8000})
    _, read = await everything(device(line))
    assert read["supply.temperature"].reason is Reason.SENTINEL
    assert read["flow"].reason is Reason.SENTINEL
    assert read["power"].value is None


async def test_one_register_that_is_not_there_costs_one_point(line):
    del line.server.units[1].tables["input"][22]
    driver = device(line)
    _, read = await everything(driver)
    assert read["fan.3.speed"].reason is Reason.ABSENT
    assert [read[f"fan.{number}.speed"].value for number in (1, 2, 4, 5, 6)] == [0.0, 10.0, 30.0, 40.0, 50.0]
    line.server.units[1].tables["input"][22] = 77
    again = [await group(driver, "slow") for _ in range(3)][-1]
    assert again["fan.3.speed"].value == 77.0


async def test_a_register_that_goes_away_later_costs_one_point(line):
    driver = device(line)
    await driver.connect()
    del line.server.units[1].tables["input"][20]
    read = await group(driver, "slow")
    assert (read["fan.1.speed"].reason, read["fan.2.speed"].value) == (Reason.ABSENT, 10.0)


async def test_what_is_optional_stays_a_point_once_it_was_there(line):
    line.server.units[1].tables["input"][40] = 5
    driver = device(line)
    _, read = await everything(driver)
    assert read["spare"].value == 5.0
    del line.server.units[1].tables["input"][40]
    info, read = await everything(driver)
    assert "spare" in {point.name for point in info.points}
    assert read["spare"].reason is Reason.ABSENT


async def test_a_serial_that_changes_is_another_device(line):
    driver = device(line)
    await driver.connect()
    line.server.units[1].tables["holding"][102] = 0x3939
    with pytest.raises(DeviceChanged, match="it was SER123 and now says that it is SER199"):
        await driver.read("fast")
    info, _ = await everything(driver)
    assert info.identity.serial == "SER199"


async def test_a_serial_number_that_is_not_known_yet_is_nobody_else(line):
    numbered = PROFILE.replace("address = 100, length = 4", 'address = 100, type = "uint32"')
    driver = device(line, numbered)
    assert (await driver.connect()).identity.serial == str(0x53455231)
    for blank in (0, 0xFFFF):
        line.server.units[1].tables["holding"].update({100: blank, 101: blank})
        assert (await group(driver))["supply.temperature"].value == 21.5


async def test_a_device_that_refuses_everything_is_no_device_that_is_well(line):
    driver = device(line)
    await driver.connect()
    line.server.faulty.exception_code = 4
    with pytest.raises(DeviceRefused):
        await driver.read("fast")
    line.server.faulty.heal()
    assert (await group(driver))["supply.temperature"].value == 21.5


async def test_after_a_reset_the_same_poll_reads_everything(line):
    driver = device(line)
    await driver.connect()
    line.server.faulty.reset_next = 1
    assert (await group(driver))["supply.temperature"].value == 21.5


async def test_after_a_wrong_transaction_the_next_poll_reads_everything(line):
    driver = device(line)
    await driver.connect()
    line.server.faulty.wrong_transaction = True
    with pytest.raises(DeviceError):
        await driver.read("fast")
    line.server.faulty.heal()
    assert (await group(driver))["supply.temperature"].value == 21.5


async def test_a_server_that_was_started_anew_is_read_by_the_next_poll(line):
    driver = device(line)
    await driver.connect()
    await line.server.close()
    with pytest.raises(DeviceUnreachable):
        await driver.read("fast")
    await line.server.open()
    assert (await group(driver))["flow"].value == 50.125


async def test_a_connection_that_only_one_side_knows_costs_no_poll(line):
    driver = device(line)
    await driver.connect()
    line.server.forget()
    assert (await group(driver))["flow"].value == 50.125


async def test_two_units_of_a_gateway_share_its_connection(line):
    one, two = device(line), device(line, unit=2)
    await one.connect()
    await two.connect()
    line.server.units[2].tables["holding"][0] = 300
    assert (await group(one))["supply.temperature"].value == 21.5
    assert (await group(two))["supply.temperature"].value == 30.0
    assert line.server.connections == 1


async def test_a_mute_server_is_unreachable_and_is_read_again_when_it_speaks(line):
    driver = device(line)
    await driver.connect()
    line.server.faulty.mute = True
    with pytest.raises(DeviceUnreachable, match="no answer within"):
        await driver.read("fast")
    line.server.faulty.heal()
    assert (await group(driver))["supply.temperature"].value == 21.5


async def test_nothing_of_a_profile_that_is_not_there_is_a_device(line):
    line.server.units[1] = Words(holding={100: 0})
    only = PROFILE[: PROFILE.index("[[point]]")] + PROFILE[PROFILE.index('[[point]]\nname = "spare"') :]
    with pytest.raises(DeviceGarbled, match="finds none of its points"):
        await device(line, only).connect()


async def test_a_family_is_told_by_its_mark_and_asked_for_where_there_is_none(line):
    marked = parse_modbus_profile("a.toml", PROFILE + "\n[[detect]]\naddress = 0\nequals = 215\n")
    other = parse_modbus_profile("b.toml", PROFILE.replace('"made"', '"other"'))
    choices = [other, marked]
    driver = ModbusDevice("dev", 1, line.hold(), choices=lambda: choices, times=TIMES, clock=ManualClock())
    assert (await driver.connect()).identity.serial == "SER123"
    line.server.units[1].tables["holding"][0] = 1
    with pytest.raises(DeviceGarbled, match="write family = one of other, made"):
        await driver.connect()


def test_every_profile_of_this_release_can_be_used():
    profiles = ModbusProfiles().all
    assert len(profiles) >= 10
    for profile in profiles.values():
        targets = {row.name: row for row in profile.points}
        for setting in profile.settings:
            assert setting.target in targets, f"{profile.name}: {setting.target}"
            assert setting.guard.low <= setting.guard.high
