"""The demo's story: the air of a rack turns hot, the pod sheds by itself, it cools, and the loads return."""

import json
import socket
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgeagent.cli import client, table

KELVIN = 12
FIRST_S = 6.0
COOL_AFTER_S = 16.0
EVERY_S = 180.0
NEEDS_S = 50.0
"""What the whole of it takes; a shorter demo is not told the story."""


@dataclass(slots=True)
class Told:
    """What happened so far, for the summary."""

    heated: str = ""
    shed: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    explanation: list[str] = field(default_factory=list)


class Story:
    """Advanced from time to time; speaks when something has changed."""

    def __init__(self, pod: Mapping[str, Any], api: Path, say: Callable[[str], None]) -> None:
        self._rack = next((rack["name"] for rack in pod["racks"]), "")
        self._control, self._api, self._say = Path(pod["control"]), api, say
        self._begins_s = FIRST_S
        self._cools_s: float | None = None
        self._off: set[str] = set()
        self.told = Told()

    def advance(self, now_s: float) -> None:
        """Do and tell what is due; ``now_s`` counts since the demo began."""
        if self._rack and now_s >= self._begins_s:
            self._begins_s, self._cools_s = now_s + EVERY_S, now_s + COOL_AFTER_S
            self._ask(do="inject", device=self._rack, kind="hot_inlet", kelvin=KELVIN)
            self.told.heated = self._rack
            self._say(f"heat         the air at {self._rack} is made {KELVIN} K warmer")
        if self._cools_s is not None and now_s >= self._cools_s:
            self._cools_s = None
            self._ask(do="clear", device=self._rack)
            self._say(f"cool         the air at {self._rack} is as it was")
        self._tell_changes()

    def _tell_changes(self) -> None:
        try:
            found = client.get(self._api, "/v1/autonomy")["shed"]
            off = {one["load"] for one in found if not one["returning"]}
            if fresh := sorted(off - self._off):
                self.told.shed += fresh
                self._say(f"shed         {len(fresh)} loads: {', '.join(fresh)}")
                self.told.explanation = client.get(self._api, "/v1/explain")["text"]
                self._explain()
            if back := sorted(self._off - off):
                self.told.returned += back
                self._say(f"return       {', '.join(back)}")
            self._off = off
        except client.NotRunningError:
            return

    def _explain(self) -> None:
        for line in _wrapped(self.told.explanation):
            self._say(line)

    def _ask(self, **request: object) -> None:
        """Tell the simulated pod's control socket."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(self._control))
            connection.sendall(json.dumps(request).encode() + b"\n")
            connection.makefile("rb").readline()


def _wrapped(texts: list[str]) -> Iterator[str]:
    for text in texts:
        first, *rest = textwrap.wrap(text, table.WIDTH - 13)
        yield f"explain      {first}"
        yield from (f"             {line}" for line in rest)
