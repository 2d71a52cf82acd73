"""Traps to events and immediate polls: the whole way from a simulated card, and the limits by hand."""

import asyncio
import json
import socket
import time
from contextlib import AsyncExitStack

import pytest

from edgeagent.config.layers import Layer, load
from edgeagent.core.clock import ManualClock, SystemClock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.state import State
from edgeagent.core.worker import Worker
from edgeagent.drivers import settings
from edgeagent.drivers.identity import MemoryBook
from edgeagent.drivers.parts import Parts
from edgeagent.drivers.poller import Poller
from edgeagent.drivers.settings import build
from edgeagent.drivers.trap_senders import Senders
from edgeagent.drivers.traps import (
    EVENT_BURST,
    MAX_SAID,
    MAX_STRANGERS,
    PART,
    POKE_EVERY_S,
    REPEAT_S,
    Traps,
    TrapSettings,
    parse,
)
from edgeagent.model.device import DeviceState
from edgeagent.model.errors import ConfigError
from edgeagent.protocols.session import Sessions
from edgeagent.protocols.snmp_trap_desk import Notification
from edgeagent.protocols.snmp_traps import SPEC, TrapListener
from firmware_stubs.pod import Pod, PodPlan

DEADLINE_S = 15.0
PLACE = ("127.0.0.1", 1162)
ON_BATTERY = "1.3.6.1.4.1.318.0.5"
DEVICES = """
[devices.pdu-a1]
driver = "ipdu"
address = "snmpv3://10.0.0.11"
user = "edge"
auth_key = "auth-secret-1"
priv_key = "priv-secret-1"

[devices.pdu-a2]
driver = "ipdu"
address = "snmpv3://10.0.0.12:1161"
user = "edge"
auth_key = "auth-secret-1"
priv_key = "priv-secret-1"

[devices.ups-1]
driver = "ups"
address = "snmp://10.0.0.20"
community = "swordfish"

[devices.ats-1]
driver = "ats"
address = "snmp://10.0.0.20:1161"
community = "public"

[devices.cdu-1]
driver = "cdu"
address = "redfish://10.0.0.30"
user = "edge"
password = "redfish-secret"

[devices.host]
driver = "host"
"""


def configured(text=DEVICES):
    root = load([], layers=[Layer("edgeagent.toml", text)]).root
    found = settings.parse(root)
    assert not root.problems
    return found


def told(*, host="10.0.0.20", port=4711, version=2, trap=ON_BATTERY, values=(), user="", engine="", inform=False):
    return Notification(host, port, version, user, engine, inform, trap, values)


class Prepared:
    """What a worker is asked; it answers with what is put into it."""

    def __init__(self, clock):
        self.answers = []
        self.listened = []
        self.error = None
        self._clock = clock

    async def warm(self, timeout_s):
        pass

    async def call(self, name, args=None, *, timeout_s):
        if self.error is not None:
            raise self.error
        if name == "listen":
            self.listened.append(args)
            return {"port": args["port"]}
        known = self.listened and self.listened[-1]["revision"] == args["revision"]
        if known and not self.answers:
            await self._clock.sleep(args["wait_s"])
        notifications, counts, refused = self.answers.pop(0) if self.answers else ((), {}, {})
        return {
            "revision": self.listened[-1]["revision"] if self.listened else 0,
            "notifications": [vars_of(one) for one in notifications],
            "counts": counts,
            "refused": refused,
        }

    def say(self, *notifications, counts=None, refused=None):
        self.answers.append((notifications, counts or {}, refused or {}))


def vars_of(one):
    return {name: getattr(one, name) for name in one.__struct_fields__}


class Stage:
    """The Service by itself, with a clock that is moved by hand."""

    def __init__(self, devices=None):
        self.clock = ManualClock()
        self.worker = Prepared(self.clock)
        self.health = Health(self.clock)
        self.metrics = Metrics()
        self.devices = configured() if devices is None else devices
        self.sessions = Sessions()
        self.events, self.poked = [], []
        self.senders = Senders(lambda: self.devices, self.sessions)
        self.traps = Traps(
            TrapSettings(PLACE, "trap-community"),
            TrapListener(self.worker),
            self.senders,
            profiles=Parts(self.clock).profiles,
            clock=self.clock,
            health=self.health,
            metrics=self.metrics,
            tell=self.events.append,
            poke=self.poked.append,
        )

    async def __aenter__(self):
        self.task = asyncio.create_task(self.traps.run(lambda: None))
        await self.until(lambda: self.worker.listened)
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def until(self, condition):
        until_s = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < until_s
            await asyncio.sleep(0.001)

    async def say(self, *notifications, **more):
        self.worker.say(*notifications, **more)
        await self.clock.advance(1.0)
        await self.until(lambda: not self.worker.answers)
        await self.clock.advance(0.0)


