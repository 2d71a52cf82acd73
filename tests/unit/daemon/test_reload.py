"""Reload: what differs between two configurations, and what is done and said about it."""

import asyncio
import io
import socket
from contextlib import asynccontextmanager

import pytest
import structlog
from structlog.testing import capture_logs

from edgeagent.cli.keys import make_ingest_keys
from edgeagent.core.clock import ManualClock
from edgeagent.core.health import Health, Level
from edgeagent.daemon import logs
from edgeagent.daemon.configuration import check
from edgeagent.daemon.reload import Reload, difference, restart_needed
from edgeagent.daemon.systemd import Notifier
from edgeagent.drivers.parts import Parts

BASE = """
[pod]
site = "zrh"
name = "pod-07"
[uplink]
broker = "mqtt://127.0.0.1:1883"
keyring = "keyring.toml"
[devices.pdu-a1]
driver = "ipdu"
address = "snmp://127.0.0.1:1161"
community = "swordfish"
[devices.host]
driver = "host"
"""
ADDED = '[devices.chassis]\ndriver = "hwmon"\n'


class Stage:
    """A configuration file, and doubles for all that a reload touches."""

    def __init__(self, folder):
        self.file = folder / "edgeagent.toml"
        self.file.write_text(BASE)
        make_ingest_keys(folder).keyring.rename(folder / "keyring.toml")
        self.applied = []
        self.audited = []
        self.health = Health(ManualClock())
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(folder / "notify"))
        self.manager.setblocking(False)
        self.adopted = []
        self.reload = Reload(
            self.check().configuration,
            self.check,
            Parts(ManualClock()),
            self,
            protection=self,
            audit=self,
            health=self.health,
            notifier=Notifier(str(folder / "notify")),
        )

    def check(self):
        return check(self.file, {})

    def adopt(self, configuration):
        self.adopted.append(configuration)

    def apply(self, removed, fresh):
        self.applied.append((list(removed), [plan.name for plan, _ in fresh]))

    def audit(self, subject, action, detail=""):
        self.audited.append((subject, action, detail))

    def told(self):
        return self.manager.recv(1000).decode().splitlines()

    @asynccontextmanager
    async def running(self):
        task = asyncio.create_task(self.reload.run(lambda: None))
        self.reload.ready.set()
        yield self
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def change(self, text):
        """Write the file and reload; returns once it is audited."""
        done = len(self.audited)
        self.file.write_text(text)
        self.reload.request()
        async with asyncio.timeout(5.0):
            while len(self.audited) == done:
                await asyncio.sleep(0.002)

    def condition(self):
        found = self.health.get("configuration")
        return found and (found.level, found.message)


@pytest.fixture
def stage(tmp_path):
    one = Stage(tmp_path)
    yield one
    one.manager.close()


async def test_devices_are_added_changed_and_removed_and_the_same_ones_are_not_named(stage):
    async with stage.running():
        await stage.change(BASE + ADDED)
        await stage.change(BASE.replace("swordfish", "other") + ADDED)
        await stage.change(BASE.replace("swordfish", "other"))
        await stage.change(BASE.replace("swordfish", "other"))
    assert stage.applied == [([], ["chassis"]), ([], ["pdu-a1"]), (["chassis"], []), ([], [])]
    words = ["added chassis", "changed pdu-a1", "removed chassis", "nothing changed"]
    assert stage.audited == [("configuration", "reload", word) for word in words]
    assert stage.condition() is None


async def test_a_broken_file_changes_nothing_and_every_mistake_is_said(stage):
    async with stage.running():
        with capture_logs() as said:
            await stage.change(BASE.replace('"host"', '"toaster"') + "[nonsense]\n")
        assert stage.applied == []
        assert len([one for one in said if one["event"] == "configuration mistake"]) == 2
        level, message = stage.condition()
        assert level is Level.FAILED
        assert "toaster" in message
        assert message.endswith("and 1 more")
        assert stage.audited == [("configuration", "refuse", message)]
        await stage.change(BASE)
        assert stage.condition() is None
        assert stage.applied == [([], [])]


async def test_what_needs_a_restart_is_named_until_it_is_changed_back(stage):
    async with stage.running():
        await stage.change(BASE.replace("1883", "1884") + '[api]\nenabled = false\n[store]\ncommit_every = "1 s"\n')
        assert stage.condition() == (Level.DEGRADED, "restart needed for [store], [uplink], [api]")
        await stage.change(BASE.replace("pod-07", "pod-08") + '[daemon]\nstate = "/elsewhere"\n')
        assert stage.condition() == (Level.DEGRADED, "restart needed for [pod], [daemon]")
        await stage.change(BASE)
        assert stage.condition() is None


async def test_systemd_hears_of_the_reload_and_of_its_end_also_when_it_was_refused(stage):
    async with stage.running():
        for text in (BASE, "broken"):
            await stage.change(text)
            await asyncio.sleep(0)
            first, second = stage.told(), stage.told()
            assert first[0] == "RELOADING=1"
            assert first[1].removeprefix("MONOTONIC_USEC=").isdigit()
            assert second == ["READY=1"]


async def test_nothing_is_reloaded_before_the_daemon_is_ready(stage):
    stage.reload.request()
    task = asyncio.create_task(stage.reload.run(lambda: None))
    for _ in range(20):
        await asyncio.sleep(0)
    with pytest.raises(BlockingIOError):
        stage.told()
    stage.reload.ready.set()
    async with asyncio.timeout(5.0):
        while not stage.audited:
            await asyncio.sleep(0.002)
    task.cancel()
    await asyncio.wait([task])


async def test_the_log_level_changes_at_once_in_loggers_that_were_used_before(stage):
    out, before = io.StringIO(), structlog.get_config()
    try:
        logs.configure("info", out)
        log = structlog.get_logger("test")
        log.info("first")
        log.debug("hidden")
        async with stage.running():
            await stage.change(BASE + '[daemon]\nlog_level = "debug"\n')
        log.debug("shown")
    finally:
        structlog.configure(**before)
    assert "first" in out.getvalue()
    assert "shown" in out.getvalue()
    assert "hidden" not in out.getvalue()
    assert stage.audited == [("configuration", "reload", "log level debug")]


def test_a_log_level_needs_no_restart_and_the_site_is_a_change(stage):
    old = stage.check().configuration
    stage.file.write_text(BASE + '[daemon]\nlog_level = "error"\n[racks.r1]\n')
    new = stage.check().configuration
    assert restart_needed(old, new) == ()
    assert str(difference(old, new)) == "changed the site; log level error"
    assert str(difference(new, new)) == ""


def test_of_very_many_names_some_are_named_and_the_rest_are_counted(stage):
    old = stage.check().configuration
    stage.file.write_text(BASE + "".join(f'[devices.h{n}]\ndriver = "host"\n' for n in range(50)))
    assert str(difference(old, stage.check().configuration)).endswith("h19 and 30 more")
