"""The served log: what was sent, in order, whole lines, bounded."""

import json
from pathlib import Path

from firmware_stubs.pod import Pod, PodPlan
from firmware_stubs.served_log import JsonLinesLog
from firmware_stubs.snmp_ber import Tag, oid_body
from firmware_stubs.snmp_table import bind


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_names_time_device_and_values_with_their_types(tmp_path: Path) -> None:
    log = JsonLinesLog(tmp_path / "served.jsonl", now=lambda: 12.5)
    sent = (
        bind(oid_body((1, 3, 6, 1)), Tag.GAUGE32, 4_294_967_295),
        bind(oid_body((1, 3, 6, 2)), Tag.OCTETS, b"PX3"),
        bind(oid_body((1, 3, 6, 3)), Tag.OCTETS, b"\xff\x00"),
        bind(oid_body((1, 3, 6, 4)), Tag.OBJECT_ID, (1, 3, 9)),
        bind(oid_body((1, 3, 6, 5)), Tag.NO_SUCH_INSTANCE, None),
    )
    log.record("pdu-a1", sent, None)
    log.record("pdu-a1", (), "garbage:random")
    log.close()
    first, second = lines(tmp_path / "served.jsonl")
    assert first == {
        "t": 12.5,
        "device": "pdu-a1",
        "varbinds": [
            ["1.3.6.1", "Gauge32", 4_294_967_295],
            ["1.3.6.2", "OctetString", "PX3"],
            ["1.3.6.3", "OctetString", "0xff00"],
            ["1.3.6.4", "ObjectIdentifier", "1.3.9"],
            ["1.3.6.5", "noSuchInstance", None],
        ],
    }
    assert second["fault"] == "garbage:random"


def test_the_log_keeps_one_old_file_and_never_grows_beyond(tmp_path: Path) -> None:
    path = tmp_path / "served.jsonl"
    log = JsonLinesLog(path, now=lambda: 0.0, max_bytes=500)
    for count in range(100):
        log.record(f"pdu-{count}", (), None)
    log.close()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["served.jsonl", "served.jsonl.1"]
    assert all(entry.stat().st_size <= 500 for entry in tmp_path.iterdir())
    kept = [line["device"] for file in (path.with_name("served.jsonl.1"), path) for line in lines(file)]
    assert kept == [f"pdu-{count}" for count in range(100 - len(kept), 100)]


async def test_what_a_client_got_is_what_the_log_holds(tmp_path: Path, net_snmp) -> None:
    async with Pod(PodPlan(tmp_path, racks=1, outlets=4, served_log=tmp_path / "served.jsonl")) as pod:
        answer = await net_snmp("snmpget", pod.devices[0], ".1.3.6.1.4.1.13742.6.5.2.3.1.4.1.1.8")
    served = lines(tmp_path / "served.jsonl")[-1]
    assert served["device"] == "pdu-a1"
    assert served["varbinds"] == [["1.3.6.1.4.1.13742.6.5.2.3.1.4.1.1.8", "Gauge32", int(answer.rsplit(" ", 1)[1])]]
