"""Meeting a BACnet device that nobody configured."""

import pytest

from edgeagent.cli.main import main
from edgeagent.cli.probe_config import toml
from edgeagent.config.layers import Layer, load
from edgeagent.core.clock import SystemClock
from edgeagent.drivers.bacnet_device import parse
from edgeagent.drivers.discover import meet
from edgeagent.drivers.found import Wish
from edgeagent.drivers.parts import Parts
from edgeagent.drivers.target import parse_target
from edgeagent.model.errors import DeviceGarbled
from edgeagent.model.points import DeviceId
from tests.fixtures.bacnet import FAMILY, Unit


@pytest.fixture
async def unit():
    async with Unit() as opened:
        yield opened


async def met(url, family="auto"):
    parts, target = Parts(SystemClock()), parse_target(url, {})
    found = await meet(target, parts, Wish(DeviceId("dev"), 0.5, family))
    await found.driver.close()
    assert not len(parts.bacnet)
    return target, found


async def test_all_objects_of_an_unknown_device_are_shown(unit):
    _, found = await met(f"bacnet://127.0.0.1:{unit.server.port}")
    assert (found.word, found.family, found.good) == ("cooling", "objects", len(unit.server.things))
    assert (found.identity.vendor, found.identity.model) == ("Edge Cooling", "AIR-40")
    assert "no profile knows it" in found.notices[0]


async def test_an_object_that_no_kind_of_point_can_hold_is_counted(unit):
    unit.server.thing("Air Flow").units = 28  # grams of water per kilogram of air
    _, found = await met(str(unit.address()))
    assert "1 objects are left out" in found.notices[1]


async def test_a_family_that_a_person_names_is_taken(unit):
    _, found = await met(str(unit.address()), FAMILY)
    assert (found.family, found.good, found.notices) == (FAMILY, 14, ())
    with pytest.raises(DeviceGarbled, match=r"must be one of bacnet-crac, objects"):
        await met(str(unit.address()), "other")


@pytest.mark.parametrize("family", ["auto", FAMILY])
async def test_what_it_prints_for_a_configuration_is_one(unit, family):
    target, found = await met(str(unit.address()), family)
    loaded = load([], layers=[Layer("printed.toml", toml(target, found))])
    reader = loaded.root.named_tables("devices")["cooling-127-0-0-1-4001"]
    options = parse(reader, "cooling")
    assert (options.address, options.family) == (unit.address(), found.family)
    assert (reader.text("driver"), reader.text("serial")) == ("cooling", "AIR-0042")
    assert not loaded.problems


def test_a_port_where_nothing_listens_gets_a_hint(capsys):
    assert main(["probe", "bacnet://127.0.0.1:9/1", "--wait", "0.3"]) == 1
    said = capsys.readouterr().err
    assert "nothing listens there" in said
    assert "BACnet/IP is enabled" in said


def test_the_command_shows_the_shape_of_the_address(capsys):
    assert main(["probe", "bacnet://127.0.0.1/x"]) == 2
    assert "device instance" in capsys.readouterr().err
