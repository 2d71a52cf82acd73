"""Devices without a profile, read by the MIBs that any agent may have."""

import pytest

from edgeagent.core.clock import SystemClock
from edgeagent.drivers.identity import DeviceChanged
from edgeagent.drivers.parts import Parts, Times
from edgeagent.drivers.snmp_device import SnmpOptions
from edgeagent.model.errors import DeviceGarbled
from edgeagent.model.reading import Reason
from edgeagent.protocols.snmp_address import Community, SnmpAddress
from tests.fixtures.probed import ENTITY, INTERFACES, MONITOR, SYSTEM, sensor, served
from tests.fixtures.recorded import everything, shown

pytestmark = pytest.mark.holds_the_loop("pysnmp loads its own MIB files inside a callback")

UPS = "1.3.6.1.2.1.33.1"


@pytest.fixture
async def standard(tmp_path):
    """A driver of the family "standard" for an agent with these lines."""
    agents = []

    async def make(text):
        agents.append(await served(tmp_path / "made.snmprec", text))
        options = SnmpOptions(SnmpAddress("127.0.0.1", agents[-1].port, v3=False), Community(), "ups", "standard")
        return options.build("env", Times(10.0, 60.0, 2.0), Parts(SystemClock())), agents[-1]

    yield make
    for agent in agents:
        agent.close()


async def test_a_device_without_a_profile_says_what_the_standard_mibs_mean(standard):
    driver, _ = await standard(MONITOR)
    info, readings = await everything(driver)
    identity = info.identity
    assert (identity.vendor, identity.model, identity.serial) == ("Example", "EM-4", "EX-00017")
    assert identity.firmware == "2.1.7"
    assert shown(readings) == {
        "system.description": "Example Environment Monitor, software 2.1",
        "system.object_id": "1.3.6.1.4.1.99999.7",
        "system.uptime": 86_400.5,  # 8640050 hundredths of a second
        "system.name": "env-1",
        "system.location": "row 3",
        "sensor.11.name": "rack inlet",
        "sensor.11.temperature": 23.5,  # celsius (8), units (9), one decimal: 235
        "sensor.12.name": "voltage probe",  # it has no entPhysicalName
        "sensor.12.voltage": Reason.SENTINEL,  # nonoperational (3)
        "interface.1.name": "eth0",
        "interface.1.state": "up",
        "interface.2.name": "eth1",
        "interface.2.state": Reason.SENTINEL,  # unknown (4)
    }
    assert readings["sensor.11.temperature"].source == "1.3.6.1.2.1.99.1.1.1.4.11"
    assert readings["sensor.11.temperature"].raw == 235
    labels = {point.name: point.label for point in info.points}
    assert labels["sensor.11.temperature"] == "rack inlet"


@pytest.mark.parametrize(
    ("row", "name", "value"),
    [
        (sensor(1, 4, 8, 0, 12034), "voltage", 12.034),  # voltsDC, milli
        (sensor(1, 3, 9, 1, 2301), "voltage", 230.1),  # voltsAC
        (sensor(1, 5, 8, 2, 123456), "current", 1.23456),  # milliamperes, two decimals
        (sensor(1, 6, 10, 3, 1750), "power", 1750.0),  # kilowatts, three decimals
        (sensor(1, 7, 9, 2, 4998), "frequency", 49.98),
        (sensor(1, 8, 9, 0, -12), "temperature", -12.0),
        (sensor(1, 9, 9, 0, 47), "humidity", 47.0),
        (sensor(1, 10, 9, 0, 5400), "speed", 5400.0),
        (sensor(1, 11, 9, 1, 25), "airflow", 150.0),  # 2.5 m3/min
        (sensor(1, 12, 9, 0, 2), "state", "false"),  # TruthValue
        (sensor(1, 6, 9, -2, 1700), "power", 1700.0),  # two digits are not exact: the number stays
        (sensor(1, 1, 9, 0, 55, display="%"), "percent", 55.0),
        (sensor(1, 2, 9, 1, 31, display="L/s"), "reading", "3.1 L/s"),  # no unit of ours
        (sensor(1, 2, 9, 0, 7), "value", 7.0),
        (sensor(1, 8, 9, 1, 1_000_000_000), "temperature", Reason.SENTINEL),  # overflow
        (sensor(1, 8, 9, 1, -1_000_000_000), "temperature", Reason.SENTINEL),  # underflow
        (sensor(1, 8, 9, 1, 2_147_483_647), "temperature", Reason.SENTINEL),
        (sensor(1, 8, 9, 0, -300), "temperature", Reason.OUT_OF_RANGE),  # below absolute zero
        (sensor(1, 9, 9, 0, 255), "humidity", Reason.OUT_OF_RANGE),
        (sensor(1, 8, 9, 1, 0, status=2), "temperature", Reason.ABSENT),  # unavailable
        (sensor(1, 8, 0, 1, 235), "temperature", Reason.GARBLED),  # a scale that the MIB does not know
        (sensor(1, 8, 9, 12, 235), "temperature", Reason.GARBLED),
    ],
)
async def test_a_sensor_is_decoded_by_its_type_scale_and_precision(standard, row, name, value):
    driver, _ = await standard(f"{SYSTEM}\n{row}")
    _, readings = await everything(driver)
    assert shown(readings)[f"sensor.1.{name}"] == value


async def test_a_part_of_the_ups_mib_is_read_too(standard):
    driver, _ = await standard(f"{SYSTEM}\n{UPS}.2.4.0|2|88\n{UPS}.2.1.0|2|2\n{UPS}.2.7.0|2|31")
    _, readings = await everything(driver)
    values = shown(readings)
    assert (values["battery.charge"], values["battery.status"], values["battery.temperature"]) == (88.0, "normal", 31.0)
    assert values["system.name"] == "env-1"


async def test_who_does_not_say_its_name_is_named_by_its_number_and_its_description(standard):
    driver, _ = await standard(SYSTEM.replace("99999.7", "9839.2"))
    info = await driver.connect()
    await driver.close()
    assert (info.identity.vendor, info.identity.model) == ("Carel", "Example Environment Monitor, software 2.1")


async def test_an_agent_that_shows_nothing_is_told_and_not_read_as_empty(standard):
    driver, _ = await standard("1.3.6.1.4.1.99999.1.1.0|2|5")
    with pytest.raises(DeviceGarbled, match="none of the standard MIBs"):
        await driver.connect()
    await driver.close()


async def test_another_serial_means_another_device(standard):
    driver, agent = await standard(f"{SYSTEM}\n{ENTITY}\n{INTERFACES}")
    info = await driver.connect()
    assert await driver.read(info.groups[0].name)
    serial = "1.3.6.1.2.1.47.1.1.1.1.11.1"
    oid = tuple(map(int, serial.split(".")))
    agent.recording._values[oid] = agent.recording._values[oid].clone(b"EX-00018")
    with pytest.raises(DeviceChanged, match="EX-00018"):
        await driver.read(info.groups[0].name)
    await driver.close()
