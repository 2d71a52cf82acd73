"""The whole pod as a process: it says when it is ready, obeys its control socket, and goes without a trace."""

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from firmware_stubs.pod import Pod, PodPlan, main


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-W", "error", "-m", "firmware_stubs.pod", *arguments],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ready(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    async with asyncio.timeout(20):
        word, path = (await process.stdout.readline()).decode().split()
    assert word == "ready"
    return described_in(Path(path))


def described_in(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class Control:
    """One session on a pod's control socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def __call__(self, **request: Any) -> dict[str, Any]:
        return await self.line(json.dumps(request))

    async def line(self, text: str) -> dict[str, Any]:
        self._writer.write(text.encode() + b"\n")
        async with asyncio.timeout(5):
            return json.loads(await self._reader.readline())


@pytest.fixture
async def control(pod: Pod) -> AsyncIterator[Control]:
    reader, writer = await asyncio.open_unix_connection(pod.plan.folder / "control.sock", limit=2**22)
    yield Control(reader, writer)
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_pod_within_a_second_and_leaves_only_its_files(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with running("--dir", str(tmp_path), "--racks", "1", "--outlets", "4") as process:
        described = await ready(process)
        assert (tmp_path / "control.sock").is_socket()
        process.send_signal(number)
        async with asyncio.timeout(1):
            assert await process.wait() == 0
        assert process.stderr is not None
        assert await process.stderr.read() == b""
    assert names_in(tmp_path) == ["pod.json", "sys"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", described["devices"][0]["port"]))


async def test_seconds_end_the_pod_by_themselves(tmp_path: Path) -> None:
    async with running("--dir", str(tmp_path), "--racks", "1", "--outlets", "1", "--seconds", "0.1") as process:
        await ready(process)
        async with asyncio.timeout(5):
            assert await process.wait() == 0


async def test_plain_agents_run_in_a_process_of_their_own(tmp_path: Path, net_snmp) -> None:
    async with running("--dir", str(tmp_path), "--plain-agents", "5", "--version", "v3") as process:
        described = await ready(process)
        assert [entry["rack"] for entry in described["devices"]] == [f"rack-{n}" for n in range(1, 6)]
        assert len({entry["port"] for entry in described["devices"]}) == 5
        answer = await net_snmp("snmpget", described["devices"][4], ".1.3.6.1.4.1.318.1.1.26.2.1.9.1")
        assert described["devices"][4]["serial"] in answer


async def test_fifty_plain_agents_open_in_one_process(tmp_path: Path, net_snmp) -> None:
    async with Pod(PodPlan(tmp_path, plain_agents=50, outlets=4)) as pod:
        assert len({entry["port"] for entry in pod.devices}) == len({entry["serial"] for entry in pod.devices}) == 50
        assert "= STRING" in await net_snmp("snmpget", pod.devices[49], ".1.3.6.1.2.1.1.5.0")


async def test_pod_json_says_all_that_a_client_needs(pod: Pod) -> None:
    described = described_in(pod.plan.folder / "pod.json")
    common = {
        "name",
        "kind",
        "driver",
        "address",
        "family",
        "rack",
        "feed",
        "outlets",
        "rated_w",
        "serial",
        "host",
        "port",
        "version",
    }
    v3 = {"user", "auth_protocol", "auth_key", "priv_protocol", "priv_key"}
    raritan, apc = described["devices"]
    assert raritan.keys() == common | v3
    assert apc.keys() == common | {"community", "write_community"}
    assert {"format", "pid", "seed", "speed", "sysfs", "control", "feeds", "racks", "loads"} < described.keys()
    assert described["racks"] == [{"name": "rack-1", "pdus": ["pdu-a1", "pdu-b1"]}]
    assert described["loads"][0].keys() == {"name", "rack", "class", "cords"}
    assert names_in(Path(described["sysfs"]) / "class") == ["hwmon", "thermal"]


async def test_the_same_seed_gives_the_same_pod(tmp_path: Path) -> None:
    seen = []
    for name in ("one", "two"):
        async with Pod(PodPlan(tmp_path / name, racks=1, outlets=4, seed=9), now=lambda: 0.0) as pod:
            seen.append((pod.state()["loads"], [entry["serial"] for entry in pod.devices]))
    assert seen[0] == seen[1]


async def test_the_control_socket_tells_the_truth(pod: Pod, control: Control) -> None:
    state = (await control(do="state"))["state"]
    pdu = state["pdus"]["pdu-a1"]
    assert pdu["power_w"] == pytest.approx(sum(outlet["power_w"] for outlet in pdu["outlets"].values()))
    heat_w = sum(load["power_w"] for load in state["loads"].values())
    assert state["racks"]["rack-1"]["heat_w"] == pytest.approx(heat_w)
    assert pdu["card"]["serial"] == pod.devices[0]["serial"]


async def test_the_control_socket_switches_outlets_and_feeds(pod: Pod, control: Control) -> None:
    assert await control(do="switch", pdu="pdu-a1", outlet=2, on=False) == {"ok": True}
    assert await control(do="feed", feed="B", live=False) == {"ok": True}
    state = (await control(do="state"))["state"]
    assert not state["pdus"]["pdu-a1"]["outlets"]["2"]["on"]
    assert state["pdus"]["pdu-b1"]["power_w"] == 0


async def test_the_control_socket_injects_and_clears(pod: Pod, control: Control) -> None:
    first = await control(do="inject", device="pdu-b1", kind="slow", for_s=60, delay_s=2)
    second = await control(do="inject", device="pdu-a1", kind="hang", after_s=60)
    assert first["ok"]
    assert second["id"] == first["id"] + 1
    active = (await control(do="state"))["state"]["faults"]
    assert [(fault["device"], fault["kind"], fault["for_s"]) for fault in active] == [("pdu-b1", "slow", 60)]
    assert await control(do="clear", device="pdu-b1", kind="slow") == {"ok": True, "cleared": 1}
    assert await control(do="clear") == {"ok": True, "cleared": 1}


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("nonsense", "Expecting value"),
        ("[1]", "a request is a JSON object"),
        ('{"do": "dance"}', "cannot do 'dance': can do inject, clear, state, switch, feed"),
        ('{"do": "switch", "pdu": "pdu-a1"}', "a switch needs"),
        ('{"do": "switch", "pdu": "pdu-a1", "outlet": 99, "on": true}', "has no outlet 99"),
        ('{"do": "inject", "device": "x", "kind": "hang"}', "there is no device 'x'"),
        ('{"do": "inject", "device": "pdu-a1", "kind": "hang", "after_s": null}', "after_s"),
        ('{"do": "clear", "device": 3}', "clear"),
    ],
)
async def test_a_request_that_cannot_be_is_answered_with_the_reason(control: Control, line: str, error: str) -> None:
    answer = await control.line(line)
    assert not answer["ok"]
    assert error in answer["error"]


async def test_a_line_beyond_the_limit_ends_the_session_and_not_the_pod(pod: Pod, control: Control) -> None:
    reader, writer = await asyncio.open_unix_connection(pod.plan.folder / "control.sock")
    writer.write(b"x" * 200_000 + b"\n")
    async with asyncio.timeout(5):
        with suppress(ConnectionError):  # what was still unread makes the close a reset
            assert await reader.read() == b""
    writer.close()
    assert (await control(do="state"))["ok"]


async def test_the_world_follows_time_at_its_speed(tmp_path: Path) -> None:
    async with Pod(PodPlan(tmp_path, racks=1, outlets=4, speed=500.0)) as pod:
        await until(lambda: pod.world.time_s > 60)
        assert pod.world.pdus["pdu-a1"].outlet(1).energy_wh > 0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--racks", "0"], "1 to 250 racks"),
        (["--speed", "0"], "speed is 0"),
        (["--faults", "/nonexistent"], "No such file"),
    ],
)
def test_a_pod_that_cannot_be_says_why(tmp_path: Path, capsys, arguments: list[str], error: str) -> None:
    assert main(["--dir", str(tmp_path / "pod"), *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("cannot run the pod: ")
    assert error in said


async def test_a_timetable_is_played_from_the_start(tmp_path: Path) -> None:
    timetable = tmp_path / "faults.toml"
    timetable.write_text('[[fault]]\nat_s = 0\nfor_s = 60\ndevice = "pdu-a1"\nkind = "hang"\n')
    async with running(
        "--dir", str(tmp_path / "pod"), "--racks", "1", "--outlets", "2", "--faults", str(timetable)
    ) as process:
        described = await ready(process)
        reader, writer = await asyncio.open_unix_connection(described["control"], limit=2**22)
        control = Control(reader, writer)
        async with asyncio.timeout(5):
            while not (await control(do="state"))["state"]["faults"]:
                await asyncio.sleep(0.01)
        writer.close()
        await writer.wait_closed()


async def test_a_pod_whose_folder_is_too_deep_for_a_socket_says_so(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    with pytest.raises(OSError, match="at most 107 bytes"):
        async with Pod(PodPlan(deep, racks=1, outlets=1)):
            pass
