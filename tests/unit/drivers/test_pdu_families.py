"""Rack PDUs that nobody recorded, written down from their MIBs: three phases, Fahrenheit, several cords, all probes.

Each agent below is made for its test from the text of the MIB, and served over real SNMP.
"""

import pytest

from edgeagent.model.reading import Reason

pytestmark = pytest.mark.holds_the_loop("pysnmp loads its own MIB files inside a callback")

EATON = "1.3.6.1.4.1.534.6.6.7"
GEIST = "1.3.6.1.4.1.21239.5.2"
SENTRY = "1.3.6.1.4.1.1718.4.1"
LIEBERT = "1.3.6.1.4.1.476.1.42.3.8"
APC = "1.3.6.1.4.1.318.1.1.26"
RARITAN = "1.3.6.1.4.1.13742.6"


async def test_three_phases_of_an_eaton_are_told_from_its_neutral_and_its_voltages_between_phases(made):
    _, values = await made(
        EATON,
        EATON,
        {
            ".1.2.1.3.0": "EMIX10",
            **{f".3.2.1.2.0.1.{n}": kind for n, kind in ((1, 2), (2, 3), (3, 4), (4, 5))},  # 1-N, 2-N, 3-N, 1-2
            **{f".3.2.1.3.0.1.{n}": 230_000 + n for n in (1, 2, 3)},
            ".3.2.1.3.0.1.4": 400_100,
            **{f".3.3.1.2.0.1.{n}": kind for n, kind in ((1, 3), (2, 4), (3, 5), (4, 2))},  # phases 1 to 3, neutral
            **{f".3.3.1.4.0.1.{n}": 1000 * n for n in (1, 2, 3, 4)},
            **{f".3.4.1.2.0.1.{n}": n for n in (1, 2, 3, 4)},  # phases 1 to 3, total
            **{f".3.4.1.4.0.1.{n}": 100 * n for n in (1, 2, 3, 4)},
            ".5.1.1.4.0.1": 1,  # breaker1pole
            ".5.1.1.5.0.1": 2,  # breakerOff
            ".5.1.1.4.0.2": 4,  # outletSection
            ".5.1.1.5.0.2": 0,  # notApplicable
            ".5.4.1.3.0.1": 5250,
        },
    )
    assert values == {
        "phase.1.voltage": 230.001,
        "phase.2.voltage": 230.002,
        "phase.3.voltage": 230.003,
        "phase.1.line_voltage": 400.1,
        "phase.1.current": 1.0,
        "phase.2.current": 2.0,
        "phase.3.current": 3.0,
        "inlet.neutral_current": 4.0,
        "phase.1.power": 100.0,
        "phase.2.power": 200.0,
        "phase.3.power": 300.0,
        "inlet.power": 400.0,
        "branch.1.current": 5.25,
        "breaker.1.state": "open",
    }


async def test_strapped_eatons_speak_each_in_its_own_degrees(made):
    _, values = await made(
        EATON,
        EATON,
        {
            ".1.2.1.9.0": 0,  # celsius
            ".1.2.1.9.3": 1,  # fahrenheit
            **{f".7.1.1.3.{unit}.1": 1 for unit in (0, 3)},
            ".7.1.1.4.0.1": -52,
            ".7.1.1.4.3.1": 797,
            ".7.1.1.3.0.2": 0,  # disconnected
            ".7.1.1.4.0.2": 0,
            ".7.2.1.3.0.1": -1,  # bad
            ".7.2.1.4.0.1": 0,
            ".7.3.1.4.0.1": 1,  # a contact inside the ePDU: no contactProbeStatus
            ".7.3.1.3.0.2": 0,
            ".7.3.1.4.0.2": 0,
        },
    )
    assert values == {
        "probe.1.temperature": -5.2,
        "unit.3.probe.1.temperature": pytest.approx(26.5),
        "probe.2.temperature": Reason.ABSENT,
        "probe.1.humidity": Reason.SENTINEL,
        "probe.1.state": "ok",
        "unit.3.probe.1.state": "ok",
        "probe.2.state": "not_installed",
        "contact.1.state": "closed",
        "contact.2.state": Reason.ABSENT,
    }


async def test_an_outlet_of_an_eaton_that_waits_for_its_delay_is_what_it_still_is(made):
    _, values = await made(EATON, EATON, {f".6.6.1.2.0.{n + 1}": n for n in range(5)})
    states = ["off", "on", "on", "off", Reason.OUT_OF_RANGE]  # off, on, pendingOff, pendingOn, no such code
    assert values == {f"outlet.{n + 1}.state": state for n, state in enumerate(states)}