@pytest.fixture
async def stage():
    async with Stage() as stage:
        yield stage


async def test_a_trap_of_a_device_is_an_event_and_a_poll_at_once(stage):
    await stage.say(told(port=161, values=(("1.3.6.1.4.1.318.2.3.3.0", "UPS: on battery"), ("1.2", 3))))
    (event,) = stage.events
    assert (event.origin, event.word, event.subject, event.severity) == ("trap", "ups.on_battery", "ups-1", "major")
    assert event.text == "ups-1: it runs on battery (UPS: on battery)"
    assert event.time_s <= stage.clock.now_s()
    assert stage.poked == ["ups-1"]


async def test_a_trap_that_nobody_knows_is_told_with_its_identifier(stage):
    await stage.say(told(port=161, trap="1.3.6.1.4.1.99999.1"))
    assert [(one.word, one.severity) for one in stage.events] == [("trap.unknown", "info")]
    assert "1.3.6.1.4.1.99999.1" in stage.events[0].text
    assert stage.poked == ["ups-1"]


async def test_of_devices_that_share_an_address_the_one_with_the_port_is_meant_else_all_of_them(stage):
    await stage.say(told(port=1161))
    assert stage.poked == ["ats-1"]
    await stage.say(told(port=40000, trap="1.3.6.1.6.3.1.1.5.1"))
    assert sorted(stage.poked[1:]) == ["ats-1", "ups-1"]
    assert stage.events[-1].subject == "ups-1, ats-1"


async def test_a_device_that_is_read_otherwise_may_send_traps_too(stage):
    await stage.say(told(host="10.0.0.30", trap="1.3.6.1.6.3.1.1.5.1"))
    assert stage.poked == ["cdu-1"]


async def test_a_stranger_is_counted_and_named_and_never_acted_on(stage):
    await stage.say(told(host="10.9.9.9"), refused={"10.8.8.8": "community"}, counts={"community": 2, "datagrams": 3})
    assert (stage.events, stage.poked) == ([], [])
    condition = stage.health.get(PART)
    assert condition.level is Level.OK
    assert condition.message == "listens on port 1162; not heard: 10.9.9.9 (stranger), 10.8.8.8 (community)"
    assert (stage.traps._left_out.get(reason="stranger"), stage.traps._left_out.get(reason="community")) == (1, 2)


async def test_what_is_remembered_of_strangers_is_bounded(stage):
    await stage.say(*(told(host=f"10.9.{number}.9") for number in range(2 * MAX_STRANGERS)))
    assert len(stage.traps._strangers) == MAX_STRANGERS


async def test_a_v3_trap_is_of_the_device_whose_engine_signed_it(stage):
    stage.senders._engines = {one: f"80{number}" for number, one in enumerate(stage.senders._senders[:2])}
    await stage.say(told(host="10.7.7.7", version=3, user="edge", engine="801"))
    assert stage.poked == ["pdu-a2"], "also from behind another address"


async def test_a_v3_inform_is_of_the_device_at_its_address_with_its_user(stage):
    await stage.say(told(host="10.0.0.11", version=3, user="edge", engine="ours", inform=True))
    assert stage.poked == ["pdu-a1"]
    await stage.say(told(host="10.0.0.20", version=3, user="edge", engine="ours", inform=True))
    await stage.say(told(host="10.9.9.9", version=3, user="edge", engine="ours", inform=True))
    assert stage.poked == ["pdu-a1"], "a user of two devices tells neither"


async def test_engines_are_learnt_from_the_sessions_of_the_polls_and_told_to_the_child(stage):
    session = Session(bytes.fromhex("8000000001"))
    access = stage.devices[0].options.access
    stage.sessions.open(("10.0.0.11", 161), access, lambda _turn: session)
    await stage.say()
    await stage.say()
    last = stage.worker.listened[-1]
    assert last["users"] == [
        {"name": "edge", "auth_key": "auth-secret-1", "priv_key": "priv-secret-1", "engines": ["8000000001"]}
    ]
    assert sorted(last["communities"]) == ["public", "swordfish", "trap-community"]
    await stage.sessions.close(("10.0.0.11", 161), access)
    told_so_far = len(stage.worker.listened)
    await stage.say()
    assert len(stage.worker.listened) == told_so_far, "an engine outlives the session that met it"


