"""Meeting devices that nobody configured: recorded ones, simulated ones, unknown ones, hostile ones."""

import asyncio
import json

import pytest
from pysnmp.proto import rfc1902

from edgeagent.core.clock import SystemClock
from edgeagent.drivers.discover import meet
from edgeagent.drivers.found import Wish
from edgeagent.drivers.parts import Parts
from edgeagent.drivers.target import parse_target
from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceUnreachable
from edgeagent.model.points import DeviceId, name_of
from edgeagent.model.reading import Quality
from firmware_stubs.pod import Pod
from firmware_stubs.pod_plan import PodPlan
from tests.fixtures.modbus import Line, Words
from tests.fixtures.probed import MONITOR, SYSTEM, Hostile, sensor, served
from tests.fixtures.recorded import PROFILES
from tests.fixtures.redfish import MockUp

pytestmark = pytest.mark.holds_the_loop("pysnmp loads its own MIB files inside a callback")

WAIT_S = 0.3
SENTINELS = (-1, -410, 4_294_967_295, 65_535)
UPS = "1.3.6.1.2.1.33.1"
RPDU2 = "1.3.6.1.4.1.318.1.1.26"
# file, vendor, model, family, word: who made it and what it is, from each recording's own texts
RECORDINGS = [
    ("apc_ap8959eu3", "APC", "AP8959EU3", "apc-rpdu2", "ipdu"),
    ("apc_inrow-dx", "APC", "InRow DX 300mm", "apc-inrow", "cooling"),
    ("apc_smtl1000-nmc3", "APC", "Smart-UPS 1000", "apc-ups", "ups"),
    ("eaton-mgeups_93ps", "EATON", "93PS", "rfc1628-ups", "ups"),
    ("eatonpdu_2", "Eaton", "EMA114-10", "eaton-epdu", "ipdu"),
    ("liebert_mph2rg", "Liebert", "MPHR3142", "liebert-mph", "ipdu"),
    ("liebert_weblbds", "Liebert", "Uninitialized", "liebert-environmental", "cooling"),
    ("raritan-pdu_px3", "Raritan", "PX3-5493U-K2", "raritan-pdu2", "ipdu"),
    ("rittal-lcp_cmciii-pu-lcp", "Rittal", "LCP", "rittal-lcp", "cooling"),
    ("sentry4_switched8i", "Server Technology", "Sentry Switched PDU", "servertech-sentry4", "ipdu"),
    ("stulz_wib8000", "Stulz", "WIB 8000", "stulz-wib8000", "cooling"),
    ("vertiv-pdu_mg02e4w1", "Vertiv", "MG02E4W1-42ITB3-3PS56B2A10-S", "vertiv-geist-v5", "ipdu"),
]


async def met(url, wait_s=WAIT_S, family="auto"):
    """The device at a URL; its driver is closed."""
    parts = Parts(SystemClock(), profiles=PROFILES)
    found = await meet(parse_target(url, {}), parts, Wish(DeviceId("dev"), wait_s, family))
    await found.driver.close()
    assert not len(parts.snmp)
    assert not len(parts.modbus)
    assert not len(parts.redfish)
    return found


@pytest.fixture
async def made(tmp_path):
    """An agent with these lines."""
    agents = []

    async def make(text):
        agents.append(await served(tmp_path / "made.snmprec", text))
        return agents[-1], f"snmp://127.0.0.1:{agents[-1].port}"

    yield make
    for agent in agents:
        agent.close()


@pytest.mark.parametrize(("name", "told"), [(name, told) for name, *told in RECORDINGS])
async def test_a_recorded_device_is_named_and_no_sentinel_is_good(recorded, name, told):
    vendor, model, family, word = told
    agent = await recorded(name)
    found = await met(f"snmp://127.0.0.1:{agent.port}?community=public", 2.0)
    assert (found.identity.vendor, found.identity.model) == (vendor, model)
    assert (found.family, found.word) == (family, word)
    assert len(found.readings) == len(found.info.points) > 10
    assert found.good > len(found.readings) / 2
    assert not [one for one in found.readings if one.raw in SENTINELS and one.quality is not Quality.BAD]


async def test_an_unknown_device_is_told_and_says_what_it_offers(made):
    _, url = await made(MONITOR)
    found = await met(url)
    assert (found.family, found.word) == ("", "")
    assert found.identity.serial == "EX-00017"
    assert found.notices == (
        "no profile for sysObjectID 1.3.6.1.4.1.99999.7: here is what it offers by the standard MIBs",
    )
    values = {name_of(one.point): one.value for one in found.readings}
    assert values["sensor.11.temperature"] == 23.5


async def test_a_device_that_hides_its_object_id_is_met_all_the_same(made):
    _, url = await made("\n".join([*SYSTEM.splitlines()[2:], sensor(3, 8, 9, 0, 21)]))
    found = await met(url)
    assert "does not say its sysObjectID" in found.notices[0]
    assert {name_of(one.point): one.value for one in found.readings}["sensor.3.temperature"] == 21.0


async def test_the_closest_family_is_chosen_and_the_other_is_named(made):
    powernet = "1.3.6.1.4.1.318.1.1.1"
    both = [f"{powernet}.4.{column}.0|2|{raw}" for column, raw in (("1.1", 2), ("2.1", 230), ("2.3", 30), ("2.4", 5))]
    both += [f"{UPS}.4.1.0|2|3", f"{UPS}.2.1.0|2|2", f"{UPS}.2.4.0|2|100"]
    _, url = await made("\n".join([SYSTEM.replace("99999.7", "318.1.3.27"), *both]))
    found = await met(url)
    assert found.family == "apc-ups"
    assert any("it also speaks rfc1628-ups" in one and "--family rfc1628-ups" in one for one in found.notices)
    assert (await met(url, family="rfc1628-ups")).family == "rfc1628-ups"
    assert (await met(url, family="standard")).family == ""


