"""The Redfish driver against stub devices: what it reads, in how many requests, and what each fault costs."""

import asyncio

import pytest

from edgeagent.config.layers import Layer, load
from edgeagent.drivers.identity import DeviceChanged
from edgeagent.drivers.redfish_device import parse
from edgeagent.model.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.model.reading import Quality, Reason
from edgeagent.protocols.redfish_address import Access
from firmware_stubs.layout import standard_pod
from firmware_stubs.plant import Cdu
from firmware_stubs.redfish_bmc import RedfishServer
from firmware_stubs.redfish_board import Board, bmc
from firmware_stubs.redfish_devices import cdu, rack_pdu
from firmware_stubs.redfish_tree import ROOT, Tree, link, sensor
from tests.fixtures.redfish import driver_of

SENSORS = f"{ROOT}/Chassis/1/Sensors"


@pytest.fixture
async def serving():
    """Serve a tree; the server and the driver for it."""
    opened, drivers = [], []

    async def serve(tree, word="bmc", access=None, **options):
        server = RedfishServer(tree, **options)
        await server.open()
        opened.append(server)
        drivers.append(driver_of(server, word, access))
        return server, drivers[-1]

    yield serve
    for driver in drivers:
        await driver.close()
    for server in opened:
        await server.close()


async def polled(driver, group="fast"):
    return {reading.point.partition("/")[2]: reading for reading in await driver.read(group)}


def values(readings):
    return {name: reading.value for name, reading in readings.items()}


async def test_a_cdu_says_what_its_world_holds(serving):
    device = Cdu("cdu-1", serial="CDU-7", secondary_flow_lpm=88.5, secondary_supply_c=27.9, heat_w=31_250.0)
    device.differential_kpa, device.pump_percent = 62.5, [61.0, 0.0]
    _, driver = await serving(cdu(device), "cdu")
    info = await driver.connect()
    assert (info.identity.model, info.identity.serial, info.identity.firmware) == ("CDU-60", "CDU-7", "2.4.1")
    found = values(await polled(driver))
    assert found["secondary.flow"] == 88.5
    assert found["secondary.supply.temperature"] == 27.9
    assert found["secondary.differential_pressure"] == 62.5
    assert found["cooling.power"] == pytest.approx(31_250.0)
    assert (found["pump.1.speed"], found["pump.2.speed"]) == (61.0, 0.0)
    assert (found["pump.1.state"], found["pump.1.setpoint"]) == ("on", 61.0)
    assert (found["reservoir.1.level"], found["reservoir.1.state"]) == (90.0, "ok")
    assert (found["leak.1.state"], found["unit.alarm"]) == ("dry", "ok")


async def test_a_leak_is_seen_at_the_next_poll(serving):
    device = Cdu("cdu-1", serial="CDU-7")
    _, driver = await serving(cdu(device), "cdu")
    await driver.connect()
    device.leak = True
    found = values(await polled(driver))
    assert (found["leak.1.state"], found["unit.alarm"]) == ("leak", "critical")


async def test_a_rack_pdu_says_what_its_world_holds(serving):
    world = standard_pod(1, 8, seed=7)
    pdu = next(iter(world.pdus.values()))
    _, driver = await serving(rack_pdu(world, pdu, serial="PDU-3"), "ipdu")
    await driver.connect()
    world.advance(3600.0)
    world.switch(pdu.name, 2, on=False)
    found = values(await polled(driver))
    for outlet in pdu.outlets:
        assert found[f"outlet.{outlet.number}.power"] == pytest.approx(outlet.power_w)
        assert found[f"outlet.{outlet.number}.energy"] == pytest.approx(outlet.energy_wh)
        assert found[f"outlet.{outlet.number}.state"] == ("on" if outlet.on else "off")
    assert found["inlet.power"] == pytest.approx(pdu.power_w)
    assert found["inlet.voltage"] == pytest.approx(pdu.feed.voltage_v)
    assert found["branch.1.current"] == pytest.approx(pdu.branches[0].current_a)
    assert found["breaker.1.state"] == "closed"


