"""What net-snmp's agent is told to serve, and what its peers are told to read."""

import json

import pytest

from benchmarks import collectd, exporter, snmp
from benchmarks.process import BenchError
from benchmarks.replica import HARDWARE, Binding, configuration, parse_walk
from benchmarks.rounds import Sample

WALK = f"""\
.1.3.6.1.2.1.1.1.0 = STRING: "APC card"
.1.3.6.1.2.1.1.3.0 = Timeticks: (231) 0:00:02.31
.{HARDWARE}.9.4.3.1.6.1 = INTEGER: -1
.{HARDWARE}.9.4.3.1.6.2 = INTEGER: 4
.{HARDWARE}.9.4.3.1.3.1 = STRING: "Outlet 1"
.{HARDWARE}.9.4.3.1.3.2 = ""
.{HARDWARE}.1.0 = INTEGER: 1
"""


def test_every_object_of_a_walk_is_served_and_the_system_group_is_snmpds_own() -> None:
    lines = configuration(1161, parse_walk(WALK)).splitlines()

    assert "sysdescr APC card" in lines
    assert f"override .{HARDWARE}.9.4.3.1.6.1 integer -1" in lines
    assert f'override .{HARDWARE}.9.4.3.1.3.2 octet_str ""' in lines
    assert sum(line.startswith("override") for line in lines) == 5


def test_a_type_that_snmpd_cannot_hold_is_not_left_out_in_silence() -> None:
    with pytest.raises(BenchError, match="no override of type Counter64"):
        configuration(1161, [Binding(f"{HARDWARE}.1.0", "Counter64", "7")])


def test_the_exporter_has_one_metric_per_column() -> None:
    bindings = [found for found in parse_walk(WALK) if found.oid.startswith(HARDWARE)]
    metrics = json.loads(exporter.configuration(bindings))[exporter.MODULE]["metrics"]

    assert [metric["oid"].removeprefix(f"{HARDWARE}.") for metric in metrics] == ["9.4.3.1.6", "9.4.3.1.3", "1.0"]
    assert [metric["type"] for metric in metrics] == ["gauge", "DisplayString", "gauge"]
    assert "indexes" not in metrics[-1]


def test_collectd_reads_every_pdu_and_publishes_to_the_same_broker(tmp_path: object) -> None:
    devices = [{"name": f"pdu-{n}", "host": "127.0.0.1", "port": 1000 + n, "community": "public"} for n in (1, 2)]
    config = collectd.configuration(devices, 1883, tmp_path)  # type: ignore[arg-type]

    assert config.count("<Host ") == 2
    assert 'Address "127.0.0.1:1002"' in config
    assert 'Port "1883"' in config


def test_the_two_ratios_come_first_and_every_peer_has_its_figure() -> None:
    costs = {"edgeagent": 8.0, "gufo-snmp": 5.0, "pysnmp": 120.0, "snmpbulkwalk": 6.0, "prometheus-snmp-exporter": 16.0}
    found = snmp.figures({name: Sample((cost,) * 5) for name, cost in costs.items()})

    assert [(figure.name, figure.value, figure.verdict) for figure in found[:2]] == [
        ("ours_vs_gufo", 1.6, "PASS"),
        ("pysnmp_vs_ours", 15.0, "PASS"),
    ]
    assert [figure.peer for figure in found[2:]] == list(costs)[1:]
