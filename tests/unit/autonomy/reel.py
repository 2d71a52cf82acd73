"""Scenarios played with the flight recorder beside them, and played again from what it wrote."""

from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.flight import Origin, decode_head, decode_tick
from edgeagent.autonomy.flight_recorder import FlightRecorder
from edgeagent.autonomy.replay import Replay
from edgeagent.core.clock import ManualClock
from tests.scenarios.play import Player
from tests.scenarios.world import site, tables


class Reel:
    """Files of lines, in memory."""

    def __init__(self, *, head_every: int = 1_000_000) -> None:
        self.files: list[list[bytes]] = []
        self._head_every = head_every

    @property
    def wants_head(self) -> bool:
        return not self.files or len(self.files[-1]) > self._head_every

    def begin(self, head: bytes) -> None:
        self.files.append([head])

    def append(self, line: bytes, *, soon: bool = False) -> None:
        assert line.endswith(b"\n")
        assert isinstance(soon, bool)
        self.files[-1].append(line)


class Recorded(Player):
    """A scenario with the flight recorder beside it."""

    def begin(self, reel: Reel) -> None:
        self.recorder = FlightRecorder(reel, ManualClock())

    def _decide(self) -> None:
        before, resets, snapshot = self.memory, frozenset(self.resets), self.world.snapshot(self.now_s)
        intents, locks = tuple(self.intents), frozenset(self.locks)
        super()._decide()
        assert self.decision is not None
        self.recorder.tick(
            snapshot, before, self.decision, intents=intents, locks=locks, resets=resets,
            site=self.world.site, tables=self.tables,
        )  # fmt: skip


def played(case: dict, reel: Reel) -> Recorded:
    player = Recorded(tables(case.get("tables", "")), halves=case.get("half", False))
    player.begin(reel)
    player.play(case["table"])
    return player


def replayed(reel: Reel, present: Tables) -> Replay:
    replay = Replay(site(), present)
    for number, lines in enumerate(reel.files):
        head = decode_head(lines[0], Origin(f"{number}", 1))
        replay.play(
            head,
            (
                (Origin(f"{number}", at), decode_tick(line, Origin(f"{number}", at)))
                for at, line in enumerate(lines[1:], 2)
            ),
        )
    return replay
