"""SIGHUP applies the configuration by difference, and a device that did not change is polled as if nothing had been."""

import os
import re
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from edgeagent.wire.record import Sample, decode
from tests.e2e.rig import Rig

POLL_S = 1.0
NEW_DEVICE = '\n[devices.second]\ndriver = "host"\nevery = "1 s"\n'


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    one = Rig(tmp_path)
    await one.start()
    yield one
    await one.stop()


def devices(rig: Rig) -> dict[str, dict[str, Any]]:
    return {row["device"]: row for row in rig.status()["devices"]}


def online(rig: Rig, *names: str) -> bool:
    found = devices(rig)
    return set(found) == set(names) and all(row["state"] == "online" for row in found.values())


def conditions(rig: Rig) -> dict[str, dict[str, Any]]:
    return {row["part"]: row for row in rig.status()["conditions"]}


def reload(rig: Rig, change: Callable[[str], str]) -> None:
    rig.config.write_text(change(rig.config.read_text()))
    assert rig.agent.process is not None
    os.kill(rig.agent.process.pid, signal.SIGHUP)


def audited(rig: Rig) -> list[str]:
    connection = sqlite3.connect(f"file:{rig.state / 'safety.db'}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT content FROM records").fetchall()
    finally:
        connection.close()
    return [str(decode(content)) for (content,) in rows]


def polls_s(rig: Rig, device: str, group: str) -> list[float]:
    """When the device was polled, as the journal tells it."""
    records = [decode(content) for _, content in sorted(rig.tail.rows.items())]
    return [one.time_s for one in records if isinstance(one, Sample) and (one.device, one.group) == (device, group)]


async def test_only_what_changed_is_restarted_and_a_broken_file_changes_nothing(rig: Rig) -> None:
    everything = {"pdu-a1", "pdu-b1", "host", "chassis"}
    await rig.until(lambda: online(rig, *everything), "all devices online")
    good = rig.config.read_text()

    reload(rig, lambda text: re.sub(r'(root = .*\nevery = )"1 s"', r'\1"500 ms"', text))
    await rig.until(lambda: "changed chassis" in rig.agent.log.read_text(), "the changed device")
    await rig.until(lambda: online(rig, *everything), "the changed device online again")

    reload(rig, lambda text: text + NEW_DEVICE)
    await rig.until(lambda: online(rig, *everything, "second"), "the added device")
    assert any(point.startswith("second/") for point in rig.points())

    reload(rig, lambda text: text.replace('driver = "host"', 'driver = "toaster"') + "[nonsense]\n")
    await rig.until(lambda: "configuration" in conditions(rig), "the broken file noticed")
    told = conditions(rig)["configuration"]
    assert told["level"] == "failed"
    assert "toaster" in told["message"]
    assert online(rig, *everything, "second")
    log = rig.agent.log.read_text()
    assert "toaster" in log
    assert "nonsense" in log

    reload(rig, lambda _: good.replace("[api]\n", "[api]\nenabled = false\n"))
    await rig.until(lambda: online(rig, *everything), "the removed device gone")
    assert not any(point.startswith("second/") for point in rig.points())
    assert conditions(rig)["configuration"]["message"] == "restart needed for [api]"

    reload(rig, lambda _: good)
    await rig.until(lambda: "configuration" not in conditions(rig), "the condition gone")
    gaps_s = [after - before for before, after in pairwise(polls_s(rig, "pdu-a1", "fast"))]
    assert len(gaps_s) >= 3, polls_s(rig, "pdu-a1", "fast")
    assert max(gaps_s) <= 2 * POLL_S
    assert devices(rig)["pdu-a1"]["failures"] == 0
    entries = [entry for entry in audited(rig) if "configuration" in entry]
    for words in ("changed chassis", "added second", "toaster", "removed second", "restart needed for [api]"):
        assert any(words in entry for entry in entries), (words, entries)
