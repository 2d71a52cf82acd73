"""Recorded rack PDUs of Eaton, Vertiv, Server Technology and Liebert: every value equals what its MIB means.

Each table states object, identifier and scale from the text of the MIB; the raw values come from the recording. The
profiles have no part in it: a name, an identifier or a scale that is wrong there makes a reading differ from here.
"""

import pytest

from edgeagent.model.reading import Quality, Reason
from tests.fixtures.recorded import everything, shown

pytestmark = pytest.mark.holds_the_loop("pysnmp loads its own MIB files inside a callback")

EATON = "1.3.6.1.4.1.534.6.6.7"
GEIST = "1.3.6.1.4.1.21239.5.2"
SENTRY = "1.3.6.1.4.1.1718.4.1"
LIEBERT = "1.3.6.1.4.1.476.1.42.3.8"
INVALID = {-1, -410, 4294967295}


def column(raw, oid):
    """Row index, as numbers → raw value."""
    prefix = oid + "."
    return {
        tuple(map(int, one.removeprefix(prefix).split("."))): value
        for one, value in raw.items()
        if one.startswith(prefix)
    }


def expected(raw, root, table):
    """Readings by name. A row of the table: object, identifier below root, name of an index, meaning of a raw value."""
    found = {}
    for _object, oid, name_of, meaning in table:
        for index, value in column(raw, root + oid).items():
            found.setdefault(name_of(*index), meaning(value))
    return found


def times(factor):
    return lambda value: value * factor


def over(divisor):
    """Divided; a negative is a value that is not available."""
    return lambda value: value / divisor if value >= 0 else Reason.SENTINEL


def word(**codes):
    return lambda value: codes[f"is_{value}"]


PLAIN = over(1)

# EATON-EPDU-MIB: "A negative value indicates that this object is not available."
EATON_TABLE = [
    ("inputFrequency", ".3.1.1.3", lambda _u, _i: "inlet.frequency", over(10)),  # 0.1 Hz
    ("inputVoltage", ".3.2.1.3", lambda *_: "inlet.voltage", over(1000)),  # mV; measurement type 1, single phase
    ("inputCurrent", ".3.3.1.4", lambda *_: "inlet.current", over(1000)),  # mA; measurement type 1, single phase
    ("inputTotalVA", ".3.5.1.3", lambda *_: "inlet.apparent_power", PLAIN),
    ("inputTotalWatts", ".3.5.1.4", lambda *_: "inlet.power", PLAIN),
    ("inputTotalWh", ".3.5.1.5", lambda *_: "inlet.energy", PLAIN),
    ("inputTotalPowerFactor", ".3.5.1.7", lambda *_: "inlet.power_factor", over(1000)),  # thousandths
    ("inputVA", ".3.4.1.3", lambda *_: "phase.1.apparent_power", PLAIN),  # measurement type 1, phase 1
    ("inputWatts", ".3.4.1.4", lambda *_: "phase.1.power", PLAIN),
    ("inputWh", ".3.4.1.5", lambda *_: "phase.1.energy", PLAIN),
    ("inputPowerFactor", ".3.4.1.7", lambda *_: "phase.1.power_factor", over(1000)),
    ("outletCurrent", ".6.4.1.3", lambda _u, o: f"outlet.{o}.current", over(1000)),
    ("outletVA", ".6.5.1.2", lambda _u, o: f"outlet.{o}.apparent_power", PLAIN),
    ("outletWatts", ".6.5.1.3", lambda _u, o: f"outlet.{o}.power", PLAIN),
    ("outletWh", ".6.5.1.4", lambda _u, o: f"outlet.{o}.energy", PLAIN),
    ("outletPowerFactor", ".6.5.1.6", lambda _u, o: f"outlet.{o}.power_factor", over(1000)),
    ("outletControlStatus", ".6.6.1.2", lambda _u, o: f"outlet.{o}.state", word(is_0="off", is_1="on")),
]
# VERTIV-V5-MIB: units stand in UNITS; power factors are percent
GEIST_TABLE = [
    ("pduTotalRealPower", ".3.1.1.9", lambda _: "inlet.power", PLAIN),
    ("pduTotalApparentPower", ".3.1.1.10", lambda _: "inlet.apparent_power", PLAIN),
    ("pduTotalPowerFactor", ".3.1.1.11", lambda _: "inlet.power_factor", over(100)),
    ("pduTotalEnergy", ".3.1.1.12", lambda _: "inlet.energy", PLAIN),
    ("pduPhaseVoltage", ".3.2.1.4", lambda p: f"phase.{p}.voltage", over(10)),  # decivolts
    ("pduPhaseCurrent", ".3.2.1.8", lambda p: f"phase.{p}.current", over(100)),  # centiamps
    ("pduPhaseRealPower", ".3.2.1.12", lambda p: f"phase.{p}.power", PLAIN),
    ("pduPhaseApparentPower", ".3.2.1.13", lambda p: f"phase.{p}.apparent_power", PLAIN),
    ("pduPhasePowerFactor", ".3.2.1.14", lambda p: f"phase.{p}.power_factor", over(100)),
    ("pduPhaseEnergy", ".3.2.1.15", lambda p: f"phase.{p}.energy", PLAIN),
    ("pduBreakerCurrent", ".3.3.1.4", lambda b: f"branch.{b}.current", over(100)),
    ("pduLineCurrent", ".3.4.1.4", lambda n: f"line.{n}.current", over(100)),
]


