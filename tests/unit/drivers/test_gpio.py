"""Contacts on GPIO lines, through lines that a test moves; the kernel's own were never at hand."""

import asyncio
import socket
import threading

import pytest

from edgeagent.config.layers import Layer, load
from edgeagent.core.clock import ManualClock
from edgeagent.drivers.gpio import GpioDevice, parse
from edgeagent.drivers.parts import Parts, Times
from edgeagent.drivers.registry import DRIVERS
from edgeagent.model.errors import DeviceRefused, DeviceUnreachable
from edgeagent.model.points import DeviceId
from edgeagent.model.units import Kind
from edgeagent.protocols.gpio import Chip, Edge, Wish

NAME = DeviceId("shell")
TIMES = Times(10.0, 60.0, 1.0, protective_every_s=1.0)
KEYS = """
address = "gpio:///dev/gpiochip0"
[inputs]
0 = "door.front normally closed"
17 = "smoke.1"
4 = "leak.1"
5 = "leak.1.fault normally closed"
"""


class Made:
    """Lines that a test moves; a socket stands for the kernel's descriptor."""

    def __init__(self, levels, *, has_edges=True):
        self.chip = Chip("gpiochip0", "pinctrl-test", 54)
        self.has_edges = has_edges
        self.levels_now = dict(levels)
        self.waiting = []
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.held = threading.Event()
        self.held.set()
        self.looks = 0
        self.is_closed = False

    def fileno(self):
        return self.near.fileno()

    def levels(self):
        self.looks += 1
        assert self.held.wait(10.0)
        return dict(self.levels_now)

    def edges(self):
        found, self.waiting = self.waiting, []
        if found:
            self.near.recv(4096)
        return found

    def move(self, line, level):
        self.levels_now[line] = level
        self.waiting.append(Edge(line, level))
        self.far.send(b".")

    def close(self):
        self.is_closed = True
        self.near.close()
        self.far.close()


class Stand:
    """A driver over such lines, and what it rang for."""

    def __init__(self, levels=None, **more):
        self.lines = Made(levels or {0: 1, 17: 0, 4: 0, 5: 1}, **more)
        self.asked = []
        self.parts = Parts(ManualClock())
        self.rung = asyncio.Event()
        self.rings = 0
        self.parts.bell.answer(self.ring)
        self.device = options().device(NAME, TIMES, self.parts, opened=self.open)

    def ring(self, device):
        assert device == NAME
        self.rings += 1
        self.rung.set()

    def open(self, path, lines, wish):
        self.asked.append((str(path), lines, wish))
        return self.lines

    async def words(self):
        return {one.point: one.value for one in await self.device.read("fast")}

    async def heard(self):
        async with asyncio.timeout(5.0):
            await self.rung.wait()
        self.rung.clear()


def keys(text=KEYS):
    loaded = load([], layers=[Layer("conf.toml", text)])
    found = parse(loaded.root, "enclosure")
    loaded.root.finish()
    return found, [str(problem) for problem in loaded.problems]


def options():
    found, problems = keys()
    assert not problems
    return found


async def test_the_first_look_says_how_all_contacts_stand():
    stand = Stand()
    info = await stand.device.connect()
    assert stand.asked == [("/dev/gpiochip0", (0, 17, 4, 5), Wish())]
    assert info.identity.model == "pinctrl-test"
    points = {point.name: point for point in info.points}
    assert set(points) == {"door.front.state", "smoke.1.state", "leak.1.state"}
    assert points["smoke.1.state"].protective
    assert not points["door.front.state"].protective
    assert (points["leak.1.state"].codes, points["leak.1.state"].kind) == (("dry", "leak", "fault"), Kind.STATE)
    readings = await stand.device.read("fast")
    assert [(one.point, one.value, one.source, one.raw) for one in readings] == [
        ("shell/door.front.state", "closed", "line 0", "active"),
        ("shell/leak.1.state", "dry", "line 4", "inactive"),
        ("shell/smoke.1.state", "clear", "line 17", "inactive"),
    ]
    await stand.device.close()
    assert stand.lines.is_closed


async def test_an_edge_has_the_device_read_at_once():
    stand = Stand()
    await stand.device.connect()
    await stand.words()
    stand.lines.move(17, 1)
    await stand.heard()
    assert (await stand.words())["shell/smoke.1.state"] == "smoke"
    stand.lines.move(17, 0)
    await stand.heard()
    assert (await stand.words())["shell/smoke.1.state"] == "clear"
    await stand.device.close()


async def test_an_edge_before_the_first_look_is_not_lost():
    stand = Stand()
    await stand.device.connect()
    stand.lines.move(0, 0)
    await stand.heard()
    assert (await stand.words())["shell/door.front.state"] == "open"
    await stand.device.close()


