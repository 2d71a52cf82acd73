"""The device tables and the site tables."""

import pytest

from edgeagent.config.layers import Layer, load
from edgeagent.core.clock import ManualClock
from edgeagent.drivers import settings, site
from edgeagent.drivers.host import HostOptions
from edgeagent.drivers.parts import Parts, Times
from edgeagent.drivers.snmp_device import SnmpOptions, check_family
from edgeagent.model.site import Outlet, ServiceClass
from edgeagent.protocols.profile_file import Profiles
from edgeagent.protocols.snmp_address import Community, SnmpAddress, User

DEVICES = """
[devices.pdu-a1]
driver = "ipdu"
address = "snmp://127.0.0.1:1161"
community = "swordfish"
every = "5 s"
timeout = "500 ms"
serial = "A1"

[devices.pdu-b1]
driver = "ipdu"
address = "snmpv3://127.0.0.1"
user = "edge"
auth_key = "auth-secret"
priv_key = "priv-secret"
family = "raritan-pdu2"

[devices.pod]
driver = "host"
"""
SITE = """
[racks.rack-1]
aisle = "cold-1"
inlet = "pdu-a1/probe.1.temperature"

[pdus.pdu-a1]
feed = "A"
rack = "rack-1"

[pdus.pdu-b1]
feed = "B"
rack = "rack-1"

[loads.server-1]
class = "P1"
rack = "rack-1"
cords = ["pdu-a1/outlet.3", "pdu-b1/outlet.3"]
"""


def parsed(text, parse=settings.parse):
    loaded = load([], layers=[Layer("edgeagent.toml", text)])
    result = parse(loaded.root)
    loaded.root.finish()
    return result, [str(problem) for problem in loaded.problems]


def test_devices_are_read_in_order():
    devices, problems = parsed(DEVICES)
    assert not problems
    pdu, v3, host = devices
    assert pdu.options == SnmpOptions(SnmpAddress("127.0.0.1", 1161, v3=False), Community("swordfish"))
    assert pdu.times == Times(5.0, 30.0, 0.5, 1.0)
    assert pdu.times.deadline_s == 1.5
    assert pdu.serial == "A1"
    assert v3.options.access == User("edge", "auth-secret", "priv-secret")
    assert v3.options.family == "raritan-pdu2"
    assert v3.times == Times(10.0, 60.0, 2.0, 1.0)
    assert host.options == HostOptions()
    assert parsed(DEVICES)[0] == devices  # a reload sees that nothing changed
    assert "secret" not in repr(devices)
    assert "swordfish" not in repr(devices)


def test_devices_become_plans_and_drivers():
    devices, _ = parsed(DEVICES)
    built = settings.build(devices, Parts(ManualClock()))
    assert [plan.name for plan, _ in built] == ["pdu-a1", "pdu-b1", "pod"]
    assert built[0][0].serial == "A1"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('driver = "ipdu"', 'driver = "ipud"', 'did you mean "ipdu"'),
        ("snmp://", "http://", "must be snmp://host for v2c or snmpv3://host"),
        ('"5 s"', '"5 sec"', 'did you mean "5 s"'),
        ('timeout = "500 ms"', 'timeout = "6 s"', "cannot be longer than the poll period of 5 s"),
        ("pdu-a1", "PDU_A1", "cannot use this device name"),
        ('auth_key = "auth-secret"', 'auth_key = "short"', "fewer than 8 characters"),
        ('auth_key = "auth-secret"\n', "", "devices.pdu-b1.auth_key: cannot go on without this key"),
        ('community = "swordfish"', 'comunity = "swordfish"', "did you mean community"),
        ('user = "edge"\n', "", "devices.pdu-b1.user"),
    ],
)
def test_a_mistake_is_told_with_its_line(old, new, message):
    _, problems = parsed(DEVICES.replace(old, new, 1))
    assert len(problems) == 1
    assert message in problems[0]
    assert problems[0].startswith("edgeagent.toml:")


def test_an_unknown_family_is_told():
    loaded = load([], layers=[Layer("x.toml", DEVICES.replace("raritan-pdu2", "raritan"))])
    reader = loaded.root.named_tables("devices")["pdu-b1"]
    check_family(reader, SnmpOptions(SnmpAddress("h", 1, v3=True), Community(), family="raritan"), Profiles())
    assert "must be auto or one of apc-rpdu" in str(loaded.problems[0])


def test_the_site_says_how_power_and_air_reach_a_load():
    found, problems = parsed(SITE, site.parse)
    assert not problems
    load_ = found.loads["server-1"]
    assert found.feeds == ("A", "B")
    assert load_.service_class is ServiceClass.P1
    assert found.feeds_of(load_) == {"A", "B"}
    assert found.load_at(Outlet("pdu-b1", 3)) is load_
    assert found.racks["rack-1"].inlet == "pdu-a1/probe.1.temperature"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('class = "P1"', 'class = "P4"', "must be one of"),
        ("pdu-a1/outlet.3", "pdu-z9/outlet.3", "there is no [pdus.pdu-z9]"),
        ("pdu-a1/outlet.3", "pdu-b1/outlet.3", "server-1 has it already"),
        ("pdu-a1/outlet.3", "pdu-a1.3", "must name a PDU and its outlet"),
        ('feed = "B"\nrack = "rack-1"', 'feed = "B"\nrack = "rack-9"', "there is no [racks.rack-9]"),
        ('feed = "A"', "", "pdus.pdu-a1.feed"),
    ],
)
def test_a_mistake_in_the_site_is_told(old, new, message):
    _, problems = parsed(SITE.replace(old, new, 1), site.parse)
    assert len(problems) == 1
    assert message in problems[0]