async def test_a_geist_speaks_fahrenheit_until_it_is_told_otherwise(made):
    probes = {
        ".4.1.4.1": 1,
        ".4.1.5.1": 725,
        ".9.1.4.1": 1,
        ".9.1.5.1": -40,
        ".9.1.6.1": 44,
        ".9.1.7.1": 500,
        ".4.1.4.2": 0,  # unavailable
        ".4.1.5.2": 725,
    }
    _, values = await made("1.3.6.1.4.1.21239.42.1.53", GEIST, {".1.7.0": 0, ".3.1.1.9.1": 5, **probes})
    assert values == {
        "inlet.power": 5.0,
        "probe.1.temperature": 22.5,
        "probe.1.state": "ok",
        "probe.2.temperature": Reason.ABSENT,
        "probe.2.state": "not_installed",
        "probe.thd.1.temperature": -20.0,
        "probe.thd.1.humidity": 44.0,
        "probe.thd.1.dew_point": 10.0,
        "probe.thd.1.state": "ok",
    }


async def test_a_geist_that_does_not_say_its_degrees_has_no_temperature(made):
    _, values = await made("1.3.6.1.4.1.21239.42.1.53", GEIST, {".3.1.1.9.1": 5, ".4.1.4.1": 1, ".4.1.5.1": 725})
    assert values["probe.1.temperature"] is Reason.ABSENT


async def test_outlets_doors_and_totals_of_a_geist(made):
    switch = {f".3.5.1.4.{n}": n for n in range(1, 8)}
    info, values = await made(
        "1.3.6.1.4.1.21239.42.1.15",
        GEIST,
        {
            ".1.15.0": "Geist",  # productManufacturer
            ".3.1.1.5.1": 0,  # unavailable
            ".3.1.1.9.1": 0,
            **switch,
            ".3.6.1.12.1": 4294967295,
            ".13.1.4.1": 1,
            ".13.1.6.1": 1,
            ".13.1.9.1": 2,
            ".11.1.4.1": 1,
            ".11.1.5.1": 1,
            ".11.1.7.1": 3,  # flood
        },
    )
    assert info.identity.vendor == "Geist"
    states = ["on", "off", "on", "off", "on", "off", Reason.SENTINEL]
    assert values == {
        "inlet.power": Reason.ABSENT,
        **{f"outlet.{n + 1}.state": state for n, state in enumerate(states)},
        "outlet.1.power": Reason.SENTINEL,
        "door.1.state": "open",
        "door.2.state": "closed",
        "contact.1.flood": "high",
    }


async def test_cords_are_named_where_a_unit_has_several_and_a_fault_is_no_dry_floor(made):
    _, values = await made(
        "1.3.6.1.4.1.1718.4",
        SENTRY,
        {
            ".3.3.1.3.1.1": 100,
            ".3.3.1.3.1.2": 200,
            ".5.3.1.3.1.1.1": 2301,
            ".5.3.1.3.1.2.1": -1,
            ".8.3.1.1.1.1.1": 1,
            ".8.3.1.1.1.2.1": 0,  # unknown
            ".8.3.1.14.1.1.1": 345,
            ".6.3.1.1.1.1.1": 12,  # breakerTripped
            ".9.1.10.0": 1,  # fahrenheit
            ".9.3.1.1.1.1": 770,
            ".9.3.1.2.1.1": 17,  # highAlarm: a reading none the less
            ".9.3.1.1.1.2": -410,
            ".9.3.1.2.1.2": 0,
            ".11.3.1.1.1.1": 8,  # lost
            ".11.3.1.1.2.1": 18,  # alarm
        },
    )
    assert values == {
        "inlet.1.power": 100.0,
        "inlet.2.power": 200.0,
        "inlet.1.phase.1.voltage": 230.1,
        "inlet.2.phase.1.voltage": Reason.SENTINEL,
        "inlet.1.outlet.1.state": "on",
        "inlet.2.outlet.1.state": Reason.SENTINEL,
        "outlet.1.energy": 345.0,
        "breaker.1.state": "open",
        "probe.1.temperature": 25.0,
        "probe.1.state": "ok",
        "probe.2.temperature": Reason.SENTINEL,
        "probe.2.state": "ok",
        "leak.1.state": "fault",
        "unit.2.leak.1.state": "leak",
    }