class Session:
    def __init__(self, engine_id):
        self.engine_id = engine_id

    async def close(self):
        pass


async def test_devices_are_those_of_the_last_reload(stage):
    stage.devices = [one for one in stage.devices if one.name != "ups-1"]
    await stage.say()
    await stage.say(told(port=161))
    assert stage.poked == ["ats-1"]


async def test_a_storm_of_one_device_hurries_one_poll_a_second_and_tells_so_much_and_no_more(stage):
    storm = [told(port=161, trap=f"1.3.6.1.4.1.318.0.{number}") for number in range(1, 201)]
    await stage.say(*storm)
    assert stage.poked == ["ups-1"]
    assert len(stage.events) == EVENT_BURST
    assert stage.traps._dropped.get() + stage.traps._repeats.get() == 200 - EVENT_BURST
    await stage.say(*storm[:2])
    assert stage.poked == ["ups-1", "ups-1"]
    await stage.say(told(port=1161))
    assert stage.poked[-1] == "ats-1", "another device is heard all the same"


async def test_what_came_within_the_second_is_read_when_it_is_over(stage):
    await stage.say(told(port=161))
    stage.traps._callers["ups-1"].poked_s = stage.clock.now_s() + 0.5 * POKE_EVERY_S
    await stage.say(told(port=161))
    assert stage.poked == ["ups-1"]
    await stage.say()
    await stage.say()
    assert stage.poked == ["ups-1", "ups-1"]


async def test_the_same_words_again_are_told_once_a_minute(stage):
    for _ in range(5):
        await stage.say(told(port=161))
    assert len(stage.events) == 1
    assert stage.traps._repeats.get() == 4
    await stage.clock.advance(REPEAT_S)
    await stage.say(told(port=161))
    assert len(stage.events) == 2
    await stage.say(told(port=161, trap="1.3.6.1.4.1.318.0.9"))
    await stage.say(told(port=161))
    assert [one.word for one in stage.events[-2:]] == ["ups.on_line", "ups.on_battery"], "what came between counts"


async def test_what_a_trap_says_is_shown_in_so_many_words_and_no_more(stage):
    values = tuple((f"1.{number}", "x" * 200) for number in range(10))
    await stage.say(told(port=161, values=values))
    assert len(stage.events[0].text) <= len("ups-1: it runs on battery") + MAX_SAID


async def test_where_it_cannot_listen_that_is_said_and_tried_again(stage):
    stage.worker.error = ConfigError("cannot listen on 127.0.0.1 port 162: Permission denied")
    await stage.clock.advance(1.0)
    await stage.until(lambda: stage.health.get(PART).level is Level.DEGRADED)
    assert "systemd/drop-ins/traps.conf" in stage.health.get(PART).message
    stage.worker.error = None
    await stage.clock.advance(30.0)
    await stage.say(told(port=161))
    assert stage.health.get(PART).level is Level.OK
    assert stage.poked == ["ups-1"]


async def test_a_name_is_resolved_and_an_ipv4_address_is_known_through_an_ipv6_socket():
    devices = configured(DEVICES.replace("snmp://10.0.0.20:1161", "snmp://localhost"))
    async with Stage(devices) as stage:
        await stage.until(lambda: stage.senders._hosts)
        await stage.say(told(host="::ffff:127.0.0.1"), told(host="::1"))
        assert stage.poked == ["ats-1"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", None),
        ('listen = "127.0.0.1:1162"', ("127.0.0.1", 1162)),
        ('listen = "[::]:162"', ("::", 162)),
        ('listen = "0.0.0.0:162"', ("0.0.0.0", 162)),
    ],
)
def test_where_to_listen_is_an_address_and_a_port(text, place):
    root = load([], layers=[Layer("a.toml", f"[traps]\n{text}\n")]).root
    found = parse(root.table("traps"))
    assert not root.problems
    assert (found.place if found else None) == place


