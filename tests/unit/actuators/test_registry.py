"""Which targets there are, and why others are not."""

import subprocess
import sys

import pytest

from edgeagent.actuators.pdu import SwitchedPdu
from edgeagent.actuators.settings import ActuatorSettings, parse
from edgeagent.config.layers import Layer, load
from edgeagent.drivers import settings as devices
from edgeagent.drivers.snmp_device import SnmpOptions
from edgeagent.protocols.snmp_address import Community
from edgeagent.protocols.switching import Switching
from tests.fixtures.switching import apply, pdu_settings

PDU = """
[devices.pdu]
driver = "ipdu"
address = "snmp://127.0.0.1"
community = "public"
"""
V3 = """
[devices.pdu]
driver = "ipdu"
address = "snmpv3://127.0.0.1"
user = "edge"
auth_key = "auth-secret"
priv_key = "priv-secret"
"""


def parsed(text, read=devices.parse):
    loaded = load([], layers=[Layer("edgeagent.toml", text)])
    result = read(loaded.root)
    loaded.root.finish()
    return result, [str(problem) for problem in loaded.problems]


def switching(text):
    found, problems = parsed(text)
    assert not problems
    assert isinstance(found[0].options, SnmpOptions)
    return found[0].options.switching


def test_nothing_may_be_switched_unless_somebody_says_so():
    assert switching(PDU) == switching(V3) == Switching()
    assert not Switching().allowed


def test_a_device_says_how_it_may_be_switched():
    text = 'switchable = true\nwrite_community = "swordfish"\noff_on_interval = "1 min"\nsettle = "3 s"\n'
    found = switching(PDU + text)
    assert found == Switching(True, Community("swordfish"), 60.0, 3.0)
    assert "swordfish" not in repr(found)
    assert switching(V3 + "switchable = true") == Switching(allowed=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PDU + "switchable = true", "write_community: cannot go on without this key"),
        (V3 + 'switchable = true\nwrite_community = "a"', "its user writes as well"),
        (PDU + 'off_on_interval = "2 h"', "off_on_interval"),
        (PDU + 'settle = "0 s"', "settle"),
        (PDU + "switchabel = true", "switchable"),
    ],
)
def test_a_mistake_is_told(text, message):
    _, problems = parsed(text)
    assert len(problems) == 1
    assert message in problems[0]


def test_the_actuators_table_says_how_restores_are_spread():
    assert parsed("", lambda root: parse(root.table("actuators"))) == (ActuatorSettings(5.0), [])
    text = '[actuators]\nrestore_every = "20 s"'
    assert parsed(text, lambda root: parse(root.table("actuators")))[0] == ActuatorSettings(20.0)


async def test_a_load_with_a_cord_on_a_pdu_that_may_not_be_switched_is_left_out_and_says_why(bench):
    built = bench.build(devices=bench.pod.devices[:1])
    name, [(pdu, number), (other, _)] = bench.load()
    assert f"load/{name}.power" not in built.loads
    assert built.left_out[f"load/{name}.power"] == (
        f"cannot switch load {name}: {other} is not switchable (switchable = true allows it)"
    )
    assert f"{pdu}/outlet.{number}.state" in built.outlets
    single, _ = bench.load(cords=1)
    assert f"load/{single}.power" in built.loads


async def test_a_pdu_that_may_not_be_switched_cannot_be_made(bench):
    settings = pdu_settings(bench.pod.devices[1], write=None)
    with pytest.raises(ValueError, match="may not be switched"):
        SwitchedPdu(settings, None)


async def test_preparing_opens_everything_and_writes_nothing(bench, at_set):
    sets = at_set()
    built = bench.build()
    silent = bench.pod.devices[1]["name"]
    assert await built.prepare() == {}
    bench.pod.inject(silent, "hang")
    troubles = await built.prepare()
    assert list(troubles) == [silent]
    assert "no answer" in troubles[silent]
    assert not sets


async def test_sessions_are_given_back(bench):
    built = bench.build()
    assert (await apply(next(iter(built.loads.values())))).word == "done"
    assert len(bench.sessions) > 0
    await built.close()
    await built.close()
    assert len(bench.sessions) == 0


def test_the_core_process_never_loads_pysnmp():
    code = "import sys, edgeagent.actuators.registry; print('pysnmp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
