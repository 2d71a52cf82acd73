"""Recorded devices read completely: values equal what the MIBs mean, and no sentinel is ever GOOD.

The expected values are worked out here from the recording and the text of the MIBs, without the profiles.
"""

import pytest

from edgeagent.model.errors import DeviceGarbled
from edgeagent.model.reading import Quality, Reason
from tests.fixtures.recorded import everything, shown

pytestmark = pytest.mark.holds_the_loop("pysnmp loads its own MIB files inside a callback")

APC = "1.3.6.1.4.1.318.1.1.26"
PDU2 = "1.3.6.1.4.1.13742.6"
# SensorTypeEnumeration of PDU2-MIB
OUTLET = (
    ("current", 1),
    ("voltage", 4),
    ("power", 5),
    ("apparent_power", 6),
    ("power_factor", 7),
    ("energy", 8),
)

AP8959EU3 = {
    "inlet.power": 270.0,  # rPDU2DeviceStatusPower 27, hundredths of kilowatts
    "inlet.energy": 1_967_700.0,  # rPDU2DeviceStatusEnergy 19677, tenths of kilowatt-hours
    "inlet.apparent_power": 300.0,  # 30 hundredths of kVA
    "inlet.power_factor": 0.82,  # 82 hundredths
    "inlet.load_state": "normal",  # 2
    "phase.1.current": 1.3,  # 13 tenths of amperes
    "phase.1.voltage": 231.0,
    "phase.1.power": 250.0,  # 25 hundredths of kilowatts
    "phase.1.power_factor": 0.82,
    "phase.1.apparent_power": 300.0,  # 30 hundredths of kVA
    "phase.1.load_state": "normal",  # 2
    "inlet.supply": "ok",  # rPDU2DeviceStatusPowerSupplyAlarm 1, normal
    "probe.1.temperature": Reason.ABSENT,  # no probe: CommStatus notInstalled, value -1
    "probe.1.humidity": Reason.ABSENT,
    "probe.1.state": "not_installed",
}


@pytest.mark.parametrize("v3", [False, True])
async def test_an_apc_rack_pdu_says_what_its_mib_means(recorded, v3):
    agent = await recorded("apc_ap8959eu3")
    info, readings = await everything(agent.driver("pdu", v3=v3))
    assert shown(readings) == AP8959EU3
    assert (info.identity.vendor, info.identity.model, info.identity.serial) == ("APC", "AP8959EU3", "5A1638E01463")


async def test_every_reading_of_the_apc_names_where_it_came_from(recorded):
    agent = await recorded("apc_ap8959eu3")
    _, readings = await everything(agent.driver("pdu"))
    assert readings["inlet.power"].source == f"{APC}.4.3.1.5.1"
    assert readings["inlet.power"].raw == 27
    assert all(agent.recording.raw[reading.source] == reading.raw for reading in readings.values())


def expected_of_raritan(raw):
    """Readings by name, from PDU2-MIB: value = Value / 10^DecimalDigits of the row (unit, part, sensorType)."""

    def measured(part, config, kind, *index):
        place = ".".join(map(str, (*index, kind)))
        if raw[f"{PDU2}.5.{part}.3.1.3.{place}"] == -1:  # unavailable, as the power factor of an outlet without load
            return Reason.SENTINEL
        return raw[f"{PDU2}.5.{part}.3.1.4.{place}"] / 10 ** raw[f"{PDU2}.3.{config}.4.1.7.{place}"]

    inlet = {"current": 1, "voltage": 4, "power": 5, "apparent_power": 6, "power_factor": 7, "energy": 8}
    found = {f"inlet.{name}": measured(2, 3, kind, 1, 1) for name, kind in (*inlet.items(), ("frequency", 23))}
    for number in (1, 2):
        found[f"branch.{number}.current"] = measured(3, 4, 1, 1, number)
        found[f"breaker.{number}.state"] = {0: "open", 1: "closed"}[raw[f"{PDU2}.5.3.3.1.3.1.{number}.15"]]
    for number in range(1, 25):
        for name, kind in OUTLET:
            found[f"outlet.{number}.{name}"] = measured(4, 5, kind, 1, number)
        found[f"outlet.{number}.state"] = {7: "on", 8: "off"}[raw[f"{PDU2}.5.4.3.1.3.1.{number}.14"]]
    for number in (1, 2):  # temperatures, one digit, degreeC; both within their thresholds
        found[f"probe.{number}.temperature"] = raw[f"{PDU2}.5.5.3.1.4.1.{number}"] / 10
        found[f"probe.{number}.state"] = "ok"
    doors = {"door": (3, 6), "door_lock": (4, 7), "door_handle": (5, 8)}  # doorContact 43, doorLockState 49, 50
    for name, number in ((name, number) for name, numbers in doors.items() for number in numbers):
        found[f"{name}.{number}.state"] = {0: "open", 1: "closed"}[raw[f"{PDU2}.5.5.3.1.3.1.{number}"]]
    return found


@pytest.mark.parametrize("v3", [False, True])
async def test_a_raritan_rack_pdu_says_what_its_mib_means(recorded, v3):
    agent = await recorded("raritan-pdu_px3")
    info, readings = await everything(agent.driver("pdu", v3=v3))
    assert shown(readings) == expected_of_raritan(agent.recording.raw)
    assert (info.identity.vendor, info.identity.model, info.identity.firmware) == (
        "Raritan",
        "PX3-5493U-K2",
        "4.2.0.5-50274",
    )


async def test_some_values_of_the_raritan_as_a_person_would_read_them_off(recorded):
    agent = await recorded("raritan-pdu_px3")
    _, readings = await everything(agent.driver("pdu"))
    values = shown(readings)
    assert values["inlet.current"] == 7.467
    assert values["inlet.power"] == 1665.0
    assert values["inlet.power_factor"] == 0.98
    assert values["inlet.energy"] == 74_057_676.0
    assert values["inlet.frequency"] == 50.0
    assert values["outlet.1.current"] == 0.633
    assert values["probe.1.temperature"] == 23.1


@pytest.mark.parametrize("name", ["apc_ap8959eu3", "raritan-pdu_px3"])
async def test_no_sentinel_is_good(recorded, name):
    agent = await recorded(name)
    _, readings = await everything(agent.driver("pdu"))
    for reading in readings.values():
        if reading.raw in (-1, -410, 4294967295):
            assert reading.quality is Quality.BAD
            assert reading.value is None


@pytest.mark.parametrize("name", ["stulz_wib8000", "liebert_weblbds", "apc_smtl1000-nmc3"])
async def test_a_device_of_no_known_family_is_named_and_not_guessed(recorded, name):
    agent = await recorded(name)
    with pytest.raises(DeviceGarbled, match=r"is none of apc-rpdu, .*raritan-pdu2"):
        await agent.driver("pdu").connect()