async def test_sensors_of_a_liebert_are_told_by_their_type(made):
    rows = {(1, 1): (1, 75), (1, 2): (2, 0), (2, 1): (1, 75), (2, 2): (1, 75), (3, 1): (3, 0), (4, 1): (6, 0)}
    values = {f".60.15.1.10.1.{sensor}.{place}": kind for (sensor, place), (kind, _) in rows.items()}
    values |= {".60.15.1.70.1.1.1": -15, ".60.15.1.70.1.2.1": 210, ".60.15.1.70.1.2.2": 220}
    values |= {".60.15.1.95.1.1.2": 455, ".60.15.1.120.1.3.1": 1, ".60.15.1.165.1.4.1": 4}
    _, values = await made("1.3.6.1.4.1.476.1.42", LIEBERT, values)
    assert values == {
        "probe.1.1.temperature": -1.5,
        "probe.2.1.temperature": 21.0,
        "probe.2.2.temperature": 22.0,
        "probe.1.humidity": 45.5,
        "door.3.state": "open",
        "leak.4.state": "fault",
    }


async def test_whole_numbers_of_a_liebert_count_only_where_there_are_no_finer_ones(made):
    _, values = await made(
        "1.3.6.1.4.1.476.1.42",
        LIEBERT,
        {
            ".30.40.1.20.1.1.1": 239,  # whole volts of phase 1, and the tenths of the same
            ".30.40.1.19.1.1.1": 2381,
            ".30.40.1.20.1.1.2": 240,
            ".30.40.1.63.1.1.1": 0,
            ".30.40.1.67.1.1.1": 0,  # no power, no factor: a true 0
        },
    )
    assert values == {
        "phase.1.voltage": 238.1,
        "phase.2.voltage": 240.0,
        "phase.1.power": 0.0,
        "phase.1.power_factor": 0.0,
    }


async def test_sensors_of_an_apc_are_told_by_their_type(made):
    kinds = {1: 2, 2: 3, 3: 7, 4: 1}  # door, smoke, spot leak, not connected
    discrete = ".10.4.2.1"
    _, values = await made(
        "1.3.6.1.4.1.318.1.3.4.6",
        APC,
        {
            ".4.3.1.1.1": 1,
            ".4.3.1.5.1": 27,
            ".4.3.1.1.2": 2,
            ".4.3.1.5.2": -1,
            **{f"{discrete}.1.{n}": n for n in kinds},
            **{f"{discrete}.5.{n}": kind for n, kind in kinds.items()},
            **{f"{discrete}.6.{n}": 2 for n in kinds},  # commsOK
            **{f"{discrete}.7.{n}": 1 for n in kinds},  # open
            **{f"{discrete}.8.{n}": 2 for n in kinds},  # alarm
            ".13.1.1.3.1": 401,
        },
    )
    assert {name: values[name] for name in values if not name.startswith(("inlet.", "unit.2.inlet."))} == {
        "door.1.state": "open",
        "smoke.2.state": "smoke",
        "leak.3.state": "leak",
        "phase.1.line_voltage": 401.0,
    }
    assert (values["inlet.power"], values["unit.2.inlet.power"]) == (270.0, Reason.SENTINEL)


async def test_a_cascaded_raritan_and_its_sensors(made):
    def external(number, kind, state, value=0):
        return {
            f".3.6.3.1.2.1.{number}": kind,
            f".3.6.3.1.16.1.{number}": 14,  # degreeF
            f".3.6.3.1.17.1.{number}": 1,
            f".5.5.3.1.2.1.{number}": 1,
            f".5.5.3.1.3.1.{number}": state,
            f".5.5.3.1.4.1.{number}": value,
        }

    outlet = {f".5.4.3.1.{column}.2.5.14": value for column, value in ((2, 1), (3, 8))}
    sensors = external(1, 10, 4, 140) | external(2, 17, 11) | external(3, 18, 4) | external(4, 17, -1)
    _, values = await made("1.3.6.1.4.1.13742.6", RARITAN, {".3.2.1.1.3.1": "PX3", **outlet, **sensors})
    assert values == {
        "unit.2.outlet.5.state": "off",
        "probe.1.temperature": -10.0,
        "probe.1.state": "ok",
        "leak.2.state": "leak",
        "smoke.3.state": "clear",
        "leak.4.state": Reason.SENTINEL,
    }