def unit(number):
    return "" if number == 1 else f"unit.{number}."


# Sentry4-MIB: every measured object ranges from -1
SENTRY_TABLE = [
    ("st4InputCordActivePower", ".3.3.1.3", lambda u, _: f"{unit(u)}inlet.power", PLAIN),
    ("st4InputCordApparentPower", ".3.3.1.5", lambda u, _: f"{unit(u)}inlet.apparent_power", PLAIN),
    ("st4InputCordPowerFactor", ".3.3.1.8", lambda u, _: f"{unit(u)}inlet.power_factor", over(100)),
    ("st4InputCordEnergy", ".3.3.1.10", lambda u, _: f"{unit(u)}inlet.energy", times(100)),  # 0.1 kWh
    ("st4InputCordFrequency", ".3.3.1.11", lambda u, _: f"{unit(u)}inlet.frequency", over(10)),
    ("st4LineCurrent", ".4.3.1.3", lambda u, _, n: f"{unit(u)}line.{n}.current", over(100)),
    ("st4PhaseVoltage", ".5.3.1.3", lambda u, _, p: f"{unit(u)}phase.{p}.voltage", over(10)),
    ("st4PhaseCurrent", ".5.3.1.6", lambda u, _, p: f"{unit(u)}phase.{p}.current", over(100)),
    ("st4PhaseActivePower", ".5.3.1.8", lambda u, _, p: f"{unit(u)}phase.{p}.power", PLAIN),
    ("st4OcpStatus", ".6.3.1.1", lambda u, _, b: f"{unit(u)}breaker.{b}.state", word(is_0="closed", is_12="open")),
    ("st4BranchState", ".7.3.1.1", lambda u, _, b: f"{unit(u)}branch.{b}.state", word(is_1="on", is_2="off")),
    (
        "st4TempSensorStatus",
        ".9.3.1.2",
        lambda u, p: f"{unit(u)}probe.{p}.state",
        word(is_0="ok", is_7="not_installed"),
    ),
]
# LIEBERT-GP-PDU-MIB: UNITS; tenths and hundredths where there are both
LIEBERT_TABLE = [
    ("lgpPduPsEntryPwrTotal", ".30.20.1.65", lambda *_: "inlet.power", PLAIN),
    ("lgpPduPsEntryApTotal", ".30.20.1.90", lambda *_: "inlet.apparent_power", PLAIN),
    ("lgpPduPsEntryEnergyAccum", ".30.20.1.50", lambda *_: "inlet.energy", times(100)),  # 0.1 kWh
    ("lgpPduPsEntryEcNeutral", ".30.20.1.70", lambda *_: "inlet.neutral_current", over(10)),
    ("lgpPduPsEntryPfTotal", ".30.20.1.95", lambda *_: "inlet.power_factor", lambda _: Reason.SENTINEL),  # 0 at 514 W
    ("lgpPduPsLineEntryEpLNTenths", ".30.40.1.19", lambda _u, _i, p: f"phase.{p}.voltage", over(10)),
    ("lgpPduPsLineEntryEcHundredths", ".30.40.1.22", lambda _u, _i, p: f"phase.{p}.current", over(100)),
    ("lgpPduPsLineEntryPwrLN", ".30.40.1.63", lambda _u, _i, p: f"phase.{p}.power", PLAIN),
    ("lgpPduPsLineEntryApLN", ".30.40.1.65", lambda _u, _i, p: f"phase.{p}.apparent_power", PLAIN),
    ("lgpPduPsLineEntryPfLN", ".30.40.1.67", lambda _u, _i, p: f"phase.{p}.power_factor", over(100)),
    ("lgpPduRbEntryEnergyAccum", ".40.20.1.85", lambda _u, b: f"branch.{b}.energy", times(100)),
    ("lgpPduRbEntryEpLNTenths", ".40.20.1.100", lambda _u, b: f"branch.{b}.voltage", over(10)),
    ("lgpPduRbEntryPwr", ".40.20.1.115", lambda _u, b: f"branch.{b}.power", PLAIN),
    ("lgpPduRbEntryAp", ".40.20.1.120", lambda _u, b: f"branch.{b}.apparent_power", PLAIN),
    ("lgpPduRbEntryPf", ".40.20.1.125", lambda _u, b: f"branch.{b}.power_factor", over(100)),
    ("lgpPduRbEntryEcHundredths", ".40.20.1.130", lambda _u, b: f"branch.{b}.current", over(100)),
    ("lgpPduRcpEntryEpTenths", ".50.20.1.56", lambda _u, _b, o: f"outlet.{o}.voltage", over(10)),
    ("lgpPduRcpEntryEcHundredths", ".50.20.1.61", lambda _u, _b, o: f"outlet.{o}.current", over(100)),
    ("lgpPduRcpEntryPwrOut", ".50.20.1.65", lambda _u, _b, o: f"outlet.{o}.power", PLAIN),
    ("lgpPduRcpEntryApOut", ".50.20.1.70", lambda _u, _b, o: f"outlet.{o}.apparent_power", PLAIN),
    ("lgpPduRcpEntryPf", ".50.20.1.75", lambda _u, _b, o: f"outlet.{o}.power_factor", over(100)),
    ("lgpPduRcpEntryFreq", ".50.20.1.80", lambda _u, _b, o: f"outlet.{o}.frequency", over(10)),
    ("lgpPduRcpEntryEnergyAccum", ".50.20.1.85", lambda _u, _b, o: f"outlet.{o}.energy", times(100)),
    ("lgpPduRcpEntryPwrState", ".50.20.1.95", lambda _u, _b, o: f"outlet.{o}.state", word(is_1="off", is_2="on")),
    ("lgpPduRcpEntryControlLock", ".50.20.1.105", lambda _u, _b, o: f"outlet.{o}.lock", word(is_1="unlocked")),
]


