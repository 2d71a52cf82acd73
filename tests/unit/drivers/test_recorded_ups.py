"""Recorded UPS: three phases by the standard MIB, and one with only its vendor's; values equal what the MIBs mean."""

import pytest

from edgeagent.model.reading import Reason
from tests.fixtures.recorded import everything, shown

pytestmark = pytest.mark.holds_the_loop("pysnmp loads its own MIB files inside a callback")

STANDARD = "1.3.6.1.2.1.33.1"
APC = "1.3.6.1.4.1.318.1.1.1"
# UPS-MIB, scalars: object, identifier, point, what the raw value is multiplied by and divided by
SCALARS = [
    ("upsEstimatedChargeRemaining", ".2.4.0", "battery.charge", 1, 1),  # percent
    ("upsEstimatedMinutesRemaining", ".2.3.0", "battery.runtime", 60, 1),  # minutes
    ("upsSecondsOnBattery", ".2.2.0", "battery.on_battery", 1, 1),
    ("upsBatteryVoltage", ".2.5.0", "battery.voltage", 1, 10),  # 0.1 Volt DC
    ("upsBatteryCurrent", ".2.6.0", "battery.current", 1, 10),  # 0.1 Amp DC
    ("upsBatteryTemperature", ".2.7.0", "battery.temperature", 1, 1),  # degrees Centigrade
    ("upsOutputFrequency", ".4.2.0", "output.frequency", 1, 10),
    ("upsBypassFrequency", ".5.1.0", "bypass.frequency", 1, 10),
]
# UPS-MIB, tables of lines
LINES = [
    ("upsInputFrequency", ".3.3.1.2", "input.{}.frequency", 10),
    ("upsInputVoltage", ".3.3.1.3", "input.{}.voltage", 1),
    ("upsInputCurrent", ".3.3.1.4", "input.{}.current", 10),
    ("upsOutputVoltage", ".4.4.1.2", "output.{}.voltage", 1),
    ("upsOutputCurrent", ".4.4.1.3", "output.{}.current", 10),
    ("upsOutputPower", ".4.4.1.4", "output.{}.power", 1),
    ("upsOutputPercentLoad", ".4.4.1.5", "output.{}.load", 1),
    ("upsBypassVoltage", ".5.3.1.2", "bypass.{}.voltage", 1),
    ("upsBypassCurrent", ".5.3.1.3", "bypass.{}.current", 10),
    ("upsBypassPower", ".5.3.1.4", "bypass.{}.power", 1),
]
# PowerNet-MIB: upsHighPrec are tenths, run time is TimeTicks
POWERNET = [
    ("upsHighPrecBatteryCapacity", ".2.3.1.0", "battery.charge", 10),
    ("upsHighPrecBatteryTemperature", ".2.3.2.0", "battery.temperature", 10),
    ("upsHighPrecBatteryActualVoltage", ".2.3.4.0", "battery.voltage", 10),
    ("upsAdvBatteryRunTimeRemaining", ".2.2.3.0", "battery.runtime", 100),
    ("upsHighPrecInputLineVoltage", ".3.3.1.0", "input.1.voltage", 10),
    ("upsHighPrecInputFrequency", ".3.3.4.0", "input.1.frequency", 10),
    ("upsHighPrecOutputVoltage", ".4.3.1.0", "output.1.voltage", 10),
    ("upsHighPrecOutputFrequency", ".4.3.2.0", "output.frequency", 10),
    ("upsHighPrecOutputLoad", ".4.3.3.0", "output.1.load", 10),
    ("upsHighPrecOutputCurrent", ".4.3.4.0", "output.1.current", 10),
]


async def test_a_three_phase_ups_says_what_the_standard_means(recorded):
    agent = await recorded("eaton-mgeups_93ps")
    info, readings = await everything(agent.driver("ups", word="ups"))
    raw = agent.recording.raw
    wanted = {name: raw[STANDARD + oid] * factor / divisor for _, oid, name, factor, divisor in SCALARS}
    for line in (1, 2, 3):
        wanted |= {name.format(line): raw[f"{STANDARD}{oid}.{line}"] / divisor for _, oid, name, divisor in LINES}
        wanted[f"input.{line}.power"] = Reason.SENTINEL  # 0 W beside 4.8 A at 238 V: this card does not measure it
    wanted["output.source"] = {3: "normal"}[raw[f"{STANDARD}.4.1.0"]]
    wanted["battery.status"] = {2: "normal"}[raw[f"{STANDARD}.2.1.0"]]
    assert shown(readings) == wanted
    assert (info.identity.vendor, info.identity.model, info.identity.serial) == ("EATON", "93PS", "H2652000009")


async def test_an_apc_ups_without_the_standard_mib_says_what_its_own_means(recorded):
    agent = await recorded("apc_smtl1000-nmc3")
    info, readings = await everything(agent.driver("ups", word="ups"))
    raw = agent.recording.raw
    wanted = {name: raw[APC + oid] / divisor for _, oid, name, divisor in POWERNET}
    wanted["output.source"] = {2: "normal"}[raw[f"{APC}.4.1.1.0"]]  # onLine
    wanted["battery.replace"] = {1: "ok"}[raw[f"{APC}.2.2.4.0"]]  # noBatteryNeedsReplacing
    assert shown(readings) == wanted
    assert (info.identity.vendor, info.identity.model, info.identity.serial) == (
        "APC",
        "Smart-UPS 1000",
        "AS2233161027",
    )
    assert (wanted["battery.runtime"], wanted["output.1.load"]) == (1522.0, 37.8)


@pytest.mark.parametrize("name", ["eaton-mgeups_93ps", "apc_smtl1000-nmc3"])
async def test_every_reading_of_a_ups_names_where_it_came_from(recorded, name):
    agent = await recorded(name)
    _, readings = await everything(agent.driver("ups", word="ups"))
    assert all(agent.recording.raw[reading.source] == reading.raw for reading in readings.values())
