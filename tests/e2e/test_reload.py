"""SIGHUP applies the configuration by difference, and a device that did not change is polled as if nothing had been."""

import os
import re
import signal
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from edgeagent.wire.record import Sample, decode
from tests.e2e.oracle import noc_rows
from tests.e2e.rig import Rig

POLL_S = 1.0
AUDIT = 1
"""The stream's number in the NOC's tables."""
AUDITED = ["changed chassis", "added second", "toaster", "removed second; restart needed for [api]", "nothing changed"]
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


async def reload(rig: Rig, change: Callable[[str], str]) -> None:
    """Change the file, ask for a reload, and let the device that does not change be polled once more."""
    polls = devices(rig)["pdu-a1"]["polls"]
    rig.config.write_text(change(rig.config.read_text()))
    assert rig.agent.process is not None
    os.kill(rig.agent.process.pid, signal.SIGHUP)
    await rig.until(lambda: devices(rig)["pdu-a1"]["polls"] > polls, "another poll")


def audited(rig: Rig) -> list[str]:
    """What the audit says of the configuration, as far as the NOC holds it."""
    return [text for text in map(repr, map(decode, noc_rows(rig.noc_db, AUDIT).values())) if "configuration" in text]


def polls_s(rig: Rig, device: str, group: str) -> list[float]:
    """When the device was polled, as the NOC holds it."""
    records = map(decode, dict(sorted(noc_rows(rig.noc_db).items())).values())
    return [one.time_s for one in records if isinstance(one, Sample) and (one.device, one.group) == (device, group)]


async def test_only_what_changed_is_restarted_and_a_broken_file_changes_nothing(rig: Rig) -> None:
    everything = {"pdu-a1", "pdu-b1", "host", "chassis"}
    await rig.until(lambda: online(rig, *everything), "all devices online")
    good = rig.config.read_text()

    await reload(rig, lambda text: re.sub(r'(root = .*\nevery = )"1 s"', r'\1"500 ms"', text))
    await rig.until(lambda: "changed chassis" in rig.agent.log.read_text(), "the changed device")
    await rig.until(lambda: online(rig, *everything), "the changed device online again")

    await reload(rig, lambda text: text + NEW_DEVICE)
    await rig.until(lambda: online(rig, *everything, "second"), "the added device")
    assert any(point.startswith("second/") for point in rig.points())

    await reload(rig, lambda text: text.replace('driver = "host"', 'driver = "toaster"') + "[nonsense]\n")
    await rig.until(lambda: "configuration" in conditions(rig), "the broken file noticed")
    told = conditions(rig)["configuration"]
    assert told["level"] == "failed"
    assert "toaster" in told["message"]
    assert online(rig, *everything, "second")
    log = rig.agent.log.read_text()
    assert "toaster" in log
    assert "nonsense" in log

    await reload(rig, lambda _: good.replace("[api]\n", "[api]\nenabled = false\n"))
    await rig.until(lambda: online(rig, *everything), "the removed device gone")
    assert not any(point.startswith("second/") for point in rig.points())
    assert conditions(rig)["configuration"]["message"] == "restart needed for [api]"

    await reload(rig, lambda _: good)
    await rig.until(lambda: "configuration" not in conditions(rig), "the condition gone")
    await rig.until(lambda: len(audited(rig)) == 5, "the audit at the NOC")
    await rig.until(lambda: len(polls_s(rig, "pdu-a1", "fast")) > 4, "the polls at the NOC")
    for words, entry in zip(AUDITED, audited(rig), strict=True):
        assert words in entry
    gaps_s = [after - before for before, after in pairwise(polls_s(rig, "pdu-a1", "fast"))]
    assert len(gaps_s) >= 4
    assert max(gaps_s) <= 2 * POLL_S
    assert devices(rig)["pdu-a1"]["failures"] == 0