@pytest.mark.parametrize("expands", [True, False])
async def test_a_poll_takes_few_requests_where_the_service_expands(serving, expands):
    world = standard_pod(1, 24, seed=7)
    pdu = next(iter(world.pdus.values()))
    server, driver = await serving(rack_pdu(world, pdu, serial="PDU-3", expands=expands), "ipdu")
    info = await driver.connect()
    server.requests.clear()
    found = await polled(driver)
    assert len(found) > 24 * 6
    assert all(reading.quality is Quality.GOOD for reading in found.values())
    assert len(server.requests) == (5 if expands else 28)  # outlets, two branches, mains, unit
    assert next(group for group in info.groups if group.name == "fast").deadline_s <= 10.0


async def test_a_service_that_promises_to_expand_and_does_not_is_read_one_by_one(serving):
    tree = bmc(Board())
    tree.expands = False  # after the root has promised it
    server, driver = await serving(tree)
    await driver.connect()
    assert values(await polled(driver))["sensor.cpu0_temp"] == 61.0
    server.requests.clear()
    await polled(driver)
    assert not [one for one in server.requests if "$expand" in one]


async def test_a_new_bmc_is_read_by_its_sensors(serving):
    board = Board()
    _, driver = await serving(bmc(board))
    info = await driver.connect()
    identity = info.identity
    assert (identity.vendor, identity.model, identity.serial, identity.firmware) == (
        "Contoso", "R760", "SRV-0001", "7.10.30",
    )  # fmt: skip
    units = {point.name: point.unit for point in info.points}
    readings = await polled(driver)
    expected = {
        "sensor.inlet_temp": (22.5, "Cel"),
        "sensor.cpu0_temp": (61.0, "Cel"),
        "sensor.fan0_speed": (7800.0, "/min"),
        "sensor.fan1_speed": (7740.0, "/min"),
        "sensor.total_power": (412.0, "W"),
        "sensor.total_energy": (1_204_500.0, "Wh"),
        "fan.0.speed": (44.0, "%"),
        "fan.1.state": ("on", ""),
        "supply.0.input.voltage": (230.4, "V"),
        "supply.0.state": ("on", ""),
        "system.power.state": ("on", ""),
        "system.alarm": ("ok", ""),
    }
    assert {name: (readings[name].value, units[name]) for name in expected} == expected
    assert readings["sensor.cpu0_temp"].source == f"{SENSORS}/CPU0Temp#/Reading"


async def test_an_absent_sensor_is_absent_and_never_zero(serving):
    _, driver = await serving(bmc(Board()))
    await driver.connect()
    reading = (await polled(driver))["sensor.psu1_temp"]
    assert (reading.value, reading.quality, reading.reason) == (None, Quality.BAD, Reason.ABSENT)


async def test_a_supply_that_is_not_there_has_no_voltage_of_zero(serving):
    _, driver = await serving(bmc(Board()))
    await driver.connect()
    readings = await polled(driver)
    assert readings["supply.1.state"].reason is Reason.ABSENT
    assert readings["supply.1.input.voltage"].reason is Reason.ABSENT


async def test_an_old_bmc_is_read_by_thermal_and_power(serving):
    _, driver = await serving(bmc(Board(old=True)))
    await driver.connect()
    readings = await polled(driver)
    assert values(readings) | {
        "temperature.inlet_temp": 22.5,
        "temperature.cpu1_temp": 61.0,
        "fan.fan_1.speed": 7800.0,
        "power": 412.0,
        "supply.1.input.voltage": 230.4,
        "supply.1.state": "on",
    } == values(readings)
    empty = readings["supply.2.input.voltage"]
    assert (empty.value, empty.reason, empty.raw) == (None, Reason.ABSENT, 0)
    assert (
        readings["temperature.cpu1_temp"].source == f"{ROOT}/Chassis/1/Thermal#/Temperatures/CPU1 Temp/ReadingCelsius"
    )


