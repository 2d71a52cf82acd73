"""Profiled devices: companions of a value, rows that come and go, and who answers."""

import pytest

from edgeagent.core.clock import ManualClock
from edgeagent.drivers.identity import DeviceChanged
from edgeagent.drivers.profiled import SYS_OBJECT_ID, Paces, ProfiledDevice
from edgeagent.model.errors import DeviceGarbled
from edgeagent.model.reading import Quality, Reason
from edgeagent.protocols.profile_file import parse_profile

PROFILE = """
name = "acme"
title = "An ACME probe"
driver = "ipdu"
mib = "ACME-MIB"
root = "1.3.6.1.4.1.9"

[detect]
object_id = "1.3.6.1.4.1.9"
presence = { object = "model", oid = ".1" }

[identity]
vendor = "ACME"
model = [{ object = "model", oid = ".1" }]
serial = [{ object = "oldSerial", oid = ".8" }, { object = "serial", oid = ".2" }]
firmware = []

[[table]]
rows = { object = "index", oid = ".3.1" }
index = ["probe"]
digits = { object = "digits", oid = ".3.4" }
gates = [{ object = "state", oid = ".3.3", refuse = { 1 = "absent", 3 = "sentinel" } }]

[[table.point]]
name = "probe.{probe}.temperature"
kind = "Temperature"
object = "value"
oid = ".3.2"
unit = { object = "unit", oid = ".5.0", scalar = true, units = { 0 = "Cel", 1 = "[degF]" } }
range = { low = -40, high = 120 }

[[table.point]]
name = "probe.{probe}.energy"
kind = "Energy"
object = "energy"
oid = ".3.6"
pace = "slow"
"""
E9 = "1.3.6.1.4.1.9"


class Shelf:
    """An agent and its lease: a dict of objects."""

    def __init__(self):
        self.objects = {SYS_OBJECT_ID: f"{E9}.77", f"{E9}.1.0": b"Probe\0 ", f"{E9}.2.0": b"S1", f"{E9}.5.0": 0}
        for probe in (1, 2):
            self.add(probe)
        self.asked = []

    def add(self, probe):
        row = {1: probe, 2: 231, 3: 2, 4: 1, 6: 12345}
        self.objects |= {f"{E9}.3.{column}.{probe}": value for column, value in row.items()}

    def remove(self, probe):
        self.objects = {
            oid: one
            for oid, one in self.objects.items()
            if not oid.startswith(f"{E9}.3.") or not oid.endswith(f".{probe}")
        }

    def open(self):
        return self

    async def close(self):
        pass

    async def get(self, oids):
        self.asked.append(list(oids))
        return {oid: self.objects[oid] for oid in oids if oid in self.objects}

    async def walk(self, prefix, max_rows=1024):
        found = [oid for oid in self.objects if oid.startswith(prefix + ".")]
        return {oid: self.objects[oid] for oid in sorted(found)[:max_rows]}


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def device(shelf):
    profile = parse_profile("acme.toml", PROFILE)
    return ProfiledDevice("dev", shelf, ManualClock(), lambda: [profile], Paces(10.0, 60.0, 5.0))


async def temperature(device, probe=1):
    return next(one for one in await device.read("fast") if one.point == f"dev/probe.{probe}.temperature")


async def test_a_device_is_found_and_named(device):
    info = await device.connect()
    assert (info.identity.vendor, info.identity.model, info.identity.serial) == ("ACME", "Probe", "S1")
    assert {group.name: sorted(group.points) for group in info.groups} == {
        "fast": ["probe.1.temperature", "probe.2.temperature"],
        "slow": ["probe.1.energy", "probe.2.energy"],
    }
    reading = await temperature(device)
    assert (reading.value, reading.quality, reading.source, reading.raw) == (23.1, Quality.GOOD, f"{E9}.3.2.1", 231)


async def test_every_object_is_asked_once_per_poll_with_its_companions_beside_it(device, shelf):
    await device.connect()
    await device.read("fast")
    asked = shelf.asked[-1]
    assert len(asked) == len(set(asked))
    assert asked[:3] == [f"{E9}.3.2.1", f"{E9}.3.3.1", f"{E9}.5.0"]


