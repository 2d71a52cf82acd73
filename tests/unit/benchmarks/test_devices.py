"""The figures of the devices, and what their peers are asked with."""

import json

from benchmarks import devices, exporter, report
from benchmarks.__main__ import BENCHMARKS, PAGE
from benchmarks.polls_snmp import oids
from benchmarks.rounds import Sample

COST_US = {"edgeagent": Sample((100.0,)), "libmodbus": Sample((50.0,)), "snmpget": Sample((1000.0,))}
TOOK_MS = {name: (Sample((1.0,)), Sample((2.0,))) for name in COST_US}


def test_a_poll_is_compared_with_every_peer_and_the_rest_with_the_first() -> None:
    found = {one.name: one for one in devices.figures("cdu", 20, COST_US, TOOK_MS)}
    assert (found["cdu_us_per_poll"].ratio, found["cdu_us_per_poll"].peer) == (2.0, "libmodbus")
    assert found["cdu_us_per_poll_vs_snmpget"].ratio == 0.1
    assert found["cdu_us_per_point"].value == 5.0
    assert (found["cdu_p50_ms"].value, found["cdu_p99_ms"].value) == (1.0, 2.0)
    assert found["cdu_points"].value == 20


def test_every_kind_has_figures_of_its_own() -> None:
    names = [kind.name for kind in devices.KINDS]
    assert len(set(names)) == len(names)


def test_the_exporter_gets_the_objects_that_we_ask_for_each_in_one_metric() -> None:
    asked = [one for request in oids([["1.3.6.1.0"], [["1.3.6.2.7.1", "1.3.6.2.7.2"]]]) for one in request]
    module = json.loads(exporter.of_objects(asked, {"version": 2}))[exporter.MODULE]
    assert module["get"] == ["1.3.6.1.0", "1.3.6.2.7.1", "1.3.6.2.7.2"]
    assert [(one["oid"], "indexes" in one) for one in module["metrics"]] == [("1.3.6.1.0", False), ("1.3.6.2.7", True)]
    assert module["version"] == 2


def test_each_section_of_the_page_is_there_to_be_written() -> None:
    text = PAGE.read_text()
    for name in BENCHMARKS:
        assert report.BEGIN.format(name) in text
        assert report.END.format(name) in text
