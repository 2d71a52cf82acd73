"""UPS and transfer switches that nobody recorded, written down from their MIBs, and what is never taken for a value."""

import pytest

from edgeagent.model.reading import Reason

pytestmark = pytest.mark.holds_the_loop("pysnmp loads its own MIB files inside a callback")

STANDARD = "1.3.6.1.2.1.33.1"
UPS = "1.3.6.1.4.1.318.1.1.1"
ATS = "1.3.6.1.4.1.318.1.1.8"
SMART_UPS = "1.3.6.1.4.1.318.1.3.27"


async def test_a_power_of_0_is_a_value_until_a_current_flows(made):
    currents = {1: 0, 2: 9, 3: 10}  # tenths of amperes
    values = {f".3.3.1.4.{line}": current for line, current in currents.items()} | {".4.1.0": 3}
    _, values = await made("1.3.6.1.4.1.4555.1", STANDARD, values | {f".3.3.1.5.{line}": 0 for line in currents}, "ups")
    assert {line: values[f"input.{line}.power"] for line in currents} == {1: 0.0, 2: 0.0, 3: Reason.SENTINEL}


async def test_a_negative_number_where_the_standard_has_none_is_no_value(made):
    told = {".2.1.0": 1, ".2.3.0": -1, ".2.4.0": 255, ".2.6.0": -35, ".2.7.0": -5, ".4.1.0": 2, ".4.4.1.2.1": -1}
    info, values = await made("1.3.6.1.4.1.4555.1", STANDARD, {".1.1.0": "ACME", ".1.2.0": "Rock 5", **told}, "ups")
    assert values == {
        "battery.status": Reason.SENTINEL,  # unknown
        "battery.runtime": Reason.SENTINEL,
        "battery.charge": Reason.OUT_OF_RANGE,
        "battery.current": -3.5,
        "battery.temperature": -5.0,
        "output.source": "off",  # none
        "output.1.voltage": Reason.SENTINEL,
    }
    assert (info.identity.vendor, info.identity.model) == ("ACME", "Rock 5")


async def test_what_an_apc_ups_does_not_support_is_no_value(made):
    _, values = await made(
        SMART_UPS,
        UPS,
        {
            ".2.2.2.0": 255,
            ".2.2.3.0": 4294967295,
            ".2.2.8.0": -1,
            ".2.2.9.0": -1,
            ".4.2.8.0": -1,
            ".4.3.5.0": -2,  # load is too low to report efficiency
            ".2.1.1.0": 1,  # unknown
            ".4.1.1.0": 16,  # emergencyStaticBypass
        },
        "ups",
    )
    assert values.pop("output.source") == "bypass"
    assert set(values) == {
        *("battery.temperature", "battery.runtime", "battery.voltage", "battery.current", "battery.status"),
        *("output.power", "output.efficiency"),
    }
    assert set(values.values()) == {Reason.SENTINEL}


async def test_a_battery_of_an_apc_ups_may_be_colder_than_freezing(made):
    _, values = await made(SMART_UPS, UPS, {".2.2.2.0": 0, ".2.3.2.0": 0, ".2.3.13.0": -52, ".4.1.1.0": 2}, "ups")
    assert values == {"battery.temperature": -5.2, "output.source": "normal"}


async def test_the_phases_of_an_apc_ups_go_before_the_whole_and_what_they_lack_is_taken_from_it(made):
    inputs = {".9.2.2.1.5.1": 2, ".9.2.2.1.5.2": 3}  # main, bypass
    inputs |= {f".9.2.3.1.3.{one}.{phase}": 229 + phase for one in (1, 2) for phase in (1, 2, 3)}
    outputs = {f".9.3.3.1.3.1.{phase}": 230 for phase in (1, 2, 3)} | {".9.3.3.1.4.1.1": -1}
    whole = {".3.3.1.0": 2345, ".4.3.1.0": 2300, ".4.3.4.0": 52}
    _, values = await made(SMART_UPS, UPS, inputs | outputs | whole, "ups")
    assert values == {
        **{f"{name}.{phase}.voltage": 229.0 + phase for name in ("input", "bypass") for phase in (1, 2, 3)},
        **{f"output.{phase}.voltage": 230.0 for phase in (1, 2, 3)},
        "output.1.current": 5.2,
    }


async def test_a_transfer_switch_says_its_source_and_what_it_carries(made):
    info, values = await made(
        "1.3.6.1.4.1.318.1.3.32",
        ATS,
        {
            ".1.5.0": "AP4423",
            ".1.6.0": "5A1",
            ".5.1.1.0": 2,  # atsCommEstablished
            ".5.1.2.0": 2,  # sourceB
            ".5.1.3.0": 1,  # atsRedundancyLost
            ".5.1.4.0": 2,  # atsCurrentOK
            ".5.1.12.0": 1,  # source A: fail
            ".5.3.2.1.4.1": 50,
            ".5.3.3.1.3.1.1": 0,
            ".5.3.3.1.3.2.1": 231,
            ".5.3.3.1.6.2.1": -1,
            ".5.4.3.1.4.1.1": 52,
            ".5.4.3.1.7.1.1": 1196,
            ".5.4.3.1.10.1.1": 32,
            ".5.4.5.1.3.1": 1,  # total
            ".5.4.5.1.4.1": 52,
            ".5.4.5.1.3.2": 2,  # bank 1
            ".5.4.5.1.4.2": 30,
        },
        "ats",
    )
    assert values == {
        "alarms.comm": "ok",
        "source.selected": "b",
        "source.redundancy": "lost",
        "output.overload": "ok",
        "source.a.state": "fail",
        "input.1.frequency": 50.0,
        "input.1.voltage": 0.0,
        "input.2.voltage": 231.0,
        "input.2.current": Reason.SENTINEL,
        "output.1.current": 5.2,
        "output.1.apparent_power": 1196.0,
        "output.1.load": 32.0,
        "output.current": 5.2,
        "branch.1.current": 3.0,
    }
    assert (info.identity.vendor, info.identity.model, info.identity.serial) == ("APC", "AP4423", "5A1")


async def test_a_transfer_switch_that_its_card_has_lost_has_no_source(made):
    _, values = await made("1.3.6.1.4.1.318.1.3.32", ATS, {".5.1.1.0": 3, ".5.1.2.0": 1}, "ats")
    assert values == {"alarms.comm": "lost", "source.selected": Reason.DISCONNECTED}