@pytest.mark.parametrize(
    ("column", "raw", "reason"),
    [
        (3, 1, Reason.ABSENT),
        (3, 3, Reason.SENTINEL),
        (3, b"", Reason.GARBLED),
        (3, None, Reason.ABSENT),  # a companion that is missing takes the trust too
        (2, None, Reason.ABSENT),
        (2, "23.1", Reason.GARBLED),
        (2, 99999, Reason.OUT_OF_RANGE),
    ],
)
async def test_a_value_without_its_companions_blessing_is_bad_and_its_neighbour_lives(
    device, shelf, column, raw, reason
):
    await device.connect()
    place = f"{E9}.3.{column}.1"
    if raw is None:
        del shelf.objects[place]
    else:
        shelf.objects[place] = raw
    reading = await temperature(device)
    assert (reading.value, reading.quality, reading.reason) == (None, Quality.BAD, reason)
    assert (await temperature(device, 2)).quality is Quality.GOOD


@pytest.mark.parametrize(("unit", "value"), [(0, 23.1), (1, (23.1 - 32) * 5 / 9)])
async def test_the_unit_is_what_the_device_speaks_now(device, shelf, unit, value):
    await device.connect()
    shelf.objects[f"{E9}.5.0"] = unit
    assert (await temperature(device)).value == pytest.approx(value)


@pytest.mark.parametrize(("unit", "reason"), [(7, Reason.GARBLED), (None, Reason.ABSENT)])
async def test_an_unknown_unit_gives_no_value(device, shelf, unit, reason):
    await device.connect()
    shelf.objects[f"{E9}.5.0"] = unit
    assert (await temperature(device)).reason is reason


async def test_a_value_whose_digits_are_missing_says_nothing(device, shelf):
    del shelf.objects[f"{E9}.3.4.1"]
    await device.connect()
    assert (await temperature(device)).reason is Reason.ABSENT


async def test_a_row_that_vanished_stays_a_point_and_a_new_one_joins(device, shelf):
    await device.connect()
    shelf.remove(2)
    shelf.add(3)
    info = await device.connect()
    assert {point.name for point in info.points} >= {f"probe.{n}.temperature" for n in (1, 2, 3)}
    assert (await temperature(device, 2)).reason is Reason.ABSENT
    assert (await temperature(device, 3)).quality is Quality.GOOD


async def test_another_serial_is_noticed_by_the_next_poll_and_starts_anew(device, shelf):
    await device.connect()
    shelf.objects[f"{E9}.2.0"] = b"S2"
    with pytest.raises(DeviceChanged, match="it was S1 and now says that it is S2"):
        await device.read("fast")
    shelf.remove(2)
    info = await device.connect()
    assert info.identity.serial == "S2"
    assert "probe.2.temperature" not in {point.name for point in info.points}


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ({}, "does not say what it is"),
        ({SYS_OBJECT_ID: "1.3.6.1.4.1.8"}, "is none of acme"),
        ({SYS_OBJECT_ID: f"{E9}.1"}, "is none of acme"),
        ({SYS_OBJECT_ID: f"{E9}.1", f"{E9}.1.0": b"Probe"}, "finds none of its points"),
    ],
)
async def test_a_device_that_is_not_of_the_family_is_not_guessed(device, shelf, objects, message):
    shelf.objects = objects
    with pytest.raises(DeviceGarbled, match=message):
        await device.connect()


async def test_rows_of_another_shape_are_left_alone(device, shelf):
    shelf.objects[f"{E9}.3.1.1.2"] = 1
    info = await device.connect()
    assert len(info.points) == 4


FITTED = (
    PROFILE
    + """
[[table.point]]
name = "probe.{probe}.humidity"
kind = "Humidity"
object = "humidity"
oid = ".3.7"
optional = true
"""
)


async def test_what_is_not_fitted_is_no_point_and_what_was_once_fitted_stays_one(shelf):
    profile = parse_profile("acme.toml", FITTED)
    device = ProfiledDevice("dev", shelf, ManualClock(), lambda: [profile], Paces(10.0, 60.0, 4.0))
    shelf.objects[f"{E9}.3.7.2"] = 45
    assert humidities(await device.connect()) == ["probe.2.humidity"]
    del shelf.objects[f"{E9}.3.7.2"]
    assert humidities(await device.connect()) == ["probe.2.humidity"]
    reading = next(one for one in await device.read("fast") if one.point == "dev/probe.2.humidity")
    assert (reading.quality, reading.reason) == (Quality.BAD, Reason.ABSENT)
    shelf.objects[f"{E9}.2.0"] = b"S2"  # another device: what the old one had is forgotten
    assert humidities(await device.connect()) == []


def humidities(info):
    return [point.name for point in info.points if point.name.endswith("humidity")]