# -- faults


async def test_null_is_how_a_service_says_that_it_has_no_reading(serving):
    server, driver = await serving(bmc(Board()))
    await driver.connect()
    server.faulty.sentinel = True
    readings = await polled(driver)
    measured = [one for name, one in readings.items() if name.startswith("sensor.") and name != "sensor.psu1_temp"]
    assert {(one.value, one.quality, one.reason) for one in measured} == {(None, Quality.BAD, Reason.SENTINEL)}


@pytest.mark.parametrize("fault", ["wrong_units", "fahrenheit"])
async def test_units_that_go_wrong_while_it_runs_take_the_trust_away(serving, fault):
    server, driver = await serving(bmc(Board()))
    await driver.connect()
    setattr(server if fault == "wrong_units" else server.faulty, fault, True)
    reading = (await polled(driver))["sensor.cpu0_temp"]
    assert (reading.quality, reading.reason) == (Quality.UNCERTAIN, Reason.IMPLAUSIBLE)


async def test_units_that_were_always_wrong_are_flagged_and_their_values_shown(serving):
    server, driver = await serving(bmc(Board()))
    server.wrong_units = True
    await driver.connect()
    readings = await polled(driver)
    assert (readings["sensor.cpu0_temp"].value, readings["sensor.cpu0_temp"].reason) == (61.0, Reason.IMPLAUSIBLE)
    assert readings["sensor.total_energy"].raw == '1204.5 (ReadingUnits "kW" where ReadingType EnergykWh is kW.h)'
    assert readings["sensor.total_power"].quality is Quality.GOOD


async def test_a_reading_outside_its_own_range_is_uncertain(serving):
    tree, path = bmc(Board()), f"{SENSORS}/CPU0Temp"
    tree.resources[path] = lambda: sensor(255, "Temperature", "Cel", ReadingRangeMin=0, ReadingRangeMax=110)
    _, driver = await serving(tree)
    await driver.connect()
    reading = (await polled(driver))["sensor.cpu0_temp"]
    assert (reading.quality, reading.reason) == (Quality.UNCERTAIN, Reason.OUT_OF_RANGE)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status_code": 503}, DeviceUnreachable),
        ({"garbage": True}, DeviceGarbled),
        ({"slow_s": 3.0}, DeviceUnreachable),
        ({"reset": True}, DeviceUnreachable),
        ({"status_code": 403}, DeviceRefused),
    ],
)
async def test_a_service_that_gives_nothing_raises_and_comes_back(serving, fault, error):
    server, driver = await serving(cdu(Cdu("cdu-1", serial="CDU-7")), "cdu")
    await driver.connect()
    for name, value in fault.items():
        setattr(server.faulty, name, value)
    with pytest.raises(error):
        await driver.read("fast")
    server.faulty.heal()
    assert (await polled(driver))["unit.state"].value == "on"


async def test_a_lost_session_costs_nothing(serving):
    server, driver = await serving(bmc(Board()), access=Access("edge", "key"), user="edge", password="key")
    await driver.connect()
    server.drop_sessions()
    assert values(await polled(driver))["sensor.cpu0_temp"] == 61.0


async def test_a_resource_that_is_gone_costs_its_own_points_only(serving):
    tree = cdu(Cdu("cdu-1", serial="CDU-7"))
    _, driver = await serving(tree, "cdu")
    await driver.connect()
    del tree.resources[f"{ROOT}/ThermalEquipment/CDUs/1/Pumps/2"]
    readings = await polled(driver)
    assert readings["pump.2.speed"].reason is Reason.ABSENT
    assert readings["pump.1.speed"].quality is Quality.GOOD
    assert (await driver.connect()).points  # and they stay points
    assert (await polled(driver))["pump.2.speed"].reason is Reason.ABSENT