async def test_a_change_that_is_over_is_shown_once_and_then_the_level():
    stand = Stand()
    await stand.device.connect()
    await stand.words()
    stand.lines.move(0, 0)
    stand.lines.move(0, 1)
    await stand.heard()
    assert (await stand.words())["shell/door.front.state"] == "open"
    await stand.heard()
    assert (await stand.words())["shell/door.front.state"] == "closed"
    await stand.device.close()


async def test_a_cut_wire_of_a_detector_is_a_fault():
    stand = Stand()
    await stand.device.connect()
    stand.lines.move(5, 0)
    assert (await stand.words())["shell/leak.1.state"] == "fault"
    stand.lines.move(4, 1)
    stand.lines.move(5, 1)
    assert (await stand.words())["shell/leak.1.state"] == "leak"
    await stand.device.close()


async def test_a_contact_that_chatters_is_read_some_times_a_second():
    stand = Stand()
    await stand.device.connect()
    await stand.words()
    begin_s = asyncio.get_running_loop().time()
    for turn in range(6):
        stand.lines.move(17, turn % 2)
        await stand.heard()
        await stand.words()
    assert asyncio.get_running_loop().time() - begin_s >= 0.2
    await stand.device.close()


async def test_a_chip_that_tells_no_edges_is_looked_at_as_often_as_what_protects():
    stand = Stand(has_edges=False)
    info = await stand.device.connect()
    assert info.groups[0].period_s == 1.0
    stand.lines.levels_now[17] = 1
    assert (await stand.words())["shell/smoke.1.state"] == "smoke"
    await stand.device.close()


async def test_a_chip_that_hangs_holds_up_nobody_and_is_given_back_behind_it():
    stand = Stand()
    await stand.device.connect()
    stand.lines.held.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await stand.device.read("fast")
    with pytest.raises(DeviceUnreachable, match="has not ended"):
        await stand.device.read("fast")
    await stand.device.close()
    assert not stand.lines.is_closed
    stand.lines.held.set()
    async with asyncio.timeout(5.0):
        while not stand.lines.is_closed:
            await asyncio.sleep(0)


async def test_what_the_chip_refuses_is_the_devices_own_no():
    def opened(*_asked):
        raise DeviceRefused("cannot open /dev/gpiochip0: not allowed")

    device = GpioDevice(NAME, options(), TIMES, ManualClock(), bell=Parts(ManualClock()).bell, opened=opened)
    with pytest.raises(DeviceRefused, match="not allowed"):
        await device.connect()
    with pytest.raises(DeviceUnreachable, match="not taken"):
        await device.read("fast")
    await device.close()


async def test_without_a_chip_the_driver_that_is_built_says_so():
    loaded = load([], layers=[Layer("conf.toml", KEYS.replace("/dev/gpiochip0", "/nowhere/gpiochip7"))])
    driver = DRIVERS["enclosure"](loaded.root).build(NAME, TIMES, Parts(ManualClock()))
    with pytest.raises(DeviceUnreachable, match="gpiodetect"):
        await driver.connect()
    await driver.close()


async def test_connecting_anew_gives_the_lines_back_first():
    stand = Stand()
    await stand.device.connect()
    first, stand.lines = stand.lines, Made({0: 0, 17: 0, 4: 0, 5: 1})
    await stand.device.connect()
    assert first.is_closed
    assert (await stand.words())["shell/door.front.state"] == "open"
    await stand.device.close()
    assert stand.lines.is_closed


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("gpio:///dev/gpiochip0", "gpio://dev/gpiochip0", "gpio:///dev/gpiochip0"),
        ('0 = "door', 'x = "door', "from 0"),
        ('0 = "door.front normally closed"', '0 = "Door"', "must be a name"),
        ('17 = "smoke.1"', '17 = "leak.1"', "two lines"),
        ('4 = "leak.1"', "", 'no line is "leak.1"'),
        ("[inputs]", 'bias = "up"\n[inputs]', "pull-up"),
        ("[inputs]", 'debounce = "5 s"\n[inputs]', "debounce"),
        ("[inputs]", "[outputs]", "outputs"),
    ],
)
def test_a_mistake_in_its_keys_is_told(old, new, told):
    assert old in KEYS
    problems = keys(KEYS.replace(old, new))[1]
    assert any(told in problem for problem in problems)


def test_its_keys_say_how_lines_are_asked_for():
    text = KEYS.replace("[inputs]", 'active_low = false\nbias = "none"\ndebounce = "50 ms"\n[inputs]')
    assert keys(text)[0].wish == Wish(active_low=False, bias="none", debounce_us=50_000)
