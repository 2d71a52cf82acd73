"""``edgeagent probe``: what it prints, and how it ends."""

import asyncio
import json
import subprocess
import sys
import time

import pytest

from edgeagent.cli import probe_table
from edgeagent.cli.main import main
from edgeagent.cli.probe_config import name_of
from edgeagent.config.layers import Layer, load
from edgeagent.core.clock import SystemClock
from edgeagent.drivers import settings
from edgeagent.drivers.discover import meet
from edgeagent.drivers.found import Wish
from edgeagent.drivers.parts import Parts
from edgeagent.drivers.target import parse_target
from edgeagent.model.points import DeviceId
from tests.fixtures.probed import MONITOR, Hostile, served
from tests.fixtures.recorded import PROFILES, V3

pytestmark = pytest.mark.holds_the_loop("pysnmp loads its own MIB files inside a callback")

DEVICE = ["vendor", "model", "family", "serial", "firmware"]
POINT = ["point", "kind", "value", "unit", "quality", "reason", "source", "raw"]
RPDU2 = "1.3.6.1.4.1.318.1.1.26"
PDU = f"""1.3.6.1.2.1.1.1.0|4|a card
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.318.1.3.4.6
{RPDU2}.2.1.8.1|4|AP8959EU3
{RPDU2}.2.1.9.1|4|5A0000E00001
{RPDU2}.4.3.1.4.1|2|2
{RPDU2}.4.3.1.5.1|2|27
{RPDU2}.4.3.1.9.1|66|19677"""


@pytest.fixture
async def agent(tmp_path):
    """A rack PDU, and an unknown device."""
    (tmp_path / "other").mkdir()
    agents = [await served(tmp_path / "a.snmprec", PDU), await served(tmp_path / "other" / "b.snmprec", MONITOR)]
    yield [f"127.0.0.1:{one.port}" for one in agents]
    for one in agents:
        one.close()


async def run(*words):
    """The exit code of a command in a thread of its own: it has its own loop."""
    return await asyncio.to_thread(main, ["probe", *words])


