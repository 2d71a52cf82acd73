"""Playing a scenario table: lines of time, verb and words; decisions are made every second and take effect."""

from dataclasses import dataclass, field, replace

from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.decide import decide
from edgeagent.model.decision import Decision, Memory
from edgeagent.model.intent import Choice, Intent, Range, Rank
from edgeagent.model.interlock import ServiceState
from edgeagent.model.points import DeviceId, PointId
from edgeagent.model.reading import Reason
from tests.scenarios.world import POLL_S, World


@dataclass
class Player:
    """One run of one table."""

    tables: Tables
    world: World = field(default_factory=World)
    memory: Memory = field(default_factory=Memory)
    now_s: float = 1000.0
    locks: set[str] = field(default_factory=set)
    resets: set[str] = field(default_factory=set)
    intents: list[Intent] = field(default_factory=list)
    halves: bool = False
    record: bool = False
    decision: Decision | None = None
    decisions: list[bytes] = field(default_factory=list)

    def play(self, text: str) -> None:
        lines = [
            line.split() for line in text.strip().splitlines() if line.strip() and not line.strip().startswith("#")
        ]
        end = float(lines[-1][0])
        elapsed = 0.0
        while elapsed <= end:
            due = [words for words in lines if float(words[0]) == elapsed]
            for _, verb, *words in (one for one in due if one[1] not in CHECKS):
                getattr(self, f"do_{verb}")(*words)
            if elapsed % POLL_S == 0:
                self.world.poll(self.now_s)
            self._decide()
            for time, verb, *words in (one for one in due if one[1] in CHECKS):
                wanted, found = getattr(self, f"see_{verb}")(*words)
                assert wanted == found, f"at {time}: {verb} {words}: found {found}\n{self._told()}"
            elapsed, self.now_s = elapsed + 1, self.now_s + 1

    def _decide(self) -> None:
        snapshot = self.world.snapshot(self.now_s)
        self.decision = decide(
            snapshot, self.memory, self.world.site, self.tables,
            intents=self.intents, locks=self.locks, resets=self.resets,
        )  # fmt: skip
        self.memory, self.resets = self.decision.memory, set()
        if self.record:
            self.decisions.append(self.decision.canonical())
        for output in self.decision.outputs:
            assert output.target in self.tables.targets
            self.world.set(output.target, output.value)
        for load in () if self.halves else self.world.site.loads:
            if self.world.is_off(load):
                assert not load.endswith("p1") or any(one.source == "order-p1" for one in self.intents)

    def _told(self) -> str:
        assert self.decision is not None
        return "\n".join(str(one) for one in (*self.decision.trace, *self.decision.alarms))

    # -- what happens

    def do_inlet(self, rack: str, value: str) -> None:
        self.world.set(self._inlet(rack), float(value))

    def do_set(self, point: str, value: str) -> None:
        self.world.set(PointId(point), float(value) if value.lstrip("-").replace(".", "", 1).isdigit() else value)

    def do_fail(self, point: str, reason: str = "absent") -> None:
        self.world.failed[self._inlet(point) if point in self.world.site.racks else PointId(point)] = Reason(reason)

    def do_mend(self, point: str) -> None:
        del self.world.failed[self._inlet(point) if point in self.world.site.racks else PointId(point)]

    def do_stick(self, point: str) -> None:
        self.world.stuck.add(PointId(point))

    def do_loosen(self, point: str) -> None:
        self.world.stuck.remove(PointId(point))

    def do_silence(self, *devices: str) -> None:
        everyone = {*self.world.site.pdus, "crac-north", "crac-south"}
        for device in everyone if devices == ("all",) else devices:
            self.world.silent[DeviceId(device)] = Reason.DISCONNECTED

    def do_hear(self, *devices: str) -> None:
        for device in list(self.world.silent) if devices == ("all",) else devices:
            del self.world.silent[DeviceId(device)]

    def do_clock(self, step_s: str) -> None:
        self.now_s += float(step_s)

    def do_lock(self, name: str) -> None:
        self.locks.add(name)

    def do_unlock(self, name: str) -> None:
        self.locks.remove(name)

    def do_reset(self, name: str) -> None:
        self.resets.add(name)

    def do_order(self, source: str, rank: str, target: str, value: str, ttl_s: str = "600") -> None:
        allows = Choice(frozenset({value})) if value in {"on", "off"} else Range(*map(float, value.split("..")))
        self.intents.append(Intent(PointId(target), allows, Rank[rank], source, "a test", self.now_s + float(ttl_s)))

    def do_restart(self) -> None:
        """The daemon begins anew on another boot with the memory that it kept."""
        self.memory = Memory(**{name: getattr(self.memory, name) for name in Memory.__slots__})
        self.now_s = 5.0

    def do_tables(self, name: str, state: str) -> None:
        """An interlock gets another state by a reload."""
        found = tuple(
            replace(one, state=ServiceState(state.replace("-", " "))) if one.id.startswith(name) else one
            for one in self.tables.interlocks
        )
        self.tables = replace(self.tables, interlocks=found, version=f"{self.tables.version}+")

    # -- what is seen

    def see_off(self, *loads: str) -> tuple[set[str], set[str]]:
        return set(loads), {load for load in self.world.site.loads if self.world.is_off(load)}

    def see_alarms(self, *keys: str) -> tuple[set[str], set[str]]:
        assert self.decision is not None
        wanted = {one.key for one in self.decision.alarms}
        return set(keys), {one.key for one in self.decision.alarms if one.parent not in wanted}

    def see_children(self, key: str, count: str) -> tuple[int, int]:
        assert self.decision is not None
        return int(count), sum(one.parent == key for one in self.decision.alarms)

    def see_cool(self, *aisles: str) -> tuple[set[str], set[str]]:
        assert self.decision is not None
        return set(aisles), set(self.decision.cool)

    def see_switched(self, count: str) -> tuple[int, int]:
        return int(count), self.world.switched

    def see_value(self, target: str, value: str) -> tuple[str, str]:
        assert self.decision is not None
        found = [one.value for one in self.decision.outputs if one.target == target]
        told = f"{found[0]:g}" if found and isinstance(found[0], float) else str(found[0]) if found else "none"
        return value, told

    def see_limited(self, target: str, *sources: str) -> tuple[set[str], set[str]]:
        assert self.decision is not None
        return set(sources), {name for one in self.decision.outputs if one.target == target for name in one.limited}

    def see_says(self, what: str, subject: str) -> tuple[bool, bool]:
        assert self.decision is not None
        return True, any(one.what == what.replace("_", " ") and one.subject == subject for one in self.decision.trace)

    def see_silent_about(self, what: str, subject: str) -> tuple[bool, bool]:
        wanted, found = self.see_says(what, subject)
        return wanted, not found

    def _inlet(self, rack: str) -> PointId:
        inlet = self.world.site.racks[rack].inlet
        assert inlet is not None
        return inlet


CHECKS = {name.removeprefix("see_") for name in dir(Player) if name.startswith("see_")}