async def test_a_close_family_that_finds_next_to_nothing_is_not_what_the_device_is(made):
    lines = [f"{RPDU2}.4.3.1.4.1|2|2"]  # one word of a PDU, in a UPS of the same maker
    lines += [f"{UPS}.4.1.0|2|3", f"{UPS}.2.1.0|2|2", f"{UPS}.2.4.0|2|100", f"{UPS}.4.2.0|2|500", f"{UPS}.6.1.0|66|0"]
    lines += [f"{UPS}.3.3.1.3.{line}|2|230" for line in (1, 2, 3)]
    lines += [f"{UPS}.4.4.1.{column}.{line}|2|23" for column in (2, 3, 4, 5) for line in (1, 2, 3)]
    _, url = await made("\n".join([SYSTEM.replace("99999.7", "318.1.3.4.6"), *lines]))
    found = await met(url)
    assert (found.family, found.identity.vendor) == ("rfc1628-ups", "APC")
    assert any("it also speaks apc-rpdu2" in one for one in found.notices)


async def test_tables_that_are_there_count_where_nobody_claims_the_object_id(made):
    lines = [f"{RPDU2}.4.3.1.5.1|2|27", f"{RPDU2}.4.3.1.4.1|2|2", f"{RPDU2}.2.1.8.1|4|AP8959"]
    _, url = await made(f"{SYSTEM}\n" + "\n".join(lines))
    found = await met(url)
    assert found.family == "apc-rpdu2"
    assert any("no family claims sysObjectID 1.3.6.1.4.1.99999.7" in one for one in found.notices)


async def test_a_family_that_does_not_exist_is_told_with_those_that_do(made):
    _, url = await made(MONITOR)
    with pytest.raises(DeviceGarbled, match=r"must be one of apc-ats, .*standard"):
        await met(url, family="raritan")


async def test_a_device_that_never_stops_listing_is_left_in_time(made):
    agent, url = await made(SYSTEM)

    def endless(*varbinds, **_):
        return [
            (rfc1902.ObjectName((*oid[:-1], oid[-1] + 1) if len(oid) > 12 else (*oid, *[1] * 6)), rfc1902.Integer32(1))
            for oid, _ in varbinds
        ]

    agent.recording.read_next_variables = endless
    begin_s = asyncio.get_running_loop().time()
    with pytest.raises((TimeoutError, DeviceError)):
        async with asyncio.timeout(3.0):
            await met(url)
    assert asyncio.get_running_loop().time() - begin_s < 5.0


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", DeviceUnreachable),
        (b"nonsense", DeviceError),
        (b"\x30\x84\xff\xff\xff\xff" + b"\x02" * 500, DeviceError),
        (bytes(range(256)) * 5, DeviceError),
    ],
)
async def test_silence_and_garbage_end_in_time(answer, error):
    hostile = Hostile(answer)
    await hostile.open()
    begin_s = asyncio.get_running_loop().time()
    with pytest.raises(error, match=f"127.0.0.1:{hostile.port}"):
        await met(f"snmp://127.0.0.1:{hostile.port}")
    assert hostile.asked
    assert asyncio.get_running_loop().time() - begin_s < 5.0
    hostile.close()


async def test_every_device_of_the_simulated_pod_is_known_or_asks_for_its_family(tmp_path):
    async with Pod(PodPlan(tmp_path, plant=True)):
        devices = [one for one in json.loads((tmp_path / "pod.json").read_text())["devices"] if one["address"]]
        for one in devices:
            url, family = with_credentials(one), one.get("family") or "auto"
            is_dumb = url.startswith("modbus") and family not in ("auto", "dse-genset")
            found = await met(url, 2.0, family if is_dumb else "auto")
            assert found.word == one["driver"], one["name"]
            assert found.identity.serial == one.get("serial", found.identity.serial)
            assert found.good


def with_credentials(one):
    """The address of a device of pod.json as a person would type it."""
    scheme, _, place = one["address"].partition("://")
    if scheme == "snmpv3":
        return f"{scheme}://{one['user']}@{place}?auth={one['auth_key']}&priv={one['priv_key']}"
    user = f"{one['user']}:{one['password']}@" if scheme.startswith("redfish") else ""
    return f"{scheme}://{user}{place}"


async def test_a_modbus_unit_without_marks_says_who_it_is_or_asks_for_its_family():
    line = Line({1: Words(holding={0: 1})})
    await line.server.open()
    try:
        with pytest.raises(DeviceGarbled, match=r"does not say what it is .*--family .*generic-cdu"):
            await met(f"modbus://127.0.0.1:{line.server.port}/1")
        with pytest.raises(DeviceGarbled, match="SunSpec"):
            await met(f"sunspec://127.0.0.1:{line.server.port}/1")
    finally:
        await line.server.close()


@pytest.mark.parametrize(("folder", "word"), [("public-pdu", "ipdu"), ("public-cooling-unit", "cdu")])
async def test_a_redfish_service_is_what_its_root_shows(test_data, folder, word):
    [root] = [one.parent for one in (test_data / "redfish" / folder).rglob("index.json") if is_root(one)][:1]
    service = MockUp(root)
    await service.open()
    try:
        found = await met(service.address, 2.0)
    finally:
        await service.close()
    assert (found.word, found.family) == (word, "redfish")
    assert found.good > 10


def is_root(file):
    """Whether a file of a mock-up is its service root."""
    return "#ServiceRoot" in json.loads(file.read_text()).get("@odata.type", "")