async def test_json_is_one_document_of_exactly_the_promised_keys(agent, capsys):
    assert await run(f"snmp://{agent[0]}?community=public", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["device", "points"]
    assert list(found["device"]) == DEVICE
    assert all(list(point) == POINT for point in found["points"])
    assert found["device"] == {
        "vendor": "APC",
        "model": "AP8959EU3",
        "family": "apc-rpdu2",
        "serial": "5A0000E00001",
        "firmware": "",
    }
    points = {one["point"]: one for one in found["points"]}
    assert points["inlet.power"] == {
        "point": "inlet.power",
        "kind": "Power",
        "value": 270.0,  # 27 hundredths of kilowatts
        "unit": "W",
        "quality": "GOOD",
        "reason": None,
        "source": f"{RPDU2}.4.3.1.5.1",
        "raw": 27,
    }


async def test_an_unknown_device_ends_well_with_a_notice_on_standard_error(agent, capsys):
    assert await run(f"snmp://{agent[1]}", "--json") == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["device"]["family"] == ""
    assert "no profile for sysObjectID 1.3.6.1.4.1.99999.7" in told.err
    bad = next(one for one in found["points"] if one["point"] == "sensor.12.voltage")
    assert (bad["quality"], bad["reason"], bad["value"], bad["raw"]) == ("BAD", "sentinel", None, 12034)


async def test_the_table_says_who_it_is_and_each_value_with_where_it_stands(agent, capsys):
    assert await run(f"snmp://{agent[0]}") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "APC AP8959EU3, serial 5A0000E00001"
    assert lines[1] == f"snmp://{agent[0]}: ipdu, family apc-rpdu2, APC rack PDU, second generation"
    power = next(line for line in lines if line.startswith("inlet.power "))
    assert power.split() == ["inlet.power", "270", "W", "GOOD", f"{RPDU2}.4.3.1.5.1", "27"]


async def test_a_narrow_terminal_gets_a_table_that_fits_and_says_what_it_left_out(agent):
    found = await meet(
        parse_target(f"snmp://{agent[1]}", {}), Parts(SystemClock(), profiles=PROFILES), Wish(DeviceId("dev"), 2.0)
    )
    await found.driver.close()
    lines = probe_table.rows(found, found.readings, 80)
    assert max(map(len, lines)) <= 80
    assert lines[0] == "sources are below 1.3.6.1.2.1."
    assert any("BAD (sentinel)" in line for line in lines)
    wide = probe_table.rows(found, found.readings, None)
    assert any("1.3.6.1.2.1.99.1.1.1.4.11" in line and "rack inlet" in line for line in wide)
    screen = probe_table.screen("here", found, found.readings, 5.0)
    assert screen.startswith(probe_table.CLEAR)


async def test_what_a_device_says_cannot_command_the_terminal(agent):
    assert probe_table.printable("a\x1b[2Jb") == "a\N{REPLACEMENT CHARACTER}[2Jb"


@pytest.mark.parametrize("version", ["v2c", "v3"])
async def test_the_printed_configuration_is_sound_and_holds_no_secret(agent, capsys, tmp_path, version):
    v3 = f"snmpv3://{V3.name}@{agent[0]}?auth={V3.auth_key}&priv={V3.priv_key}"
    assert await run(v3 if version == "v3" else f"snmp://{agent[0]}?community=public", "--config") == 0
    text = capsys.readouterr().out
    assert V3.auth_key not in text
    assert V3.priv_key not in text
    for name in ("snmp-community", "snmp-auth-key", "snmp-priv-key"):
        (tmp_path / name).write_text("at-least-eight\n")
    loaded = load([], layers=[Layer("edgeagent.toml", text)], credentials=tmp_path)
    [device] = settings.parse(loaded.root)
    loaded.root.finish()
    assert not loaded.problems
    assert (device.name, device.driver, device.serial) == ("ipdu-127-0-0-1", "ipdu", "5A0000E00001")


async def test_an_unknown_device_can_be_configured_as_standard(agent, capsys, tmp_path):
    assert await run(f"snmp://{agent[1]}", "--config") == 0
    (tmp_path / "snmp-community").write_text("public\n")
    text = capsys.readouterr().out
    loaded = load([], layers=[Layer("edgeagent.toml", text)], credentials=tmp_path)
    [device] = settings.parse(loaded.root)
    loaded.root.finish()
    assert not loaded.problems
    driver = device.options.build(device.name, device.times, Parts(SystemClock(), profiles=PROFILES))
    info = await driver.connect()
    await driver.close()
    assert info.identity.serial == device.serial == "EX-00017"


def test_a_device_is_called_as_its_host_or_by_what_it_is_and_its_address():
    class Met:
        word = "ipdu"

    assert name_of(parse_target("snmp://pdu-A1.example", {}), Met()) == "pdu-a1"
    assert name_of(parse_target("snmp://10.0.0.11", {}), Met()) == "ipdu-10-0-0-11"
    assert name_of(parse_target("modbus://10.0.0.11/4", {}), Met()) == "ipdu-10-0-0-11-4"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "which device?"),
        (["10.0.0.1"], "must begin with one of snmp://"),
        (["snmp://h?comunity=x"], "'comunity'"),
        (["snmp://h", "--watch", "often"], "often"),
        (["snmp://h", "--watch", "-1"], "must be above 0"),
        (["snmp://h", "--watch", "--config"], "both --watch and --config"),
    ],
)
def test_half_a_command_is_wrong_usage(words, said, capsys):
    assert main(["probe", *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [["snmp://h", "--json", "--config"], ["snmp://h", "--wait", "0"]])
def test_options_that_make_no_sense_are_wrong_usage(words):
    with pytest.raises(SystemExit) as caught:
        main(["probe", *words])
    assert caught.value.code == 2


async def test_a_dead_address_ends_soon_with_the_reason_and_what_to_do(capsys):
    hostile = Hostile()
    await hostile.open()
    begin_s = time.monotonic()
    assert await run(f"snmp://127.0.0.1:{hostile.port}?community=swordfish", "--wait", "0.3") == 1
    assert time.monotonic() - begin_s < 5.0
    hostile.close()
    told = capsys.readouterr()
    assert not told.out
    assert "no answer within 0.3 s, which is also how an agent treats a wrong community" in told.err
    assert "check that SNMP v2c is enabled there" in told.err
    assert "swordfish" not in told.err
    await asyncio.sleep(0)
    assert await run(f"snmp://127.0.0.1:{hostile.port}") == 1
    assert "nothing listens there" in capsys.readouterr().err


async def test_a_port_without_a_modbus_server_is_told_in_two_lines(capsys):
    assert await run("modbus://127.0.0.1:9/1") == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert "nothing takes the connection" in told[0]


async def test_a_device_that_answers_for_ever_is_left_at_the_time_limit(agent, capsys):
    assert await run(f"snmp://{agent[0]}", "--timeout", "0.001") == 1
    assert "--timeout gives it more time" in capsys.readouterr().err


async def test_watching_without_a_terminal_prints_what_changes(agent):
    words = [sys.executable, "-u", "-m", "edgeagent", "probe", f"snmp://{agent[0]}", "--watch", "0.5"]
    process = await asyncio.create_subprocess_exec(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        async with asyncio.timeout(30.0):
            found = [(await process.stdout.readline()).decode() for _ in range(3)]
    finally:
        process.send_signal(2)
        _, told = await process.communicate()
    assert any(line.endswith(" inlet.power 270 W GOOD\n") for line in found)
    assert process.returncode == 0
    assert not told