async def test_an_eaton_epdu_says_what_its_mib_means(recorded):
    agent = await recorded("eatonpdu_2")
    info, readings = await everything(agent.driver("pdu"))
    assert shown(readings) == expected(agent.recording.raw, EATON, EATON_TABLE)
    assert (info.identity.vendor, info.identity.model) == ("Eaton", "EMA114-10")
    assert (info.identity.serial, info.identity.firmware) == ("H619P44058", "05.01.0002")
    assert shown(readings)["inlet.power"] == 1584.0
    assert shown(readings)["phase.1.power_factor"] is Reason.SENTINEL


async def test_a_vertiv_geist_pdu_says_what_its_mib_means(recorded):
    agent = await recorded("vertiv-pdu_mg02e4w1")
    info, readings = await everything(agent.driver("pdu"))
    assert shown(readings) == expected(agent.recording.raw, GEIST, GEIST_TABLE)
    assert (info.identity.vendor, info.identity.model) == ("Vertiv", "MG02E4W1-42ITB3-3PS56B2A10-S")
    assert shown(readings)["phase.2.voltage"] == 234.1
    assert shown(readings)["phase.2.power_factor"] == 0.99


async def test_a_server_technology_pdu_says_what_its_mib_means(recorded):
    agent = await recorded("sentry4_switched8i")
    info, readings = await everything(agent.driver("pdu"))
    raw = agent.recording.raw
    wanted = expected(raw, SENTRY, SENTRY_TABLE)
    assert raw[f"{SENTRY}.9.1.10.0"] == 0  # st4TempSensorScale: celsius
    for number, name, divisor in ((9, "temperature", 10), (10, "humidity", 1)):
        statuses = column(raw, f"{SENTRY}.{number}.3.1.2")
        for (of, probe), value in column(raw, f"{SENTRY}.{number}.3.1.1").items():
            absent = statuses[of, probe] == 7  # notFound
            wanted[f"{unit(of)}probe.{probe}.{name}"] = Reason.ABSENT if absent else value / divisor
    assert shown(readings) == wanted
    assert (info.identity.vendor, info.identity.model) == ("Server Technology", "Sentry Switched PDU")
    assert shown(readings)["unit.5.probe.2.temperature"] == 27.1
    assert shown(readings)["inlet.energy"] == 3_472_000.0


async def test_a_liebert_mph2_says_what_its_mib_means(recorded):
    agent = await recorded("liebert_mph2rg")
    info, readings = await everything(agent.driver("pdu"))
    assert shown(readings) == expected(agent.recording.raw, LIEBERT, LIEBERT_TABLE)
    assert (info.identity.vendor, info.identity.model, info.identity.serial) == ("Liebert", "MPHR3142", "V15E0000712")
    assert shown(readings)["phase.1.voltage"] == 238.1
    assert shown(readings)["inlet.energy"] == 2_045_000.0


@pytest.mark.parametrize("name", ["eatonpdu_2", "vertiv-pdu_mg02e4w1", "sentry4_switched8i", "liebert_mph2rg"])
async def test_no_sentinel_is_good_and_every_reading_names_its_source(recorded, name):
    agent = await recorded(name)
    _, readings = await everything(agent.driver("pdu"))
    for reading in readings.values():
        assert agent.recording.raw[reading.source] == reading.raw
        if reading.raw in INVALID or (name == "eatonpdu_2" and reading.raw < 0):
            assert (reading.quality, reading.value) == (Quality.BAD, None)