async def test_another_serial_is_another_device(serving):
    server, driver = await serving(cdu(Cdu("cdu-1", serial="CDU-7")), "cdu")
    await driver.connect()
    server.faulty.serial = "CDU-8"
    with pytest.raises(DeviceChanged, match="it was CDU-7 and now says that it is CDU-8"):
        await driver.read("fast")
    assert (await driver.connect()).identity.serial == "CDU-8"


async def test_a_connect_that_was_cut_short_goes_on_where_it_was(serving):
    server, driver = await serving(bmc(Board(), expands=False))
    server.faulty.slow_s = 0.05
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(driver.connect(), 0.4)
    before = list(server.requests)
    server.faulty.heal()
    await driver.connect()
    after = server.requests[len(before) :]
    assert len(set(before[:-1]) & set(after)) == 0


async def test_what_is_no_redfish_service_is_named(serving):
    _, driver = await serving(Tree())
    with pytest.raises(DeviceGarbled, match="there is no resource at /redfish/v1/"):
        await driver.connect()


async def test_a_service_without_anything_that_measures_is_named(serving):
    tree = Tree()
    tree.root()
    _, driver = await serving(tree)
    with pytest.raises(DeviceGarbled, match="nothing that measures"):
        await driver.connect()


async def test_loops_and_links_to_elsewhere_end(serving):
    tree = bmc(Board())
    chassis = f"{ROOT}/Chassis"
    read = tree.resources[f"{chassis}/1"]
    tree.resources[f"{chassis}/1"] = lambda: {
        **read(),
        "ThermalSubsystem": link(f"{chassis}/1"),
        "EnvironmentMetrics": link("https://203.0.113.9/redfish/v1/x"),
        "LeakDetectors": link("//203.0.113.9/redfish/v1/x"),
        "Controls": link(f"{chassis}/../../secrets"),
    }
    tree.collections[chassis] = [f"{chassis}/1", f"{chassis}/1", chassis, SENSORS]
    tree.resources[chassis] = lambda: {"Members": [link(chassis)]}
    tree.resources[SENSORS] = lambda: {"Members": [link(SENSORS)], "Members@odata.nextLink": SENSORS}
    server, driver = await serving(tree)
    info = await driver.connect()
    assert len(info.points) < 40
    assert len(server.requests) < 40
    assert not [one for one in server.requests if "secrets" in one or "203.0.113" in one]


# -- configuration


def parsed(text, word="cdu"):
    loaded = load([], layers=[Layer("edgeagent.toml", text)])
    reader = loaded.root.table("devices").table("x")
    reader.has("driver")
    options = parse(reader, word)
    loaded.root.finish()
    return options, [str(problem) for problem in loaded.problems]


def test_the_keys_of_a_redfish_device():
    options, problems = parsed(f"""
[devices.x]
driver = "cdu"
address = "redfish://cdu.example:8443"
user = "edge"
password = "swordfish"
login = "basic"
fingerprint = "sha256:{"ab" * 32}"
units = "type"
switchable = true
""")
    assert problems == []
    assert str(options.address) == "redfish://cdu.example:8443"
    assert options.access == Access("edge", "swordfish", True, None, b"\xab" * 32)
    assert (options.driver, options.by_type, options.switching.allowed) == ("cdu", True, True)
    assert "swordfish" not in repr(options)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('address = "http://x"', "must be redfish://host"),
        ('address = "redfish://x"\nuser = "edge"', "password: cannot go on without this key"),
        ('address = "redfish://x"\npassword = "y"', "a password without a user"),
        ('address = "redfish+http://x"\nca = "ca.pem"', "there is no certificate"),
        ('address = "redfish://x"\nfingerprint = "sha1:00"', "cannot use this fingerprint"),
        ('address = "redfish://x"\nunits = "guess"', "must be one of"),
    ],
)
def test_a_mistake_is_named(lines, problem):
    _, problems = parsed(f'[devices.x]\ndriver = "cdu"\n{lines}\n')
    assert any(problem in one for one in problems), problems