@pytest.mark.parametrize("text", ["1162", "localhost:1162", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", ":162"])
def test_another_place_is_a_mistake(text):
    root = load([], layers=[Layer("a.toml", f'[traps]\nlisten = "{text}"\n')]).root
    assert parse(root.table("traps")) is None
    assert "cannot listen there" in str(root.problems[0])


# ---- the whole way: a simulated rack, real sessions, the real child


class Whole:
    """One rack of two PDUs that are polled once a minute, and the Service that hears them."""

    def __init__(self, pod, port):
        self.clock = SystemClock()
        self.state = State(self.clock)
        self.metrics = Metrics()
        health = Health(self.clock)
        self.parts = Parts(self.clock)
        self.devices = configured(polled(pod))
        self.poller = Poller(
            build(self.devices, self.parts), state=self.state, clock=self.clock, metrics=self.metrics, book=MemoryBook()
        )
        self.worker = Worker(SPEC, self.clock, health, self.metrics, on_line=print)
        self.traps = Traps(
            TrapSettings(("127.0.0.1", port)),
            TrapListener(self.worker),
            Senders(lambda: self.devices, self.parts.snmp),
            profiles=self.parts.profiles,
            clock=self.clock,
            health=health,
            metrics=self.metrics,
            tell=self.state.events.publish,
            poke=self.poller.poke,
        )

    async def run(self, stack):
        self.events = stack.enter_context(self.state.events.subscribe("test"))
        tasks = [asyncio.create_task(service.run(lambda: None)) for service in (self.worker, self.poller, self.traps)]
        stack.push_async_callback(asyncio.gather, *tasks, return_exceptions=True)
        for task in tasks:
            stack.callback(task.cancel)
        await self.until(lambda: all(self.has_connected(one.name) for one in self.devices))
        await self.until(lambda: self.traps._listener.port is not None)

    def has_connected(self, device):
        """Every group was read."""
        info = self.state.infos().get(device)
        return info is not None and self.polls(device) >= len(info.groups)

    def polls(self, device):
        status = self.state.statuses().get(device)
        return 0 if status is None or status.state is not DeviceState.ONLINE else status.polls

    async def until(self, condition, within_s=DEADLINE_S):
        until_s = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < until_s
            await asyncio.sleep(0.005)


def polled(pod):
    lines = []
    for one in pod.devices:
        v3 = one["version"] == "v3"
        lines += [
            f"[devices.{one['name']}]",
            'driver = "ipdu"',
            f'address = "{"snmpv3" if v3 else "snmp"}://{one["host"]}:{one["port"]}"',
            'every = "60 s"',
            'protective_every = "60 s"',
            'timeout = "1 s"',
        ]
        keys = ("user", "auth_key", "priv_key") if v3 else ("community",)
        lines += [f"{key} = {json.dumps(one[key])}" for key in keys]
    return "\n".join(lines)


@pytest.fixture
async def whole(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        place = free.getsockname()
    async with Pod(PodPlan(tmp_path, racks=1, outlets=8, traps=place)) as pod, AsyncExitStack() as stack:
        whole = Whole(pod, place[1])
        whole.pod = pod
        await whole.run(stack)
        yield whole


@pytest.mark.parametrize("device", ["pdu-a1", "pdu-b1"])
@pytest.mark.parametrize("inform", [False, True])
async def test_a_card_that_calls_is_read_at_once_in_either_version(whole, device, inform):
    # a v3 trap is believed once the engine, met by the poll, is known to the child: within a turn or two
    other = {"pdu-a1": "pdu-b1", "pdu-b1": "pdu-a1"}[device]
    before, untouched = whole.polls(device), whole.polls(other)
    until_s = time.monotonic() + DEADLINE_S
    while whole.polls(device) == before:
        assert time.monotonic() < until_s
        whole.pod.traps.send(device, "breaker", inform=inform)
        await asyncio.sleep(0.3)
    event = await whole.events.next()
    assert (event.origin, event.subject) == ("trap", device)
    assert event.word == {"pdu-a1": "breaker.changed", "pdu-b1": "pdu.critical"}[device]
    assert whole.polls(other) == untouched


async def test_what_changed_is_read_within_a_second_though_the_poll_is_once_a_minute(whole):
    name = "pdu-b1/outlet.3.state"
    assert whole.state.reading(name).value == "on"
    whole.pod.world.switch("pdu-b1", 3, on=False)
    whole.pod.traps.send("pdu-b1", "outlet_off")
    await whole.until(lambda: whole.state.reading(name).value == "off", within_s=3.0)
    assert (await whole.events.next()).word == "outlet.off"
