"""A pod with its plant: it starts with 24 racks, tells what it has, and its truth adds up."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest

from firmware_stubs.pod import Pod, PodPlan, main


async def test_a_pod_of_24_racks_with_its_plant_starts_and_names_all_it_has(tmp_path: Path) -> None:
    async with Pod(PodPlan(tmp_path, racks=24, outlets=4, plant=True)) as pod:
        described = json.loads((tmp_path / "pod.json").read_text())
        assert len([entry for entry in described["devices"] if entry["kind"] == "rack_pdu"]) == 48
        assert [unit["name"] for unit in described["plant"]["air"]][:2] == ["air-1a", "air-1b"]
        assert [cdu["name"] for cdu in described["plant"]["cdu"]] == ["cdu-1", "cdu-2"]
        assert sorted(rack for racks in described["plant"]["aisles"].values() for rack in racks) == sorted(
            pod.world.racks
        )
        assert all(18 < rack.inlet_c < 24 for rack in pod.world.racks.values())


async def test_the_state_holds_the_plants_truth_and_it_adds_up(tmp_path: Path) -> None:
    async with Pod(PodPlan(tmp_path, racks=1, outlets=8, plant=True, speed=500.0)) as pod:
        async with asyncio.timeout(10):
            while pod.world.time_s < 600:
                await asyncio.sleep(0.01)
        plant = json.loads(json.dumps(pod.state()))["plant"]
        consumed_wh = sum(plant["balance"]["loads_wh"].values())
        assert consumed_wh > 100
        assert abs(plant["balance"]["residual_wh"]) < 0.001 * consumed_wh
        assert plant["source"] == "grid"
        assert plant["pv"]["pv-1"]["power_w"] > 0
        assert plant["cdu"]["cdu-1"]["secondary_flow_lpm"] > 0


async def test_a_plants_faults_are_injected_by_the_names_that_pod_json_tells(tmp_path: Path) -> None:
    async with Pod(PodPlan(tmp_path, racks=1, outlets=4, plant=True)) as pod:
        described = pod.description["plant"]
        names = [thing["name"] for word in ("air", "cdu") for thing in described[word]]
        for name, kind in zip(names, ("fan_stop", "compressor_fault", "leak"), strict=True):
            pod.inject(name, kind)
        pod.inject("grid", "grid_loss")
        pod.inject("feed-b", "feed_loss")
        assert {fault["device"] for fault in pod.state()["faults"]} == {*names, "grid", "feed-b"}
        assert pod.world.pdus["pdu-b1"].power_w == 0
        pod.board.clear()
        assert pod.world.pdus["pdu-b1"].power_w > 0


async def test_a_step_of_the_wall_clock_stands_in_the_state_and_in_a_file_for_libfaketime(tmp_path: Path) -> None:
    async with Pod(PodPlan(tmp_path, racks=1, outlets=1)) as pod:
        pod.inject("clock", "clock_step", step_s=86_400)
        assert pod.state()["clock_offset_s"] == 86_400
        assert (tmp_path / "faketime").read_text() == "+86400.000\n"


async def test_a_pod_without_a_plant_says_nothing_of_one(tmp_path: Path) -> None:
    async with Pod(PodPlan(tmp_path, racks=1, outlets=1)) as pod:
        assert "plant" not in pod.state()
        assert "plant" not in pod.description


def test_a_weather_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "w.csv").write_text("nothing\n")
    assert main(["--dir", str(tmp_path / "pod"), "--plant", "--weather", str(tmp_path / "w.csv")]) == 2
    assert "is no weather trace" in capsys.readouterr().err


async def test_the_plants_devices_are_served_over_their_own_protocols(tmp_path: Path, net_snmp) -> None:
    async with Pod(PodPlan(tmp_path, racks=1, outlets=4, plant=True)) as pod:
        entries = {entry["name"]: entry for entry in pod.devices}
        assert {entries[name]["driver"] for name in entries} == {
            "ipdu",
            "ups",
            "cdu",
            "bmc",
            "gpu",
            "battery",
            "inverter",
            "meter",
            "cooling",
            "water",
            "dcplant",
            "ats",
            "generator",
            "enclosure",
        }
        assert all("://" in entry["address"] for name, entry in entries.items() if name != "gpus")
        host, port = entries["ups-a"]["address"].removeprefix("snmp://").split(":")
        entry = {**entries["ups-a"], "host": host, "port": port, "version": "v2c"}
        charge, source = ".1.3.6.1.2.1.33.1.2.4.0", ".1.3.6.1.2.1.33.1.4.1.0"
        answer = await net_snmp("snmpget", entry, charge, source)
        assert [line.rsplit(" ", 1)[1] for line in answer.splitlines()] == ["100", "3"]
        url = entries["cdu-1"]["address"].replace("redfish+http", "http") + "/redfish/v1/ThermalEquipment/CDUs/1"
        access = entries["cdu-1"]["user"], entries["cdu-1"]["password"]
        async with aiohttp.ClientSession(headers={"Authorization": aiohttp.encode_basic_auth(*access)}) as http:
            async with http.get(url) as found:
                assert (await found.json())["SerialNumber"] == pod.world.plant.cdus["cdu-1"].serial
            pod.inject("cdu-1", "http_status")
            async with http.get(url) as broken:
                assert broken.status == 503


async def test_a_ups_says_over_snmp_that_it_is_on_battery(tmp_path: Path, net_snmp) -> None:
    async with Pod(PodPlan(tmp_path, racks=1, outlets=4, plant=True, speed=20.0)) as pod:
        pod.inject("battery-1", "bms_trip")
        pod.inject("grid", "grid_loss")
        ups = pod.world.plant.upses["A"]
        async with asyncio.timeout(10):
            while not ups.on_battery:
                await asyncio.sleep(0.01)
        described = next(entry for entry in pod.devices if entry["name"] == "ups-a")
        host, port = described["address"].removeprefix("snmp://").split(":")
        entry = {**described, "host": host, "port": port, "version": "v2c"}
        answer = await net_snmp("snmpget", entry, ".1.3.6.1.2.1.33.1.4.1.0", ".1.3.6.1.2.1.33.1.6.1.0")
        assert [line.rsplit(" ", 1)[1] for line in answer.splitlines()] == ["5", "1"]


async def test_the_battery_speaks_sunspec_and_resets_its_connections_when_it_is_told_to(tmp_path: Path) -> None:
    async with Pod(PodPlan(tmp_path, racks=1, outlets=1, plant=True)) as pod:
        address = next(entry["address"] for entry in pod.devices if entry["name"] == "battery-1")
        host, _, port = address.removeprefix("modbus://").removesuffix("/1").partition(":")
        question = bytes.fromhex("0007 0000 0006 01 03 9c40 0002")  # two registers from 40000
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(question)
        async with asyncio.timeout(5):
            assert await reader.readexactly(13) == bytes.fromhex("0007 0000 0007 01 03 04") + b"SunS"
            pod.inject("battery-1", "tcp_reset")
            writer.write(question)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(13)
        writer.close()
