"""Cards call the real daemon: what they said stands at the pod and at the NOC, and the rows are equal."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from edgeagent.cli import client
from edgeagent.noc.events import EventRow, newest
from tests.e2e.rig import Rig

CALLS = [  # what is sent, and the word that it is told with
    ("pdu-a1", "breaker", False, "breaker.changed"),
    ("pdu-a1", "outlet_off", True, "outlet.switched"),
    ("pdu-b1", "breaker", False, "pdu.critical"),
    ("pdu-b1", "outlet_off", True, "outlet.off"),
]
WORDS = ("origin", "word", "subject", "text", "severity")


class Calling(Rig):
    """A rig whose daemon hears traps."""

    async def listen(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.place = "{}:{}".format(*free.getsockname())
        await self.start(more=f'[traps]\nlisten = "{self.place}"\n\n')

    def notices(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = client.get(self.runtime / "api.sock", "/v1/notices")["notices"]
        return found

    def rows(self) -> list[EventRow]:
        return newest(self.noc_db, 100)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Calling]:
    one = Calling(tmp_path, racks=1, outlets=8)
    await one.listen()
    yield one
    await one.stop()


def plain(rows: Any) -> list[tuple[str, ...]]:
    return sorted(tuple(row[key] if isinstance(row, dict) else getattr(row, key) for key in WORDS) for row in rows)


async def test_what_cards_said_stands_at_the_pod_and_at_the_noc(rig: Calling) -> None:
    await rig.until(lambda: any(one["part"] == "traps" for one in rig.status()["conditions"]), "the receiver")
    for device, kind, inform, word in CALLS:

        def told(request: dict[str, Any], word: str) -> bool:
            rig.control(do="trap", to=rig.place, **request)
            return word in {one["word"] for one in rig.notices()}

        request = {"device": device, "kind": kind, "inform": inform}
        await rig.until(lambda request=request, word=word: told(request, word), f"{word} at the pod")
    assert {(one["subject"], one["word"]) for one in rig.notices()} == {(device, word) for device, _, _, word in CALLS}
    await rig.until(lambda: len(rig.rows()) == len(CALLS), "the events at the NOC")
    assert plain(rig.rows()) == plain(rig.notices())
    assert rig.rows()[0].wall_s == pytest.approx(rig.notices()[0]["wall_s"], abs=1.0)
