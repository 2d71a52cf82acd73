"""The loads in one decision: who is shed, who returns, and what becomes of them once the permissives have spoken."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from edgeagent.autonomy import shed
from edgeagent.autonomy.compiled import OFF, ON, Tables, state_point
from edgeagent.autonomy.evaluated import Evaluated
from edgeagent.autonomy.permissive import Moves
from edgeagent.autonomy.plant import Plant
from edgeagent.model.decision import AlarmWanted, Memory, ShedLoad, Step
from edgeagent.model.intent import Choice, Intent, Rank
from edgeagent.model.interlock import Act, Interlock, InterlockMemory
from edgeagent.model.limit import LimitMemory
from edgeagent.model.points import PointId

INTENT_S = 10.0
"""How long an interlock's intent lasts unless the next decision makes it anew."""
RETURN_S = 60.0
"""A load that was switched on and is not read as on after this is told of."""
_OFF, _ON = Choice(frozenset({OFF})), Choice(frozenset({ON}))

Interlocks = Mapping[str, InterlockMemory]


class Loads:
    """The loads that interlocks hold off, through one decision."""

    def __init__(
        self,
        plant: Plant,
        tables: Tables,
        memory: Memory,
        step_s: float,
        locks: Collection[str],
        *,
        awake: Sequence[Interlock],
    ) -> None:
        """``awake`` are the interlocks that there is anything to say of."""
        self.steps: list[Step] = []
        self._awake = awake
        self._plant, self._tables, self._locks = plant, tables, locks
        self._memory = memory
        self._restored_s = None if memory.restored_s is None else memory.restored_s + step_s
        self._before = {one.load: one for one in memory.shed}
        self._refused: dict[str, tuple[str, str]] = {}
        self._shed: dict[str, ShedLoad] = {}
        for one in memory.shed:
            self._take_over(one, step_s)

    def shed(self, interlocks: Interlocks) -> None:
        """Choose the loads of every shedding interlock whose condition holds."""
        for interlock in self._awake:
            memory = interlocks[interlock.id]
            if interlock.act is Act.SHED and memory.active and memory.demanded:
                self._shed_by(interlock, memory)

    def restore(self, interlocks: Interlocks, limits: Mapping[str, LimitMemory]) -> None:
        """Let one load return, if it is time and an interlock says so."""
        if all(one.returning_s is not None for one in self._shed.values()):
            return  # nothing is off
        if self._restored_s is not None and self._restored_s < self._tables.pace.stagger_s:
            return
        holding = shed.holding((one, interlocks[one.id]) for one in self._awake)
        ready: list[tuple[ShedLoad, Interlock]] = []
        for interlock in self._awake:
            memory = interlocks[interlock.id]
            if interlock.act is not Act.RESTORE or not memory.active or not memory.demanded:
                continue  # tripped is not enough: it lets go slowly, and loads return only into what is cool now
            one, refused = shed.returnable(
                self._plant, self._shed.values(), interlock.racks, blockers=holding, limits=limits, locks=self._locks
            )
            self.steps.extend(Step("kept off", name, reason) for name, reason in refused)
            if one is not None and interlock.armed:
                ready.append((one, interlock))
            elif one is not None:
                self.steps.append(Step("would return", one.load, f"by {interlock.id}"))
        self._return_last(ready)

    def intents(self) -> list[Intent]:
        """What is asked of the cords of all these loads."""
        found: list[Intent] = []
        until_s = self._plant.snapshot.time_s + INTENT_S
        for one in self._shed.values():
            allows, rank = (_OFF, Rank.EQUIPMENT) if one.returning_s is None else (_ON, Rank.DEFAULT)
            reason = f"{one.load} is shed" if one.returning_s is None else f"{one.load} returns"
            source = f"interlock {one.interlock}"
            found.extend(
                Intent(state_point(cord), allows, rank, source, reason, until_s)
                for cord in self._plant.site.loads[one.load].cords
            )
        return found

    def moves(self) -> Moves:
        """Which loads are chosen to be off, and which to return."""
        return Moves(
            frozenset(name for name, one in self._shed.items() if one.returning_s is None),
            {name: one.power_w for name, one in self._shed.items() if one.returning_s is not None},
        )

    def settle(self, vetoes: Mapping[PointId, str]) -> None:
        """Take back what was begun now and vetoed: a load is not ours before it may be switched."""
        for name, one in list(self._shed.items()):
            before = self._before.get(name)
            cords = [state_point(cord) for cord in self._plant.site.loads[name].cords]
            reason = next((vetoes[cord] for cord in cords if cord in vetoes), "")
            if not reason or (before is not None and (before.returning_s is None) is (one.returning_s is None)):
                continue
            if before is None:
                self._refuse(one.interlock, name, reason)
                del self._shed[name]
            elif one.returning_s is not None:
                del self._shed[name]
                self._shed = {name: before, **self._shed}  # the others are tried first: it must not keep them off
                self._restored_s = self._memory.restored_s

    def alarms(self) -> list[AlarmWanted]:
        """The loads that should have been shed and could not, and those that do not come back."""
        found = [
            AlarmWanted(f"refused/{name}", "major", f"{name} cannot be shed: {reason}", f"interlock/{interlock}")
            for name, (interlock, reason) in sorted(self._refused.items())
        ]
        late = sorted(name for name, one in self._shed.items() if (one.returning_s or 0.0) >= RETURN_S)
        return [*found, *(AlarmWanted(f"return/{name}", "major", f"{name} does not come back") for name in late)]

    def memory(self, seen: Evaluated) -> Memory:
        """What to remember."""
        return Memory(
            self._plant.snapshot.time_s,
            seen.limits,
            seen.interlocks,
            tuple(self._shed.values()),
            self._restored_s,
            self._tables.version,
            seen.attention,
        )

    def _take_over(self, one: ShedLoad, step_s: float) -> None:
        """A load from the decision before: gone from the site, back again, or still off."""
        load = self._plant.site.loads.get(one.load)
        if load is None:
            self.steps.append(Step("let go", one.load, "it is no longer part of the site"))
        elif one.returning_s is None:
            self._shed[one.load] = one
            self.steps.append(Step("off", one.load, f"shed by {one.interlock}"))
        elif all(self._plant.switched(cord) == ON for cord in load.cords):
            self.steps.append(Step("back", one.load, "every cord is read as on"))
        else:
            self._shed[one.load] = replace(one, returning_s=one.returning_s + step_s)
            self.steps.append(Step("returning", one.load, "not every cord is read as on yet"))

    def _shed_by(self, interlock: Interlock, memory: InterlockMemory) -> None:
        off = [name for name, one in self._shed.items() if one.returning_s is None]
        chosen = shed.choose(self._plant, self._tables.sheddable.get(interlock.id, ()), off, self._locks)
        for name, reason in chosen.refused:
            self._refuse(interlock.id, name, reason, armed=interlock.armed)
        for load in chosen.loads:
            if not interlock.armed:
                self.steps.append(Step("would shed", load.name, f"by {interlock.id}: {memory.why}"))
                continue
            self.steps.append(Step("shed", load.name, f"by {interlock.id}: {memory.why}"))
            known = self._shed.pop(load.name, None)
            power_w = known.power_w if known else self._plant.load_w(load)
            now_s = self._plant.snapshot.time_s
            self._shed[load.name] = ShedLoad(load.name, interlock.id, interlock.watches, power_w, now_s)

    def _return_last(self, ready: Iterable[tuple[ShedLoad, Interlock]]) -> None:
        """Of those that may return, wherever they are, let the last one shed; the front is for those without room."""
        places = {name: place for place, name in enumerate(self._shed)}
        found = max(ready, key=lambda pair: places[pair[0].load], default=None)
        if found is not None:
            one, interlock = found
            self.steps.append(Step("return", one.load, f"by {interlock.id}"))
            self._shed[one.load] = replace(one, returning_s=0.0)
            self._restored_s = 0.0

    def _refuse(self, interlock: str, load: str, reason: str, *, armed: bool = True) -> None:
        if load not in self._refused:
            self.steps.append(Step("refused" if armed else "would refuse", load, reason))
        if armed:
            self._refused.setdefault(load, (interlock, reason))
